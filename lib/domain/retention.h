/*
 * domain/retention.h - what is deleted because it is old (reference 0.3).
 */
#ifndef DOMAIN_RETENTION_H
#define DOMAIN_RETENTION_H

#include "core/clock.h"
#include "core/work.h"

/* Rows that one statement deletes, and statements that one round spends on one kind of row. */
enum { RETENTION_BATCH = 500, RETENTION_BATCHES = 20 };

/*
 * One round over what no tenant owns alone: repeated requests, tokens, tickets, verification codes,
 * sessions of the admin, counters, the carrier's callbacks.
 */
bool retention_shared(struct work *work, instant now);

/*
 * One round over what is a tenant's: calls, transcripts, recordings, messages, events, deliveries,
 * the outbox.  How many days of each are kept stands in the tenant's settings ("retention":
 * {"transcripts": 30}), else the reference's.  What it deleted of calls it writes into the audit
 * log, a row for each round.  "deleted" (may be NULL) counts rows.  The work's tenant is whose.
 */
bool retention_of_tenant(struct work *work, instant now, uint64_t *deleted);

#endif
