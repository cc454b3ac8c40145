/*
 * domain/socket_places.h - how many sockets a key, or a tenant, has open over all nodes.
 *
 * A socket that counts holds a numbered place, a row that names its node.  The number is part of
 * the row's key, so that two nodes cannot take the same place.  A place whose node is lost (it is
 * down, its heartbeat is stale, or another process runs under its name) is free for whoever asks
 * next, and is swept.
 */
#ifndef DOMAIN_SOCKET_PLACES_H
#define DOMAIN_SOCKET_PLACES_H

#include "core/uid.h"
#include "core/work.h"

struct socket_place {
    const char *role; /* what the socket is for, a constant: "events", "logs" */
    uid key;          /* whose sockets are counted; NO_UID: all of the tenant's together */
    uid holder;       /* the socket; NO_UID: it never asked for a place */
    int64_t node_id, node_epoch;
};

/*
 * Takes one of "most" places of work->tenant, or keeps the one that the holder has: asked again, it
 * finds out whether the place was lost meanwhile, and takes another.  LIMIT_REACHED when all are
 * held.  After any other failure the holder may have a place, so that it is to be given back.
 */
bool socket_place_hold(struct work *work, struct socket_place *place, int64_t most);

/* Gives back what the holder has, if it has any. */
bool socket_place_give_back(struct work *work, const struct socket_place *place);

/* How many places of a role work->tenant's sockets hold, for all keys. */
bool socket_places_held(struct work *work, const char *role, int64_t *count);

/* Frees the places of lost nodes, of all tenants; *swept (may be NULL) says how many. */
bool socket_places_sweep(struct work *work, uint64_t *swept);

#endif
