/*
 * domain/callback_journal.h - callbacks that arrived while the store was away (reference 5.15).
 *
 * They are written to the host's journal as they came, signature included, and go the whole way
 * when it is replayed: proof, carrier_callbacks, application.
 */
#ifndef DOMAIN_CALLBACK_JOURNAL_H
#define DOMAIN_CALLBACK_JOURNAL_H

#include "domain/carrier_proof.h"

/* Writes a posted callback down; BUSY when the journal is full. */
bool callback_journal(struct work *work, const struct posted *posted);

/*
 * Applies one journalled callback; the journal_apply of domain/journal.h, for every program that
 * replays.  BUSY: the store is away again.
 */
bool callback_replay(struct work *work, const char *record, size_t length);

#endif
