/*
 * Calls that a machine answers: the carrier says so while the call is connected already, and what
 * the agent has to say is left to its end.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/agents.h"
#include "domain/outbound.h"
#include "harness/store.h"
#include "harness/talk.h"

#define MESSAGE "This is the desk. Please call us back tomorrow."

struct caller {
    struct customer customer;
    struct work work; /* with a connection to the stack's database, as the customer's tenant */
};

/* A customer whose agent asks who answers, and leaves that message ("null": none). */
static struct caller caller_with(const char *message)
{
    struct caller caller = {.customer = customer_new()};

    customer_number(&caller.customer);
    customer_version(&caller.customer,
                     say("\"greeting\":\"Hello, this is the desk.\",\"call_settings\":{"
                         "\"voicemailDetection\":true,\"voicemailMessage\":%s}",
                         message));
    caller.work = customer_work(&caller.customer);
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

    somebody_on(to, say("\"answer_after_ms\":200,%s", callee));
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

Test(voicemails, hold_the_agents_message_to_its_end, .timeout = 120)
{
    struct caller caller = caller_with("\"" MESSAGE "\"");
    const char *sid = call_out(&caller, MACHINE);
    json_object *carrier = call_ended(sid);

    cr_expect(agent_was_heard(carrier, MESSAGE), "%s", json_object_to_json_string(carrier));
    cr_expect_str_eq(outcome(&caller, sid), "voicemail");
}

Test(voicemails, are_not_left_by_an_agent_that_has_nothing_to_say, .timeout = 120)
{
    struct caller caller = caller_with("null");
    const char *sid = call_out(&caller, MACHINE);
    json_object *carrier = call_ended(sid);

    cr_expect_not(agent_was_heard(carrier, MESSAGE));
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

    cr_expect_not(agent_was_heard(carrier, MESSAGE));
    cr_expect(agent_was_heard(carrier, "You said: Who is this?"), "%s",
              json_object_to_json_string(carrier));
    cr_expect_str_eq(outcome(&caller, sid), "answered");
}
