/*
 * elevenlabs/stream.h - one websocket connection: text in, speech and its alignment out.
 */
#ifndef SIM_ELEVENLABS_STREAM_H
#define SIM_ELEVENLABS_STREAM_H

#include <json-c/json.h>

#include "common/web.h"

extern struct service {
    struct web *web;
    const char *key; /* that is let in; NULL: any */
    double pace;     /* how much faster than real time speech is made */
    struct json_object *records;
} service;

/* Handles upgrades and messages of /v1/text-to-speech/{voice}/stream-input. */
extern const struct web_socket_events stream_events;

#endif
