/*
 * stream/outlet.h - where messages to the other side of a connection go: a socket, or a test's
 * list.
 *
 * A message is written in place: begin() gives room for it, end() says how long it became.  Between
 * the two nothing else happens to the outlet.  What is sent leaves together at the end of the
 * loop's turn.  No outlet ever waits, and none grows without bound: audio that finds no room
 * replaces the oldest that still waits, anything else ends the connection.
 */
#ifndef STREAM_OUTLET_H
#define STREAM_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

enum message_kind { MESSAGE_CONTROL, MESSAGE_AUDIO };

struct outlet {
    /* Room for a message of at most "most" bytes; NULL when the connection is closing. */
    char *(*begin)(struct outlet *outlet, enum message_kind kind, size_t most);
    void (*end)(struct outlet *outlet, size_t length);

    /* Takes back audio that has not left yet, because nobody should hear it any more. */
    void (*drop_audio)(struct outlet *outlet);

    /* Closes once everything was sent; the code is the websocket's (RFC 6455, 7.4). */
    void (*close)(struct outlet *outlet, unsigned code, const char *reason);

    size_t dropped; /* messages that found no room */
    size_t waiting; /* bytes that have not left yet */
};

/* Sends a whole text; false when the connection is closing. "outlet" may be NULL: closed. */
bool outlet_send(struct outlet *outlet, const char *text, size_t length);

#endif
