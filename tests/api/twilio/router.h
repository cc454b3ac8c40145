/*
 * api/twilio/router.h - what TaskRouter's suites share: an account with its first workspace, forms,
 * and short ways to make things.
 */
#ifndef API_TWILIO_ROUTER_H
#define API_TWILIO_ROUTER_H

#include "api/api.h"

struct router {
    struct customer customer;
    const char *account, *token; /* AC…, and its auth token */
    const char *credential;      /* the line "Authorization: Basic …" */
    const char *space;           /* "/v1/Workspaces/WS…", the first one's path */
};

/* An account of its own, whose first look at its workspaces has made the first one. */
struct router router_new(void);

/* "Authorization: Basic …" of any two words. */
const char *basic(const char *user, const char *password);

/* One request; "fields" is a form that is encoded already, or NULL.  Paths as of http(). */
struct reply route(const struct router *router, const char *method, const char *path,
                   const char *fields);

/* The same with one more header line. */
struct reply route_with(const struct router *router, const char *method, const char *path,
                        const char *fields, const char *header);

/* A text as a form or a query has it. */
const char *form_text(const char *text);

/* The path of something in the workspace: in_space(&router, "Workers/%s", sid). */
const char *in_space(const struct router *router, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes one ("Workers", "FriendlyName=Ann"), which must not fail; answers it. */
struct reply make(const struct router *router, const char *kind, const char *fields);

/* The same, and answers its SID. */
const char *made(const struct router *router, const char *kind, const char *fields);

/* The SID of the thing of that name. */
const char *named(const struct router *router, const char *kind, const char *name);

/* Changes something that is there, which must not fail: "Workers/WK…". */
struct reply change(const struct router *router, const char *what, const char *fields);

/* That it is Twilio's refusal of that status and code. */
void route_refused(const struct reply *reply, long status, int code);

/* How many rows a list has: rows_in(&reply, "workers"). */
size_t rows_in(const struct reply *reply, const char *key);

#endif
