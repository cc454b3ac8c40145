/*
 * Calls that a machine answers: the carrier says so while the call is connected already, and what
 * the agent has to say is left to its end.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "db/db.h"
#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/outbound.h"
#include "domain/tenants.h"
#include "harness/harness.h"

#define MESSAGE "This is the desk. Please call us back tomorrow."

struct caller {
    struct customer customer;
    struct work work; /* with a connection to the stack's database, as the customer's tenant */
};

/* A customer whose agent asks who answers, and leaves that message ("null": none). */
static struct caller caller_with(const char *message)
{
    struct caller caller = {.customer = customer_new(),
                            .work = {.id = "test", .config = config_load()}};
    const char *base = say("/api/v1/admin/tenants/%s", caller.customer.tenant);
    struct tenant tenant;
    struct reply reply;

    customer_number(&caller.customer);
    reply = admin("POST", say("%s/agent-versions", base),
                  say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Hello, this is the desk.\","
                      "\"call_settings\":{\"voicemailDetection\":true,\"voicemailMessage\":%s}}}",
                      caller.customer.agent_id, message));
    cr_assert_lt(reply.status, 300, "%ld %s", reply.status, reply.body);
    reply = admin("POST",
                  say("%s/agent-versions/%s/publish", base,
                      has(reply.json, "version.id") ? at(reply.json, "version.id")
                                                    : at(reply.json, "agent_version.id")),
                  NULL);
    cr_assert_lt(reply.status, 300, "%ld %s", reply.status, reply.body);
    caller.work.db = db_open(fact("DATABASE_URL"));
    cr_assert(tenant_by_key(&caller.work, caller.customer.tenant, &tenant));
    caller.work.tenant = tenant.id;
    return caller;
}

/* Orders a call to a number behind which somebody of that kind is; its call SID. */
static const char *call_out(struct caller *caller, const char *callee)
{
    const char *to =
        say("+1312555%s", caller->customer.number + strlen(caller->customer.number) - 4);
    struct outbound_order order = {.origin = "stateset", .from = caller->customer.number, .to = to};
    struct agent agent;
    struct call call;

    control("CARRIER", "POST", "/_callee",
            say("{\"number\":\"%s\",\"answer_after_ms\":200,%s}", to, callee));
    cr_assert(agent_by_key(&caller->work, "desk", &agent));
    order.agent = agent.id;
    cr_assert(outbound_order(&caller->work, &order, &call), "%s", caller->work.error.message);
    return call.call_sid;
}

#define MACHINE                                                                                    \
    "\"result\":\"machine\",\"max_seconds\":60,\"script\":[{\"say\":\"You have reached the "       \
    "mailbox of nobody, please speak after the tone.\"},{\"pause_ms\":40000}]"

static const char *outcome(struct caller *caller, const char *sid)
{
    json_object *row = call_settled(&caller->customer, sid);

    return at(row, "outcome");
}

static bool was_heard(json_object *carrier, const char *text)
{
    json_object *heard;

    cr_assert(json_object_object_get_ex(carrier, "transcript", &heard));
    for (size_t i = 0; i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "text"), text) == 0 && strcmp(at(one, "whole"), "true") == 0)
            return true;
    }
    return false;
}

Test(voicemails, hold_the_agents_message_to_its_end, .timeout = 120)
{
    struct caller caller = caller_with("\"" MESSAGE "\"");
    const char *sid = call_out(&caller, MACHINE);
    json_object *carrier = call_ended(sid);

    cr_expect(was_heard(carrier, MESSAGE), "%s", json_object_to_json_string(carrier));
    cr_expect_str_eq(outcome(&caller, sid), "voicemail");
}

Test(voicemails, are_not_left_by_an_agent_that_has_nothing_to_say, .timeout = 120)
{
    struct caller caller = caller_with("null");
    const char *sid = call_out(&caller, MACHINE);
    json_object *carrier = call_ended(sid);

    cr_expect_not(was_heard(carrier, MESSAGE));
    cr_expect_str_eq(outcome(&caller, sid), "voicemail");
}

Test(voicemails, are_not_left_with_people, .timeout = 120)
{
    struct caller caller = caller_with("\"" MESSAGE "\"");
    const char *sid =
        call_out(&caller, "\"script\":[{\"wait_agent\":true},{\"say\":\"Who is this?\"},"
                          "{\"wait_text\":\"You said\",\"timeout_ms\":20000},"
                          "{\"pause_ms\":3000}]");
    json_object *carrier = call_ended(sid);

    cr_expect_not(was_heard(carrier, MESSAGE));
    cr_expect(was_heard(carrier, "You said: Who is this?"), "%s",
              json_object_to_json_string(carrier));
    cr_expect_str_eq(outcome(&caller, sid), "answered");
}
