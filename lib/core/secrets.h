/*
 * core/secrets.h - the secrets that the operator left to us.
 *
 * They are generated once and kept in SPOOL_DIR/secrets.conf, a file of KEY=value that its owner
 * alone may read.  Processes that start at the same time agree on them.
 */
#ifndef CORE_SECRETS_H
#define CORE_SECRETS_H

#include "core/config.h"

/*
 * Fills in the secrets that "config" lacks: read from the file, or generated and added to it.  The
 * texts lie in the work's arena.  False when the directory or the file cannot be made or read.
 */
bool secrets_fill(struct work *work, struct config *config);

/* The text of a file of at most 64 KiB without a NUL in it, in the arena; NULL and errno if not. */
char *secrets_read_file(struct work *work, const char *path);

#endif
