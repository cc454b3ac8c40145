/*
 * Calls that a client of the Twilio dialect orders.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/twilio/sdk.h"

TestSuite(twilio_orders, .timeout = 120);

#define SILENCE "%3CResponse%3E%3CPause%20length%3D%2230%22%2F%3E%3C%2FResponse%3E"

static struct reply order(const struct account *account, const char *form)
{
    return twilio(account, "POST", account_path(account, "/Calls.json"), form);
}

/* "From=…&To=…" with the account's number. */
static const char *parties(const struct account *account, const char *to)
{
    return say("From=%%2B%s&To=%%2B%s", account->customer.number + 1, to + 1);
}

/* An order for a call in which nobody says anything. */
static const char *silence_for(const struct account *account, const char *to)
{
    return say("%s&Twiml=%s", parties(account, to), SILENCE);
}

/* The agent's key as the dialect spells it. */
static const char *application_of(const struct account *account)
{
    return text_of(say("SELECT CONCAT('AP', REPLACE('%s', '-', ''))", account->customer.agent_id));
}

/* ---- what is ordered ---- */

Test(twilio_orders, an_agent_to_call_somebody)
{
    struct account account = account_with_number();
    json_object *call =
        sdk_ok(&account,
               "[\"calls\",\"create\",[{\"to\":\"%s\",\"from\":\"%s\",\"applicationSid\":\"%s\"}]]",
               rings_on("+13125550160"), account.customer.number, application_of(&account));
    const char *sid = at(call, "sid");

    cr_expect_str_eq(at(call, "status"), "queued");
    cr_expect_str_eq(at(call, "direction"), "outbound-api");
    cr_expect_str_eq(at(call, "to"), "+13125550160");
    cr_expect_str_eq(at(call, "from"), account.customer.number);
    cr_expect_str_eq(at(call, "accountSid"), account.sid);
    cr_expect_eq(control("CARRIER", "GET", say("/_calls/%s", sid), NULL).status, 200);
    cr_expect_str_eq(column_of(sid, "origin"), "twilio");
    cr_expect_str_eq(column_of(sid, "CONCAT('AP', LOWER(HEX(agent_id)))"),
                     application_of(&account));
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM voice_sessions s JOIN calls c"
                               " ON c.id = s.call_id WHERE c.call_sid = '%s'",
                               sid)),
                 1);
}

Test(twilio_orders, a_call_that_goes_by_twiml)
{
    struct account account = account_with_number();
    json_object *call =
        sdk_ok(&account,
               "[\"calls\",\"create\",[{\"to\":\"%s\",\"from\":\"%s\",\"twiml\":"
               "\"<Response><Pause length=\\\"30\\\"/></Response>\",\"timeout\":20,"
               "\"timeLimit\":600,\"record\":true,\"recordingChannels\":\"dual\","
               "\"machineDetection\":\"Enable\",\"machineDetectionTimeout\":10,"
               "\"asyncAmd\":\"true\",\"sendDigits\":\"1w2#\",\"callReason\":\"Dinner\"}]]",
               rings_on("+13125550161"), account.customer.number);
    const char *sid = at(call, "sid");

    cr_expect_str_eq(at(call, "status"), "queued");
    cr_expect_str_eq(column_of(sid, "agent_id IS NULL"), "1", "no agent talks");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM voice_sessions s JOIN calls c"
                               " ON c.id = s.call_id WHERE c.call_sid = '%s'",
                               sid)),
                 0);
}

Test(twilio_orders, in_spellings_that_people_write_and_as_json)
{
    struct account account = account_with_number();
    struct reply reply;
    const char *body;

    rings_on("+13125550162");
    reply = order(&account, say("From=%%2B%s&To=%%2B1%%20(312)%%20555-0162&Twiml=%s",
                                account.customer.number + 1, SILENCE));
    cr_expect_eq(reply.status, 201, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "to"), "+13125550162");
    body = say("{\"To\":\"%s\",\"From\":\"%s\",\"Twiml\":\"<Response/>\",\"Timeout\":30}",
               rings_on("+13125550163"), account.customer.number);
    reply = order(&account, body);
    cr_expect_eq(reply.status, 201, "%s", reply.body);
}

Test(twilio_orders, that_are_seen_in_the_other_apis)
{
    struct account account = account_with_number();
    struct reply reply = order(&account, silence_for(&account, rings_on("+13125550164")));
    const char *sid = at(reply.json, "sid");

    cr_assert_eq(reply.status, 201, "%s", reply.body);
    reply = kwick(&account.customer, "GET", "/v1/calls", NULL);
    cr_expect_str_eq(at(reply.json, "data.0.id"), sid, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "data.0.caller"), "+13125550164");
    reply = ask("GET", "/api/v1/call-logs", account.customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.to_number"), "+13125550164", "%s", reply.body);
}

Test(twilio_orders, once_for_an_idempotency_key)
{
    struct account account = account_with_number();
    struct reply first, second;
    const char *form = silence_for(&account, rings_on("+13125550165"));

    first = twilio_once(&account, account_path(&account, "/Calls.json"), form, "dinner-1");
    second = twilio_once(&account, account_path(&account, "/Calls.json"), form, "dinner-1");
    cr_assert_eq(first.status, 201, "%s", first.body);
    cr_expect_str_eq(second.body, first.body);
    cr_expect_eq(rows_of(&account.customer, "calls"), 1);
}

/* ---- what is refused ---- */

struct wrong {
    char form[160]; /* @ is the account's number, * valid TwiML */
    int code;
};

static struct wrong wrongs[] = {
    /* clang-format off */
    {"",                                                              21201},
    {"From=@&Twiml=*",                                                21201},
    {"To=&From=@&Twiml=*",                                            21201},
    {"To=%2B13125550166&Twiml=*",                                     21213},
    {"To=%2B13125550166&From=&Twiml=*",                               21213},
    {"To=nobody&From=@&Twiml=*",                                      21211},
    {"To=sip:ada@example.com&From=@&Twiml=*",                         21211},
    {"To=%2B13125550166&From=shop&Twiml=*",                           21212},
    {"To=%2B13125550166&From=%2B13125550100&Twiml=*",                 21210},
    {"To=%2B13125550166&From=@&Twiml=*&CallerId=%2B13125550100",      21210},
    {"To=%2B13125550166&From=@",                                      21205},
    {"To=%2B13125550166&From=@&Url=ftp://example.com/a",              21205},
    {"To=%2B13125550166&From=@&Url=http://10.0.0.1/a",                21205},
    {"To=%2B13125550166&From=@&ApplicationSid=AP00000000000000000000000000000001", 21218},
    {"To=%2B13125550166&From=@&ApplicationSid=nobody",                21218},
    {"To=%2B13125550166&From=@&Twiml=*&SendDigits=12x",               21206},
    {"To=%2B13125550166&From=@&Twiml=*&StatusCallback=nothing",       21609},
    {"To=%2B442079460000&From=@&Twiml=*",                             21215},
    {"To=%2B88213125550&From=@&Twiml=*",                              21216},
    {"To=%2B13125550166&From=@&Twiml=%3CResponse",                    20001},
    {"To=%2B13125550166&From=@&Twiml=*&Method=PUT",                   20001},
    {"To=%2B13125550166&From=@&Twiml=*&Timeout=0",                    20001},
    {"To=%2B13125550166&From=@&Twiml=*&Timeout=soon",                 20001},
    {"To=%2B13125550166&From=@&Twiml=*&TimeLimit=-5",                 20001},
    {"To=%2B13125550166&From=@&Twiml=*&Record=maybe",                 20001},
    {"To=%2B13125550166&From=@&Twiml=*&MachineDetection=Guess",       20001},
    {"To=%2B13125550166&From=@&Twiml=*&MachineDetectionTimeout=99",   20001},
    {"To=%2B13125550166&From=@&Twiml=*&Byoc=BY00000000000000000000000000000001", 20001},
    {"To=%2B13125550166&From=@&Twiml=*&SipAuthUsername=ada",          20001},
    {"To=%2B13125550166&From=@&Twiml=*&StatusCallback=https://example.com/s&StatusCallbackEvent=born", 20001},
    /* clang-format on */
};

static const char *form_of(const struct wrong *wrong, const struct account *account)
{
    const char *form = "";

    for (const char *c = wrong->form; *c; c++)
        form = *c == '@'   ? say("%s%%2B%s", form, account->customer.number + 1)
               : *c == '*' ? say("%s%s", form, SILENCE)
                           : say("%s%c", form, *c);
    return form;
}

Test(twilio_orders, nothing_that_is_wrong)
{
    struct account account = account_with_number();

    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        struct reply reply = order(&account, form_of(&wrongs[i], &account));

        cr_expect_eq(reply.status, 400, "%s: %ld %s", wrongs[i].form, reply.status, reply.body);
        cr_expect_str_eq(at(reply.json, "code"), say("%d", wrongs[i].code), "%s: %s",
                         wrongs[i].form, reply.body);
    }
    cr_expect_eq(rows_of(&account.customer, "calls"), 0);
}

Test(twilio_orders, nothing_that_the_official_client_is_told_is_wrong)
{
    struct account account = account_with_number();

    sdk_refused(&account, 400, 21211,
                "[\"calls\",\"create\",[{\"to\":\"nobody\",\"from\":\"%s\","
                "\"twiml\":\"<Response/>\"}]]",
                account.customer.number);
}

Test(twilio_orders, from_no_number_of_another_account)
{
    struct account account = account_with_number(), other = account_with_number();
    struct reply reply = order(&account, say("To=%%2B13125550167&From=%%2B%s&Twiml=%s",
                                             other.customer.number + 1, SILENCE));

    twilio_refused(&reply, 400, 21210);
    reply = order(&account, say("%s&ApplicationSid=%s", parties(&account, "+13125550167"),
                                application_of(&other)));
    twilio_refused(&reply, 400, 21218);
}

Test(twilio_orders, nobody_who_does_not_want_to_be_called)
{
    struct account account = account_with_number();
    struct reply reply;

    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, source)"
              " SELECT id, UNHEX(MD5(tenant_key)), 'voice', '+13125550168', 'api' FROM tenants"
              " WHERE tenant_key = '%s'",
              account.customer.tenant));
    reply = order(&account, silence_for(&account, "+13125550168"));
    twilio_refused(&reply, 400, 21610);
}

Test(twilio_orders, nothing_for_a_suspended_account)
{
    struct account account = account_with_number();
    struct reply reply;

    cr_assert_eq(
        admin("PUT", admin_path(&account.customer, ""), "{\"status\":\"suspended\"}").status, 200);
    reply = order(&account, silence_for(&account, "+13125550169"));
    twilio_refused(&reply, 403, 20005);
}

Test(twilio_orders, that_the_carrier_refuses_are_told_in_its_words)
{
    struct account account = account_with_number();
    struct reply reply;

    carrier_fails(customer_carrier(&account.customer), "POST", "/Calls",
                  "\"do\":\"status\",\"status\":400,\"code\":21219");
    reply = order(&account, silence_for(&account, "+13125550169"));
    twilio_refused(&reply, 400, 21219);
    cr_expect_str_eq(text_of(say("SELECT c.state FROM calls c JOIN tenants t ON t.id = c.tenant_id"
                                 " WHERE t.tenant_key = '%s'",
                                 account.customer.tenant)),
                     "failed");
}

Test(twilio_orders, whose_answer_never_came_are_not_ordered_again)
{
    struct account account = account_with_number();
    const char *path = account_path(&account, "/Calls.json"), *form;
    struct reply reply, again;

    form = silence_for(&account, "+13125550179");
    carrier_fails(customer_carrier(&account.customer), "POST", "/Calls", "\"do\":\"lose\"");
    reply = twilio_once(&account, path, form, "lost-1");
    twilio_refused(&reply, 503, 20503);
    again = twilio_once(&account, path, form, "lost-1");
    cr_expect_str_eq(again.body, reply.body);
    cr_expect_eq(rows_of(&account.customer, "calls"), 1);
    reply = twilio(&account, "GET", path, NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.status"), "queued", "%s", reply.body);
}
