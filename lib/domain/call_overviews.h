/*
 * domain/call_overviews.h - calls as their tenant sees them at a glance: those under way, and those
 * that are over (reference 3.6).
 */
#ifndef DOMAIN_CALL_OVERVIEWS_H
#define DOMAIN_CALL_OVERVIEWS_H

#include "db/store.h"

struct call_overview {
    int64_t tenant_id;
    uid id; /* of its newest session; of the call itself when it has none */
    const char *call_sid;
    uid agent_id;
    const char *from_addr, *to_addr, *direction, *state;
    instant started_at, ended_at;
    int64_t duration_seconds; /* from the answer to the end; NO_INTEGER: never answered */
    int64_t cost_micros;
    document context;
};

extern const struct entity call_overview_entity;

/*
 * Calls between their order or arrival and their end, on whatever node, newest first; of one agent,
 * or (NO_UID) of all.
 */
bool calls_active(struct work *work, uid agent, struct rows *calls);

/* Which calls that are over. */
struct call_history {
    uid agent;          /* NO_UID: any */
    instant from, to;   /* began at "from" or later, and before "to"; NO_INSTANT: any */
    int64_t size, skip; /* of the page */
};

/* How many are counted; of more only as many as tell that a page is not the last. */
enum { CALL_HISTORY_COUNTED = 10000 };

/* A page of them, newest first, and how many there are. */
bool calls_ended(struct work *work, const struct call_history *history, struct rows *calls,
                 int64_t *total);

#endif
