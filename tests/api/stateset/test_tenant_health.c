/*
 * What a tenant may ask about its own part of the service, and what the dashboard begins with.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"
#include "harness/websocket.h"

TestSuite(tenant_health, .timeout = 90);

static struct reply get(const char *path, const char *key)
{
    return ask("GET", path, key, NULL, NULL);
}

Test(tenant_health, tells_a_tenant_of_itself)
{
    struct customer customer = customer_new();
    struct reply reply = get("/health", customer.stateset);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "activeSessions"), "0");
    cr_expect_str_eq(at(reply.json, "tools"), at(get("/tools", customer.stateset).json, "count"));
    cr_expect_str_eq(at(reply.json, "configuredAudioOutputProvider"), "openai");
    cr_expect_str_eq(at(reply.json, "effectiveAudioOutputProvider"), "openai");
    cr_expect_str_eq(at(reply.json, "audioProviderFallback"), "false");
    cr_expect(has(reply.json, "org_id"));
    cr_expect(has(reply.json, "uptime"));
}

Test(tenant_health, counts_its_own_sessions_only)
{
    struct customer one = customer_new(), other = customer_new();

    customer_number(&one);
    call_place(&one, "+12025550186", "[{\"wait_agent\":true},{\"pause_ms\":30000}]");
    AWAIT(strcmp(at(get("/health", one.stateset).json, "activeSessions"), "1") == 0);
    cr_expect_str_eq(at(get("/health", other.stateset).json, "activeSessions"), "0");
}

Test(tenant_health, tells_whose_voice_would_be_missing)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(admin("PUT", admin_path(&customer, ""),
                       "{\"audio_output_provider\":\"elevenlabs\",\"org_id\":\"north\"}")
                     .status,
                 200);
    reply = get("/health", customer.stateset);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "org_id"), "north");
    cr_expect_str_eq(at(reply.json, "configuredAudioOutputProvider"), "elevenlabs");
}

Test(tenant_health, shows_a_banner)
{
    struct customer customer = customer_new();
    struct reply reply = get("/status", customer.stateset);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "tenant"), customer.tenant);
    cr_expect(*at(reply.json, "message"));
    cr_expect(*at(reply.json, "version"));
    cr_expect(*at(reply.json, "timestamp"));
}

Test(tenant_health, is_for_tenants_only)
{
    static const char *const paths[] = {"/health", "/status", "/api/v1/logs/stats", "/logs/stats"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = get(paths[i], NULL);

        cr_expect_eq(reply.status, 401, "%s: %ld", paths[i], reply.status);
        cr_expect_str_eq(at(reply.json, "code"), "UNAUTHORIZED", "%s", reply.body);
        cr_expect_eq(get(paths[i], customer.kwickphone).status, 401);
        cr_expect_eq(
            ask("GET", paths[i], NULL, NULL, say("x-admin-key: %s", fact("ADMIN_API_KEY"))).status,
            401);
    }
    cr_expect_eq(get("/health/live", NULL).status, 200, "probes need no key");
}

Test(tenant_health, counts_who_follows_its_log)
{
    struct customer customer = customer_new(), other = customer_new();
    struct websocket socket;
    struct reply reply = get("/api/v1/logs/stats", customer.stateset);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "connectedClients"), "0");
    cr_expect_str_eq(at(reply.json, "tenant"), customer.tenant);
    socket = websocket_open(atoi(fact("STREAM_PORT")), "/api/v1/logs",
                            say("Authorization: Bearer %s\r\n", customer.stateset));
    AWAIT_FOR(40, strcmp(at(get("/api/v1/logs/stats", customer.stateset).json, "connectedClients"),
                         "1") == 0);
    cr_expect_str_eq(at(get("/api/v1/logs/stats", other.stateset).json, "connectedClients"), "0");
    reply = get("/logs/stats", customer.stateset);
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(reply_header_of(&reply, "Deprecation"), "true");
    websocket_end(&socket);
}

/* ---- the dashboard ---- */

/* The bearer that the dashboard is given for a tenant. */
static const char *bearer_of(const struct customer *customer, struct reply *reply)
{
    *reply = admin("GET", "/api/v1/admin/voice-dashboard/bootstrap", NULL);
    cr_assert_eq(reply->status, 200, "%ld %s", reply->status, reply->body);
    for (int i = 0; has(reply->json, say("tenants.%d", i)); i++)
        if (strcmp(at(reply->json, say("tenants.%d.tenant_id", i)), customer->tenant) == 0)
            return at(reply->json, say("tenants.%d.auth_token", i));
    give_up(__FILE__, __LINE__, "the tenant is in the dashboard");
}

Test(tenant_health, is_shown_to_the_dashboard_by_a_bearer_of_a_quarter_of_an_hour)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;
    const char *bearer = bearer_of(&customer, &reply), *again;

    cr_expect_str_eq(at(reply.json, "actor"), "admin");
    cr_expect_str_eq(reply_header_of(&reply, "Cache-Control"), "no-store");
    cr_expect_null(strstr(reply.body, customer.stateset), "no stored key is shown");
    cr_expect_str_eq(at(get("/health", bearer).json, "tenant"), customer.tenant);
    cr_expect_str_eq(at(get("/health", bearer).json, "tenant"), customer.tenant, "again and again");
    cr_expect_str_eq(at(get("/health", bearer_of(&other, &reply)).json, "tenant"), other.tenant);
    again = bearer_of(&customer, &reply);
    cr_expect_str_neq(again, bearer);
    query(say("UPDATE tickets SET expires_at = UTC_TIMESTAMP(3) WHERE kind = 'dashboard' AND"
              " tenant_id = (SELECT id FROM tenants WHERE tenant_key = '%s')",
              customer.tenant));
    cr_expect_eq(get("/health", bearer).status, 401);
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200);
}

Test(tenant_health, is_not_shown_by_a_bearer_whose_tenant_is_gone)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *bearer = bearer_of(&customer, &reply);

    cr_assert_eq(admin("DELETE", admin_path(&customer, ""), NULL).status, 200);
    cr_expect_eq(get("/health", bearer).status, 401);
    cr_expect_eq(get("/health", "dash_0000000000000000000000000000000000000000000").status, 401);
    reply = ask("GET", "/api/v1/admin/voice-dashboard/bootstrap", customer.stateset, NULL, NULL);
    admin_refused(&reply, 401);
}
