/*
 * remote/http.h - requests to other people's services.
 *
 * Every request has a limit in time and in size and one exit.  Redirects are followed only as often
 * as asked, and never from https to http.  With "guarded" set the address really connected to must
 * be public (remote/guard.h), on every redirect anew; so is every request whose URL a tenant gave.
 */
#ifndef REMOTE_HTTP_H
#define REMOTE_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"
#include "core/work.h"

struct http_header {
    const char *name, *value;
};

struct http_request {
    const char *method;          /* NULL: GET, or POST when there is a body */
    const char *url;             /* http or https */
    const char *user, *password; /* of basic authentication; NULL: none */
    const struct http_header *headers;
    size_t nheaders;
    const char *content_type; /* of the body; NULL: none is sent */
    const char *body;
    size_t length;
    int64_t deadline_ms;         /* for the whole exchange; 0: ten seconds */
    size_t answer_limit;         /* bytes of the answer's body; 0: one MiB */
    unsigned redirects;          /* how many may be followed */
    bool guarded;                /* the URL is a tenant's */
    bool cut;                    /* a longer answer is cut at the limit instead of failing */
    const atomic_bool *canceled; /* set by any thread: nobody wants the answer; NULL: all do */
};

/* How far an exchange came. */
enum http_end {
    HTTP_ANSWERED,   /* with whatever status */
    HTTP_FORBIDDEN,  /* the guard refused the address; nothing was sent */
    HTTP_UNREACHED,  /* no connection was made; nothing was sent */
    HTTP_UNANSWERED, /* something may have been sent, but no whole answer came in time */
};

struct http_answer {
    enum http_end end;
    int status;
    struct text body; /* read at "at", which is never NULL after an answer; NUL-ended */
    struct http_header *headers;
    size_t nheaders;
    int64_t took_ms;
    const char *problem; /* for operators; NULL when answered */
};

/*
 * Sends one request and waits.  True when an answer came, whatever its status; otherwise UPSTREAM,
 * and answer->end says how far it got.  Everything lives in the work's arena.
 */
bool http_send(struct work *work, const struct http_request *request, struct http_answer *answer);

struct http_exchange {
    struct http_request request;
    struct http_answer answer;
    void *with; /* the caller's */
};

/*
 * Sends many requests, "at_once" of them at a time, and returns when each has its answer.  "done"
 * (may be NULL) is called once for each as it ends.  Redirects are not followed here.  All answers
 * live in the work's arena.
 */
void http_send_many(struct work *work, struct http_exchange *exchanges, size_t count,
                    size_t at_once,
                    void (*done)(struct work *work, struct http_exchange *exchange));

/*
 * Exchanges under way at once in a loop that has other things to do meanwhile.  "work" and
 * "exchange" of each must live until "done" was called for it; done may end that work.  Redirects
 * are not followed.
 */
struct http_flights;

/* None under way yet.  Give it back with http_flights_close(). */
struct http_flights *http_flights_open(void);

/* Nothing may be under way. NULL is no mistake. */
void http_flights_close(struct http_flights *flights);

/* Sends the exchange's request; what comes of it is told by http_flights_wait(). */
void http_flights_begin(struct http_flights *flights, struct work *work,
                        struct http_exchange *exchange);

/*
 * Lets them go on until one ends or "wait_ms" have passed, and answers how many are still under
 * way.  Returns at once when there are none.
 */
size_t http_flights_wait(struct http_flights *flights, int64_t wait_ms,
                         void (*done)(struct work *work, struct http_exchange *exchange));

/* Ends a wait early, from any thread: something new is to begin, or was cancelled. */
void http_flights_wake(struct http_flights *flights);

/*
 * Makes the request the one that the answer redirects to, in the work's arena; false when it
 * redirects to nowhere, or from https to http.  Another origin learns neither credentials nor
 * headers; only 307 and 308 keep the body.
 */
bool http_follow(struct work *work, struct http_request *request, const struct http_answer *answer);

/* A header of the answer, its name compared without case; NULL when there is none. */
const char *http_header_of(const struct http_answer *answer, const char *name);

/* Adds "name=value" to a form in "body", both percent-encoded; a NULL value is left out. */
void http_form_add(struct text *body, const char *name, const char *value);

#endif
