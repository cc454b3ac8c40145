/*
 * domain/recording_orders.h - recordings that a client of an API asks the carrier for, or wants
 * gone.
 */
#ifndef DOMAIN_RECORDING_ORDERS_H
#define DOMAIN_RECORDING_ORDERS_H

#include "domain/calls.h"
#include "domain/recordings.h"

/* As the carrier spells them; NULL: its own default. */
struct recording_wish {
    const char *channels; /* mono, dual */
    const char *track;    /* inbound, outbound, both */
    const char *trim;     /* trim-silence, do-not-trim */
};

/*
 * Has the carrier record a live call from now on.  Of one that it records already the recording is
 * answered that runs, and "begun" is false.  WRONG_STATE when the call is not in progress, or the
 * carrier says so.
 */
bool recording_order(struct work *work, const struct call *call, const struct recording_wish *wish,
                     struct recording *recording, bool *begun);

/* Removes a recording's bytes for "actor", and writes down that it was done. */
bool recording_erase(struct work *work, const struct recording *recording, const char *actor);

#endif
