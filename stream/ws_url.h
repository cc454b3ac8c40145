/*
 * stream/ws_url.h - the parts of a websocket's URL.
 */
#ifndef STREAM_WS_URL_H
#define STREAM_WS_URL_H

#include <stdbool.h>

struct ws_url {
    bool tls;
    char host[256];
    int port;
    char path[512]; /* with its query, at least "/" */
};

/* Reads "ws://host:port/path?query" or wss; false when it is neither. */
bool ws_url_read(const char *text, struct ws_url *url);

#endif
