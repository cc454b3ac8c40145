#include "api/twilio/router.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>

const char *credential_of(const struct router *router)
{
    const char *both = say("%s:%s", router->account.sid, router->account.token);
    size_t length = strlen(both);
    char *digits = say("%*s", (int)(4 * ((length + 2) / 3)), "");

    EVP_EncodeBlock((unsigned char *)digits, (const unsigned char *)both, (int)length);
    return say("Authorization: Basic %s", digits);
}

struct router router_new(void)
{
    struct router router = {.account = account_new()};
    struct reply reply = route(&router, "GET", "/v1/Workspaces", NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    router.workspace = at(reply.json, "workspaces.0.sid");
    router.space = say("/v1/Workspaces/%s", router.workspace);
    return router;
}

struct reply route_with(const struct router *router, const char *method, const char *path,
                        const char *fields, const char *header)
{
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                   credential_of(router), header, NULL};

    return http(method, path, headers, fields);
}

struct reply route(const struct router *router, const char *method, const char *path,
                   const char *fields)
{
    return twilio(&router->account, method, path, fields);
}

const char *encoded(const char *text)
{
    char *out = say("%*s", (int)(3 * strlen(text)), ""), *end = out;

    for (; *text; text++)
        if (isalnum((unsigned char)*text))
            *end++ = *text;
        else
            end += sprintf(end, "%%%02X", (unsigned char)*text);
    *end = '\0';
    return out;
}

const char *in_space(const struct router *router, const char *format, ...)
{
    char rest[500];
    va_list args;

    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    return say("%s/%s", router->space, rest);
}

struct reply make(const struct router *router, const char *kind, const char *fields)
{
    struct reply reply = route(router, "POST", in_space(router, "%s", kind), fields);

    cr_assert_eq(reply.status, 201, "%s %s: %ld %s", kind, fields, reply.status, reply.body);
    return reply;
}

const char *made(const struct router *router, const char *kind, const char *fields)
{
    return at(make(router, kind, fields).json, "sid");
}

/* ---- the official client ---- */

static const char *steps_of(const struct router *router, const char *format, va_list args)
{
    char rest[3000], *steps;

    cr_assert_lt(vsnprintf(rest, sizeof rest, format, args), (int)sizeof rest);
    steps = say("['taskrouter','v1','workspaces',['%s'],%s]", router->workspace, rest);
    for (char *c = steps; *c; c++)
        *c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
    return steps;
}

#define STEPS(name)                                                                                \
    const char *name;                                                                              \
    va_list args;                                                                                  \
    va_start(args, steps);                                                                         \
    name = steps_of(router, steps, args);                                                          \
    va_end(args)

json_object *client_does(const struct router *router, const char *steps, ...)
{
    STEPS(all);
    return sdk_ok(&router->account, "%s", all);
}

void client_is_refused(const struct router *router, const char *why, const char *steps, ...)
{
    json_object *answer;

    STEPS(all);
    answer = sdk(&router->account, "%s", all);
    cr_expect_str_eq(at(answer, "error.status"), "400", "%s: %s", all,
                     json_object_to_json_string(answer));
    cr_expect_str_eq(at(answer, "error.code"), "20001", "%s: %s", all,
                     json_object_to_json_string(answer));
    cr_expect(strstr(at(answer, "error.message"), why), "%s: %s", why, at(answer, "error.message"));
}

void client_finds_nothing(const struct router *router, const char *steps, ...)
{
    STEPS(all);
    sdk_refused(&router->account, 404, 20404, "%s", all);
}

/* ---- plain requests ---- */

/* "TaskQueues" are answered as "task_queues". */
static const char *key_of(const char *kind)
{
    char *key = say("%*s", (int)(2 * strlen(kind)), ""), *end = key;

    for (const char *c = kind; *c; c++) {
        if (isupper((unsigned char)*c) && c > kind)
            *end++ = '_';
        *end++ = (char)tolower((unsigned char)*c);
    }
    *end = '\0';
    return key;
}

const char *named(const struct router *router, const char *kind, const char *name)
{
    struct reply reply =
        route(router, "GET", in_space(router, "%s?FriendlyName=%s", kind, encoded(name)), NULL);
    const char *sid = at(reply.json, say("%s.0.sid", key_of(kind)));

    cr_assert(*sid, "there is no %s among the %s: %s", name, kind, reply.body);
    return sid;
}

struct reply change(const struct router *router, const char *what, const char *fields)
{
    struct reply reply = route(router, "POST", in_space(router, "%s", what), fields);

    cr_assert_eq(reply.status, 200, "%s %s: %ld %s", what, fields, reply.status, reply.body);
    return reply;
}

size_t rows_in(const struct reply *reply, const char *key)
{
    json_object *rows;

    cr_assert(json_object_object_get_ex(reply->json, key, &rows), "%s", reply->body);
    return json_object_array_length(rows);
}
