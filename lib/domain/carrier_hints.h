/*
 * domain/carrier_hints.h - which tenant proved the last callback of a carrier account and number.
 *
 * Several tenants may bring the same carrier account; whose token fits is found by trying, and
 * remembered for a day so that it is not tried again at every call.
 */
#ifndef DOMAIN_CARRIER_HINTS_H
#define DOMAIN_CARRIER_HINTS_H

#include "core/work.h"

/* The tenant remembered for an account, a called number (NULL: none) and a kind; 0 when none is. */
bool carrier_hint_find(struct work *work, const char *account_sid, const char *number,
                       const char *kind, int64_t *tenant);

bool carrier_hint_put(struct work *work, const char *account_sid, const char *number,
                      const char *kind, int64_t tenant);

#endif
