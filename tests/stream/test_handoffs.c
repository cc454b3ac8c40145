/*
 * Callers who are passed on to a human: cold, warm, and when nobody comes.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

/* A caller who stays on the line until somebody says goodbye, or for a minute. */
#define PATIENT "[{\"wait_agent\":true},{\"pause_ms\":60000},{\"hangup\":true}]"

struct line {
    struct customer customer;
    const char *sid, *human;
};

/* What the human at a new number does when called. */
static struct line line_with(const char *members)
{
    struct line line = {.customer = customer_new()};
    static int count;

    customer_number(&line.customer);
    line.human =
        say("+1312555%04d",
            2000 + (int)(strtoul(line.customer.number + 8, NULL, 10) + (unsigned)count++) % 7000);
    somebody_on(line.human, members);
    line.sid = call_place(&line.customer, "+13125550123", PATIENT);
    AWAIT_FOR(30, json_object_array_length(query(
                      say("SELECT 1 AS one FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                          " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND s.state ="
                          " 'active'",
                          line.sid))) > 0);
    return line;
}

static struct reply escalate(const struct line *line, const char *how)
{
    const char *const headers[] = {say("Authorization: Bearer %s", line->customer.stateset),
                                   "Content-Type: application/json", NULL};

    return http("POST", say("/api/v1/automations/%s", how), headers,
                say("{\"call_sid\":\"%s\",\"target_number\":\"%s\",\"reason\":\"A broken bike\"}",
                    line->sid, line->human));
}

static const char *first(const struct line *line, const char *what, const char *from)
{
    return at(query(say("SELECT %s AS it FROM %s x JOIN calls c ON c.tenant_id = x.tenant_id AND"
                        " c.id = x.call_id WHERE c.call_sid = '%s' ORDER BY x.id DESC LIMIT 1",
                        what, from, line->sid)),
              "0.it");
}

static const char *state_of(const struct line *line)
{
    return first(line, "x.state", "handoffs");
}

static const char *leg_state(const struct line *line)
{
    return at(query(say("SELECT l.state AS it FROM calls l JOIN calls c ON c.tenant_id ="
                        " l.tenant_id AND c.id = l.parent_call_id WHERE c.call_sid = '%s'",
                        line->sid)),
              "0.it");
}

static void caller_hangs_up(const struct line *line)
{
    control("CARRIER", "DELETE", say("/_calls/%s", line->sid), NULL);
}

static void resumes_with_a_task(struct line *line, const char *state)
{
    AWAIT_FOR(60, strcmp(state_of(line), state) == 0);
    AWAIT_FOR(60, strcmp(first(line, "x.state", "voice_sessions"), "active") == 0);
    cr_expect_str_eq(first(line, "JSON_VALUE(x.metadata, '$.nobody_came')", "voice_sessions"), "1");
    cr_expect_str_eq(first(line, "x.disposition", "callback_tasks"), "human_follow_up_required");
    caller_hangs_up(line);
}

Test(handoffs, warm_let_the_human_hear_what_it_is_about_and_take_the_call, .timeout = 150)
{
    struct line line = line_with("\"script\":[{\"wait_text\":\"Press 1\"},{\"dtmf\":\"1\"},"
                                 "{\"pause_ms\":1000},{\"say\":\"Hello, how can I help?\"},"
                                 "{\"hangup\":true}]");
    struct reply reply = escalate(&line, "escalate-call-with-bridge");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    AWAIT_FOR(60,
              strcmp(state_of(&line), "bridged") == 0 || strcmp(state_of(&line), "completed") == 0);
    AWAIT_FOR(60, strcmp(state_of(&line), "completed") == 0);
    cr_expect_str_eq(first(&line, "x.briefing", "handoffs"), "A broken bike");
    cr_expect_str_eq(at(call_ended(line.sid), "state"), "completed");
}

Test(handoffs, warm_that_are_declined_bring_the_agent_back, .timeout = 150)
{
    struct line line = line_with("\"script\":[{\"wait_text\":\"Press 1\"},{\"dtmf\":\"2\"},"
                                 "{\"pause_ms\":3000}]");

    cr_assert_eq(escalate(&line, "escalate-call-with-bridge").status, 200);
    resumes_with_a_task(&line, "declined");
}

Test(handoffs, warm_that_are_busy_bring_the_agent_back, .timeout = 150)
{
    struct line line = line_with("\"result\":\"busy\"");

    cr_assert_eq(escalate(&line, "escalate-call-with-bridge").status, 200);
    resumes_with_a_task(&line, "declined");
}

Test(handoffs, warm_that_nobody_answers_bring_the_agent_back, .timeout = 150)
{
    struct line line = line_with("\"result\":\"no-answer\",\"answer_after_ms\":500");

    cr_assert_eq(escalate(&line, "escalate-call-with-bridge").status, 200);
    resumes_with_a_task(&line, "no_answer");
}

Test(handoffs, cold_end_the_session_and_dial, .timeout = 150)
{
    struct line line = line_with("\"script\":[{\"say\":\"Hello, how can I help?\"},"
                                 "{\"pause_ms\":500},{\"hangup\":true}]");

    cr_assert_eq(escalate(&line, "escalate-call").status, 200);
    AWAIT_FOR(60, strcmp(state_of(&line), "completed") == 0);
    cr_expect_str_eq(first(&line, "x.result", "voice_sessions"), "transferred");
    call_ended(line.sid);
}

Test(handoffs, of_a_caller_who_hangs_up_let_nobody_ring_on, .timeout = 150)
{
    struct line line = line_with("\"answer_after_ms\":20000");

    cr_assert_eq(escalate(&line, "escalate-call-with-bridge").status, 200);
    AWAIT_FOR(60, strcmp(state_of(&line), "dialing") == 0);
    AWAIT_FOR(60, strcmp(leg_state(&line), "ringing") == 0);
    caller_hangs_up(&line);
    AWAIT_FOR(18, strcmp(leg_state(&line), "canceled") == 0);
}

Test(handoffs, to_a_supervisors_own_phone_connect_at_once, .timeout = 150)
{
    struct line line = line_with("\"script\":[{\"say\":\"This is Ann, the manager.\"},"
                                 "{\"pause_ms\":500},{\"hangup\":true}]");
    const char *stream = first(&line, "x.stream_sid", "voice_sessions");
    const char *const headers[] = {say("Authorization: Bearer %s", line.customer.stateset),
                                   "Content-Type: application/json", NULL};
    struct reply reply = http("POST", say("/api/v1/sessions/%s/actions/barge", stream), headers,
                              say("{\"target\":\"%s\",\"supervisor\":\"Ann\"}", line.human));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    AWAIT_FOR(60, strcmp(state_of(&line), "completed") == 0);
    cr_expect_str_eq(first(&line, "x.mode", "handoffs"), "bridge");
    cr_expect_str_eq(first(&line, "x.initiated_by", "handoffs"), "supervisor");
    call_ended(line.sid);
}

Test(handoffs, by_the_agent_itself_can_be_warm, .timeout = 150)
{
    struct line line = {.customer = customer_new(), .human = "+13125550178"};

    customer_number(&line.customer);
    customer_version(
        &line.customer,
        DESK ",\"enabled_tools\":[\"transfer_call\"],\"transfer_settings\":{\"mode\":\"warm\","
             "\"departments\":{\"Sales\":\"+13125550178\"}}");
    somebody_on("+13125550178", "\"script\":[{\"wait_text\":\"Press 1\"},{\"dtmf\":\"1\"},"
                                "{\"pause_ms\":1000},{\"say\":\"Sales here\"},{\"hangup\":true}]");
    line.sid = call_place(&line.customer, "+13125550123",
                          "[{\"wait_agent\":true},{\"say\":\"Use the tool transfer_call with "
                          "{\\\"target\\\":\\\"sales\\\",\\\"summary\\\":\\\"Wants a red bike\\\"}"
                          "\"},{\"pause_ms\":60000}]");
    AWAIT_FOR(90, strcmp(state_of(&line), "completed") == 0);
    cr_expect_str_eq(first(&line, "x.mode", "handoffs"), "warm");
    cr_expect_str_eq(first(&line, "x.briefing", "handoffs"), "Wants a red bike");
    call_ended(line.sid);
}

Test(handoffs, warm_that_are_refused_by_one_are_offered_to_the_next, .timeout = 150)
{
    struct line line = {.customer = customer_new(), .human = "+13125550180"};

    customer_number(&line.customer);
    customer_version(
        &line.customer,
        DESK ",\"enabled_tools\":[\"transfer_call\"],\"transfer_settings\":{\"mode\":\"warm\","
             "\"departments\":{\"Sales\":{\"numbers\":[\"+13125550179\",\"+13125550180\"]}}}");
    somebody_on("+13125550179", "\"result\":\"busy\"");
    somebody_on("+13125550180", "\"script\":[{\"wait_text\":\"Press 1\"},{\"dtmf\":\"1\"},"
                                "{\"pause_ms\":1000},{\"say\":\"Sales here\"},{\"hangup\":true}]");
    line.sid = call_place(&line.customer, "+13125550123",
                          "[{\"wait_agent\":true},{\"say\":\"Use the tool transfer_call with "
                          "{\\\"target\\\":\\\"sales\\\",\\\"summary\\\":\\\"Wants a red bike\\\"}"
                          "\"},{\"pause_ms\":60000}]");
    AWAIT_FOR(90, strcmp(state_of(&line), "completed") == 0);
    cr_expect_str_eq(first(&line, "x.target", "handoffs"), "+13125550180");
    cr_expect_str_eq(first(&line, "GROUP_CONCAT(x.state ORDER BY x.id)", "handoffs"),
                     "declined,completed");
    cr_expect_str_eq(first(&line, "COUNT(*)", "callback_tasks"), "0");
    call_ended(line.sid);
}
