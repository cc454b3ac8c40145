/*
 * api/twilio/router.h - what TaskRouter's suites share: an account with its first workspace, forms,
 * and short ways to make things.
 */
#ifndef API_TWILIO_ROUTER_H
#define API_TWILIO_ROUTER_H

#include "api/twilio/sdk.h"

struct router {
    struct account account;
    const char *workspace; /* SID of the first one */
    const char *space;     /* "/v1/Workspaces/WS…", its path */
};

/* An account of its own, whose first look at its workspaces has made the first one. */
struct router router_new(void);

/* The line "Authorization: Basic …" of the account. */
const char *credential_of(const struct router *router);

/* One request; "fields" is a form that is encoded already, or NULL.  Paths as of http(). */
struct reply route(const struct router *router, const char *method, const char *path,
                   const char *fields);

/* The same with one more header line. */
struct reply route_with(const struct router *router, const char *method, const char *path,
                        const char *fields, const char *header);

/*
 * What the official client makes of steps from the workspace on, which must succeed; written with '
 * for the quotes of JSON and ` for those in it:
 *
 *     client_does(&router, "'workers','create',[{'friendlyName':'Ann'}]")
 */
json_object *client_does(const struct router *router, const char *steps, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where it must be refused with 400 and 20001, for a reason that holds "why". */
void client_is_refused(const struct router *router, const char *why, const char *steps, ...)
    __attribute__((format(printf, 3, 4)));

/* The same where there is nothing: 404 and 20404. */
void client_finds_nothing(const struct router *router, const char *steps, ...)
    __attribute__((format(printf, 2, 3)));

/* A text as a form or a query has it. */
const char *encoded(const char *text);

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

/* How many rows a list has: rows_in(&reply, "workers"). */
size_t rows_in(const struct reply *reply, const char *key);

#endif
