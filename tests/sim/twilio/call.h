/*
 * twilio/call.h - one call: its states, whom they are told, and the clock that drives everything
 * in it.
 *
 * From the moment a call is answered it takes a step every 20 ms, on a schedule of absolute
 * moments: the caller's script goes on, 20 ms of his voice go out, 20 ms of what he hears are
 * played.  "now_ms" and every "at_ms" in a call count from its answer.  Calls are never freed, so
 * that what comes late still finds them.
 */
#ifndef SIM_TWILIO_CALL_H
#define SIM_TWILIO_CALL_H

#include "common/web.h"
#include "twilio/carrier.h"
#include "twilio/form.h"
#include "twilio/hearing.h"
#include "twilio/program.h"
#include "twilio/script.h"

enum { STEP_MS = 20, STEP_BYTES = 160 };

enum call_state {
    CALL_QUEUED,
    CALL_RINGING,
    CALL_IN_PROGRESS,
    CALL_COMPLETED,
    CALL_BUSY,
    CALL_FAILED,
    CALL_NO_ANSWER,
    CALL_CANCELED
};

enum call_event { TELL_INITIATED = 1, TELL_RINGING = 2, TELL_ANSWERED = 4, TELL_COMPLETED = 8 };

/* Where progress is told. */
struct told {
    char *url, *method;
    unsigned events;
    int sequence;
};

struct call {
    char sid[SID_SIZE], parent_sid[SID_SIZE];
    const struct account *account;
    char *from, *to;
    const char *direction; /* "inbound", "outbound-api", "outbound-dial" */
    enum call_state state;
    int64_t created_ms, answered_ms, ended_ms, updated_ms; /* since 1970; 0 is not yet */
    int sip_code;
    const char *answered_by; /* verdict of machine detection, or NULL */
    char *price, *token;
    bool deleted, record;
    char *record_url, *record_method, *record_events; /* who is told of that recording */

    struct told told;
    struct json_object *transcript, *verbs, *webhooks, *alerts;

    int64_t answered_micros, steps;
    int64_t latest_ms; /* how late a step was at worst */
    struct web_timer *step, *ring, *limit;

    struct mouth mouth;
    struct hearing hearing;
    struct script *script;
    struct program program;
    struct stream *stream;       /* the media stream that it is in */
    struct stream *streams;      /* all it ever had, the latest first */
    struct relay *relay;         /* the conversation relay that it is in */
    struct relay *relays;        /* all it ever had, the latest first */
    struct recording *recording; /* the one that runs */
    struct call *peer;           /* who is on the other end of a bridge */
    struct dial *dial;           /* the <Dial> that this call is in */
    struct dial *leg_of;         /* the <Dial> that made this call */
    struct room *room;           /* the conference that this call is in */
    struct call *next;
};

struct call *call_new(const struct account *account, const char *direction, const char *from,
                      const char *to);
struct call *call_find(const char *sid);
struct call *calls_first(void);

const char *call_status(const struct call *call);
bool call_ended(const struct call *call);
int64_t call_now_ms(const struct call *call);

/* The parameters that every request about a call has. */
void call_form(const struct call *call, struct form *form);

/* Sets where progress is told; events are words separated by spaces, NULL for "completed". */
void call_tell_to(struct call *call, const char *url, const char *method, const char *events);
unsigned call_events(const char *words);

/* Goes on to a state, and tells whoever asked for it. */
void call_initiated(struct call *call);
void call_ringing(struct call *call);
void call_answer(struct call *call); /* nothing happens when it is answered already */

/* Ends a call in a final state, with all that belongs to it; once. */
void call_end(struct call *call, enum call_state state, int sip_code);
void call_hang_up(struct call *call); /* completed when it was answered, canceled when not */

/* The person on the phone hangs up. */
void call_leave(struct call *call);

/* Ends the call when it has lasted so long. */
void call_limit(struct call *call, int64_t seconds);

/* An entry of the transcript: who said what, beginning when. "heard_ms" and "total_ms" of sound. */
struct said {
    const char *who, *text;
    int64_t at_ms, heard_ms, total_ms, gap_ms;
    bool whole;
};
void call_said(struct call *call, const struct said *said);

/* A warning or error of the carrier's debugger. */
void call_alert(struct call *call, int code, const char *detail);

/* The 2010 resource, and the stand-in's own view for the control port. */
struct json_object *call_resource(const struct call *call);
struct json_object *call_view(const struct call *call);

#endif
