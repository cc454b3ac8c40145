/*
 * domain/call_plan.h - what the carrier is to do next with a call; fcgi/callback/twiml.h writes it
 * down.
 *
 * A plan is complete in itself: no key of another row has to be looked up to carry it out.  Texts
 * live in the arena of the work that made the plan.
 */
#ifndef DOMAIN_CALL_PLAN_H
#define DOMAIN_CALL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum plan_kind {
    PLAN_CONNECT,    /* to the media websocket of a node */
    PLAN_DIAL,       /* a human, or another number */
    PLAN_VOICEMAIL,  /* a sentence, a tone, a recording */
    PLAN_SAY,        /* a sentence, then the end */
    PLAN_WAIT,       /* a moment of silence, then ask again at after_url */
    PLAN_CONFERENCE, /* with somebody who is called meanwhile */
    PLAN_ASK,        /* "say" asks for a key, which is told to after_url */
    PLAN_HANGUP,     /* nothing more to say */
    PLAN_NOTHING     /* an empty answer: the carrier goes on as it is */
};

struct relay_plan;

struct call_plan {
    enum plan_kind kind;
    const char *say;      /* spoken first; NULL: nothing */
    const char *language; /* of what is said; NULL: en-US */

    int64_t wait_seconds; /* PLAN_WAIT; 0: one.  The carrier asks only ten times in a call */

    /* PLAN_CONNECT */
    const char *stream_url;   /* wss://…/media-stream/{token}, or …/relay/ws */
    const char *stream_token; /* the same token, sent as a <Parameter> too */
    /* What a node cannot look up while the store is away, as <Parameter>s; NULL: not sent. */
    const char *stream_from, *stream_to, *stream_resumes;
    const char *stream_status_url;  /* where the carrier tells of the stream; NULL: nowhere */
    const struct relay_plan *relay; /* it is a conversation relay; NULL: a media stream */

    /* Asked for when this step is over; NULL: the call just ends. */
    const char *after_url;

    /* PLAN_DIAL */
    const char *dial_to;   /* E.164, or sip:… */
    const char *caller_id; /* NULL: the caller's */
    int64_t dial_timeout_seconds, dial_limit_seconds;
    const char *dial_status_url;

    /* PLAN_CONFERENCE: its name, who enters, and where the carrier tells of it */
    const char *conference, *conference_label, *conference_status_url;

    /* Where the carrier tells of a recording it makes; NULL: it makes none. */
    const char *recording_url;
    int64_t voicemail_limit_seconds;
};

#endif
