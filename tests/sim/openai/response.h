/*
 * openai/response.h - responses: made, interrupted, cancelled, accounted.  What they say is
 * produced by output.c.
 */
#ifndef SIM_OPENAI_RESPONSE_H
#define SIM_OPENAI_RESPONSE_H

#include "openai/script.h"
#include "openai/session.h"

struct response {
    struct session *session;
    struct response *next;
    char id[ID_SIZE];
    int64_t ordinal;            /* counting from 1 in its session */
    const char *origin;         /* "client", "vad" or "idle" */
    struct json_object *params; /* of response.create; NULL when the server made it */
    bool beside;                /* out of band: conversation "none" */
    bool ending;                /* interrupted; only its last events are to come */
    struct plan plan;
    size_t step;                /* of the plan, the one in hand */
    struct json_object *output; /* finished items */
    struct web_timer *timer;

    /* the item in hand, shared with the conversation; NULL between two items */
    struct json_object *item;
    char item_id[ID_SIZE];
    unsigned char *ulaw;   /* its speech, once it is made */
    size_t samples;        /* of it */
    size_t limit;          /* samples of it that will be sent */
    size_t sent;           /* samples of it that were */
    size_t text_sent;      /* bytes of its transcript or arguments */
    size_t deltas;         /* of audio */
    int64_t begun_micros;  /* first audio of the item */
    int64_t audible_until; /* on web_micros(), if it is played without a gap */

    int64_t input_text, input_audio, cached_text, cached_audio; /* tokens */
    size_t text_out, samples_out;                               /* bytes and samples produced */
};

/* The client's events. */
void response_create(struct session *session, struct json_object *event);
void response_cancel(struct session *session, struct json_object *event);

/* Makes a response; the server does it by itself for a turn of the caller ("vad") and after an
 * idle timeout ("idle").  "params" is the client's "response", NULL when there is none. */
void response_begin(struct session *session, const char *origin, struct json_object *params);

/* The caller speaks: the running response ends, some audio being on its way already. */
void response_interrupt(struct session *session);

/* Ends it with a status and, unless it is completed, a reason or the code of a failure; then it
 * is gone. */
void response_finish(struct response *response, const char *status, const char *reason);

/* The running response of the conversation, or NULL. */
struct response *response_active(const struct session *session);

/* Frees all responses of a session that is gone. */
void responses_free(struct session *session);

/* An effective setting: of the response, or else of the session. */
struct json_object *response_setting(const struct response *response, const char *path);

#endif
