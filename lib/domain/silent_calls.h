/*
 * domain/silent_calls.h - calls of which the carrier says nothing more (reference 5.15): it is
 * asked.
 */
#ifndef DOMAIN_SILENT_CALLS_H
#define DOMAIN_SILENT_CALLS_H

#include "db/store.h"
#include "remote/twilio.h"

struct call;

/* A row of any tenant; what sweeps find. */
struct sweep_key {
    int64_t tenant_id;
    uid id;
};

extern const struct entity sweep_key_entity;

/* Without news for so long while nobody is on the line with us, the carrier is asked. */
enum { SILENT_MS = 2 * 60 * 1000 };

/*
 * Calls that were ordered or answered, have no live session since SILENT_MS (or are older than any
 * call may be), and about which nobody asked since: of all tenants, an array of struct sweep_key.
 */
bool calls_silent(struct work *work, instant now, int64_t limit, struct rows *keys);

/*
 * Calls ordered at the carrier whose answer never came, likewise since SILENT_MS and not asked
 * about since.
 */
bool orders_open(struct work *work, instant now, int64_t limit, struct rows *keys);

/* Whether it is our turn to ask about a call: once in SILENT_MS over all hosts. */
bool call_take_turn(struct work *work, uid call, bool *ours);

/* The carrier account that a call runs on. */
bool carrier_of_call(struct work *work, const struct call *call, struct carrier *carrier);

/*
 * Asks the carrier where the call is and writes down what it says; a call it does not know has
 * failed.  "over" (may be NULL) says whether it has ended; it is then finalised, if that is due.
 * UPSTREAM when the carrier does not say.
 */
bool call_ask_carrier(struct work *work, uid call, bool *over);

#endif
