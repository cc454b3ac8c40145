/*
 * domain/call_prices.h - what the carrier asks for a call, which it knows some time after its end
 * (reference 5.7).
 */
#ifndef DOMAIN_CALL_PRICES_H
#define DOMAIN_CALL_PRICES_H

#include "domain/calls.h"
#include "domain/outbox.h"

/* Owes the question, from half a minute after the end on; inside the caller's transaction. */
bool call_price_owe(struct work *work, const struct call *call, instant now);

/*
 * Asks the carrier, and writes the price into the call with the event call.updated.  UPSTREAM when
 * it does not know it yet: ask again later.  A call that the carrier does not know has no price.
 */
bool call_price_ask(struct work *work, const struct outbox_row *row);

#endif
