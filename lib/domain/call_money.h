/*
 * domain/call_money.h - what calls cost: the hold before one, the charge after it (reference 1.22).
 *
 * A call of a tenant for whom a price list exists takes a hold for its first minutes; at its end
 * the hold is given back and the call charged.  Without a price nothing is held and nothing
 * charged.
 */
#ifndef DOMAIN_CALL_MONEY_H
#define DOMAIN_CALL_MONEY_H

#include "core/uid.h"
#include "core/work.h"

struct call;

/* What is held before a call of that direction is answered or ordered; 0: nothing. */
bool call_hold_micros(struct work *work, const char *direction, int64_t *micros);

/* Whether the balance covers "micros"; always when that is 0. */
bool balance_covers(struct work *work, int64_t micros, bool *covers);

/* Takes the hold of a call; inside the caller's transaction. */
bool call_hold(struct work *work, uid call, int64_t micros);

/*
 * Gives the hold back and charges the call, with a usage event; "cost_micros" is what was charged,
 * "detail" its parts as JSON in the arena. Inside the caller's transaction; a repeat changes
 * nothing.
 */
bool call_charge(struct work *work, const struct call *call, int64_t *cost_micros,
                 const char **detail);

#endif
