/*
 * What the operations answer when something is broken or not configured: the statuses that no
 * healthy stack gives, each in the shape of its API, and what is left when it works again.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fault/repair.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

TestSuite(statuses, .init = stack_repair, .fini = stack_repair, .timeout = 120);

/* ---- the operations ---- */

struct operation {
    const char *method, *path, *body; /* of the operator's; @ is the tenant, # its agent */
    const char *table;                /* without which it cannot be answered */
};

#define TENANT "/api/v1/admin/tenants/@"
#define NOBODY "00000000-0000-4000-8000-000000000000"

static const struct operation of_operator[] = {
    /* clang-format off */
    {"GET",    TENANT,                                 NULL, "tenants"},
    {"PUT",    TENANT,                                 "{}", "tenants"},
    {"GET",    TENANT "/api-keys",                     NULL, "api_keys"},
    {"POST",   TENANT "/api-keys",                     "{}", "api_keys"},
    {"DELETE", TENANT "/api-keys/" NOBODY,             NULL, "api_keys"},
    {"GET",    TENANT "/agents",                       NULL, "agents"},
    {"POST",   TENANT "/agents",                       "{\"agent_key\":\"x\",\"name\":\"X\"}", "agents"},
    {"GET",    TENANT "/agent-versions",               NULL, "agent_versions"},
    {"POST",   TENANT "/agent-versions",               "{\"agent_id\":\"#\"}", "agent_versions"},
    {"POST",   TENANT "/agent-versions/" NOBODY "/publish", NULL, "agent_versions"},
    {"GET",    TENANT "/phone-number-routes",          NULL, "phone_routes"},
    {"PUT",    TENANT "/phone-number-routes",          "{\"phone_number\":\"+442071234567\",\"direction\":\"inbound\",\"agent_id\":\"#\"}", "phone_routes"},
    {"DELETE", TENANT "/phone-number-routes/" NOBODY,  NULL, "phone_routes"},
    {"POST",   TENANT "/balance",                      "{\"amount_micros\":1}", "billing_ledger"},
    /* clang-format on */
};

static const struct operation of_kwickphone[] = {
    {"POST", "/v1/numbers", "{}", "phone_numbers"},
    {"GET", "/v1/numbers", NULL, "phone_numbers"},
    {"DELETE", "/v1/numbers/1", NULL, "phone_numbers"},
    {"GET", "/v1/calls", NULL, "calls"},
    {"GET", "/v1/calls/CA00000000000000000000000000000001/transcript", NULL, "calls"},
    {"GET", "/v1/calls/CA00000000000000000000000000000001/recording", NULL, "calls"},
};

/* The text with the tenant and its agent where their marks stand. */
static const char *filled(const struct customer *customer, const char *text)
{
    const char *mark = text ? strpbrk(text, "@#") : NULL;

    return mark ? say("%.*s%s%s", (int)(mark - text), text,
                      *mark == '@' ? customer->tenant : customer->agent_id, mark + 1)
                : text;
}

static struct reply ask_as_operator(const struct customer *customer, const struct operation *one)
{
    return admin(one->method, filled(customer, one->path), filled(customer, one->body));
}

static void refused_to_operator(const struct operation *one, const struct reply *reply, long status)
{
    cr_expect_eq(reply->status, status, "%s %s: %ld %s", one->method, one->path, reply->status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false", "%s", reply->body);
    cr_expect(*at(reply->json, "error"), "%s", reply->body);
}

static void refused_to_client(const struct operation *one, const struct reply *reply, long status,
                              const char *code)
{
    cr_expect_eq(reply->status, status, "%s %s: %ld %s", one->method, one->path, reply->status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "error.code"), code, "%s", reply->body);
    cr_expect(*at(reply->json, "error.message"), "%s", reply->body);
}

/* ---- not configured ---- */

Test(statuses, of_the_operators_part_are_404_while_he_has_no_key)
{
    struct customer customer = customer_new();
    const char *key = say("%s", fact("ADMIN_API_KEY")), *name = say("%s", fact("ADMIN_USERNAME"));
    const char *const headers[] = {say("x-admin-key: %s", key), "Content-Type: application/json",
                                   NULL};

    api_restart_with("ADMIN_USERNAME", "");
    api_restart_with("ADMIN_API_KEY", "");
    for (size_t i = 0; i < COUNT_OF(of_operator); i++) {
        struct reply reply = http(of_operator[i].method, filled(&customer, of_operator[i].path),
                                  headers, filled(&customer, of_operator[i].body));

        refused_to_operator(&of_operator[i], &reply, 404);
    }
    cr_expect_eq(http("GET", "/api/v1/admin/tenants/x", NULL, NULL).status, 404);
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200, "clients are served");
    api_restart_with("ADMIN_API_KEY", key);
    api_restart_with("ADMIN_USERNAME", name);
    cr_expect_eq(admin("GET", filled(&customer, TENANT), NULL).status, 200);
}

/* ---- guessed at ---- */

Test(statuses, of_who_guesses_at_the_operators_key_are_429_in_the_end)
{
    enum { LIMIT = 10 };
    static const char *const headers[] = {"x-admin-key: adm_guess", "X-Forwarded-For: 203.0.113.77",
                                          NULL};
    struct customer customer = customer_new();
    const char *limit = say("%s", fact("RATE_LIMIT_IP_PER_MINUTE"));
    struct reply reply = {0};
    int tries = 0;

    api_restart_with("RATE_LIMIT_IP_PER_MINUTE", say("%d", LIMIT));
    while (reply.status != 429 && tries++ <= 2 * LIMIT) /* a window may end meanwhile */
        reply = http("GET", filled(&customer, TENANT), headers, NULL);
    refused_to_operator(&of_operator[0], &reply, 429);
    cr_expect_gt(tries, LIMIT);
    cr_assert_not_null(reply_header_of(&reply, "Retry-After"));
    cr_expect(atoi(reply_header_of(&reply, "Retry-After")) >= 1);
    cr_expect_eq(admin("GET", filled(&customer, TENANT), NULL).status, 200,
                 "the operator is shut out of his own house");
    api_restart_with("RATE_LIMIT_IP_PER_MINUTE", limit);
}

/* ---- pages of other origins ---- */

static struct reply from_origin(const char *method, const char *origin)
{
    const char *const headers[] = {say("Origin: %s", origin), "Access-Control-Request-Method: POST",
                                   NULL};

    return http(method, "/v1/numbers", headers, NULL);
}

Test(statuses, are_told_to_pages_of_the_origins_on_the_list)
{
    struct reply reply;

    api_restart_with("CORS_ORIGINS", "https://app.example.com,https://other.example.com");
    reply = from_origin("OPTIONS", "https://app.example.com");
    cr_expect_eq(reply.status, 204);
    cr_expect_str_eq(reply_header_of(&reply, "Access-Control-Allow-Origin"),
                     "https://app.example.com");
    cr_expect_not_null(strstr(reply_header_of(&reply, "Access-Control-Allow-Methods"), "POST"));
    reply = from_origin("GET", "https://other.example.com");
    cr_expect_eq(reply.status, 401);
    cr_expect_str_eq(reply_header_of(&reply, "Access-Control-Allow-Origin"),
                     "https://other.example.com", "a page must be able to read refusals");
    cr_expect_str_eq(reply_header_of(&reply, "Vary"), "Origin");
    reply = from_origin("OPTIONS", "https://app.example.com.evil.example");
    cr_expect_null(reply_header_of(&reply, "Access-Control-Allow-Origin"));
    api_restart_with("CORS_ORIGINS", NULL);
}

/* ---- broken ---- */

/* A table is missing: nobody's fault but ours, and no client learns of it. */
Test(statuses, are_500_when_the_store_is_not_what_it_should_be)
{
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(of_operator); i++) {
        struct reply reply;

        table_away(of_operator[i].table);
        reply = ask_as_operator(&customer, &of_operator[i]);
        tables_back();
        refused_to_operator(&of_operator[i], &reply, 500);
        cr_expect_null(strstr(reply.body, of_operator[i].table), "%s", reply.body);
    }
    for (size_t i = 0; i < COUNT_OF(of_kwickphone); i++) {
        const struct operation *one = &of_kwickphone[i];
        struct reply reply;

        table_away(one->table);
        reply = kwick(&customer, one->method, one->path, one->body);
        tables_back();
        refused_to_client(one, &reply, 500, "internal_error");
        cr_expect_null(strstr(reply.body, one->table), "%s", reply.body);
    }
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200, "it does not recover");
    cr_expect_eq(admin("GET", filled(&customer, TENANT "/agents"), NULL).status, 200);
}

/* Neither half an agent nor a charge without a number. */
Test(statuses, of_500_leave_nothing_half_done)
{
    struct customer customer = customer_new();
    struct reply reply;

    table_away("phone_routes");
    reply = kwick(&customer, "POST", "/v1/numbers", "{}");
    tables_back();
    cr_expect_geq(reply.status, 500, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(query(say("SELECT COUNT(*) AS n FROM billing_ledger l JOIN tenants t"
                                  " ON t.id = l.tenant_id WHERE t.tenant_key = '%s'"
                                  " AND l.kind = 'number'",
                                  customer.tenant)),
                        "0.n"),
                     "0");
}

/* What the carrier posts is answered nevertheless. */
Test(statuses, of_callbacks_are_200_when_the_store_is_not_what_it_should_be)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    table_away("calls");
    reply = callback("/api/v1/incoming-call",
                     say("AccountSid=%s&CallSid=%s&From=%%2B13125550135&To=%%2B%s"
                         "&CallStatus=ringing",
                         fact("REHEARSAL_ACCOUNT_SID"), new_call_sid(), customer.number + 1),
                     fact("REHEARSAL_AUTH_TOKEN"), NULL);
    tables_back();
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_not_null(strstr(reply.body, "<Say"), "the caller hears nothing: %s", reply.body);
}

/* ---- away ---- */

static void all_are_503(const struct customer *customer)
{
    for (size_t i = 0; i < COUNT_OF(of_operator); i++) {
        struct reply reply = ask_as_operator(customer, &of_operator[i]);

        refused_to_operator(&of_operator[i], &reply, 503);
    }
    for (size_t i = 0; i < COUNT_OF(of_kwickphone); i++) {
        const struct operation *one = &of_kwickphone[i];
        struct reply reply = kwick(customer, one->method, one->path, one->body);

        refused_to_client(one, &reply, 503, "unavailable");
    }
}

Test(statuses, are_503_while_the_database_is_away_and_good_when_it_is_back)
{
    struct customer customer = customer_new();
    struct reply reply;

    part_stop("database", "TERM");
    all_are_503(&customer);
    reply = http("GET", "/health/ready", NULL, NULL);
    cr_expect_eq(reply.status, 503);
    cr_expect_str_eq(at(reply.json, "ready"), "false", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "checks.0.status"), "unreachable", "%s", reply.body);
    cr_expect_eq(http("GET", "/healthz", NULL, NULL).status, 503);
    cr_expect_eq(http("GET", "/health/live", NULL, NULL).status, 200, "the program lives");
    cr_expect_eq(http("GET", "/api-docs/kwickphone.json", NULL, NULL).status, 200);
    part_start("database");
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    cr_expect_eq(admin("GET", filled(&customer, TENANT), NULL).status, 200);
}

/* Workers without their parent are neither replaced nor killed; somebody must learn of it. */
Test(statuses, of_the_watched_are_503_when_nobody_watches)
{
    struct reply reply;
    int parent = part_pid("fcgi");

    cr_assert_eq(http("GET", "/health/live", NULL, NULL).status, 200);
    cr_assert_eq(kill(parent, SIGSTOP), 0);
    AWAIT(http("GET", "/health/live", NULL, NULL).status == 503);
    reply = http("GET", "/health/live", NULL, NULL);
    cr_expect_str_eq(at(reply.json, "status"), "stale", "%s", reply.body);
    cr_assert_eq(kill(parent, SIGCONT), 0);
    AWAIT(http("GET", "/health/live", NULL, NULL).status == 200);
}
