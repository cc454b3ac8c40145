/*
 * Live calls that a client of the Twilio dialect ends, turns elsewhere, or takes away.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/sdk.h"

TestSuite(twilio_changes, .timeout = 120);

static const char *call_path(const struct account *account, const char *sid)
{
    return account_path(account, say("/Calls/%s.json", sid));
}

static const char *status_of(const struct account *account, const char *sid)
{
    struct reply reply = twilio(account, "GET", call_path(account, sid), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return at(reply.json, "status");
}

static bool is_now(const struct account *account, const char *sid, const char *status)
{
    return strcmp(status_of(account, sid), status) == 0;
}

/* Somebody who picks up after so long and listens. */
static void picks_up(const char *number, int after_ms)
{
    somebody_on(number, say("\"answer_after_ms\":%d,\"script\":[{\"pause_ms\":60000}]", after_ms));
}

/* A call to that number which is silent for half a minute when it is answered. */
static const char *call_to(const struct account *account, const char *number)
{
    return at(sdk_ok(account,
                     "[\"calls\",\"create\",[{\"to\":\"%s\",\"from\":\"%s\",\"twiml\":"
                     "\"<Response><Pause length=\\\"30\\\"/></Response>\"}]]",
                     number, account->customer.number),
              "sid");
}

static const char *end_reason_of(const char *sid)
{
    return text_of(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", sid));
}

Test(twilio_changes, cancel_a_call_that_rings)
{
    struct account account = account_with_number();
    const char *sid;
    json_object *call;

    picks_up("+13125550180", 60000);
    sid = call_to(&account, "+13125550180");
    call = sdk_ok(&account, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"canceled\"}]]", sid);
    cr_expect_str_eq(at(call, "sid"), sid);
    AWAIT(is_now(&account, sid, "canceled"));
    cr_expect_str_eq(end_reason_of(sid), "api_end");
}

Test(twilio_changes, hang_up_a_call_that_was_answered)
{
    struct account account = account_with_number();
    const char *sid;
    json_object *call;

    picks_up("+13125550181", 50);
    sid = call_to(&account, "+13125550181");
    AWAIT(is_now(&account, sid, "in-progress"));
    sdk_refused(&account, 400, 21220, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"canceled\"}]]",
                sid);
    call = sdk_ok(&account, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"completed\"}]]", sid);
    cr_expect_str_eq(at(call, "status"), "completed");
    AWAIT(is_now(&account, sid, "completed"));
    cr_expect_str_eq(end_reason_of(sid), "api_end");
}

/* What the carrier would not do is not why the call ends later. */
Test(twilio_changes, a_hang_up_that_the_carrier_refuses_is_no_reason)
{
    struct account account = account_new();
    const char *carrier = customer_carrier(&account.customer), *sid;

    customer_number(&account.customer);
    picks_up("+13125550183", 50);
    sid = call_to(&account, "+13125550183");
    AWAIT(is_now(&account, sid, "in-progress"));
    carrier_fails(carrier, "POST", say("/Calls/%s", sid), "\"do\":\"status\",\"status\":404");
    sdk_refused(&account, 400, 21220,
                "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"completed\"}]]", sid);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM calls WHERE call_sid = '%s'"
                               " AND end_reason IS NOT NULL",
                               sid)),
                 0);
}

Test(twilio_changes, of_a_call_that_is_over_are_too_late)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    static const char *const changes[] = {"\"status\":\"completed\"", "\"status\":\"canceled\"",
                                          "\"twiml\":\"<Response><Hangup/></Response>\"",
                                          "\"timeLimit\":60"};

    query(say("UPDATE calls SET state = 'completed', state_rank = 90 WHERE call_sid = '%s'", sid));
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        sdk_refused(&account, 400, 21220, "[\"calls\",[\"%s\"],\"update\",[{%s}]]", sid,
                    changes[i]);
}

Test(twilio_changes, turn_a_call_to_other_twiml)
{
    struct account account = account_with_number();
    const char *sid;

    picks_up("+13125550182", 50);
    sid = call_to(&account, "+13125550182");
    AWAIT(is_now(&account, sid, "in-progress"));
    sdk_ok(&account,
           "[\"calls\",[\"%s\"],\"update\",[{\"twiml\":\"<Response><Hangup/></Response>\"}]]", sid);
    AWAIT(is_now(&account, sid, "completed"));
}

Test(twilio_changes, that_are_wrong_change_nothing)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    static const struct {
        const char *form;
        int code;
    } wrongs[] = {
        {"Status=busy", 20001},        {"Url=nothing", 21205},     {"Twiml=%3CResponse", 20001},
        {"Twiml=*&Method=PUT", 20001}, {"TimeLimit=never", 20001}, {"FallbackUrl=ftp://x", 21205},
    };

    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        struct reply reply = twilio(&account, "POST", call_path(&account, sid), wrongs[i].form);

        twilio_refused(&reply, 400, wrongs[i].code);
    }
    cr_expect_str_eq(status_of(&account, sid), "ringing");
}

Test(twilio_changes, delete_hangs_up_what_is_live_and_keeps_it)
{
    struct account account = account_with_number();
    const char *sid;

    picks_up("+13125550183", 50);
    sid = call_to(&account, "+13125550183");
    AWAIT(is_now(&account, sid, "in-progress"));
    cr_expect_eq(twilio(&account, "DELETE", call_path(&account, sid), NULL).status, 204);
    AWAIT(is_now(&account, sid, "completed"));
    cr_expect_eq(twilio(&account, "DELETE", call_path(&account, sid), NULL).status, 204);
    cr_expect_eq(twilio(&account, "GET", call_path(&account, sid), NULL).status, 404);
}

/* A call of an agent's, which its stream carries. */
Test(twilio_changes, end_a_call_that_an_agent_leads)
{
    struct account account = account_with_number();
    const char *sid;

    picks_up("+13125550184", 50);
    sid = at(sdk_ok(&account,
                    "[\"calls\",\"create\",[{\"to\":\"+13125550184\",\"from\":\"%s\","
                    "\"applicationSid\":\"%s\"}]]",
                    account.customer.number,
                    text_of(say("SELECT CONCAT('AP', REPLACE('%s', '-', ''))",
                                account.customer.agent_id))),
             "sid");
    AWAIT(is_now(&account, sid, "in-progress"));
    sdk_ok(&account, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"completed\"}]]", sid);
    AWAIT(is_now(&account, sid, "completed"));
    AWAIT(*text_of(say("SELECT finalized_at FROM calls WHERE call_sid = '%s'", sid)));
}

Test(twilio_changes, wait_for_a_carrier_that_is_away)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply;

    carrier_is_away_for(&account, sid);
    reply = twilio(&account, "POST", call_path(&account, sid), "Status=completed");
    twilio_refused(&reply, 503, 20503);
    reply = twilio(&account, "DELETE", call_path(&account, sid), NULL);
    twilio_refused(&reply, 503, 20503);
    cr_expect_str_eq(status_of(&account, sid), "ringing");
}
