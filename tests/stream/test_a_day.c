/*
 * A day in the life of a tenant, through the API alone: a new version of its agent gets the calls,
 * a caller wants a human whom nobody reaches, a person calls back, the conversation is judged, and
 * the version has to go.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

TestSuite(a_day, .timeout = 240);

/* What the day is about. */
struct day {
    struct customer customer;
    const char *caller, *human; /* telephone numbers */
    const char *old_version, *new_version;
    const char *sid; /* of the call that comes in */
    const char *task;
};

static struct reply as_tenant(const struct day *day, const char *method, const char *path,
                              const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", day->customer.stateset),
                                   "Content-Type: application/json", NULL};
    struct reply reply = http(method, path, headers, body);

    cr_assert(reply.status / 100 == 2, "%s %s: %ld %s", method, path, reply.status, reply.body);
    return reply;
}

static struct reply as_operator(const struct day *day, const char *method, const char *rest,
                                const char *body)
{
    struct reply reply =
        admin(method, say("/api/v1/admin/tenants/%s%s", day->customer.tenant, rest), body);

    cr_assert(reply.status / 100 == 2, "%s %s: %ld %s", method, rest, reply.status, reply.body);
    return reply;
}

static const char *events_path(const struct day *day)
{
    return say("/stateset/%s", day->customer.tenant);
}

static json_object *told(const struct day *day, const char *event, const char *about)
{
    json_object *entry = delivery_await(events_path(day), event, about);

    cr_expect_str_eq(at(entry, "signature"), "valid", "%s", event);
    return entry;
}

/* Numbers that no other test calls. */
static void choose_numbers(struct day *day)
{
    int any = atoi(day->customer.number + strlen(day->customer.number) - 4) % 1000;

    day->caller = say("+1312555%04d", 3000 + any);
    day->human = say("+1312555%04d", 4000 + any);
}

/* Morning: the events have a receiver, and a new version gets all calls, under a policy. */
static void begin(struct day *day)
{
    const char *agent;
    struct reply reply;

    day->customer = customer_new();
    customer_number(&day->customer);
    choose_numbers(day);
    day->old_version = day->customer.agent_version_id;
    agent = say("/agents/%s", day->customer.agent_id);
    reply = as_operator(day, "PUT", "/runtime-config",
                        say("{\"webhook_url\":\"http://127.0.0.1:%s%s\"}", fact("RECEIVER_PORT"),
                            events_path(day)));
    control("RECEIVER", "POST", "/_secret",
            say("{\"path\":\"%s\",\"header\":\"X-StateSet-Signature\",\"secret\":\"%s\"}",
                events_path(day), at(reply.json, "webhook_secret")));
    reply = as_operator(
        day, "POST", "/agent-versions",
        say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Welcome to the new desk.\","
            "\"instructions\":\"Be brief.\",\"enabled_tools\":[\"check_business_hours\","
            "\"escalate_call_to_human\"],\"transfer_settings\":{\"mode\":\"warm\","
            "\"default_number\":\"%s\"}}}",
            day->customer.agent_id, day->human));
    day->new_version = at(reply.json, "version.id");
    as_operator(day, "POST", say("/agent-versions/%s/publish", day->new_version), NULL);
    as_operator(day, "POST", say("/agent-versions/%s/publish", day->old_version), NULL);
    as_operator(day, "PUT", say("%s/rollouts", agent),
                say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":100}]}",
                    day->new_version));
    as_operator(day, "PUT", say("%s/rollout-policy", agent),
                "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":1,"
                "\"min_avg_score\":0.7,\"min_high_quality_rate\":0.5}");
}

/* A caller asks for the hours, then for a person, and nobody picks up. */
static void caller_wants_a_human(struct day *day)
{
    struct reply reply;

    control(
        "CARRIER", "POST", "/_callee",
        say("{\"number\":\"%s\",\"result\":\"no-answer\",\"answer_after_ms\":500}", day->human));
    day->sid = call_place(
        &day->customer, day->caller,
        "[{\"wait_text\":\"the new desk\"},{\"say\":\"Use the tool check_business_hours\"},"
        "{\"wait_agent\":true},{\"say\":\"Use the tool escalate_call_to_human with "
        "{\\\"reason\\\":\\\"a broken bike\\\",\\\"summary\\\":\\\"A broken bike\\\"}\"},"
        "{\"pause_ms\":60000},{\"hangup\":true}]");
    AWAIT_FOR(90,
              has((reply = as_tenant(day, "GET", "/api/v1/callback-tasks", NULL)).json, "0.id"));
    day->task = say("/api/v1/callback-tasks/%s", at(reply.json, "0.id"));
    cr_expect_str_eq(at(reply.json, "0.status"), "open");
    cr_expect_str_eq(at(reply.json, "0.disposition"), "human_follow_up_required");
    cr_expect_str_eq(at(reply.json, "0.customer_phone"), day->caller);
    cr_expect_str_eq(at(reply.json, "0.call_sid"), day->sid);
    control("CARRIER", "DELETE", say("/_calls/%s", day->sid), NULL);
    call_ended(day->sid);
}

/* What is on record of it. */
static void call_is_logged(const struct day *day)
{
    const char *path = say("/api/v1/call-logs?call_sid=%s", day->sid);
    struct reply reply;
    json_object *entry;

    AWAIT_FOR(60, *at((reply = as_tenant(day, "GET", path, NULL)).json, "calls.0.outcome"));
    cr_expect_str_eq(at(reply.json, "calls.0.escalated"), "true", "%s", reply.body);
    reply = as_tenant(day, "GET", say("/api/v1/call-logs/%s", at(reply.json, "calls.0.id")), NULL);
    cr_expect(strstr(reply.body, "check_business_hours"), "%s", reply.body);
    cr_expect(strstr(reply.body, "Welcome to the new desk."));
    told(day, "call.started", day->sid);
    entry = told(day, "call.escalated", day->sid);
    cr_expect_str_eq(at(entry, "json.data.initiated_by"), "ai");
    cr_expect_str_eq(at(entry, "json.data.target"), day->human);
    entry = told(day, "call.completed", day->sid);
    cr_expect_str_eq(at(entry, "json.data.escalated"), "true");
    told(day, "callback_task.created", day->sid);
}

/* Noon: Ann takes it on and has the agent call back. */
static void somebody_calls_back(const struct day *day)
{
    const char *sid, *stream;
    struct reply reply;

    as_tenant(day, "POST", say("%s/claim", day->task), "{\"operator\":\"ann\"}");
    told(day, "callback_task.claimed", "ann");
    control("CARRIER", "POST", "/_callee",
            say("{\"number\":\"%s\",\"answer_after_ms\":200,\"script\":[{\"wait_agent\":true},"
                "{\"say\":\"Thank you, it is mended\"},{\"pause_ms\":500},{\"hangup\":true}]}",
                day->caller));
    reply = as_tenant(
        day, "POST", "/api/v1/make-call",
        say("{\"to\":\"%s\",\"agent_version_id\":\"%s\"}", day->caller, day->old_version));
    sid = at(reply.json, "call_sid");
    call_ended(sid);
    AWAIT_FOR(
        60,
        *at((reply = as_tenant(day, "GET", say("/api/v1/call-logs?call_sid=%s", sid), NULL)).json,
            "calls.0.outcome"));
    cr_expect_str_eq(at(reply.json, "calls.0.direction"), "outbound");
    cr_expect_str_eq(at(reply.json, "calls.0.outcome"), "answered");
    stream = at(reply.json, "calls.0.stream_sid");
    reply = as_tenant(day, "GET", say("/api/v1/voice-outcomes/by-stream/%s", stream), NULL);
    cr_expect_str_eq(at(reply.json, "outcome.call_sid"), sid, "%s", reply.body);
    as_tenant(day, "PATCH", day->task, "{\"status\":\"completed\",\"disposition\":\"resolved\"}");
    told(day, "callback_task.completed", "resolved");
}

/* Evening: the conversation is judged, and the version that led it loses its calls. */
static void version_has_to_go(const struct day *day)
{
    const char *agent = say("/agents/%s", day->customer.agent_id);
    struct reply reply =
        as_tenant(day, "POST", "/api/v1/automations/voice/evaluation",
                  say("{\"call_sid\":\"%s\",\"reason\":\"Nobody came\",\"metadata\":{"
                      "\"score\":0.2,\"tags\":[\"kept waiting\"]}}",
                      day->sid));

    cr_expect_str_eq(at(reply.json, "result.score"), "0.2", "%s", reply.body);
    told(day, "session.evaluated", day->sid);
    reply =
        as_operator(day, "POST", say("%s/rollout-governance/evaluate", agent), "{\"apply\":true}");
    /* The job that does it every quarter of an hour may have been here already; once it is done. */
    cr_expect(strcmp(at(reply.json, "evaluation.status"), "rolled_back") == 0 ||
                  strcmp(at(reply.json, "evaluation.status"), "no_rollout") == 0,
              "%s", reply.body);
    cr_expect_eq(json_object_array_length(
                     query(say("SELECT a.id FROM audit_log a JOIN tenants t ON t.id = a.tenant_id"
                               " WHERE t.tenant_key = '%s' AND a.action = 'rollout.rolled_back'",
                               day->customer.tenant))),
                 1, "%s", reply.body);
    reply = as_operator(day, "GET", say("%s/rollouts", agent), NULL);
    cr_expect_str_eq(at(reply.json, "count"), "0", "%s", reply.body);
}

static void old_version_answers(const struct day *day)
{
    const char *sid = call_place(&day->customer, day->caller,
                                 "[{\"wait_text\":\"this is the desk\"},{\"hangup\":true}]");
    json_object *call = call_ended(sid);

    cr_expect(strstr(json_object_to_json_string(call), "this is the desk"), "%s",
              json_object_to_json_string(call));
}

Test(a_day, of_a_tenant_goes_from_a_new_version_to_its_rollback)
{
    struct day day = {.sid = NULL};

    begin(&day);
    caller_wants_a_human(&day);
    call_is_logged(&day);
    somebody_calls_back(&day);
    version_has_to_go(&day);
    old_version_answers(&day);
}
