/*
 * domain/phone_routes.h - which agent answers or calls on a number.  Nothing else says so, in any
 * dialect.
 */
#ifndef DOMAIN_PHONE_ROUTES_H
#define DOMAIN_PHONE_ROUTES_H

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"

struct phone_route {
    int64_t tenant_id;
    uid id;
    const char *e164;
    const char *direction; /* one of route_directions */
    uid agent_id;
    uid agent_version_id; /* pinned; NO_UID: whatever is published or drawn */
    const char *greeting; /* instead of the version's; NULL: none */
    instant created_at, updated_at;
    int64_t rev;
    /* Read along with it: the agent's names, and what a call now would use without a draw. */
    const char *agent_key, *agent_name;
    uid resolved_agent_version_id;
    int64_t resolved_version_number;
};

extern const struct entity phone_route_entity;
extern const char *const route_directions[]; /* inbound, outbound, sip_inbound, sip_outbound */

/* All routes of the work's tenant, newest first: an array of struct phone_route. */
bool phone_routes_list(struct work *work, struct rows *routes);

/* The route of a number in one direction; NOT_FOUND. */
bool phone_route_for(struct work *work, const char *e164, const char *direction,
                     struct phone_route *route);

/* The route with that id; NOT_FOUND. */
bool phone_route_find(struct work *work, uid id, struct phone_route *route);

/*
 * Makes or changes the route of row->id, or else of its number and direction; the answer is in the
 * row.  INVALID when the number is live with another tenant, or agent or version are not this
 * tenant's.
 */
bool phone_route_put(struct work *work, struct phone_route *route);

/* Removes a route; the removed row is in "route"; NOT_FOUND. */
bool phone_route_remove(struct work *work, uid id, struct phone_route *route);

/* Removes every route of a number of the work's tenant, for its release. */
bool phone_routes_clear(struct work *work, const char *e164);

#endif
