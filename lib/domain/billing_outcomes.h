/*
 * domain/billing_outcomes.h - outcomes that are billed, on their way to what bills them (reference
 * 1.11 and 1.22).
 *
 * The operator's billing system is told of every outcome in pending_emit by a signed post to
 * BILLING_OUTCOMES_URL: X-Idempotency-Key is the outcome's id, the same over retries.  A 2xx makes
 * the outcome "emitted"; a day of failures makes it "failed".
 */
#ifndef DOMAIN_BILLING_OUTCOMES_H
#define DOMAIN_BILLING_OUTCOMES_H

#include "db/store.h"

struct voice_outcome;

/* Owes the billing system an outcome; in the transaction that writes it. */
bool billing_outcome_owe(struct work *work, const struct voice_outcome *outcome);

/* What a sweep did; attempted is the sum of the others. */
struct billing_sweep {
    int64_t attempted, delivered, rescheduled, failed;
};

extern const struct entity billing_sweep_entity;

/* Whether there is a billing system to tell. */
bool billing_is_configured(const struct work *work);

/* Lets outcomes that were given up be tried again: failed -> pending_emit, at most "limit". */
bool billing_revive(struct work *work, int64_t limit);

/*
 * Tells of at most "limit" due outcomes of all tenants; ends early after half a minute.  "owner"
 * holds the leases meanwhile.  UPSTREAM when no billing system is configured.
 */
bool billing_deliver(struct work *work, const char *owner, int64_t limit,
                     struct billing_sweep *sweep);

#endif
