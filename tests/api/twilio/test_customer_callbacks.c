/*
 * What customers of the Twilio dialect are told of their calls: their own URLs, their own account,
 * signed with their own token.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/program.h"

TestSuite(customer_callbacks, .timeout = 120);

#define HANGS_UP "[{\"pause_ms\":200},{\"hangup\":true}]"

Test(customer_callbacks, tell_of_every_step_that_was_asked_for)
{
    static const char *const steps[] = {"initiated", "ringing", "in-progress", "completed"};
    struct account account = account_with_number();
    const char *sid;

    answers_on("+13125558201", HANGS_UP);
    sid = program_calls(&account, "+13125558201",
                        say("\"twiml\":\"<Response><Pause length=\\\"20\\\"/></Response>\","
                            "\"statusCallback\":\"%s\",\"statusCallbackEvent\":[\"initiated\","
                            "\"ringing\",\"answered\",\"completed\"]",
                            program_url(&account, "/status?id=7")));
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct told told = program_hears(&account, "/status", "CallStatus", steps[i]);

        cr_expect_str_eq(at(told.fields, "CallSid"), sid);
        cr_expect_str_eq(at(told.fields, "AccountSid"), account.sid);
        cr_expect_str_eq(at(told.fields, "CallbackSource"), "call-progress-events");
        cr_expect_str_eq(at(told.fields, "SequenceNumber"), say("%zu", i));
        cr_expect(*at(told.headers, "i-twilio-idempotency-token"));
        cr_expect_str_eq(told.query, "id=7");
        program_believes(&account, &told);
    }
}

Test(customer_callbacks, tell_of_the_end_alone_unless_more_is_asked_for)
{
    struct account account = account_with_number();
    struct told told;

    answers_on("+13125558202", HANGS_UP);
    program_calls(&account, "+13125558202",
                  say("\"twiml\":\"<Response><Pause length=\\\"20\\\"/></Response>\","
                      "\"statusCallback\":\"%s\",\"statusCallbackMethod\":\"GET\"",
                      program_url(&account, "/status")));
    told = program_hears(&account, "/status", NULL, NULL);
    cr_expect_str_eq(told.method, "GET");
    cr_expect_str_eq(at(told.fields, "CallStatus"), "completed");
    cr_expect(*at(told.fields, "CallDuration"));
    program_believes(&account, &told);
}

Test(customer_callbacks, are_tried_again_when_nobody_took_them)
{
    struct account account = account_with_number();

    program_answers(&account, "/status", 500, NULL);
    answers_on("+13125558203", HANGS_UP);
    program_calls(&account, "+13125558203",
                  say("\"twiml\":\"<Response/>\",\"statusCallback\":\"%s\"",
                      program_url(&account, "/status")));
    program_hears(&account, "/status", NULL, NULL);
    AWAIT(number_of(say("SELECT COUNT(*) FROM webhook_deliveries d JOIN tenants t"
                        " ON t.id = d.tenant_id WHERE t.tenant_key = '%s'"
                        " AND d.state = 'retrying' AND d.attempts >= 1",
                        account.customer.tenant)) == 1);
}

Test(customer_callbacks, tell_who_answered_and_of_recordings)
{
    struct account account = account_with_number();
    struct told told;
    const char *sid;

    answers_on("+13125558204", "[{\"pause_ms\":2000},{\"hangup\":true}]");
    sid = program_calls(&account, "+13125558204",
                        say("\"twiml\":\"<Response><Pause length=\\\"20\\\"/></Response>\","
                            "\"machineDetection\":\"Enable\",\"asyncAmd\":\"true\","
                            "\"asyncAmdStatusCallback\":\"%s\",\"record\":true,"
                            "\"recordingStatusCallback\":\"%s\"",
                            program_url(&account, "/amd"), program_url(&account, "/recorded")));
    told = program_hears(&account, "/amd", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "AnsweredBy"), "human");
    program_believes(&account, &told);
    told = program_hears(&account, "/recorded", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "RecordingStatus"), "completed");
    cr_expect(strstr(at(told.fields, "RecordingUrl"), account.sid), "%s",
              at(told.fields, "RecordingUrl"));
    program_believes(&account, &told);
}

/* An agent's call has its callbacks as well. */
Test(customer_callbacks, are_changed_while_the_call_lives)
{
    struct account account = account_with_number();
    const char *sid;

    program_says(&account, "/voice", "<Response><Pause length=\"30\"/></Response>");
    answers_on("+13125558205", "[{\"pause_ms\":60000}]");
    sid = program_calls(&account, "+13125558205",
                        say("\"url\":\"%s\",\"statusCallback\":\"%s\"",
                            program_url(&account, "/voice"), program_url(&account, "/before")));
    program_hears(&account, "/voice", "CallSid", sid);
    sdk_ok(&account,
           "[\"calls\",[\"%s\"],\"update\",[{\"twiml\":\"<Response/>\","
           "\"statusCallback\":\"%s\"}]]",
           sid, program_url(&account, "/after"));
    program_hears(&account, "/after", "CallStatus", "completed");
    cr_expect_eq(program_told(&account, "/before"), 0);
}

/* The carrier may tell twice, of a leg as of the call itself. */
Test(customer_callbacks, are_told_once_of_what_the_carrier_tells_twice)
{
    struct account account = account_with_number();
    const char *sid, *form;

    answers_on("+13125558206", "[{\"pause_ms\":60000}]");
    sid = program_calls(&account, "+13125558206",
                        say("\"twiml\":\"<Response><Pause length=\\\"30\\\"/></Response>\","
                            "\"statusCallback\":\"%s\"",
                            program_url(&account, "/status")));
    form = say("CallSid=%s&AccountSid=%s&CallStatus=completed&SequenceNumber=9&CallDuration=1"
               "&CallbackSource=call-progress-events",
               sid, fact("REHEARSAL_ACCOUNT_SID"));
    cr_expect_eq(callback("/api/v1/call-status", form, fact("REHEARSAL_AUTH_TOKEN"), NULL).status,
                 200);
    cr_expect_eq(callback("/api/v1/call-status", form, fact("REHEARSAL_AUTH_TOKEN"), NULL).status,
                 200);
    program_hears(&account, "/status", "SequenceNumber", "9");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM webhook_deliveries d JOIN tenants t"
                               " ON t.id = d.tenant_id WHERE t.tenant_key = '%s'"
                               " AND d.event_type = 'call.status'",
                               account.customer.tenant)),
                 1);
}
