#include "api/twilio/router.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>

const char *basic(const char *user, const char *password)
{
    const char *both = say("%s:%s", user, password);
    size_t length = strlen(both);
    char *digits = say("%*s", (int)(4 * ((length + 2) / 3)), "");

    EVP_EncodeBlock((unsigned char *)digits, (const unsigned char *)both, (int)length);
    return say("Authorization: Basic %s", digits);
}

struct router router_new(void)
{
    struct router router = {.customer = customer_new()};
    struct reply reply;

    router.token = customer_key(&router.customer, "twilio", NULL);
    router.account = text_of(say("SELECT account_sid FROM tenants WHERE tenant_key = '%s'",
                                 router.customer.tenant));
    router.credential = basic(router.account, router.token);
    reply = route(&router, "GET", "/v1/Workspaces", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    router.space = say("/v1/Workspaces/%s", at(reply.json, "workspaces.0.sid"));
    return router;
}

struct reply route_with(const struct router *router, const char *method, const char *path,
                        const char *fields, const char *header)
{
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                   router->credential, header, NULL};

    return http(method, path, headers, fields);
}

struct reply route(const struct router *router, const char *method, const char *path,
                   const char *fields)
{
    return route_with(router, method, path, fields, NULL);
}

const char *form_text(const char *text)
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
        route(router, "GET", in_space(router, "%s?FriendlyName=%s", kind, form_text(name)), NULL);
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

void route_refused(const struct reply *reply, long status, int code)
{
    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "code"), say("%d", code), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "status"), say("%ld", status), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "more_info"),
                     say("https://www.twilio.com/docs/errors/%d", code), "%s", reply->body);
    cr_expect(*at(reply->json, "message"), "no reason is given: %s", reply->body);
}

size_t rows_in(const struct reply *reply, const char *key)
{
    json_object *rows;

    cr_assert(json_object_object_get_ex(reply->json, key, &rows), "%s", reply->body);
    return json_object_array_length(rows);
}
