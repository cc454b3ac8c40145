/*
 * domain/carrier_hints.h - which tenant proved the last callback of a carrier account and number.
 *
 * Several tenants may bring the same carrier account; whose token fits is found by trying, and
 * remembered for a day so that it is not tried again at every call.
 */
#ifndef DOMAIN_CARRIER_HINTS_H
#define DOMAIN_CARRIER_HINTS_H

#include "core/work.h"

/* How many are kept, and for how long. */
enum { CARRIER_HINTS_MOST = 10000, CARRIER_HINT_SECONDS = 24 * 60 * 60 };

/* There was one, but it is too old. */
enum { CARRIER_HINT_EXPIRED = -1 };

/*
 * The tenant remembered for an account, a called number (NULL: none) and a kind; 0 when none is, or
 * CARRIER_HINT_EXPIRED.
 */
bool carrier_hint_find(struct work *work, const char *account_sid, const char *number,
                       const char *kind, int64_t *tenant);

/*
 * Remembers that this tenant proved it, from now on for CARRIER_HINT_SECONDS; a new one is not
 * remembered while there are CARRIER_HINTS_MOST.
 */
bool carrier_hint_put(struct work *work, const char *account_sid, const char *number,
                      const char *kind, int64_t tenant);

/* How many hints are good now; and forgetting all of them. */
bool carrier_hints_count(struct work *work, int64_t *count);
bool carrier_hints_clear(struct work *work, uint64_t *removed);

#endif
