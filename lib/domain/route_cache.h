/*
 * domain/route_cache.h - routes, keys, published versions and nodes as they were last used, for
 * calls that come while the store is away (DESIGN 1, reference 5.15).
 *
 * They lie in the host's cache, sealed.  What is noted here was read from the store by who notes
 * it, in the use that it is noted for; what is found here may be old, and is used only when the
 * store does not answer.
 */
#ifndef DOMAIN_ROUTE_CACHE_H
#define DOMAIN_ROUTE_CACHE_H

#include "core/uid.h"
#include "core/work.h"
#include "db/store.h"

struct agent_version;

/* What a number leads to.  Texts may be NULL. */
struct known_route {
    int64_t tenant_id;
    uid phone_number_id, agent_id, agent_version_id;
    const char *carrier_token; /* with which the carrier signs for this tenant */
    const char *greeting;      /* of the route */
    const char *say;           /* before the call is connected */
    const char *language, *org_ref;
};

/* The route of a called number (E.164); texts are in the arena.  False: it is not known here. */
void known_route_put(struct work *work, const char *to, const struct known_route *route);
bool known_route_get(struct work *work, const char *to, struct known_route *route);

/* How calls of a version are led: its document, and what the tenant says beside it. */
struct known_version {
    bool tenant_records;
    unsigned redacts; /* REDACT_… */
};

/* Notes a version that is in use; its key names it. */
void known_version_put(struct work *work, const struct agent_version *version,
                       const struct known_version *known);

/* The version of work->tenant; texts in the arena. */
bool known_version_get(struct work *work, uid id, struct agent_version *version,
                       struct known_version *known);

enum { KNOWN_NODES = 32 };

/* Daemons that took calls when there was last a choice: an array of struct media_node. */
void known_nodes_put(struct work *work, const struct rows *nodes);

/* Their public URLs, NULL for one without; how many there are. */
size_t known_nodes_get(struct work *work, const char *urls[KNOWN_NODES]);

/* A session that ended while the store was away, so that its call is not connected again. */
void known_end_put(struct work *work, uid session);
bool known_end_get(struct work *work, uid session);

#endif
