/*
 * stream/responses.h - the model speaks one response at a time (openai-realtime.md 5.5).
 *
 * Greeting, tool results, key presses and prompts all ask here for a response; only one may run, so
 * a second request waits for the end of the first.  Several that wait become one, but for what must
 * be said: that is said in its order, even if the caller speaks first.  Nothing is sent from here:
 * each function answers what the caller has to send.
 */
#ifndef STREAM_RESPONSES_H
#define STREAM_RESPONSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/playback.h" /* ID_SIZE */

enum phase { RESPONSE_NONE, RESPONSE_ASKED, RESPONSE_RUNS, RESPONSE_CANCELED };

enum { DISCARDED = 8, EVENT_SIZE = 24, WAIT_BEHIND = 3 };

/* What a response is asked for with. */
struct speak {
    const char *purpose;      /* "greeting", "tool", … : a constant */
    const char *words;        /* exactly these are said; the instructions ask for them; or NULL */
    const char *instructions; /* replaces the session's for this response; NULL: those */
    bool no_tools;
    bool must; /* it is said whatever is said before it; else another request may stand for it */
};

struct responses {
    enum phase phase;
    char active[ID_SIZE];             /* the running response, once its id is known */
    char event[EVENT_SIZE];           /* our request's id, by which we know our response again */
    unsigned events;                  /* how many ids were given */
    struct speak current, waiting;    /* waiting: the first that waits, if any does */
    struct speak behind[WAIT_BEHIND]; /* that wait for it */
    size_t nbehind;
    bool is_waiting, cancel_wanted, caller_speaks;
    bool is_ours;   /* what runs, or ran last, was asked for by us */
    bool has_come;  /* something of it came: sound, words for another voice, a tool's call */
    bool has_words; /* it was written what it says, whether or not that is heard */
    char discarded[DISCARDED][ID_SIZE]; /* whose audio nobody shall hear any more */
    size_t next_discarded;
    unsigned retries;
    int64_t since_us; /* when something was last heard of the response */
};

/* Writes a new id for a message of ours: "cl_0007_tool". */
void responses_event(struct responses *responses, const char *purpose, char event[EVENT_SIZE]);

/* Asks for a response: true when response.create is to be sent now, with responses->event. */
bool responses_ask(struct responses *responses, const struct speak *speak, int64_t now_us);

/*
 * response.created: true when it is to be cancelled at once, because the caller spoke while we
 * waited for it.
 */
bool responses_created(struct responses *responses, const char *id, const char *event,
                       int64_t now_us);

/* Something else of the running response came. */
void responses_alive(struct responses *responses, int64_t now_us);

/* response.done: true when the request that waited is to be sent now: ask with "waiting". */
bool responses_done(struct responses *responses, const char *id);

/* The caller began to speak, or stopped; true when a waiting request is to be sent now. */
bool responses_caller_speaks(struct responses *responses, bool speaks);

/*
 * The caller's turn was taken in, and the model answers it by itself: a request that waits would
 * give a second answer and is forgotten, unless it must be said.
 */
void responses_turn_taken(struct responses *responses);

/* Whether a request of that purpose waited; it does not any more. */
bool responses_withdraw(struct responses *responses, const char *purpose);

/* Nobody wants to hear any more of what waits. */
void responses_forget_waiting(struct responses *responses);

/*
 * The caller interrupts: what runs is discarded; true when response.cancel is to be sent (of
 * "active", or of whatever runs when that is empty).  "by_model": the model cancels by itself.
 */
bool responses_interrupt(struct responses *responses, bool by_model);

/* Whether audio of the response is to be dropped. */
bool responses_is_discarded(const struct responses *responses, const char *id);

/* An error whose event_id is our request's: true when that was the request that now failed. */
bool responses_refused(struct responses *responses, const char *event, const char *code);

/* Nothing was heard of it for too long: 5 s before it began, 15 s while it runs. */
bool responses_is_overdue(const struct responses *responses, int64_t now_us);

/*
 * A request still waits although nothing runs, nobody speaks and the model was silent for 2 s: the
 * turn that was to answer it was never taken in.  It is to be sent now.
 */
bool responses_is_left(const struct responses *responses, int64_t now_us);

/* Forgets what runs, after it failed or its connection was lost. */
void responses_forget(struct responses *responses);

#endif
