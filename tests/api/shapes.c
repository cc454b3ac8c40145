#include "api/shapes.h"

#include <string.h>

#include <criterion/criterion.h>

#include "api/raw.h"

/* ---- shapes ---- */

static void has_type(const struct reply *reply, const char *type)
{
    const char *is = reply_header_of(reply, "Content-Type");

    cr_expect(is && strncmp(is, type, strlen(type)) == 0, "%s: %s", is ? is : "none", reply->body);
}

static void in_kwickphones_shape(const struct reply *reply)
{
    has_type(reply, "application/json");
    cr_expect(*at(reply->json, "error.code") && *at(reply->json, "error.message"), "%s",
              reply->body);
}

static void in_the_operators_shape(const struct reply *reply)
{
    has_type(reply, "application/json");
    cr_expect_str_eq(at(reply->json, "ok"), "false", "%s", reply->body);
    cr_expect(*at(reply->json, "error"), "%s", reply->body);
}

static void in_statesets_shape(const struct reply *reply)
{
    has_type(reply, "application/json");
    cr_expect_str_eq(at(reply->json, "success"), "false", "%s", reply->body);
    cr_expect(*at(reply->json, "error") && *at(reply->json, "code") && has(reply->json, "details"),
              "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "request_id"), reply_header_of(reply, "X-Request-Id"));
}

static void in_the_carriers_shape(const struct reply *reply)
{
    has_type(reply, "text/plain");
    cr_expect_gt(reply->length, 1u);
}

static void in_the_sites_shape(const struct reply *reply)
{
    has_type(reply, "application/json");
    cr_expect(*at(reply->json, "error") && *at(reply->json, "message"), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "status"), say("%ld", reply->status));
    cr_expect_str_eq(at(reply->json, "request_id"), reply_header_of(reply, "X-Request-Id"));
}

/* ---- who is asked ---- */

const struct api_facts apis[APIS] = {
    /* clang-format off */
    [KWICKPHONE] = {"KwickPhone", "/v1/numbers",                    "/v1/numbers",                    64 << 10, in_kwickphones_shape},
    [OPERATOR]   = {"operator",   "/api/v1/admin/tenants/@/agents", "/api/v1/admin/tenants/@/agents", 1 << 20,  in_the_operators_shape},
    [CALLBACKS]  = {"callbacks",  "/api/v1/incoming-call",          NULL,                             64 << 10, in_the_carriers_shape},
    [HOOKS]      = {"hooks",      "/hooks/twilio/recording",        NULL,                             64 << 10, in_the_carriers_shape},
    [STATESET]   = {"StateSet",   NULL,                             NULL,                             1 << 20,  in_statesets_shape},
    [SITE]       = {"site",       NULL,                             "/healthz",                       16 << 10, in_the_sites_shape},
    /* clang-format on */
};

static const char *with_tenant(const struct customer *customer, const char *path)
{
    const char *mark = strchr(path, '@');

    return mark ? say("%.*s%s%s", (int)(mark - path), path, customer->tenant, mark + 1) : path;
}

const char *credential(const struct customer *customer, enum api api)
{
    if (api == KWICKPHONE)
        return say("Authorization: Bearer %s\r\n", customer->kwickphone);
    return api == OPERATOR ? say("x-admin-key: %s\r\n", fact("ADMIN_API_KEY")) : "";
}

const char *head_of(const struct customer *customer, enum api api, size_t length)
{
    return say("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: %s\r\n"
               "Content-Length: %zu\r\n\r\n",
               with_tenant(customer, apis[api].takes), credential(customer, api),
               api < CALLBACKS ? "application/json" : "application/x-www-form-urlencoded", length);
}

struct reply send_body(const struct customer *customer, enum api api, const char *body,
                       size_t length)
{
    struct raw raw = raw_open();
    const char *head = head_of(customer, api, length);
    struct reply reply;

    raw_send(&raw, head, strlen(head));
    raw_send(&raw, body, length);
    reply = raw_answer(&raw, false);
    cr_assert_neq(reply.status, 0, "%s: the connection was closed", apis[api].name);
    cr_expect(raw_is_usable(&raw), "%s: the connection is of no use any more", apis[api].name);
    raw_close(&raw);
    return reply;
}

struct reply send_line(const struct customer *customer, enum api api, const char *line,
                       const char *more)
{
    struct raw raw = raw_open();
    const char *text = say("%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n",
                           with_tenant(customer, line), credential(customer, api), more);
    struct reply reply;

    raw_send(&raw, text, strlen(text));
    reply = raw_answer(&raw, strncmp(line, "HEAD ", 5) == 0);
    cr_assert_neq(reply.status, 0, "%s: the connection was closed", line);
    cr_expect(raw_is_usable(&raw), "%s: the connection is of no use any more", line);
    raw_close(&raw);
    return reply;
}

void nothing_was_written(const struct customer *customer)
{
    cr_expect_eq(rows_of(customer, "phone_numbers"), 0);
    cr_expect_eq(rows_of(customer, "agents"), 1);
    cr_expect_eq(rows_of(customer, "calls"), 0);
    cr_expect_eq(rows_of(customer, "billing_ledger"), 1);
    cr_expect_eq(rows_of(customer, "idempotency_keys"), 0);
}
