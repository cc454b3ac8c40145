/*
 * A supervisor's hand on calls, as a client of Phony's API has it.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"

TestSuite(phony_overrides, .timeout = 120);

#define PATIENT "[{\"wait_agent\":true},{\"pause_ms\":60000},{\"hangup\":true}]"

static long long active_sessions(const char *sid)
{
    return number_of(say("SELECT COUNT(*) FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                         " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND s.state ="
                         " 'active'",
                         sid));
}

/* A call to the customer's number whose conversation has begun; its SID. */
static const char *live_call(struct phony *phony)
{
    const char *sid;

    customer_number(&phony->customer);
    sid = call_place(&phony->customer, "+13125550290", PATIENT);
    AWAIT_FOR(30, active_sessions(sid) == 1);
    return sid;
}

static struct reply override(const struct phony *phony, const char *what, const char *body)
{
    return pho(phony, "POST", say("/api/override/%s", what), body);
}

static void accepted(const struct reply *reply, const char *sid)
{
    cr_expect_eq(reply->status, 200, "%ld %s", reply->status, reply->body);
    cr_expect_str_eq(at(reply->json, "status"), "ok", "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "call_sid"), sid);
    cr_expect(*at(reply->json, "message"));
    cr_expect_eq(strlen(at(reply->json, "command_id")), 36u);
}

static long long actions(const char *sid, const char *action)
{
    return number_of(say("SELECT COUNT(*) FROM supervisor_actions WHERE call_sid = '%s' AND action"
                         " = '%s' AND origin = 'phony'",
                         sid, action));
}

static void refused_as_ended(const struct phony *phony, const char *sid)
{
    static const char *const orders[][2] = {
        {"end", ""},
        {"text", ",\"text\":\"Hi\""},
        {"dtmf", ",\"digit\":\"1\""},
        {"transfer", ",\"target\":\"+13125550291\""},
        {"clarification", ",\"response\":\"Yes\""},
    };

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct reply reply =
            override(phony, orders[i][0], say("{\"call_sid\":\"%s\"%s}", sid, orders[i][1]));

        pho_refused(&reply, 409, "conflict");
    }
}

Test(phony_overrides, are_carried_out_and_written_down)
{
    struct phony phony = phony_new();
    const char *sid = live_call(&phony), *session;
    struct reply reply;

    reply = override(&phony, "text", say("{\"call_sid\":\"%s\",\"text\":\"Let me see.\"}", sid));
    accepted(&reply, sid);
    cr_expect_eq(actions(sid, "say"), 1);
    reply = override(&phony, "dtmf", say("{\"callSid\":\"%s\",\"digit\":\"1\"}", sid));
    accepted(&reply, sid);
    cr_expect_eq(actions(sid, "dtmf"), 1);
    reply =
        override(&phony, "clarification", say("{\"call_sid\":\"%s\",\"response\":\"Yes\"}", sid));
    pho_refused(&reply, 400, "bad_request");
    session = at(pho_must(&phony, 200, "GET", "/api/calls/active", NULL).json, "0.id");
    cr_expect_str_eq(at(pho_must(&phony, 200, "GET", "/api/calls/active", NULL).json, "0.status"),
                     "active");
    reply =
        pho(&phony, "PUT", say("/api/calls/%s/context", session), "{\"context\":{\"vip\":true}}");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(actions(sid, "context"), 1, "the agent in the conversation is told");
    reply = override(&phony, "end", say("{\"call_sid\":\"%s\"}", session));
    accepted(&reply, sid);
    AWAIT(active_sessions(sid) == 0);
    refused_as_ended(&phony, sid);
}

/* An agent that Phony's clients made can ask, without being told of any tool. */
Test(phony_overrides, answer_what_the_agent_asks)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *agent = phony_agent_new(&phony, "inbound"),
               *sid;
    struct reply reply;

    pho_must(&phony, 200, "POST", number_path(number, "assign"),
             say("{\"agent_id\":\"%s\"}", agent));
    sid = call_place(&phony.customer, "+13125550293",
                     "[{\"wait_agent\":true},{\"say\":\"use the tool request_user with "
                     "{\\\"question\\\":\\\"May I?\\\"}\"},{\"pause_ms\":60000}]");
    AWAIT_FOR(40, number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.tenant_id ="
                                " e.tenant_id AND c.id = e.call_id WHERE c.call_sid = '%s' AND"
                                " e.type = 'supervisor.question'",
                                sid)) == 1);
    reply = override(&phony, "clarification",
                     say("{\"call_sid\":\"%s\",\"response\":\"You may\"}", sid));
    accepted(&reply, sid);
    cr_expect_eq(actions(sid, "clarify"), 1);
    reply =
        override(&phony, "clarification", say("{\"call_sid\":\"%s\",\"response\":\"Again\"}", sid));
    pho_refused(&reply, 400, "bad_request");
}

Test(phony_overrides, pass_callers_on_only_where_the_tenant_may_call)
{
    struct phony phony = phony_new();
    const char *sid = live_call(&phony);
    struct reply reply = override(&phony, "transfer",
                                  say("{\"call_sid\":\"%s\",\"target\":\"+442079460000\"}", sid));

    pho_refused(&reply, 403, "forbidden");
    cr_expect_eq(active_sessions(sid), 1, "the call goes on");
    reply =
        override(&phony, "transfer", say("{\"call_sid\":\"%s\",\"target\":\"13125550291\"}", sid));
    accepted(&reply, sid);
    cr_expect_eq(actions(sid, "escalate"), 1);
    cr_expect_str_eq(text_of(say("SELECT escalation_target FROM calls WHERE call_sid = '%s' AND"
                                 " escalated = 1",
                                 sid)),
                     "+13125550291");
}

Test(phony_overrides, are_for_calls_of_the_tenant_with_a_conversation)
{
    struct phony phony = phony_new(), other = phony_new();
    const char *sid, *agent;
    struct reply reply;

    customer_number(&phony.customer);
    rings_on("+13125550292");
    agent = at(pho_must(&phony, 200, "GET", "/api/agents", NULL).json, "0.id");
    sid = at(pho_must(&phony, 200, "POST", say("/api/agents/%s/call", agent),
                      "{\"to_number\":\"+13125550292\"}")
                 .json,
             "call_sid");
    reply = override(&phony, "end", say("{\"call_sid\":\"%s\"}", sid));
    pho_refused(&reply, 404, "not_found");
    reply = override(&other, "end", say("{\"call_sid\":\"%s\"}", sid));
    pho_refused(&reply, 404, "not_found");
}

struct wrong {
    char what[16], body[120], field[12];
    int status;
};

ParameterizedTestParameters(phony_overrides, refuse)
{
    static struct wrong wrongs[] = {
        {"text", "{\"text\":\"Hi\"}", "call_sid", 400},
        {"text", "{\"call_sid\":\"CA1\"}", "text", 400},
        {"text", "{\"call_sid\":\"CA1\",\"text\":\" \"}", "text", 400},
        {"text", "{\"call_sid\":\"CA1\",\"text\":7}", "text", 400},
        {"text", "{\"call_sid\":\"CA1\",\"text\":\"Hi\"}", "", 404},
        {"dtmf", "{\"call_sid\":\"CA1\",\"digit\":\"x\"}", "digit", 400},
        {"dtmf", "{\"call_sid\":\"CA1\",\"digit\":\"\"}", "digit", 400},
        {"dtmf", "{\"call_sid\":\"CA1\",\"digit\":1}", "digit", 400},
        {"dtmf", "{\"callSid\":\"CA1\",\"digit\":\"1\"}", "", 404},
        {"transfer", "{\"call_sid\":\"CA1\",\"target\":\"12345\"}", "target", 400},
        {"transfer", "{\"call_sid\":\"CA1\",\"target\":\"the desk\"}", "target", 400},
        {"transfer", "{\"call_sid\":\"CA1\",\"target\":\"+13125550291\"}", "", 404},
        {"end", "{}", "call_sid", 400},
        {"end", "{\"call_sid\":\"session_01jd8x3v5n7q2r4t6w8y0z1a2b\"}", "", 404},
        {"clarification", "{\"call_sid\":\"CA1\",\"response\":\"\"}", "response", 400},
        {"clarification", "{\"call_sid\":\"CA1\",\"response\":\"Yes\"}", "", 404},
    };

    return cr_make_param_array(struct wrong, wrongs, COUNT_OF(wrongs));
}

ParameterizedTest(struct wrong *given, phony_overrides, refuse)
{
    struct phony phony = phony_new();
    struct reply reply = override(&phony, given->what, given->body);

    pho_refused(&reply, given->status, given->status == 400 ? "bad_request" : "not_found");
    if (*given->field)
        pho_blamed(&reply, given->field);
}

Test(phony_overrides, are_carried_out_once_for_an_idempotency_key)
{
    struct phony phony = phony_new();
    const char *sid = live_call(&phony);
    const char *body = say("{\"call_sid\":\"%s\",\"text\":\"Once.\"}", sid);
    struct reply first = ask("POST", "/api/override/text", phony.key, body, "Idempotency-Key: one");
    struct reply second =
        ask("POST", "/api/override/text", phony.key, body, "Idempotency-Key: one");

    accepted(&first, sid);
    cr_expect_str_eq(second.body, first.body);
    cr_expect_eq(actions(sid, "say"), 1);
}
