/*
 * stream/writer.h - facts on their way from the loop to the database (reference 5.15).
 *
 * Bounds: a spool of 256 MiB and 16 Ki lines that wait for a slow disk take no more events of level
 * debug, but everything else as long as there is any room.  A disk that is full takes no new calls
 * (writer_is_healthy); the facts of running ones go straight to the database, and the disk is tried
 * again twice a second.  What was appended survives a killed process at once, and a loss of power
 * after a quarter of a second, when fdatasync is called; nobody waits for it.
 *
 * One thread appends them to the node's spool at once, another applies them in batches, every 250
 * ms or 32 at a time, what ends a session at once.  While the database is away they stay in the
 * spool; what a killed process left there is applied at the next start, before anything new.
 */
#ifndef STREAM_WRITER_H
#define STREAM_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/uid.h"

/*
 * Starts both threads; "ended" is told, in the loop, of each session whose end was written down.
 * "directory" is the spool's; false when it cannot be written, or no thread can be started.
 */
bool writer_start(const struct config *config, const char *directory, void (*ended)(uid session));

/* Hands over a fact; false when too many wait for the disk. */
bool writer_put(const char *line, size_t length);

/* Whether the disk takes what we write. */
bool writer_is_healthy(void);

/* Lines that the database does not have yet. */
size_t writer_backlog(void);

/* Applies what the database takes within "ms", then ends both threads. */
void writer_stop(int ms);

#endif
