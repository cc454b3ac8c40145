/*
 * StateSet's events as a tenant's receiver gets them.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(stateset_webhooks, .timeout = 90);

static const char *path_of(const struct customer *customer)
{
    return say("/stateset/%s", customer->tenant);
}

/* Names the receiver in the tenant's settings; its signatures are checked from now on. */
static struct reply listen(const struct customer *customer, const char *more)
{
    struct reply reply = admin("PUT", admin_path(customer, "/runtime-config"),
                               say("{\"webhook_url\":\"http://127.0.0.1:%s%s\"%s}",
                                   fact("RECEIVER_PORT"), path_of(customer), more));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    if (has(reply.json, "webhook_secret"))
        control("RECEIVER", "POST", "/_secret",
                say("{\"path\":\"%s\",\"header\":\"X-StateSet-Signature\",\"secret\":\"%s\"}",
                    path_of(customer), at(reply.json, "webhook_secret")));
    return reply;
}

static void owe_task(const struct customer *customer, const char *summary)
{
    struct reply reply =
        ask("POST", "/api/v1/callback-tasks", customer->stateset,
            say("{\"disposition\":\"callback_requested\",\"summary\":\"%s\"}", summary), NULL);

    cr_assert_eq(reply.status, 201, "%s", reply.body);
}

Test(stateset_webhooks, arrive_signed_by_a_secret_that_is_shown_once)
{
    struct customer customer = customer_new();
    struct reply reply = listen(&customer, "");
    json_object *entry;

    cr_expect_eq(strncmp(at(reply.json, "webhook_secret"), "whsec_", 6), 0, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "config.webhook_secret"), "[redacted]");
    owe_task(&customer, "Call about the parcel");
    entry = delivery_await(path_of(&customer), "callback_task.created", "the parcel");
    cr_expect_str_eq(at(entry, "signature"), "valid");
    cr_expect_str_eq(at(entry, "json.tenant_id"), customer.tenant);
    cr_expect_str_eq(at(entry, "json.data.task.summary"), "Call about the parcel");
    cr_expect_str_eq(at(entry, "json.payload.task.summary"), "Call about the parcel");
    cr_expect(has(entry, "json.timestamp") && has(entry, "json.api_version"));
    reply = listen(&customer, "");
    cr_expect_not(has(reply.json, "webhook_secret"), "it is known already");
    reply = admin("GET", admin_path(&customer, ""), NULL);
    cr_expect_str_eq(at(reply.json, "config.webhook_secret"), "[redacted]");
}

Test(stateset_webhooks, tell_of_a_call_that_was_scored)
{
    struct customer customer = customer_new();
    json_object *entry;
    struct reply twiml, reply;
    const char *sid;

    customer_number(&customer);
    listen(&customer, ",\"webhook_event_prefix\":\"voice.\"");
    sid = call_arrives(&customer, "+13125550111", &twiml);
    reply =
        ask("POST", "/api/v1/automations/voice/evaluation", customer.stateset,
            say("{\"call_sid\":\"%s\",\"score\":0.75,\"metadata\":{\"score\":0.75}}", sid), NULL);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    entry = delivery_await(path_of(&customer), "voice.session.evaluated", sid);
    cr_expect_str_eq(at(entry, "signature"), "valid");
    cr_expect_str_eq(at(entry, "json.call_sid"), sid);
    cr_expect_str_eq(at(entry, "json.data.score"), "0.75");
    callback("/api/v1/call-status", call_form(&customer, sid, "completed", "&CallDuration=3"),
             fact("REHEARSAL_AUTH_TOKEN"), NULL);
    entry = delivery_await(path_of(&customer), "voice.call.completed", sid);
    cr_expect_str_eq(at(entry, "json.data.status"), "completed");
    cr_expect_str_eq(at(entry, "json.data.from_number"), "+13125550111");
}

Test(stateset_webhooks, of_one_tenant_reach_no_other)
{
    struct customer mine = customer_new(), theirs = customer_new();
    struct reply log;

    listen(&mine, "");
    listen(&theirs, "");
    owe_task(&mine, "Mine alone");
    delivery_await(path_of(&mine), "callback_task.created", "Mine alone");
    log = control("RECEIVER", "GET", say("/_log?after=0&path=%s", path_of(&theirs)), NULL);
    cr_expect_null(strstr(log.body, "Mine alone"));
}

Test(stateset_webhooks, are_told_of_what_is_asked_for_alone)
{
    struct customer customer = customer_new();
    struct reply log;

    listen(&customer, ",\"webhook_events\":[\"callback_task.completed\"]");
    owe_task(&customer, "First");
    log = ask("GET", "/api/v1/callback-tasks", customer.stateset, NULL, NULL);
    log = ask("PATCH", say("/api/v1/callback-tasks/%s", at(log.json, "0.id")), customer.stateset,
              "{\"status\":\"completed\"}", NULL);
    cr_assert_eq(log.status, 200, "%s", log.body);
    delivery_await(path_of(&customer), "callback_task.completed", "First");
    log = control("RECEIVER", "GET", say("/_log?after=0&path=%s", path_of(&customer)), NULL);
    cr_expect_not(has(log.json, "entries.1"), "%s", log.body);
}

Test(stateset_webhooks, go_to_no_receiver_that_cannot_be_one)
{
    static const char *const wrong[] = {"{\"webhook_url\":\"nowhere\"}", "{\"webhook_url\":7}",
                                        "{\"webhook_events\":\"all\"}",
                                        "{\"webhook_event_prefix\":\"Voice.\"}"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = admin("PUT", admin_path(&customer, "/runtime-config"), wrong[i]);

        admin_refused(&reply, 400);
        reply = admin("PUT", admin_path(&customer, ""), wrong[i]);
        admin_refused(&reply, 400);
    }
}

/* ---- for the operator ---- */

static struct reply deliveries(const struct customer *customer, const char *query)
{
    return admin("GET", admin_path(customer, say("/webhook-deliveries%s", query)), NULL);
}

Test(stateset_webhooks, are_listed_and_posted_again)
{
    struct customer customer = customer_new();
    const char *first;
    struct reply reply, log;

    listen(&customer, "");
    owe_task(&customer, "Once more");
    AWAIT(has((reply = deliveries(&customer, "?state=sent")).json, "deliveries.0.id"));
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "deliveries.0.event"), "callback_task.created");
    cr_expect_str_eq(at(reply.json, "deliveries.0.status_code"), "200");
    cr_expect_str_eq(at(reply.json, "deliveries.0.attempts"), "1");
    first = at(reply.json, "deliveries.0.id");
    reply = admin("POST", admin_path(&customer, say("/webhook-deliveries/%s/replay", first)), NULL);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "delivery.replay_of"), first);
    AWAIT(has(
        (log = control("RECEIVER", "GET", say("/_log?after=0&path=%s", path_of(&customer)), NULL))
            .json,
        "entries.1"));
    cr_expect_str_eq(at(log.json, "entries.1.body"), at(log.json, "entries.0.body"));
    cr_expect_str_eq(at(log.json, "entries.1.headers.x-idempotency-key"),
                     at(log.json, "entries.0.headers.x-idempotency-key"));
    cr_expect_str_eq(at(log.json, "entries.1.signature"), "valid");
}

Test(stateset_webhooks, are_not_posted_again_to_nobody)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *id, *path;
    struct reply reply;

    listen(&customer, "");
    owe_task(&customer, "Nevermore");
    AWAIT(has((reply = deliveries(&customer, "?state=sent")).json, "deliveries.0.id"));
    id = at(reply.json, "deliveries.0.id");
    path = say("/webhook-deliveries/%s/replay", id);
    reply = admin("POST", admin_path(&other, path), NULL);
    admin_refused(&reply, 404);
    reply = admin("PUT", admin_path(&customer, "/runtime-config"), "{\"webhook_url\":null}");
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    reply = admin("POST", admin_path(&customer, path), NULL);
    admin_refused(&reply, 400);
    reply = deliveries(&customer, "?state=lost");
    admin_refused(&reply, 400);
}
