/*
 * Sessions under way through StateSet's operations, and what supervisors may do to them.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"
#include "domain/nodes.h"
#include "domain/sessions.h"
#include "harness/store.h"

TestSuite(sessions, .timeout = 90);

/* A session of a customer's that a node holds, which is nobody but its row. */
struct held {
    struct customer customer;
    struct work work;
    struct media_node node;
    uid session;
    const char *stream_sid, *call_sid;
};

static void hold(struct held *held, const char *state)
{
    struct call call = call_coming_in(&held->work);
    struct voice_session session;

    held->call_sid = call.call_sid;
    if (held->customer.number)
        call.to_addr = held->customer.number;
    session_begin(&session);
    session.call_id = call.id;
    session.state = state;
    session.stream_sid = held->stream_sid = say("MZ%s", held->call_sid + 2);
    session.customer_phone = call.from_addr;
    session.agent_name = "Front Desk";
    session.node_id = held->node.id;
    session.node_epoch = held->node.epoch;
    held->session = session.id;
    cr_assert(call_insert(&held->work, &call) && session_insert(&held->work, &session), "%s",
              held->work.error.message);
}

/* "control_url": where its node is told of orders. */
static struct held held_by(const char *control_url, const char *state)
{
    struct held held = {.customer = customer_new()};

    customer_number(&held.customer);
    held.work = customer_work(&held.customer);
    row_clear(&media_node_entity, &held.node);
    held.node.name = say("held-%s", new_call_sid() + 20);
    held.node.role = "worker";
    held.node.control_url = control_url;
    held.node.version = "test";
    held.node.capacity = 0;
    cr_assert(node_register(&held.work, &held.node), "%s", held.work.error.message);
    hold(&held, state);
    return held;
}

/* Nobody tells this node: it would look by itself, but does not. */
static struct held held_by_sleeper(void)
{
    return held_by("unix:/nowhere", "active");
}

static struct reply act(const struct held *held, const char *key, const char *action,
                        const char *body)
{
    return ask("POST", say("/api/v1/sessions/%s/actions/%s", held->stream_sid, action), key, body,
               NULL);
}

static void refused(const struct reply *reply, long status)
{
    cr_expect_eq(reply->status, status, "%ld %s", reply->status, reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false");
    cr_expect(*at(reply->json, "message"), "%s", reply->body);
}

Test(sessions, under_way_are_listed_for_their_tenant_alone)
{
    struct held held = held_by_sleeper(), other = held_by_sleeper();
    struct reply reply = ask("GET", "/api/v1/sessions", held.customer.stateset, NULL, NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant"), held.customer.tenant);
    cr_expect_str_eq(at(reply.json, "sessions.0.stream_sid"), held.stream_sid);
    cr_expect_str_eq(at(reply.json, "sessions.0.agent_name"), "Front Desk");
    cr_expect_str_eq(at(reply.json, "sessions.0.escalated"), "false");
    cr_expect(has(reply.json, "sessions.0.escalation_target"));
    cr_expect_not(has(reply.json, "sessions.1"));
    cr_expect_null(strstr(reply.body, other.stream_sid));
}

Test(sessions, that_are_over_are_not_listed)
{
    struct held held = held_by("unix:/nowhere", "ended");
    struct reply reply = ask("GET", "/api/v1/sessions", held.customer.stateset, NULL, NULL);

    cr_expect_not(has(reply.json, "sessions.0"));
    reply = act(&held, held.customer.stateset, "end", "{}");
    refused(&reply, 404);
}

Test(sessions, are_listed_for_the_operator_with_their_tenants)
{
    struct held held = held_by_sleeper();
    struct reply reply = admin("GET", "/api/v1/admin/sessions", NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(strstr(reply.body, held.stream_sid));
    cr_expect(strstr(reply.body, say("\"tenant\":\"%s\"", held.customer.tenant)));
    cr_expect(has(reply.json, "count"));
}

Test(sessions, need_a_key)
{
    cr_expect_eq(ask("GET", "/api/v1/sessions", NULL, NULL, NULL).status, 401);
    cr_expect_eq(ask("GET", "/api/v1/sessions", "ssk_nobody", NULL, NULL).status, 401);
    cr_expect_eq(ask("POST", "/api/v1/sessions/MZ1/actions/end", NULL, "{}", NULL).status, 401);
    cr_expect_eq(ask("GET", "/api/v1/supervisor-actions", NULL, NULL, NULL).status, 401);
    cr_expect_eq(ask("POST", "/api/v1/automations/escalate-call", NULL, "{}", NULL).status, 401);
    cr_expect_eq(
        ask("POST", "/api/v1/automations/escalate-call-with-bridge", NULL, "{}", NULL).status, 401);
}

Test(sessions, answer_under_their_old_paths_too)
{
    struct held held = held_by_sleeper();
    struct reply reply = ask("GET", "/sessions", held.customer.stateset, NULL, NULL);

    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(reply_header_of(&reply, "Deprecation"), "true");
    reply = ask("POST", say("/sessions/%s/actions/dance", held.stream_sid), held.customer.stateset,
                "{}", NULL);
    refused(&reply, 400);
}

Test(sessions, take_only_what_they_can_do)
{
    struct held held = held_by_sleeper();
    const char *key = held.customer.stateset;
    struct reply reply;

    reply = act(&held, key, "dance", "{}");
    refused(&reply, 400);
    reply = act(&held, key, "say", "{\"note\":\"hello\"}");
    refused(&reply, 400);
    reply = act(&held, key, "whisper", "{}");
    refused(&reply, 400);
    reply = act(&held, key, "whisper", "{\"note\":\" \"}");
    refused(&reply, 400);
    reply = act(&held, key, "escalate", "{}");
    refused(&reply, 400);
    reply = act(&held, key, "escalate", "{\"target\":\"+19005550100\"}");
    refused(&reply, 400);
    reply = act(&held, key, "escalate", "{\"target\":\"somebody\"}");
    refused(&reply, 400);
    cr_expect_eq(rows_of(&held.customer, "session_commands"), 0);
    cr_expect_eq(rows_of(&held.customer, "handoffs"), 0);
}

Test(sessions, of_others_and_of_nobody_do_not_exist)
{
    struct held held = held_by_sleeper(), other = held_by_sleeper();
    struct reply reply = act(&held, other.customer.stateset, "whisper", "{\"note\":\"hello\"}");

    refused(&reply, 404);
    reply = ask("POST", say("/api/v1/sessions/MZ%s/actions/end", new_call_sid() + 2),
                held.customer.stateset, "{}", NULL);
    refused(&reply, 404);
    reply =
        ask("POST", "/api/v1/sessions/nonsense/actions/end", held.customer.stateset, "{}", NULL);
    refused(&reply, 404);
    cr_expect_eq(rows_of(&held.customer, "session_commands"), 0);
}

Test(sessions, whose_node_is_slow_queue_the_order)
{
    struct held held = held_by_sleeper();
    struct reply reply = act(&held, held.customer.stateset, "whisper",
                             "{\"note\":\"Offer a discount\",\"supervisor\":\"Ann\"}");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "message"), "Queued");
    cr_expect_str_eq(text_of(say("SELECT state FROM session_commands WHERE tenant_id = %lld",
                                 (long long)held.work.tenant)),
                     "queued");
}

Test(sessions, whose_node_is_gone_forget_the_order)
{
    struct held held = held_by("http://127.0.0.1:9", "active");
    struct reply reply =
        act(&held, held.customer.stateset, "escalate", "{\"target\":\"+13125550100\"}");

    refused(&reply, 503);
    cr_expect_str_eq(text_of(say("SELECT state FROM session_commands WHERE tenant_id = %lld",
                                 (long long)held.work.tenant)),
                     "expired");
    cr_expect_str_eq(text_of(say("SELECT state FROM handoffs WHERE tenant_id = %lld",
                                 (long long)held.work.tenant)),
                     "canceled");
    cr_expect_eq(rows_of(&held.customer, "supervisor_actions"), 1, "it was wanted all the same");
}

Test(sessions, tell_what_supervisors_did)
{
    struct held held = held_by_sleeper(), other = held_by_sleeper();
    const char *key = held.customer.stateset;
    struct reply reply;

    act(&held, key, "whisper", "{\"note\":\"first\",\"supervisor\":\"Ann\"}");
    act(&held, key, "end", "{\"reason\":\"second\"}");
    reply = ask("GET", "/api/v1/supervisor-actions", key, NULL, NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "0.action"), "end");
    cr_expect_str_eq(at(reply.json, "0.reason"), "second");
    cr_expect_str_eq(at(reply.json, "0.supervisor"), "dashboard");
    cr_expect_str_eq(at(reply.json, "1.note"), "first");
    cr_expect_str_eq(at(reply.json, "1.supervisor"), "Ann");
    cr_expect_str_eq(at(reply.json, "1.tenant_id"), held.customer.tenant);
    cr_expect_str_eq(at(reply.json, "1.call_sid"), held.call_sid);
    reply = ask("GET", "/api/v1/supervisor-actions?action=whisper&limit=1", key, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "0.action"), "whisper");
    cr_expect_not(has(reply.json, "1"));
    reply = ask("GET", "/api/v1/supervisor-actions?action=dance", key, NULL, NULL);
    cr_expect_eq(reply.status, 400);
    reply = ask("GET", "/api/v1/supervisor-actions", other.customer.stateset, NULL, NULL);
    cr_expect_not(has(reply.json, "0"));
}

Test(sessions, tell_the_operator_what_supervisors_did)
{
    struct held held = held_by_sleeper();
    const char *path = say("/api/v1/admin/supervisor-actions?tenant_id=%s", held.customer.tenant);
    struct reply reply;

    act(&held, held.customer.stateset, "whisper", "{\"note\":\"first\"}");
    reply = admin("GET", path, NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "actions.0.tenant_id"), held.customer.tenant);
    cr_expect_str_eq(at(reply.json, "actions.0.note"), "first");
    reply =
        admin("GET", say("/api/v1/admin/supervisor-actions?stream_sid=%s", held.stream_sid), NULL);
    cr_expect_str_eq(at(reply.json, "actions.0.tenant_id"), held.customer.tenant);
    reply = admin("GET", "/api/v1/admin/supervisor-actions?tenant_id=nobody", NULL);
    cr_expect_str_eq(at(reply.json, "count"), "0");
    admin_refused(
        &(struct reply[]){admin("GET", "/api/v1/admin/supervisor-actions?action=dance", NULL)}[0],
        400);
}

static struct reply escalate(const struct held *held, const char *how, const char *body)
{
    return ask("POST", say("/api/v1/automations/%s", how), held->customer.stateset, body, NULL);
}

static void not_escalated(const struct reply *reply)
{
    cr_expect_eq(reply->status, 400, "%ld %s", reply->status, reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false");
    cr_expect(*at(reply->json, "error"), "%s", reply->body);
}

Test(sessions, are_escalated_by_automations)
{
    struct held held = held_by_sleeper(), other = held_by_sleeper();
    struct reply reply;

    reply = escalate(&held, "escalate-call", "{}");
    not_escalated(&reply);
    reply = escalate(&held, "escalate-call", say("{\"call_sid\":\"%s\"}", held.call_sid));
    not_escalated(&reply);
    reply = escalate(&other, "escalate-call-with-bridge",
                     say("{\"call_sid\":\"%s\",\"to\":\"+13125550100\"}", held.call_sid));
    not_escalated(&reply);
    cr_expect_eq(rows_of(&held.customer, "handoffs"), 0);
    reply = escalate(
        &held, "escalate-call-with-bridge",
        say("{\"call_sid\":\"%s\",\"to\":\"+13125550100\",\"reason\":\"upset\"}", held.call_sid));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.target"), "+13125550100");
    cr_expect_str_eq(text_of(say("SELECT mode FROM handoffs WHERE tenant_id = %lld",
                                 (long long)held.work.tenant)),
                     "warm");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM outbox WHERE tenant_id = %lld AND event_type ="
                               " 'call.escalated'",
                               (long long)held.work.tenant)),
                 1);
    reply = ask("GET", "/api/v1/sessions", held.customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "sessions.0.escalated"), "true");
    cr_expect_str_eq(at(reply.json, "sessions.0.escalation_target"), "+13125550100");
}
