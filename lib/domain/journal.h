/*
 * domain/journal.h - a bounded journal on disk for what must not be lost while MariaDB is away.
 *
 * Records are texts that only their writer and their reader understand: the carrier's callbacks as
 * they came.  They are appended to SPOOL_DIR/journal/current, flushed to the disk before the call
 * returns, and applied later in the order in which they were written, each at least once: what
 * applies them must take a repetition for a no-op.
 */
#ifndef DOMAIN_JOURNAL_H
#define DOMAIN_JOURNAL_H

#include "core/work.h"

enum { JOURNAL_LIMIT = 64 * 1024 * 1024 }; /* bytes of the current file */

/* Writes one record down; BUSY when the journal is full or the disk refuses. */
bool journal_append(struct work *work, const char *record, size_t length);

/* Whether something waits to be applied; a look at the directory, no more. */
bool journal_waiting(const struct work *work);

/*
 * Applies one record; false with BUSY: the store is away again, stop; false with another failure:
 * the record is no good, it is put aside and the next one follows.
 */
typedef bool journal_apply(struct work *work, const char *record, size_t length);

/*
 * Applies what waits, oldest first, in files that no other process applies at the same time; the
 * arena is emptied after each record.  Returns how many records were applied; stops when the store
 * goes away.
 */
size_t journal_replay(struct work *work, journal_apply *apply);

#endif
