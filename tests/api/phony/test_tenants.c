/*
 * Phony's tenants: made and limited by the platform, looked at and named by themselves.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"

TestSuite(phony_tenants, .timeout = 60);

/* A subdomain that nobody has. */
static const char *new_subdomain(void)
{
    return say("s%.20s", new_call_sid() + 2);
}

static const char *tenant_path(const char *id)
{
    return say("/tenants/%s", id);
}

static json_object *made(const struct phony *platform, const char *subdomain)
{
    return pho_must(platform, 201, "POST", "/tenants",
                    say("{\"name\":\"Acme Corporation\",\"subdomain\":\"%s\",\"max_agents\":50,"
                        "\"max_concurrent_calls\":200,\"billing_email\":\"billing@acme.com\"}",
                        subdomain))
        .json;
}

/* The tenant's own id, as any of its answers tells it. */
static const char *id_of(const struct phony *phony)
{
    struct reply reply = pho_must(phony, 200, "GET", "/api/agents", NULL);

    return reply_header_of(&reply, "X-Tenant-ID");
}

/* ---- made by the platform ---- */

Test(phony_tenants, are_made_as_the_reference_makes_them)
{
    struct phony platform = phony_platform();
    const char *subdomain = new_subdomain();
    json_object *tenant = made(&platform, subdomain);
    const char *id = at(tenant, "id");
    struct reply reply;

    cr_expect_eq(strncmp(id, "tenant_", 7), 0, "%s", id);
    cr_expect_str_eq(at(tenant, "name"), "Acme Corporation");
    cr_expect_str_eq(at(tenant, "subdomain"), subdomain);
    cr_expect_str_eq(at(tenant, "status"), "trial");
    cr_expect_str_eq(at(tenant, "billing_email"), "billing@acme.com");
    cr_expect_str_eq(at(tenant, "limits.max_agents"), "50");
    cr_expect_str_eq(at(tenant, "limits.max_concurrent_calls"), "200");
    cr_expect_eq(strlen(at(tenant, "created_at")), strlen("2024-01-01T12:00:00Z"));
    reply = pho_must(&platform, 200, "GET", tenant_path(id), NULL);
    cr_expect_str_eq(at(reply.json, "subdomain"), subdomain);
    cr_expect_str_eq(at(reply.json, "usage.agents"), "0", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "usage.active_calls"), "0", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "usage.minutes_this_month"), "0", "%s", reply.body);
    reply = pho_must(&platform, 200, "GET", tenant_path(subdomain), NULL);
    cr_expect_str_eq(at(reply.json, "id"), id);
    cr_expect_str_eq(reply_header_of(&reply, "X-Tenant-ID"), id_of(&platform),
                     "the answer is the asker's");
}

Test(phony_tenants, have_limits_also_when_none_are_given)
{
    struct phony platform = phony_platform();
    struct reply reply = pho_must(&platform, 201, "POST", "/tenants",
                                  say("{\"name\":\"A\",\"subdomain\":\"%s\"}", new_subdomain()));

    cr_expect_str_eq(at(reply.json, "limits.max_agents"), "50");
    cr_expect_str_eq(at(reply.json, "limits.max_concurrent_calls"), "20");
    cr_expect_str_eq(at(reply.json, "billing_email"), "");
}

Test(phony_tenants, do_not_share_a_subdomain)
{
    struct phony platform = phony_platform();
    const char *subdomain = new_subdomain();
    const char *id = at(made(&platform, subdomain), "id");
    struct reply reply =
        pho(&platform, "POST", "/tenants", say("{\"name\":\"B\",\"subdomain\":\"%s\"}", subdomain));

    pho_refused(&reply, 409, "conflict");
    reply = pho(&platform, "POST", "/tenants",
                say("{\"name\":\"B\",\"subdomain\":\"%s\"}", platform.customer.tenant));
    pho_refused(&reply, 409, "conflict");
    cr_expect_str_eq(at(pho(&platform, "GET", tenant_path(id), NULL).json, "name"),
                     "Acme Corporation", "it was taken over");
    reply = pho(&platform, "PATCH", tenant_path(at(made(&platform, new_subdomain()), "id")),
                say("{\"subdomain\":\"%s\"}", subdomain));
    pho_refused(&reply, 409, "conflict");
}

Test(phony_tenants, are_made_once_under_an_idempotency_key)
{
    struct phony platform = phony_platform();
    const char *body = say("{\"name\":\"A\",\"subdomain\":\"%s\"}", new_subdomain());
    struct reply first = ask("POST", "/tenants", platform.key, body, "Idempotency-Key: once");
    struct reply again = ask("POST", "/tenants", platform.key, body, "Idempotency-Key: once");

    cr_assert_eq(first.status, 201, "%ld %s", first.status, first.body);
    cr_expect_str_eq(again.body, first.body);
    cr_expect_str_eq(reply_header_of(&again, "X-Idempotent-Replayed"), "true");
}

struct bad_tenant {
    char body[160], field[24];
};

ParameterizedTestParameters(phony_tenants, are_refused)
{
    static struct bad_tenant bad[] = {
        /* clang-format off */
        {"{\"subdomain\":\"abc\"}",                                                   "name"},
        {"{\"name\":\"A\"}",                                                          "subdomain"},
        {"{\"name\":\"\",\"subdomain\":\"abc\"}",                                     "name"},
        {"{\"name\":\"A\",\"subdomain\":\"ab\"}",                                     "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":\"-abc\"}",                                   "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":\"abc-\"}",                                   "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":\"Abc\"}",                                    "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":\"a.c\"}",                                    "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":7}",                                          "subdomain"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"max_agents\":0}",                   "max_agents"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"max_agents\":100001}",              "max_agents"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"max_agents\":\"5\"}",               "max_agents"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"max_concurrent_calls\":1.5}",       "max_concurrent_calls"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"billing_email\":\"billing\"}",      "billing_email"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"billing_email\":\"a@b@c\"}",        "billing_email"},
        {"{\"name\":\"A\",\"subdomain\":\"abc\",\"billing_email\":\"@acme.com\"}",    "billing_email"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_tenant, bad, COUNT_OF(bad));
}

ParameterizedTest(struct bad_tenant *given, phony_tenants, are_refused)
{
    struct phony platform = phony_platform();
    struct reply reply = pho(&platform, "POST", "/tenants", given->body);

    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, given->field);
}

/* ---- listed ---- */

Test(phony_tenants, are_listed_newest_first)
{
    struct phony platform = phony_platform();
    const char *first = at(made(&platform, new_subdomain()), "id");
    const char *second = at(made(&platform, new_subdomain()), "id");
    struct reply reply = pho_must(&platform, 200, "GET", "/tenants?status=trial", NULL);
    const char *newer = strstr(reply.body, second), *older = strstr(reply.body, first);

    cr_expect(newer && older && newer < older, "%s", reply.body);
    reply = pho_must(&platform, 200, "GET", "/tenants?status=cancelled", NULL);
    cr_expect_null(strstr(reply.body, first));
    reply = pho_must(&platform, 200, "GET", "/tenants?limit=1", NULL);
    cr_expect_eq(json_object_array_length(reply.json), 1u);
    reply = pho_must(&platform, 200, "GET", "/tenants?limit=1&offset=100000", NULL);
    cr_expect_eq(json_object_array_length(reply.json), 0u);
}

Test(phony_tenants, are_not_listed_by_what_is_no_number)
{
    static const char *const queries[] = {"limit=0", "limit=1001", "limit=x", "offset=-1",
                                          "status=closed"};
    struct phony platform = phony_platform();

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct reply reply = pho(&platform, "GET", say("/tenants?%s", queries[i]), NULL);

        pho_refused(&reply, 400, "bad_request");
    }
}

/* ---- whose they are ---- */

Test(phony_tenants, are_the_platforms_to_make_and_list)
{
    struct phony phony = phony_new();
    struct reply reply = pho(&phony, "POST", "/tenants",
                             say("{\"name\":\"A\",\"subdomain\":\"%s\"}", new_subdomain()));

    pho_refused(&reply, 403, "forbidden");
    reply = pho(&phony, "GET", "/tenants", NULL);
    pho_refused(&reply, 403, "forbidden");
}

Test(phony_tenants, see_themselves_with_any_key_and_nobody_else)
{
    struct phony phony = phony_new(), other = phony_new(), platform = phony_platform();
    const char *least = phony_key(&phony.customer, "\"events:read\"");
    struct reply reply = ask("GET", tenant_path(id_of(&phony)), least, NULL, NULL);

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "id"), id_of(&phony));
    cr_expect_str_eq(at(reply.json, "usage.agents"), "1");
    reply = pho(&phony, "GET", tenant_path(id_of(&other)), NULL);
    pho_refused(&reply, 403, "forbidden");
    reply = pho(&phony, "GET", tenant_path("tenant_nobody"), NULL);
    pho_refused(&reply, 403, "forbidden");
    pho_must(&platform, 200, "GET", tenant_path(id_of(&other)), NULL);
    reply = pho(&platform, "GET", tenant_path("tenant_nobody"), NULL);
    pho_refused(&reply, 404, "not_found");
    reply = pho(&platform, "PATCH", tenant_path("tenant_nobody"), "{\"name\":\"A\"}");
    pho_refused(&reply, 404, "not_found");
}

/* ---- changing ---- */

Test(phony_tenants, are_changed_by_the_platform)
{
    struct phony platform = phony_platform();
    const char *id = at(made(&platform, new_subdomain()), "id"), *subdomain = new_subdomain();
    struct reply reply = pho_must(&platform, 200, "PATCH", tenant_path(id),
                                  "{\"max_agents\":100,\"status\":\"active\"}");

    cr_expect_str_eq(at(reply.json, "limits.max_agents"), "100");
    cr_expect_str_eq(at(reply.json, "limits.max_concurrent_calls"), "200");
    cr_expect_str_eq(at(reply.json, "status"), "active");
    cr_expect_str_eq(at(reply.json, "name"), "Acme Corporation");
    reply = pho_must(&platform, 200, "PATCH", tenant_path(id),
                     say("{\"subdomain\":\"%s\",\"billing_email\":null,\"later\":1}", subdomain));
    cr_expect_str_eq(at(reply.json, "subdomain"), subdomain);
    cr_expect_str_eq(at(reply.json, "billing_email"), "", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "limits.max_agents"), "100");
}

Test(phony_tenants, name_themselves_and_say_where_bills_go)
{
    struct phony phony = phony_new();
    const char *path = tenant_path(id_of(&phony));
    struct reply reply = pho_must(&phony, 200, "PATCH", path,
                                  "{\"name\":\"Ours\",\"billing_email\":\"us@example.com\"}");

    cr_expect_str_eq(at(reply.json, "name"), "Ours");
    cr_expect_str_eq(at(reply.json, "billing_email"), "us@example.com");
    reply = pho(&phony, "PATCH", path, "{\"max_agents\":1000}");
    pho_refused(&reply, 403, "forbidden");
    reply = pho(&phony, "PATCH", path, "{\"name\":\"X\",\"status\":\"active\"}");
    pho_refused(&reply, 403, "forbidden");
    reply = ask("PATCH", path, phony_key(&phony.customer, "\"tenant:read\",\"agents:*\""),
                "{\"name\":\"X\"}", NULL);
    pho_refused(&reply, 403, "forbidden");
    cr_expect_str_eq(at(pho(&phony, "GET", path, NULL).json, "name"), "Ours");
}

Test(phony_tenants, are_not_changed_by_what_makes_no_sense)
{
    static const char *const bodies[] = {"{}",
                                         "{\"later\":1}",
                                         "{\"name\":null}",
                                         "{\"status\":\"closed\"}",
                                         "{\"max_agents\":-1}",
                                         "{\"max_concurrent_calls\":null}",
                                         "[]",
                                         "{\"name\":"};
    struct phony platform = phony_platform();
    const char *path = tenant_path(at(made(&platform, new_subdomain()), "id"));

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply reply = pho(&platform, "PATCH", path, bodies[i]);

        pho_refused(&reply, 400, "bad_request");
    }
}

Test(phony_tenants, do_not_come_back_once_cancelled)
{
    struct phony platform = phony_platform();
    const char *path = tenant_path(at(made(&platform, new_subdomain()), "id"));
    struct reply reply;

    pho_must(&platform, 200, "PATCH", path, "{\"status\":\"active\"}");
    reply = pho(&platform, "PATCH", path, "{\"status\":\"trial\"}");
    pho_refused(&reply, 409, "conflict");
    pho_must(&platform, 200, "PATCH", path, "{\"status\":\"suspended\"}");
    pho_must(&platform, 200, "PATCH", path, "{\"status\":\"cancelled\"}");
    reply = pho(&platform, "PATCH", path, "{\"status\":\"active\"}");
    pho_refused(&reply, 409, "conflict");
}

Test(phony_tenants, that_are_suspended_are_not_served)
{
    struct phony phony = phony_new(), platform = phony_platform();
    const char *path = tenant_path(id_of(&phony));
    struct reply reply;

    pho_must(&platform, 200, "PATCH", path, "{\"status\":\"suspended\"}");
    for (int i = 0; i < 8; i++) { /* whichever worker answers */
        reply = pho(&phony, "GET", "/api/agents", NULL);
        pho_refused(&reply, 403, "forbidden");
    }
    pho_must(&platform, 200, "PATCH", path, "{\"status\":\"active\"}");
    pho_must(&phony, 200, "GET", "/api/agents", NULL);
}

/* ---- calls at once ---- */

Test(phony_tenants, answer_as_many_calls_at_once_as_they_may)
{
    struct phony phony = phony_new(), platform = phony_platform();
    const char *path = tenant_path(id_of(&phony));
    struct reply reply;

    customer_number(&phony.customer);
    pho_must(&platform, 200, "PATCH", path, "{\"max_concurrent_calls\":1}");
    call_arrives(&phony.customer, "+13125550123", &reply);
    cr_expect_not_null(strstr(reply.body, "<Stream"), "%s", reply.body);
    call_arrives(&phony.customer, "+13125550124", &reply);
    cr_expect_null(strstr(reply.body, "<Stream"), "a second one is connected: %s", reply.body);
    cr_expect_eq(reply.status, 200, "a caller is always told something");
    reply = pho_must(&phony, 200, "GET", path, NULL);
    cr_expect(strtol(at(reply.json, "usage.active_calls"), NULL, 10) >= 1, "%s", reply.body);
}

Test(phony_tenants, hear_of_their_own_calls_when_they_ask_for_health_with_a_key)
{
    struct phony phony = phony_new();
    struct reply reply = pho_must(&phony, 200, "GET", "/healthz", NULL);

    cr_expect_str_eq(at(reply.json, "status"), "ok", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "activeCalls"), "0", "%s", reply.body);
    customer_number(&phony.customer);
    call_arrives(&phony.customer, "+13125550123", &reply);
    reply = ask("GET", "/healthz", NULL, NULL, say("X-API-Key: %s", phony.key));
    cr_expect_str_eq(at(reply.json, "activeCalls"), "1", "%s", reply.body);
    reply = ask("GET", "/healthz", "pk_nobodys", NULL, NULL);
    cr_expect_eq(reply.status, 200, "a probe is not refused: %ld %s", reply.status, reply.body);
}
