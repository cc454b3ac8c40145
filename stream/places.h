/*
 * stream/places.h - the places of sockets that are counted over all nodes (domain/socket_places.h),
 * as the loop sees them: they are taken with the proof of who a visitor is (proof.h), and given
 * back here when his socket is gone, again and again while the store is away.
 */
#ifndef STREAM_PLACES_H
#define STREAM_PLACES_H

#include <stdint.h>

#include "domain/socket_places.h"

/* In the loop. A place that nobody holds needs nothing. */
void places_give_back(int64_t tenant, const struct socket_place *place);

/*
 * The node ends, and its places with it: none is given back any more, and what waits to be is let
 * go, so that a store that does not answer keeps nobody.
 */
void places_end(void);

/* From the loop's tick. */
void places_tick(void);

#endif
