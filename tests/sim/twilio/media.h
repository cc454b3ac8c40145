/*
 * twilio/media.h - the media stream of a call: <Connect><Stream>.
 *
 * Faults are matched against "event":"media", "call", "from" and "to" when the stream opens:
 *   close (the socket is dropped at "ms")          drop-frames ("count" frames from "ms" on)
 *   stall (for "duration_ms" from "ms" on nothing is sent or read)
 *   garbage-frames ("count" frames from "ms" on are no messages)
 *   no-start (the start message is never sent)     two-starts
 */
#ifndef SIM_TWILIO_MEDIA_H
#define SIM_TWILIO_MEDIA_H

#include <json-c/json.h>
#include <stdbool.h>

struct call;

struct media_order {
    const char *url, *name, *status_callback, *status_callback_method;
    struct json_object *parameters; /* taken */
};

/* Opens the stream of a call; program_next() follows when it has ended or could not begin. */
void media_begin(struct call *call, const struct media_order *order);

bool media_is_open(const struct call *call);

/* 20 ms: sends what the person said and plays what he is to hear. */
void media_step(struct call *call, const unsigned char *voice);

/* The person pressed a key. */
void media_digit(struct call *call, char digit);

/* Says stop and closes, because the call goes elsewhere or ends; no verb follows. */
void media_end(struct call *call);

/* All streams of a call for the control port, as an array. */
struct json_object *media_view(const struct call *call);

#endif
