/*
 * stream/feeds.h - news between nodes: a websocket on the control listener, /control/events.
 *
 * A node that has watchers connects to every other node that is up, and names the tenants it wants;
 * the other sends their news as they happen there, in the form of news_write().  The upgrade
 * carries X-Trunkline-Control like every request to that listener (control.h).  It is a websocket,
 * not a long answer, because then queues, bounds, keep-alive and closing are the ones that all
 * sockets have.  A feed that is missing costs nothing but time: the table is read anyway.
 */
#ifndef STREAM_FEEDS_H
#define STREAM_FEEDS_H

#include "stream/news.h"
#include "stream/socket.h"

/* The side that is asked; the other role stands in feeds.c, because nobody comes in by it. */
extern const struct role feed_role;

bool feeds_start(const struct config *config);
void feeds_stop(void);
void feeds_tick(void);

/* Whether another node wants news of the tenant. */
bool feeds_want(int64_t tenant);

/* Tells the nodes that want it. */
void feeds_publish(const struct event_news *news);

/* How many feeds of other nodes are open here; for the status. */
size_t feeds_open(void);

#endif
