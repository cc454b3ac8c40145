/*
 * harness/websocket.h - a plain websocket client for tests: one socket, text messages, no library,
 * so that a test can also say what no library would.
 */
#ifndef HARNESS_WEBSOCKET_H
#define HARNESS_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct websocket {
    int fd;
    int status;             /* of the upgrade: 101, or the refusal's */
    int close_code;         /* once the other side closed: 1000 …, 1006 without a close frame */
    char close_reason[124]; /* what it said of it */
    bool is_broken;         /* what was sent last did not arrive: the other side is gone */
    char protocol[64];      /* the subprotocol that the other side chose, "" when none */
};

/* Upgrades at 127.0.0.1:port; "headers" are further lines with their CRLF, or "". */
struct websocket websocket_open(int port, const char *path, const char *headers);

/* The same, from a client who takes in little before others must wait for him. */
struct websocket websocket_open_narrow(int port, const char *path, const char *headers);

/* Connects, and says nothing yet. */
struct websocket websocket_connect(int port);

/* Whether the other side ends the connection within so many milliseconds; what it says is lost. */
bool websocket_is_cut(struct websocket *ws, int ms);

/* Sends one text message, or raw bytes as they are. */
void websocket_say(struct websocket *ws, const char *text);
void websocket_raw(struct websocket *ws, const void *bytes, size_t length);

/* The next text message, at most "seconds" away; NULL when the socket was closed or nothing came.
 */
const char *websocket_hear(struct websocket *ws, int seconds);

/* The next message whose text holds "part"; others are passed over. */
const char *websocket_hear_with(struct websocket *ws, const char *part, int seconds);

/* Waits for the other side to close, passing over messages; its code is in close_code. */
bool websocket_closed(struct websocket *ws, int seconds);

void websocket_end(struct websocket *ws);

#endif
