/*
 * Customers' own TwiML: asked for in the carrier's place, checked, rewritten, passed on.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/twilio/program.h"

TestSuite(customer_twiml, .timeout = 120);

#define WAITS "[{\"pause_ms\":20000},{\"hangup\":true}]"

static const char *with_url(const struct account *account, const char *path)
{
    return say("\"url\":\"%s\"", program_url(account, path));
}

/* Whether the carrier's caller was told a sentence in a call. */
static bool was_said(json_object *call, const char *sentence)
{
    return strstr(json_object_get_string(call), sentence) != NULL;
}

Test(customer_twiml, is_asked_for_when_the_call_is_answered)
{
    struct account account = account_with_number();
    struct told told;
    const char *sid;

    program_says(&account, "/voice",
                 "<Response><Gather numDigits=\"1\" action=\"menu?step=2\"><Say>Press one</Say>"
                 "</Gather></Response>");
    program_says(&account, "/menu", "<Response><Say>Thank you</Say><Hangup/></Response>");
    answers_on("+13125558101", "[{\"wait_text\":\"Press one\"},{\"dtmf\":\"1\"}]");
    sid = program_calls(&account, "+13125558101", with_url(&account, "/voice"));
    told = program_hears(&account, "/voice", "CallSid", sid);
    cr_expect_str_eq(told.method, "POST");
    cr_expect_str_eq(at(told.fields, "AccountSid"), account.sid);
    cr_expect_str_eq(at(told.fields, "From"), account.customer.number);
    cr_expect_str_eq(at(told.fields, "To"), "+13125558101");
    cr_expect_str_eq(at(told.fields, "Direction"), "outbound-api");
    program_believes(&account, &told);
    told = program_hears(&account, "/menu", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "Digits"), "1");
    cr_expect_str_eq(told.query, "step=2");
    program_believes(&account, &told);
    cr_expect(was_said(carrier_ends(sid), "Thank you"));
}

Test(customer_twiml, may_be_asked_for_by_get_and_elsewhere)
{
    struct account account = account_with_number();
    struct told told;
    const char *sid;

    program_answers(&account, "/old", 307,
                    say("\"location\":\"%s\"", program_url(&account, "/new")));
    program_says(&account, "/new", "<Response><Say>Moved</Say></Response>");
    answers_on("+13125558102", WAITS);
    sid = program_calls(&account, "+13125558102",
                        say("%s,\"method\":\"GET\"", with_url(&account, "/old?a=b")));
    told = program_hears(&account, "/old", "CallSid", sid);
    cr_expect_str_eq(told.method, "GET");
    program_believes(&account, &told);
    told = program_hears(&account, "/new", NULL, NULL);
    program_believes(&account, &told);
    cr_expect(was_said(carrier_ends(sid), "Moved"));
}

Test(customer_twiml, may_be_words_or_a_sound)
{
    struct account account = account_with_number();
    json_object *call;

    program_answers(&account, "/words", 200, "\"type\":\"text/plain\",\"body\":\"We call back\"");
    answers_on("+13125558103", WAITS);
    call = carrier_ends(program_calls(&account, "+13125558103", with_url(&account, "/words")));
    cr_expect(was_said(call, "We call back"));
    program_answers(&account, "/sound", 200, "\"type\":\"audio/mpeg\",\"body\":\"ID3\"");
    call = carrier_ends(program_calls(&account, "+13125558103", with_url(&account, "/sound")));
    cr_expect_str_eq(at(call, "twiml.0.verb"), "Play", "%s", json_object_get_string(call));
}

Test(customer_twiml, that_fails_is_asked_for_at_the_fallback)
{
    struct account account = account_with_number();
    struct told told;
    const char *sid;

    program_answers(&account, "/broken", 500, NULL);
    program_says(&account, "/spare", "<Response><Say>Spare</Say></Response>");
    answers_on("+13125558104", WAITS);
    sid = program_calls(&account, "+13125558104",
                        say("%s,\"fallbackUrl\":\"%s\"", with_url(&account, "/broken"),
                            program_url(&account, "/spare")));
    told = program_hears(&account, "/spare", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "ErrorCode"), "11200");
    cr_expect_str_eq(at(told.fields, "ErrorUrl"), program_url(&account, "/broken"));
    program_believes(&account, &told);
    cr_expect(was_said(carrier_ends(sid), "Spare"));
}

struct bad {
    char twiml[140];
    char code[8];
};

ParameterizedTestParameters(customer_twiml, that_is_refused_ends_the_call)
{
    static struct bad cases[] = {
        {"<Response><Dial>+19005550001</Dial></Response>", "13227"},
        {"<Response><Redirect>http://169.254.169.254/latest</Redirect></Response>", "11100"},
        {"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><Response>&y;</Response>", "12100"},
    };

    return cr_make_param_array(struct bad, cases, COUNT_OF(cases));
}

ParameterizedTest(struct bad *bad, customer_twiml, that_is_refused_ends_the_call)
{
    struct account account = account_with_number();
    json_object *call;
    const char *sid;

    program_says(&account, "/bad", bad->twiml);
    answers_on("+13125558105", WAITS);
    sid = program_calls(&account, "+13125558105", with_url(&account, "/bad"));
    call = carrier_ends(sid);
    cr_expect(was_said(call, "application error"), "%s", json_object_get_string(call));
    cr_expect_str_eq(text_of(say("SELECT error_code FROM calls WHERE call_sid = '%s'", sid)),
                     bad->code);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.id = e.call_id"
                               " WHERE c.call_sid = '%s' AND e.type = 'error'"
                               " AND JSON_VALUE(e.payload, '$.code') = %s",
                               sid, bad->code)),
                 1);
}

Test(customer_twiml, dials_legs_that_are_calls_of_their_own)
{
    struct account account = account_with_number();
    json_object *legs;
    struct told told;
    const char *sid;

    program_says(&account, "/voice",
                 "<Response><Dial action=\"dialled\"><Number statusCallback=\"leg\""
                 " statusCallbackEvent=\"answered completed\">+13125558107</Number></Dial>"
                 "</Response>");
    program_says(&account, "/dialled", "<Response><Hangup/></Response>");
    answers_on("+13125558106", WAITS);
    answers_on("+13125558107", "[{\"pause_ms\":300},{\"hangup\":true}]");
    sid = program_calls(&account, "+13125558106", with_url(&account, "/voice"));
    told = program_hears(&account, "/dialled", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "DialCallStatus"), "completed");
    told = program_hears(&account, "/leg", "CallStatus", "completed");
    program_believes(&account, &told);
    program_hears(&account, "/leg", "CallStatus", "in-progress");
    cr_expect_eq(program_told(&account, "/leg"), 2, "it asked for two");
    legs = sdk_ok(&account, "[\"calls\",\"list\",[{\"parentCallSid\":\"%s\"}]]", sid);
    cr_assert_eq(json_object_array_length(legs), 1, "%s", json_object_get_string(legs));
    cr_expect_str_eq(at(legs, "0.sid"), at(told.fields, "CallSid"));
    cr_expect_str_eq(at(legs, "0.to"), "+13125558107");
    cr_expect_str_eq(at(legs, "0.status"), "completed");
    cr_expect_str_eq(at(legs, "0.direction"), "outbound-dial");
}

Test(customer_twiml, records_what_is_then_found_with_us)
{
    struct account account = account_with_number();
    const char *sid, *url;
    struct told told;

    program_says(&account, "/voice",
                 "<Response><Record maxLength=\"1\" timeout=\"1\" action=\"done\""
                 " recordingStatusCallback=\"rec\"/></Response>");
    program_says(&account, "/done", "<Response><Hangup/></Response>");
    answers_on("+13125558108", "[{\"say\":\"This is my message\"},{\"pause_ms\":20000}]");
    sid = program_calls(&account, "+13125558108", with_url(&account, "/voice"));
    told = program_hears(&account, "/rec", "RecordingStatus", "completed");
    program_believes(&account, &told);
    cr_expect_str_eq(at(told.fields, "CallSid"), sid);
    url = at(told.fields, "RecordingUrl");
    cr_expect_eq(strstr(url, say("%s/2010-04-01/Accounts/%s/Recordings/RE", fact("PUBLIC_BASE_URL"),
                                 account.sid)),
                 url, "%s", url);
    told = program_hears(&account, "/done", NULL, NULL);
    cr_expect_str_eq(at(told.fields, "RecordingUrl"), url);
    cr_expect_eq(twilio(&account, "GET", say("%s.json", strstr(url, "/2010")), NULL).status, 200);
}

/* ---- text messages ---- */

Test(customer_twiml, sends_text_messages_when_their_turn_comes)
{
    struct account account = account_with_number();
    const char *sid, *message;
    struct told told;

    program_says(&account, "/voice",
                 "<Response><Say>One moment</Say><Sms action=\"sent\" statusCallback=\"told\">"
                 "Your code is 42</Sms><Say>Never said</Say></Response>");
    program_says(&account, "/sent", "<Response><Say>Look at your phone</Say></Response>");
    answers_on("+13125558111", WAITS);
    sid = program_calls(&account, "+13125558111", with_url(&account, "/voice"));
    told = program_hears(&account, "/sent", "CallSid", sid);
    program_believes(&account, &told);
    cr_expect_str_eq(at(told.fields, "SmsStatus"), "sending");
    message = at(told.fields, "SmsSid");
    cr_expect_eq(strncmp(message, "SM", 2), 0, "%s", message);
    told = program_hears(&account, "/told", "SmsStatus", "delivered");
    program_believes(&account, &told);
    cr_expect_str_eq(at(told.fields, "SmsSid"), message);
    cr_expect_str_eq(at(told.fields, "MessageSid"), message);
    cr_expect_str_eq(at(told.fields, "AccountSid"), account.sid);
    cr_expect_str_eq(at(told.fields, "To"), "+13125558111");
    cr_expect_str_eq(at(told.fields, "From"), account.customer.number);
    cr_expect_not(was_said(carrier_ends(sid), "Never said"));
    cr_expect_eq(
        number_of(say("SELECT COUNT(*) FROM sms_messages m JOIN calls c ON c.id = m.call_id"
                      " WHERE c.call_sid = '%s' AND m.body = 'Your code is 42'",
                      sid)),
        1);
}

/* Who has said STOP to the number gets none, and the call goes on. */
Test(customer_twiml, sends_no_text_message_to_who_does_not_want_one)
{
    struct account account = account_with_number();
    struct told told;
    const char *sid;

    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, our_address, source,"
              " created_at, updated_at, rev) SELECT tenant_id, UNHEX(MD5('%s')), 'sms',"
              " '+13125558112', '%s', 'keyword', NOW(3), NOW(3), 1 FROM phone_numbers"
              " WHERE e164 = '%s'",
              account.customer.number, account.customer.number, account.customer.number));
    program_says(&account, "/voice",
                 "<Response><Sms action=\"sent\" statusCallback=\"told\">Buy</Sms></Response>");
    program_says(&account, "/sent", "<Response><Say>Anyway</Say></Response>");
    answers_on("+13125558112", WAITS);
    sid = program_calls(&account, "+13125558112", with_url(&account, "/voice"));
    told = program_hears(&account, "/sent", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "SmsStatus"), "invalid");
    cr_expect(was_said(carrier_ends(sid), "Anyway"));
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.id = e.call_id"
                               " WHERE c.call_sid = '%s' AND e.type = 'twiml.warning'"
                               " AND JSON_VALUE(e.payload, '$.code') = '21610'",
                               sid)),
                 1);
    cr_expect_eq(program_told(&account, "/told"), 0);
}

/* ---- live calls ---- */

Test(customer_twiml, takes_over_a_live_call)
{
    struct account account = account_with_number();
    json_object *call;
    const char *sid;

    program_says(&account, "/voice", "<Response><Pause length=\"30\"/></Response>");
    answers_on("+13125558109", "[{\"pause_ms\":60000}]");
    sid = program_calls(&account, "+13125558109", with_url(&account, "/voice"));
    program_hears(&account, "/voice", "CallSid", sid);
    sdk_ok(&account,
           "[\"calls\",[\"%s\"],\"update\",[{\"twiml\":\"<Response><Say>New words</Say>"
           "</Response>\"}]]",
           sid);
    call = carrier_ends(sid);
    cr_expect(was_said(call, "New words"), "%s", json_object_get_string(call));
}

/* ---- who may ask ---- */

/* The URL that the carrier was given for a call's TwiML: path and query. */
static const char *hook_of(const char *sid)
{
    const char *url = text_of(say("SELECT url FROM carrier_callbacks WHERE call_sid = '%s'"
                                  " AND kind = 'action' ORDER BY id LIMIT 1",
                                  sid));
    const char *path = strstr(url, "/hooks/");

    cr_assert_not_null(path, "%s", url);
    return path;
}

Test(customer_twiml, is_asked_for_by_the_carrier_alone)
{
    struct account account = account_with_number();
    const char *sid, *path, *form;
    size_t before;

    program_says(&account, "/voice", "<Response><Pause length=\"30\"/></Response>");
    answers_on("+13125558110", "[{\"pause_ms\":60000}]");
    sid = program_calls(&account, "+13125558110", with_url(&account, "/voice"));
    program_hears(&account, "/voice", "CallSid", sid);
    path = hook_of(sid);
    before = program_told(&account, "/voice");
    form = say("CallSid=%s&AccountSid=%s", sid, fact("REHEARSAL_ACCOUNT_SID"));
    cr_expect_eq(callback(path, form, "somebody else's token", NULL).status, 403);
    cr_expect_eq(callback(path, form, account.token, NULL).status, 403,
                 "the customer signs nothing of the carrier's");
    cr_expect_eq(callback(say("%sx", path), form, fact("REHEARSAL_AUTH_TOKEN"), NULL).status, 403);
    cr_expect_eq(
        callback("/hooks/twilio/callback/nonsense", form, fact("REHEARSAL_AUTH_TOKEN"), NULL)
            .status,
        403);
    cr_expect_eq(program_told(&account, "/voice"), before);
    cr_expect_eq(callback(path, form, fact("REHEARSAL_AUTH_TOKEN"), NULL).status, 200);
    cr_expect_eq(program_told(&account, "/voice"), before + 1);
}

/* The carrier comes back with the request that it came for first: one text message. */
Test(customer_twiml, sends_a_text_message_once_to_who_must_come_back)
{
    struct account account = account_with_number();
    const char *sid, *path, *form;

    program_says(&account, "/voice", "<Response><Sms>Once</Sms><Pause length=\"30\"/></Response>");
    answers_on("+13125558113", "[{\"pause_ms\":60000}]");
    sid = program_calls(&account, "+13125558113", with_url(&account, "/voice"));
    program_hears(&account, "/voice", "CallSid", sid);
    path = say("%s?again=1&event=%s", hook_of(sid),
               text_of(say("SELECT LOWER(HEX(id)) FROM carrier_callbacks WHERE call_sid = '%s'"
                           " AND kind = 'action' ORDER BY id LIMIT 1",
                           sid)));
    form = say("CallSid=%s&AccountSid=%s", sid, fact("REHEARSAL_ACCOUNT_SID"));
    cr_expect_eq(callback(path, form, fact("REHEARSAL_AUTH_TOKEN"), NULL).status, 200);
    cr_expect_eq(program_told(&account, "/voice"), 2);
    cr_expect_eq(
        number_of(say("SELECT COUNT(*) FROM sms_messages m JOIN calls c ON c.id = m.call_id"
                      " WHERE c.call_sid = '%s' AND m.body = 'Once'",
                      sid)),
        1);
}
