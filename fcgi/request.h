/*
 * fcgi/request.h - one request and its answer.
 *
 * main.c fills the first part from what the web server sends; dispatch() the second; the handlers
 * the answer.  Everything lives in the work's arena, but the JSON tree of the body, which
 * request_end() puts.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <json-c/json.h>

#include "core/config.h"
#include "core/text.h"
#include "core/uid.h"
#include "core/work.h"

struct parameter {
    const char *name, *value;
};

struct parameters {
    struct parameter *at;
    size_t count, room;
};

/* Who asks, as authentication found out. */
struct caller {
    const char *kind; /* "kwickphone", "stateset", …, "admin", "carrier"; NULL: nobody yet */
    uid key;          /* of the API key; none for admin and carrier */
    const char *permissions; /* JSON array of the key's permissions or scopes */
    const char *label;       /* for audit rows */
};

enum { MAX_PATH_VALUES = 8, MAX_SEGMENTS = 24 };

struct request {
    struct work work;

    /* As the web server passed it on; method "GET" also for HEAD. */
    const char *method, *path; /* the path without its query, still percent-encoded */
    const char *query_string;  /* "" when there is none */
    struct parameters headers;
    const char *content_type;
    const char *body; /* NUL-ended; its length is body_length whatever it holds */
    size_t body_length;
    bool head;             /* the answer goes out without its body */
    bool body_too_large;   /* it was dropped, because it is longer than the dialect takes */
    bool body_cut;         /* it is not as long as was announced */
    const char *client_ip; /* the socket's, or the right-most untrusted one of X-Forwarded-For */
    const char *scheme, *host; /* as the client sees us, from trusted proxies or the request */

    /* Filled by dispatch() before anybody else looks. */
    const char *segments[MAX_SEGMENTS]; /* of the path, percent-decoded */
    size_t nsegments;
    struct parameters query, cookies;
    struct parameters form; /* the body's fields, when it is a form */
    json_object *json;      /* the body's tree, when it is JSON; never put by handlers */
    const struct dialect *dialect;
    const struct route *route;                     /* NULL while none is found */
    struct parameter path_values[MAX_PATH_VALUES]; /* what stands behind the route's {names} */
    size_t npath_values;
    struct caller caller;
    const struct tenant *tenant; /* the caller's, in the arena; NULL without one */

    int status;
    struct text reply;
    const char *reply_type; /* NULL: application/json */
    struct parameters reply_headers;
    bool reply_is_secret; /* shows a secret once: the idempotency store seals it */
    /* Streams the answer's body after the headers instead of "reply"; false ends it early. */
    bool (*stream)(struct request *req, bool (*write)(void *to, const void *bytes, size_t length),
                   void *to);
    void *stream_with;
    int64_t stream_length; /* bytes that "stream" will write */
};

/*
 * The first parameter of that name, NULL when there is none.  Names of headers are compared
 * without case.  A repeated parameter has all its values in req->query or req->form.
 */
const char *request_header(const struct request *req, const char *name);
const char *request_cookie(const struct request *req, const char *name);
const char *request_query(const struct request *req, const char *name);
const char *request_form(const struct request *req, const char *name);
const char *request_path(const struct request *req, const char *name);

/* Adds a parameter; both texts live as long as the request. */
void parameters_add(struct arena *arena, struct parameters *parameters, const char *name,
                    const char *value);

/* Adds a header to the answer, or replaces the one of that name. */
void reply_header(struct request *req, const char *name, const char *value);

/* Answers with a text of some type; returns true, so that a handler can end with it. */
bool reply_text(struct request *req, int status, const char *type, const char *text);

/* Answers with an empty body. */
bool reply_empty(struct request *req, int status);

/* "Not Found" */
const char *status_reason(int status);

/* Forgets what was answered so far, but for headers set before the handler ran. */
void reply_reset(struct request *req, size_t headers);

/*
 * Reads "length" bytes percent-encoded, once; a "+" is a space only where "plus" says so.  NULL
 * when the encoding is wrong, or what comes out is not UTF-8 or holds a NUL.
 */
char *percent_decode(struct arena *arena, const char *text, size_t length, bool plus);

/* Reads "a=1&b=2" as a query or a form; false when an encoding is wrong. */
bool parameters_read(struct arena *arena, struct parameters *parameters, const char *text,
                     size_t length);

/* Puts the tree and gives the memory back. */
void request_end(struct request *req);

#endif
