/*
 * domain/idempotency.h - answers kept for 24 hours, so that a repeated request gets the first
 * answer again (reference, sections 1.26 and 4.7).
 *
 * A request claims its key before it runs.  Of two at once one runs and the other is told to come
 * back; a claim whose holder died is taken over when its lease ends.
 */
#ifndef DOMAIN_IDEMPOTENCY_H
#define DOMAIN_IDEMPOTENCY_H

#include "core/crypto.h"
#include "core/work.h"

struct kept_answer {
    hash256 key;     /* of dialect, method, path template, key (and client without a tenant) */
    hash256 request; /* of the whole request: another one under the same key is refused */
    int64_t status;
    const char *headers; /* a JSON object */
    bytes body;
    bool secret; /* kept sealed */
};

enum claim { CLAIM_RUN, CLAIM_REPLAY, CLAIM_RUNNING, CLAIM_DIFFERENT };

/*
 * Claims answer->key for work->tenant (0 for nobody).  CLAIM_RUN: go on, and finish or abandon
 * later; CLAIM_REPLAY: the rest of "answer" is filled from the store; CLAIM_RUNNING: another
 * request holds it; CLAIM_DIFFERENT: it was used for another request.  False when the store failed.
 */
bool idempotency_claim(struct work *work, struct kept_answer *answer, int64_t lease_seconds,
                       enum claim *claim);

/* Keeps the answer of a claimed key; in the caller's transaction when there is one. */
bool idempotency_finish(struct work *work, const struct kept_answer *answer);

/* Gives the key free without an answer, so that the request may be repeated. */
void idempotency_abandon(struct work *work, const struct kept_answer *answer);

/* Removes what expired, at most 500 rows; for the janitor. */
bool idempotency_sweep(struct work *work);

#endif
