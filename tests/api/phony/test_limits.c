/*
 * Who may ask Phony's dialect what, and how often: each operation of its document.
 */
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "api/phony/phony.h"
#include "harness/operations.h"

TestSuite(phony_limits, .timeout = 60);

#define NUMBERS "/api/phone-numbers/available"

/* ---- every operation ---- */

typedef void look(const char *method, const char *path, const char *key);

/* Operations of the document that know this status, but for those of the daemon. */
static void each(int status, const char *key, look *at_it)
{
    struct operations operations = operations_of("phony");
    size_t looked = 0;

    for (size_t i = 0; i < operations.count; i++) {
        const struct operation *one = &operations.at[i];

        if (!operation_knows(one, status) || has(one->of, "x-served-by-daemon"))
            continue;
        at_it(one->method, operation_path_with(one, NULL, "nobody"), key);
        looked++;
    }
    cr_expect_geq(looked, 11u);
}

static void is_unauthorized(const char *method, const char *path, const char *key)
{
    struct reply reply = ask(method, path, key, NULL, NULL);

    pho_refused(&reply, 401, "unauthorized");
    cr_expect_str_eq(reply_header_of(&reply, "WWW-Authenticate"), "Bearer", "%s %s", method, path);
}

static void is_forbidden(const char *method, const char *path, const char *key)
{
    struct reply reply = ask(method, path, key, NULL, NULL);

    pho_refused(&reply, 403, "forbidden");
}

static void is_too_much(const char *method, const char *path, const char *key)
{
    struct reply reply = ask(method, path, key, NULL, NULL);

    pho_refused(&reply, 429, "rate_limited");
}

Test(phony_limits, let_nobody_in_without_a_key)
{
    each(401, NULL, is_unauthorized);
}

Test(phony_limits, let_a_key_do_nothing_that_it_does_not_name)
{
    struct customer customer = customer_new();

    each(403, phony_key(&customer, "\"nothing:read\""), is_forbidden);
}

/* ---- keys ---- */

Test(phony_limits, take_the_key_in_either_header)
{
    struct phony phony = phony_new();
    struct reply reply = ask("GET", "/api/agents", NULL, NULL, say("X-API-Key: %s", phony.key));

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(ask("GET", "/api/agents", phony.key, NULL, NULL).status, 200);
    reply = ask("GET", "/api/agents", NULL, NULL, "X-API-Key: pk_nobodys");
    pho_refused(&reply, 401, "unauthorized");
}

Test(phony_limits, take_no_key_of_another_dialect)
{
    struct customer customer = customer_new();
    const char *const others[] = {customer.kwickphone, customer.stateset, "pk_nobodys",
                                  customer_key(&customer, "thruai", NULL)};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        is_unauthorized("GET", "/api/agents", others[i]);
    cr_expect_eq(ask("GET", "/v1/numbers", phony_key(&customer, "\"*\""), NULL, NULL).status, 401);
}

Test(phony_limits, take_no_key_once_it_is_revoked)
{
    struct phony phony = phony_new();
    const char *id;

    pho_must(&phony, 200, "GET", "/api/agents", NULL);
    id = at(admin("GET", admin_path(&phony.customer, "/api-keys?kind=phony"), NULL).json,
            "api_keys.0.id");
    cr_assert_eq(admin("DELETE", admin_path(&phony.customer, say("/api-keys/%s", id)), NULL).status,
                 200);
    for (int i = 0; i < 8; i++) /* whichever worker answers */
        is_unauthorized("GET", "/api/agents", phony.key);
}

Test(phony_limits, let_roles_do_what_is_theirs)
{
    static const struct {
        const char *role, *method, *path;
        long status; /* 400: it was let in, and the body was looked at */
    } rows[] = {
        {"\"viewer\"", "GET", "/api/agents", 200},
        {"\"viewer\"", "GET", "/api/phone-numbers/available", 200},
        {"\"viewer\"", "POST", "/api/agents", 403},
        {"\"viewer\"", "GET", "/tenants", 403},
        {"\"supervisor\"", "GET", "/api/agents", 200},
        {"\"supervisor\"", "POST", "/api/agents", 403},
        {"\"supervisor\"", "POST", "/api/phone-numbers/+13125550100/release", 403},
        {"\"admin\"", "POST", "/api/agents", 400},
        {"\"admin\"", "POST", "/api/phone-numbers/+13125550100/release", 404},
        {"\"admin\"", "GET", "/tenants", 403},
        {"\"agents:*\"", "POST", "/api/agents", 400},
        {"\"agents:*\"", "GET", "/api/phone-numbers/available", 403},
    };
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reply reply =
            ask(rows[i].method, rows[i].path, phony_key(&customer, rows[i].role), NULL, NULL);

        cr_expect_eq(reply.status, rows[i].status, "%s %s as %s: %ld %s", rows[i].method,
                     rows[i].path, rows[i].role, reply.status, reply.body);
    }
}

/* ---- how often ---- */

Test(phony_limits, are_fifty_a_minute)
{
    struct phony phony = phony_new();
    struct reply reply = pho_must(&phony, 200, "GET", "/api/agents", NULL);

    cr_expect_eq(header_number(&reply, "X-RateLimit-Limit"), 50);
    cr_expect_eq(header_number(&reply, "X-RateLimit-Remaining"), 49);
    cr_expect(header_number(&reply, "X-RateLimit-Reset") >= (long)time(NULL), "%s", reply.headers);
    reply = use_up_minute(NUMBERS, phony.key);
    pho_refused(&reply, 429, "rate_limited");
    cr_expect_eq(header_number(&reply, "X-RateLimit-Remaining"), 0);
    cr_expect_str_eq(at(reply.json, "limit"), "50", "%s", reply.body);
    cr_expect_eq(header_number(&reply, "Retry-After"),
                 strtol(at(reply.json, "retry_after"), NULL, 10));
    cr_expect(header_number(&reply, "Retry-After") >= 1 &&
              header_number(&reply, "Retry-After") <= 60);
}

Test(phony_limits, are_a_keys_own)
{
    struct phony phony = phony_new();
    const char *other = phony_key(&phony.customer, "\"*\"");

    cr_assert_eq(use_up_minute(NUMBERS, phony.key).status, 429);
    cr_expect_eq(ask("GET", "/api/agents", other, NULL, NULL).status, 200);
}

Test(phony_limits, are_counted_when_a_request_is_refused_for_other_reasons)
{
    struct phony phony = phony_new();
    struct reply first = pho(&phony, "POST", "/api/agents", "{}");
    struct reply second = pho(&phony, "DELETE", "/api/agents/nobody", NULL);

    cr_expect_eq(first.status, 400);
    cr_expect_eq(second.status, 404);
    cr_expect(header_number(&second, "X-RateLimit-Remaining") <
                      header_number(&first, "X-RateLimit-Remaining") ||
                  header_number(&second, "X-RateLimit-Remaining") == 49,
              "%s", second.headers);
}

/* What another host would say: the key asked there so often in this hour, and in the next. */
static void asked_elsewhere(const struct phony *phony, int times)
{
    const char *id =
        at(admin("GET", admin_path(&phony->customer, "/api-keys?kind=phony"), NULL).json,
           "api_keys.0.id");

    for (int hour = 0; hour < 2; hour++)
        query(say("INSERT INTO rate_counters (bucket, window_start, node_id, hits) VALUES"
                  " ('phony.hour:%s', (UNIX_TIMESTAMP() DIV 3600 + %d) * 3600, 60000, %d)",
                  id, hour, times));
}

static bool is_over_the_hour(const struct phony *phony, struct reply *reply)
{
    *reply = pho(phony, "GET", "/api/agents", NULL);
    return header_number(reply, "X-RateLimit-Limit") == 1000;
}

Test(phony_limits, are_a_thousand_an_hour_on_all_hosts)
{
    struct phony phony = phony_new();
    struct reply reply;

    asked_elsewhere(&phony, 980);
    AWAIT(is_over_the_hour(&phony, &reply)); /* by then the hour is tighter than the minute */
    cr_expect(header_number(&reply, "X-RateLimit-Remaining") < 20, "%s", reply.headers);
    while (reply.status == 200)
        reply = pho(&phony, "GET", "/api/agents", NULL);
    pho_refused(&reply, 429, "rate_limited");
    cr_expect_str_eq(at(reply.json, "limit"), "1000", "%s", reply.body);
    cr_expect(header_number(&reply, "Retry-After") >= 1 &&
              header_number(&reply, "Retry-After") <= 3600);
}

Test(phony_limits, hold_for_every_operation)
{
    struct phony phony = phony_new();
    struct reply reply;

    asked_elsewhere(&phony, 1000);
    AWAIT(is_over_the_hour(&phony, &reply));
    each(429, phony.key, is_too_much);
}

Test(phony_limits, refuse_paths_and_methods_that_are_not_there)
{
    struct phony phony = phony_new();
    struct reply reply = pho(&phony, "GET", "/api/nothing", NULL);

    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "PATCH", "/api/agents", "{}");
    pho_refused(&reply, 405, "method_not_allowed");
    cr_expect_not_null(reply_header_of(&reply, "Allow"));
}
