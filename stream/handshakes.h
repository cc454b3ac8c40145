/*
 * stream/handshakes.h - connections that have not said yet what they want: few, and not for long.
 *
 * Whoever connects and then says nothing, or a byte now and then, holds a place here until it has
 * become a websocket or a request, or until it is overdue.  One address has no more than half of
 * the places, so that it keeps nobody else out.  Connections are only names here.
 */
#ifndef STREAM_HANDSHAKES_H
#define STREAM_HANDSHAKES_H

#include <stdbool.h>
#include <stdint.h>

enum { HANDSHAKES_MOST = 512, HANDSHAKES_OF_ADDRESS = 256, HANDSHAKE_US = 5 * 1000000 };

/* Whether another may begin from that address; "": of a proxy of ours, which speaks for many. */
bool handshakes_have_room(const char *ip);

/* One has begun; "connection" only tells it from others. */
void handshake_begin(const void *connection, const char *ip, int64_t now_us);

/* It came to something, or is gone; of one that is not known nothing happens. */
void handshake_end(const void *connection);

/* One that has taken too long, which is then forgotten; NULL: there is none. */
const void *handshake_overdue(int64_t now_us);

#endif
