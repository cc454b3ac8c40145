/*
 * Tenants as the operator runs them: the list, settings in force, patches, the end.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(admin_tenants, .timeout = 90);

#define TENANTS "/api/v1/admin/tenants"

static struct reply patch(const struct customer *customer, const char *body)
{
    return admin("PUT", admin_path(customer, "/runtime-config"), body);
}

static void put(const struct customer *customer, const char *document)
{
    struct reply reply = admin("PUT", admin_path(customer, ""), document);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

/* ---- the list ---- */

Test(admin_tenants, are_listed_newest_first_without_their_secrets)
{
    struct customer first = customer_new(), second = customer_new();
    struct reply reply;
    bool seen_first = false, seen_second = false;

    put(&second, "{\"twilio\":{\"auth_token\":\"very secret\"}}");
    for (int skip = 0; !seen_first && skip < 400; skip += 20) {
        reply = admin("GET", say(TENANTS "?limit=20&offset=%d", skip), NULL);
        cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
        cr_expect_null(strstr(reply.body, "very secret"));
        for (int i = 0; i < 20 && has(reply.json, say("tenants.%d", i)); i++) {
            const char *key = at(reply.json, say("tenants.%d.tenant_id", i));

            if (strcmp(key, second.tenant) == 0) {
                seen_second = true;
                cr_expect_str_eq(at(reply.json, say("tenants.%d.config.twilio.auth_token", i)),
                                 "[redacted]");
                cr_expect_str_eq(at(reply.json, say("tenants.%d.etag", i)),
                                 at(admin("GET", admin_path(&second, ""), NULL).json, "etag"));
            }
            if (strcmp(key, first.tenant) == 0) {
                seen_first = true;
                cr_expect(seen_second, "the older one came first");
            }
        }
    }
    cr_expect(seen_first);
    reply = admin("GET", TENANTS "?limit=1", NULL);
    cr_expect_str_eq(at(reply.json, "count"), "1");
    reply = ask("GET", TENANTS, second.stateset, NULL, NULL);
    admin_refused(&reply, 401);
}

/* ---- in force ---- */

Test(admin_tenants, show_what_is_in_force)
{
    struct customer customer = customer_new();
    struct reply reply;

    put(&customer,
        "{\"voice\":\"cedar\",\"colors\":{\"sky\":\"blue\"},\"limits\":{\"max_agents\":7},"
        "\"openai\":{\"api_key\":\"sk-secret\"}}");
    reply = admin("GET", admin_path(&customer, "/runtime"), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "tenant_id"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "config.voice"), "cedar", "what is stored");
    cr_expect_str_eq(at(reply.json, "config.colors.sky"), "blue");
    cr_expect_str_eq(at(reply.json, "config.limits.max_agents"), "7");
    cr_expect_str_eq(at(reply.json, "config.limits.max_concurrent_calls"), "20", "what holds else");
    cr_expect_str_eq(at(reply.json, "config.timezone"), "UTC");
    cr_expect_str_eq(at(reply.json, "config.audio_output_provider"), "openai");
    cr_expect_str_eq(at(reply.json, "config.twilio_configured"), "true");
    cr_expect_str_eq(at(reply.json, "config.openai.api_key"), "[redacted]");
    cr_expect_null(strstr(reply.body, "sk-secret"));
    cr_expect_str_eq(at(reply.json, "etag"),
                     at(admin("GET", admin_path(&customer, ""), NULL).json, "etag"));
}

/* A voice without a name cannot speak, whatever key there is for it. */
Test(admin_tenants, tell_of_their_voices_as_they_are_told_themselves)
{
    static const char *const documents[] = {
        "{}", "{\"audio_output_provider\":\"elevenlabs\",\"elevenlabs\":{\"api_key\":\"sk-1\"}}",
        "{\"elevenlabs\":{\"voice_id\":\"v-1\"},\"audio_output_provider\":\"elevenlabs\"}"};
    static const char *const effective[] = {"openai", "openai", "elevenlabs"};
    struct customer customer = customer_new();
    struct reply ours, theirs;

    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        put(&customer, documents[i]);
        ours = admin("GET", admin_path(&customer, "/runtime"), NULL);
        theirs = ask("GET", "/health", customer.stateset, NULL, NULL);
        cr_expect_str_eq(at(ours.json, "config.effective_audio_output_provider"), effective[i]);
        cr_expect_str_eq(at(theirs.json, "effectiveAudioOutputProvider"), effective[i]);
        cr_expect_str_eq(at(ours.json, "config.elevenlabs_ready"),
                         at(theirs.json, "elevenlabsReady"), "%zu", i);
    }
}

Test(admin_tenants, say_that_a_carrier_of_their_own_is_incomplete)
{
    struct customer customer = customer_new();

    put(&customer, "{\"carrier_mode\":\"byoc\"}");
    cr_expect_str_eq(
        at(admin("GET", admin_path(&customer, "/runtime"), NULL).json, "config.twilio_configured"),
        "false");
}

/* ---- patches ---- */

Test(admin_tenants, merge_a_patch_into_their_settings)
{
    struct customer customer = customer_new();
    struct reply reply;

    put(&customer, "{\"voice\":\"cedar\",\"model\":\"one\",\"deep\":{\"a\":1,\"b\":{\"c\":2}}}");
    reply = patch(&customer,
                  "{\"model\":\"two\",\"voice\":null,\"deep\":{\"b\":{\"d\":3},\"a\":null}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "config.model"), "two");
    cr_expect_not(has(reply.json, "config.voice"), "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "config.deep.b.c"), "2");
    cr_expect_str_eq(at(reply.json, "config.deep.b.d"), "3");
    cr_expect_not(has(reply.json, "config.deep.a"));
    cr_expect_str_eq(at(reply.json, "etag"),
                     at(admin("GET", admin_path(&customer, ""), NULL).json, "etag"));
}

Test(admin_tenants, keep_secrets_that_a_patch_does_not_name_and_drop_what_it_nulls)
{
    struct customer customer = customer_new();
    struct reply reply;

    put(&customer, "{\"twilio\":{\"account_sid\":\"AC00000000000000000000000000000001\","
                   "\"auth_token\":\"secret one\"},\"openai\":{\"api_key\":\"secret two\"}}");
    reply = patch(&customer, "{\"twilio\":{\"from_number\":\"+12025550143\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "config.twilio.auth_token"), "[redacted]");
    cr_expect_str_eq(at(query(say("SELECT COUNT(*) AS n FROM tenant_secrets AS s JOIN tenants AS t"
                                  " ON t.id = s.tenant_id WHERE t.tenant_key = '%s'",
                                  customer.tenant)),
                        "0.n"),
                     "2");
    reply = patch(&customer, "{\"twilio\":null,\"openai\":{\"api_key\":null}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_null(strstr(reply.body, "[redacted]"), "%s", reply.body);
    cr_expect_str_eq(at(query(say("SELECT COUNT(*) AS n FROM tenant_secrets AS s JOIN tenants AS t"
                                  " ON t.id = s.tenant_id WHERE t.tenant_key = '%s'",
                                  customer.tenant)),
                        "0.n"),
                     "0");
}

Test(admin_tenants, are_again_as_they_began_where_a_patch_says_null)
{
    struct customer customer = customer_new();
    struct reply reply;

    put(&customer, "{\"display_name\":\"Acme\",\"timezone\":\"Europe/Paris\",\"limits\":{"
                   "\"max_agents\":3,\"max_numbers\":4}}");
    reply = patch(&customer,
                  "{\"display_name\":null,\"timezone\":null,\"limits\":{\"max_agents\":null}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_not(has(reply.json, "config.display_name"), "%s", reply.body);
    reply = admin("GET", admin_path(&customer, "/runtime"), NULL);
    cr_expect_str_eq(at(reply.json, "config.display_name"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "config.timezone"), "UTC");
    cr_expect_str_eq(at(reply.json, "config.limits.max_agents"), "50");
    cr_expect_str_eq(at(reply.json, "config.limits.max_numbers"), "4");
}

Test(admin_tenants, take_a_patch_only_as_they_were_read)
{
    struct customer customer = customer_new();
    const char *path = admin_path(&customer, "/runtime-config");
    const char *tag = at(admin("GET", admin_path(&customer, ""), NULL).json, "etag");
    struct reply reply = admin_with("PUT", path, "{\"model\":\"a\"}", say("If-Match: \"%s\"", tag));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply = admin_with("PUT", path, "{\"model\":\"b\"}", say("If-Match: \"%s\"", tag));
    admin_refused(&reply, 412);
    cr_expect_eq(admin_with("PUT", path, "{\"model\":\"c\"}", "If-Match: *").status, 200);
}

Test(admin_tenants, lose_no_patch_of_many_writers)
{
    struct customer customer = customer_new();
    const char *const headers[] = {say("x-admin-key: %s", fact("ADMIN_API_KEY")),
                                   "Content-Type: application/json", NULL};
    int asides[4];
    struct reply reply;

    for (int i = 0; i < 4; i++)
        asides[i] = ask_aside("PUT", admin_path(&customer, "/runtime-config"), headers,
                              say("{\"writer_%d\":true}", i));
    for (int i = 0; i < 4; i++)
        cr_expect_eq(aside_status(asides[i]), 200);
    reply = admin("GET", admin_path(&customer, ""), NULL);
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(at(reply.json, say("config.writer_%d", i)), "true", "%s", reply.body);
}

Test(admin_tenants, refuse_a_patch_that_is_none)
{
    static const char *const wrong[] = {"[]",
                                        "{\"model\":7}",
                                        "{\"twilio\":[]}",
                                        "{\"webhook_url\":\"ftp://x\"}",
                                        "{\"limits\":{\"max_agents\":-1}}",
                                        "{\"status\":\"gone\"}"};
    struct customer customer = customer_new();
    const char *before = at(admin("GET", admin_path(&customer, ""), NULL).json, "etag");

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = patch(&customer, wrong[i]);

        admin_refused(&reply, 400);
    }
    cr_expect_str_eq(at(admin("GET", admin_path(&customer, ""), NULL).json, "etag"), before);
}

Test(admin_tenants, are_not_made_by_a_patch)
{
    struct reply reply = admin("PUT", TENANTS "/no-such-tenant/runtime-config", "{}");

    admin_refused(&reply, 404);
}

/* ---- trying out ---- */

Test(admin_tenants, can_be_tried_out_without_being_made)
{
    const char *key = say("t%s", new_call_sid() + 2);
    struct reply reply = admin("POST", TENANTS "/validate",
                               say("{\"tenant_id\":\"%s\",\"voice\":\"cedar\",\"other\":1,"
                                   "\"twilio\":{\"auth_token\":\"a secret\"}}",
                                   key));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "runtime.voice"), "cedar");
    cr_expect_str_eq(at(reply.json, "runtime.other"), "1");
    cr_expect_str_eq(at(reply.json, "runtime.timezone"), "UTC");
    cr_expect_null(strstr(reply.body, "a secret"));
    cr_expect_eq(admin("GET", say(TENANTS "/%s", key), NULL).status, 404);
}

Test(admin_tenants, are_told_why_a_document_cannot_be)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"tenant_id\":\"cached\"}",
        "{\"tenant_id\":\"a b\"}",
        "{\"tenant_id\":\"a\",\"status\":\"asleep\"}",
        "{\"tenant_id\":\"a\",\"voice\":7}",
        "{\"tenant_id\":\"a\",\"limits\":{\"max_agents\":\"many\"}}"};
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        reply = admin("POST", TENANTS "/validate", wrong[i]);
        admin_refused(&reply, 400);
    }
    reply = ask("POST", TENANTS "/validate", NULL, "{\"tenant_id\":\"a\"}", NULL);
    admin_refused(&reply, 401);
}

/* ---- reloading ---- */

Test(admin_tenants, are_reloaded_by_every_process)
{
    struct customer customer = customer_new();
    const char *sql =
        say("SELECT cache_epoch FROM tenants WHERE tenant_key = '%s'", customer.tenant);
    int before = atoi(at(query(sql), "0.cache_epoch"));
    struct reply reply = admin("POST", admin_path(&customer, "/reload"), NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "tenant_id"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "config.timezone"), "UTC");
    cr_expect_gt(atoi(at(query(sql), "0.cache_epoch")), before);
}

/* What others do to a tenant behind the API's back is seen by all who had it in mind, at once. */
Test(admin_tenants, are_seen_anew_by_every_process_once_they_are_reloaded)
{
    enum { REQUESTS = 24 };
    struct customer customer = customer_new();

    for (int i = 0; i < REQUESTS; i++)
        cr_assert_eq(ask("GET", "/api/v1/sessions", customer.stateset, NULL, NULL).status, 200);
    query(say("UPDATE tenants SET status = 'suspended' WHERE tenant_key = '%s'", customer.tenant));
    cr_assert_eq(admin("POST", admin_path(&customer, "/reload"), NULL).status, 200);
    for (int i = 0; i < REQUESTS; i++) {
        struct reply reply = ask("GET", "/api/v1/sessions", customer.stateset, NULL, NULL);

        cr_expect_eq(reply.status, 403, "%d: %ld %s", i, reply.status, reply.body);
    }
}

Test(admin_tenants, are_not_reloaded_from_a_broken_document)
{
    struct customer customer = customer_new();
    struct reply reply;

    query(say("UPDATE tenants SET config = '{\"status\":7}' WHERE tenant_key = '%s'",
              customer.tenant));
    reply = admin("POST", admin_path(&customer, "/reload"), NULL);
    admin_refused(&reply, 500);
}

/* ---- the end ---- */

Test(admin_tenants, end_with_their_keys_and_are_gone)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(ask("GET", "/api/v1/sessions", customer.stateset, NULL, NULL).status, 200);
    reply = admin("DELETE", admin_path(&customer, ""), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "tenant_id"), customer.tenant);
    cr_expect_eq(ask("GET", "/api/v1/sessions", customer.stateset, NULL, NULL).status, 401);
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 401);
    reply = admin("GET", admin_path(&customer, ""), NULL);
    admin_refused(&reply, 404);
    reply = admin("DELETE", admin_path(&customer, ""), NULL);
    admin_refused(&reply, 404);
    cr_expect_null(
        strstr(admin("GET", TENANTS "?limit=200", NULL).body, say("\"%s\"", customer.tenant)));
}

Test(admin_tenants, leave_their_name_to_another)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(admin("DELETE", admin_path(&customer, ""), NULL).status, 200);
    put(&customer, "{\"display_name\":\"Another\"}");
    reply = admin("GET", admin_path(&customer, "/agents"), NULL);
    cr_assert_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "count"), "0", "nothing of the old one is the new one's");
}

Test(admin_tenants, end_with_their_live_calls_written_down)
{
    struct customer customer = customer_new();
    const char *sid, *sql;

    customer_number(&customer);
    sid = call_place(&customer, "+12025550187", "[{\"wait_agent\":true},{\"pause_ms\":30000}]");
    sql = say("SELECT c.finalized_at IS NOT NULL AS done, s.state FROM calls AS c JOIN"
              " voice_sessions AS s ON s.tenant_id = c.tenant_id AND s.call_id = c.id"
              " WHERE c.call_sid = '%s'",
              sid);
    AWAIT(strcmp(at(query(sql), "0.state"), "active") == 0);
    cr_assert_eq(admin("DELETE", admin_path(&customer, ""), NULL).status, 200);
    AWAIT_FOR(40, strcmp(at(query(sql), "0.done"), "1") == 0);
    call_ended(sid);
}

Test(admin_tenants, give_their_numbers_back)
{
    struct customer customer = customer_new();
    const char *sql;

    customer_number(&customer);
    sql =
        say("SELECT status FROM phone_numbers WHERE e164 = '%s' ORDER BY id DESC", customer.number);
    cr_assert_eq(admin("DELETE", admin_path(&customer, ""), NULL).status, 200);
    cr_expect_eq(strncmp(at(query(sql), "0.status"), "releas", 6), 0, "by the sweep");
    cr_expect_eq(
        number_of(say("SELECT COUNT(*) FROM phone_routes WHERE e164 = '%s'", customer.number)), 0);
}

Test(admin_tenants, answer_no_call_any_more)
{
    struct customer customer = customer_new();
    struct reply reply = {0};

    customer_number(&customer);
    cr_assert_eq(admin("DELETE", admin_path(&customer, ""), NULL).status, 200);
    call_arrives(&customer, "+12025550187", &reply);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_null(strstr(reply.body, "<Stream"), "%s", reply.body);
}
