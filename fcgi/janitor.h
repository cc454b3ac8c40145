/*
 * fcgi/janitor.h - what is done on a host beside answering: replaying the journal, saying that the
 * host lives, clearing away what expired.
 */
#ifndef FCGI_JANITOR_H
#define FCGI_JANITOR_H

#include <stdint.h>

#include "core/work.h"
#include "domain/journal.h"

/* What applies a journalled callback; stands beside the dialects in dialects.c. */
extern journal_apply *const journal_applier;

/* The process that does it, beside the pools of a parent; for struct pool. */
int janitor_serve(int socket, int32_t pool);

/*
 * One round of it, for processes that have no janitor: replays the journal when something waits and
 * the database answers, at most once a second.
 */
void janitor_lend_a_hand(struct work *work);

/* Brings the schema up to date, if the database is there; says in the log what was done. */
bool schema_ensure(struct work *work);

#endif
