/*
 * twilio/stream.h - the state of one media stream; for the media files only.
 */
#ifndef SIM_TWILIO_STREAM_H
#define SIM_TWILIO_STREAM_H

#include <json-c/json.h>

#include "twilio/call.h"
#include "twilio/keys.h"
#include "twilio/playout.h"

/* A fault that covers some frames: "count" of them from "from" on; none when count is 0. */
struct cover {
    int64_t from, count;
};

struct stream_faults {
    int64_t close_at; /* the step that drops the socket; 0 is never */
    struct cover drop, stall, garbage;
    int starts; /* how many start messages */
};

struct stream {
    struct call *call;
    char sid[SID_SIZE];
    char *name, *url, *status_callback, *status_callback_method;
    struct json_object *parameters;
    struct web_socket *socket; /* NULL when it is gone */
    bool open, stopping, stalled;
    struct stream_faults faults;
    int64_t sequence, chunk, steps, opened_ms;
    struct playout playout;
    struct keys keys; /* that the server pressed */
    struct watermark_finder *finder;
    uint64_t utterance; /* first sample of the one that is being played */
    int64_t utterance_ms, gap_ms;
    bool found; /* something was recognised in this step */

    int64_t frames_sent, dropped, messages, media_messages, received, unmarked_ms;
    uint64_t played;
    struct json_object *marks, *clears, *malformed;
    int close_code;
    char *close_reason;
    struct stream *older; /* the one before in the same call */
};

bool fault_covers(const struct cover *cover, int64_t n);

/* Looks for the faults that are ordered for a stream. */
void stream_order_faults(struct stream *stream);

/* What the server's messages ask for. */
void stream_mark(struct stream *stream, const char *name);
void stream_clear(struct stream *stream);

#endif
