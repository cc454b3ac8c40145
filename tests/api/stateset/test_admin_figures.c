/*
 * What processes tell the operator of themselves: keys they remember, callbacks they proved.
 * Other tests ask the same processes meanwhile, so sums are looked at for what holds all the same.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(admin_figures, .timeout = 90);

#define TENANTS "/api/v1/admin/tenants"
#define WEBHOOKS "/api/v1/admin/twilio/webhook-diagnostics"

static struct reply get(const char *path)
{
    struct reply reply = admin("GET", path, NULL);

    cr_assert_eq(reply.status, 200, "%s: %ld %s", path, reply.status, reply.body);
    return reply;
}

static long long number(const struct reply *reply, const char *path)
{
    cr_assert(has(reply->json, path), "%s: %s", path, reply->body);
    return atoll(at(reply->json, path));
}

/* The item of a tenant in a list; NULL when it is not there. */
static json_object *item_of(const struct customer *customer, const char *path, const char *list)
{
    json_object *items = json_object_object_get(get(path).json, list);

    for (size_t i = 0; i < json_object_array_length(items); i++)
        if (strcmp(at(json_object_array_get_idx(items, i), "tenant_id"), customer->tenant) == 0)
            return json_object_array_get_idx(items, i);
    return NULL;
}

static json_object *cached(const struct customer *customer)
{
    return item_of(customer, TENANTS "/cached", "tenants");
}

static void use(const struct customer *customer)
{
    cr_assert_eq(ask("GET", "/status", customer->stateset, NULL, NULL).status, 200);
}

/* ---- keys that are remembered ---- */

Test(admin_figures, list_the_tenants_that_processes_remember)
{
    struct customer customer = customer_new();
    json_object *item;

    cr_assert_eq(admin("PUT", admin_path(&customer, ""), "{\"org_id\":\"north\"}").status, 200);
    AWAIT((use(&customer), item = cached(&customer)));
    cr_expect_str_eq(at(item, "org_id"), "north");
    cr_expect_str_eq(at(item, "active_sessions"), "0");
    cr_expect_str_eq(at(item, "log_subscribers"), "0");
    cr_expect_str_eq(at(item, "audio_output_provider"), "openai");
    cr_expect_str_eq(at(item, "twilio_configured"), "true");
    cr_expect_str_eq(at(item, "kafka_configured"), "false");
}

Test(admin_figures, count_what_each_key_was_found_by)
{
    struct customer customer = customer_new();
    json_object *item;

    for (int i = 0; i < 12; i++)
        use(&customer);
    AWAIT((item = item_of(&customer, TENANTS "/cache-metrics/by-token?limit=1000", "items")) &&
          atoi(at(item, "hits")) + atoi(at(item, "misses")) + atoi(at(item, "reloads")) == 12);
    cr_expect_geq(atoi(at(item, "misses")), 1);
    cr_expect_null(strstr(customer.stateset, at(item, "cache_key")), "a part of a key is shown");
    AWAIT((use(&customer),
           strcmp(at(item_of(&customer, TENANTS "/cache-metrics/by-token?limit=1000", "items"),
                     "cache_present"),
                  "true") == 0));
}

/* How often a key was looked for, and found somehow. */
static long long found(const struct reply *reply)
{
    return number(reply, "hits") + number(reply, "misses") + number(reply, "reloads");
}

Test(admin_figures, add_processes_up)
{
    enum { REQUESTS = 16 };
    struct customer customer = customer_new();
    struct reply reply;
    long long before;

    AWAIT((use(&customer), cached(&customer)));
    before = (reply = get(TENANTS "/cache-metrics"), found(&reply));
    for (int i = 0; i < REQUESTS; i++) /* whichever process it is that answers */
        use(&customer);
    AWAIT((reply = get(TENANTS "/cache-metrics"), found(&reply) >= before + REQUESTS));
    cr_expect_geq(number(&reply, "misses"), 1);
    cr_expect_geq(number(&reply, "cache_entries"), 1);
    cr_expect_str_eq(at(reply.json, "auth_transport.stream_auth_secret_count"), "1");
}

/* The one test that puts out all: beside another they would put out each other's. What a client
 * holds elsewhere keeps nothing here. */
Test(admin_figures, put_out_only_those_that_are_idle)
{
    struct customer customer = customer_new();
    struct reply reply = ask("POST", "/api/v1/voice-sessions", customer.stateset,
                             "{\"stream_id\":\"elsewhere-1\",\"status\":\"active\"}", NULL);

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    AWAIT((use(&customer), cached(&customer)));
    cr_expect_str_eq(at(cached(&customer), "active_sessions"), "0");
    cr_expect_str_eq(
        at(item_of(&customer, TENANTS "/audio-providers?limit=1000", "items"), "cached"), "true");
    reply = ask("GET", "/health", customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "activeSessions"), "0");
    reply = admin("POST", TENANTS "/evict-idle?max_idle_secs=3600", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_geq(number(&reply, "remaining"), 1);
    cr_expect_not_null(cached(&customer), "it was just asked for");
    reply = admin("POST", TENANTS "/evict-idle?max_idle_secs=0", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_null(cached(&customer));
    AWAIT((use(&customer), cached(&customer)));
}

Test(admin_figures, reload_what_is_remembered_and_tell_what_cannot_be)
{
    struct customer good = customer_new(), bad = customer_new();
    struct reply reply;

    query(say("UPDATE tenants SET config = '{\"status\":7}' WHERE tenant_key = '%s'", bad.tenant));
    AWAIT((use(&good), use(&bad), cached(&good) && cached(&bad)) &&
          strstr((reply = admin("POST", TENANTS "/reload-cached", NULL)).body, bad.tenant));
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(number(&reply, "attempted"),
                 number(&reply, "reloaded") + (long long)json_object_array_length(
                                                  json_object_object_get(reply.json, "failures")));
    cr_expect_null(strstr(reply.body, good.tenant), "%s", reply.body);
    cr_expect_eq(admin("DELETE", admin_path(&bad, ""), NULL).status, 200);
}

/* ---- callbacks ---- */

static void adds_up(const struct reply *reply)
{
#define OF(name) number(reply, "resolution." name)
    cr_expect_eq(OF("requests_total"), OF("successes_total") + OF("failures_total"));
    cr_expect_eq(OF("successes_total"), OF("explicit_token_success") + OF("hint_cache_hits") +
                                            OF("signature_lookup_success"));
    cr_expect_eq(OF("failures_total"), OF("explicit_token_invalid") +
                                           OF("signature_lookup_not_found") +
                                           OF("signature_lookup_tenant_load_error"));
    cr_expect_eq(OF("hint_cache_lookups"),
                 OF("hint_cache_hits") + OF("hint_cache_misses") + OF("hint_cache_expired") +
                     OF("hint_cache_signature_mismatch") + OF("hint_cache_stale_token"));
#undef OF
    cr_expect(atof(at(reply->json, "resolution.success_rate")) <= 1);
    cr_expect_eq(number(reply, "hint_cache.max_entries"), 10000);
    cr_expect_eq(number(reply, "hint_cache.ttl_secs"), 86400);
}

Test(admin_figures, count_callbacks_that_were_proved_and_that_were_not)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    AWAIT((call_arrives(&customer, "+12025550187", &reply), reply = get(WEBHOOKS),
           number(&reply, "resolution.signature_lookup_success") > 0));
    adds_up(&reply);
    AWAIT((callback("/api/v1/call-status", call_form(&customer, new_call_sid(), "ringing", ""),
                    "not the token", NULL),
           reply = get(WEBHOOKS), number(&reply, "resolution.failures_total") > 0));
    adds_up(&reply);
}

Test(admin_figures, begin_anew_after_a_reset)
{
    struct reply reply = admin("POST", WEBHOOKS "/counters/reset", NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "cleared_hint_cache"), "false");
    cr_expect_eq(number(&reply, "removed_hint_cache_entries"), 0);
    adds_up(&reply);
    query("INSERT INTO twilio_hints (hint, tenant_id, secret_name, hits, created_at, expires_at)"
          " VALUES (UNHEX(SHA2(UUID(), 256)), 1, 'carrier_token', 1, UTC_TIMESTAMP(3),"
          " UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)");
    reply = admin("POST", WEBHOOKS "/counters/reset?clear_hint_cache=true", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "cleared_hint_cache"), "true");
    adds_up(&reply);
}

Test(admin_figures, forget_who_proved_the_last_callbacks)
{
    struct reply reply;

    query("INSERT INTO twilio_hints (hint, tenant_id, secret_name, hits, created_at, expires_at)"
          " VALUES (UNHEX(SHA2('to be cleared', 256)), 1, 'carrier_token', 1, UTC_TIMESTAMP(3),"
          " UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)");
    reply = admin("POST", WEBHOOKS "/cache/clear", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(number(&reply, "hint_cache.max_entries"), 10000);
    cr_expect(has(reply.json, "removed_entries"));
    cr_expect_str_eq(at(query("SELECT COUNT(*) AS n FROM twilio_hints WHERE hint ="
                              " UNHEX(SHA2('to be cleared', 256))"),
                        "0.n"),
                     "0");
}

Test(admin_figures, are_the_operators_alone)
{
    static const char *const paths[][2] = {{"GET", TENANTS "/cached"},
                                           {"GET", TENANTS "/cache-metrics"},
                                           {"GET", TENANTS "/cache-metrics/by-token"},
                                           {"POST", TENANTS "/reload-cached"},
                                           {"POST", TENANTS "/evict-idle"},
                                           {"GET", WEBHOOKS},
                                           {"POST", WEBHOOKS "/cache/clear"},
                                           {"POST", WEBHOOKS "/counters/reset"}};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = ask(paths[i][0], paths[i][1], customer.stateset, NULL, NULL);

        admin_refused(&reply, 401);
    }
}
