/*
 * twilio/relay_state.h - the state of one conversation relay; for the relay files only.
 */
#ifndef SIM_TWILIO_RELAY_STATE_H
#define SIM_TWILIO_RELAY_STATE_H

#include <json-c/json.h>

#include "common/web.h"
#include "twilio/call.h"

/* What the agent says from one token to the last of its talk cycle. */
struct cycle {
    struct cycle *next;
    char *text;
    bool last;
    int64_t played_ms, began_ms, gap_ms;
};

struct relay {
    struct call *call;
    struct relay *older;
    char sid[SID_SIZE];
    char *url, *action, *method, *welcome, *language;
    struct json_object *parameters;
    struct web_socket *socket; /* NULL when it is gone */
    bool open, is_interruptible, takes_digits, tells_parts, tells_speakers, was_speaking;
    bool no_setup, garbage, tells_error;
    int64_t opened_ms, close_at_ms; /* close_at: after the opening; 0 is never */
    struct cycle *cycle;            /* being spoken, then those behind it */
    struct json_object *received;   /* every message of the server */
    int malformed, malformed_in_a_row;
    char *digits; /* that the server asked to be pressed */
    const char *status;
    char *handoff;
    int close_code;
    char *close_reason;
};

void relay_send(struct relay *relay, struct json_object *body);
void relay_send_error(struct relay *relay, const char *description);

/* What the server's messages ask for. */
void relay_words(struct relay *relay, const char *token, bool last);
void relay_over(struct relay *relay, const char *handoff);

#endif
