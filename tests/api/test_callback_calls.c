/*
 * What callbacks do to calls, in whatever order they come and however often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(callback_calls, .timeout = 60);

static struct reply hook(const char *path, const char *form)
{
    return callback(path, form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

static struct reply status(const struct customer *customer, const char *sid, const char *word,
                           int sequence, const char *more)
{
    struct reply reply = hook(
        "/api/v1/call-status",
        call_form(customer, sid, word,
                  say("&SequenceNumber=%d&CallbackSource=call-progress-events%s", sequence, more)));

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    return reply;
}

static const char *of_call(const char *sid, const char *column)
{
    return text_of(say("SELECT %s FROM calls WHERE call_sid = '%s'", column, sid));
}

/* What became of the newest callback about a call. */
static const char *applied(const char *sid, const char *kind)
{
    return text_of(say("SELECT applied FROM carrier_callbacks WHERE call_sid = '%s' AND kind = '%s'"
                       " ORDER BY id DESC LIMIT 1",
                       sid, kind));
}

/* ---- the answer to a call ---- */

/* The value of an attribute behind a place in the document. */
static const char *attribute(const char *document, const char *place, const char *name)
{
    const char *from = strstr(document, place);

    from = from ? strstr(from, say("%s=\"", name)) : NULL;
    cr_assert_not_null(from, "no %s of %s in %s", name, place, document);
    from += strlen(name) + 2;
    return say("%.*s", (int)strcspn(from, "\""), from);
}

Test(callback_calls, are_connected_to_a_stream_and_come_back_afterwards)
{
    struct customer customer = customer_new();
    const char *url, *token, *after;
    struct reply reply;

    customer_number(&customer);
    call_arrives(&customer, "+13125550123", &reply);
    cr_expect_eq(strncmp(reply.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", 38), 0);
    url = attribute(reply.body, "<Stream", "url");
    token = strrchr(url, '/') + 1;
    cr_expect_eq(strncmp(url, "ws://", 5), 0, "%s", url);
    cr_expect_not_null(strstr(url, "/media-stream/"), "%s", url);
    cr_expect_str_eq(attribute(reply.body, "<Parameter", "name"), "stream_token");
    cr_expect_str_eq(attribute(reply.body, "<Parameter", "value"), token);
    cr_expect_str_eq(attribute(reply.body, "<Redirect", "method"), "POST");
    after = strstr(reply.body, "<Redirect");
    cr_expect_not_null(strstr(after, say("%s/hooks/twilio/after/", fact("PUBLIC_BASE_URL"))), "%s",
                       reply.body);
    cr_expect_not_null(strstr(after, "</Redirect></Response>"), "%s", reply.body);
    cr_expect_null(strstr(after, token), "the tokens are told apart");
}

/* Repeats are answered alike, and there is one call, one session, one hold. */
Test(callback_calls, told_of_twice_are_one_call)
{
    struct customer customer = customer_new();
    struct reply first, again;
    const char *form;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", "");
    first = hook("/api/v1/incoming-call", form);
    again = hook("/api/v1/incoming-call", form);
    cr_expect_eq(again.status, first.status);
    cr_expect_not_null(strstr(first.body, "<Connect>"));
    cr_expect_not_null(strstr(again.body, "<Connect>"), "%s", again.body);
    cr_expect_eq(rows_of(&customer, "calls"), 1);
    cr_expect_eq(rows_of(&customer, "voice_sessions"), 1);
    cr_expect_eq(rows_of(&customer, "carrier_callbacks"), 1);
}

Test(callback_calls, that_are_over_are_hung_up_when_they_are_told_of_again)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    status(&customer, sid, "completed", 3, "&CallDuration=5");
    reply = hook("/api/v1/incoming-call", call_form(&customer, sid, "ringing", "&Again=1"));
    cr_expect_eq(reply.status, 200);
    cr_expect_not_null(strstr(reply.body, "<Hangup/>"), "%s", reply.body);
    cr_expect_str_eq(of_call(sid, "state"), "completed");
}

struct caller {
    char from[48], stored[40];
};

ParameterizedTestParameters(callback_calls, come_from_anybody)
{
    static struct caller callers[] = {
        {"%2B13125550123", "+13125550123"},
        {"anonymous", "anonymous"},
        {"", ""},
        {"%2B266696687", "+266696687"},
        {"sip:ann@example.com", "sip:ann@example.com"},
        {"client:ann", "client:ann"},
        {"5550123", "5550123"},
    };

    return cr_make_param_array(struct caller, callers, COUNT_OF(callers));
}

ParameterizedTest(struct caller *given, callback_calls, come_from_anybody)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid();
    struct reply reply;

    customer_number(&customer);
    reply = hook("/api/v1/incoming-call",
                 say("AccountSid=%s&CallSid=%s&CallStatus=ringing&From=%s&To=%%2B%s"
                     "&Direction=inbound",
                     fact("REHEARSAL_ACCOUNT_SID"), sid, given->from, customer.number + 1));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(strncmp(reply.body, "<?xml", 5), 0, "%s", reply.body);
    cr_expect_str_eq(of_call(sid, "from_addr"), given->stored);
}

/* What a caller's line says of him can break neither document nor row. */
Test(callback_calls, with_strange_names_are_taken)
{
    static const char *const names[] = {"%3C%2FResponse%3E%22%27%26", "%F0%9F%93%9E%F0%9F%93%9E",
                                        "%01%1B%5B2J", "%27%3B%20DROP%20TABLE%20calls%3B--"};
    struct customer customer = customer_new();

    customer_number(&customer);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct reply reply =
            hook("/api/v1/incoming-call",
                 call_form(&customer, new_call_sid(), "ringing", say("&CallerName=%s", names[i])));

        cr_expect_not_null(strstr(reply.body, "<Connect>"), "%s: %s", names[i], reply.body);
    }
    cr_expect_eq(rows_of(&customer, "calls"), 4);
}

struct bad_sid {
    char sid[48];
};

ParameterizedTestParameters(callback_calls, without_a_name_are_refused)
{
    static struct bad_sid sids[] = {
        {""}, {"%20"}, {"CA%20x"}, {"%27"}, {"CA%0d%0aX-Header:1"}, {"%C3%A9"},
    };

    return cr_make_param_array(struct bad_sid, sids, COUNT_OF(sids));
}

/* Signed though it is; the carrier hears 400, never 500, and nothing is written as a call. */
ParameterizedTest(struct bad_sid *given, callback_calls, without_a_name_are_refused)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = hook("/api/v1/incoming-call", call_form(&customer, given->sid, "ringing", ""));
    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 0);
    reply = hook("/api/v1/call-status", call_form(&customer, given->sid, "completed", ""));
    cr_expect_lt(reply.status, 500, "%ld %s", reply.status, reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 0);
}

/* ---- who cannot be connected ---- */

static void put_settings(const struct customer *customer, const char *settings)
{
    struct reply reply = admin("PUT", admin_path(customer, ""), settings);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

static void hears_a_sentence(const struct reply *reply)
{
    cr_expect_eq(reply->status, 200, "%ld %s", reply->status, reply->body);
    cr_expect_not_null(strstr(reply->body, "<Say"), "%s", reply->body);
    cr_expect_null(strstr(reply->body, "<Connect>"), "%s", reply->body);
}

Test(callback_calls, of_a_suspended_tenant_hear_a_sentence)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    put_settings(&customer, "{\"status\":\"suspended\"}");
    sid = call_arrives(&customer, "+13125550123", &reply);
    hears_a_sentence(&reply);
    cr_expect_not_null(strstr(reply.body, "<Hangup/>"), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "voice_sessions"), 0);
    cr_expect_str_eq(of_call(sid, "end_reason"), "refused");
}

Test(callback_calls, beyond_the_tenants_limit_hear_a_sentence)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid, *second;

    customer_number(&customer);
    put_settings(&customer, "{\"limits\":{\"max_concurrent_calls\":1}}");
    sid = call_arrives(&customer, "+13125550123", &reply);
    cr_expect_not_null(strstr(reply.body, "<Connect>"), "%s", reply.body);
    second = call_arrives(&customer, "+13125550124", &reply);
    hears_a_sentence(&reply);
    cr_expect_eq(rows_of(&customer, "voice_sessions"), 1);
    status(&customer, sid, "completed", 3, "&CallDuration=5");
    status(&customer, second, "completed", 3, "&CallDuration=5");
    call_arrives(&customer, "+13125550125", &reply);
    cr_expect_not_null(strstr(reply.body, "<Connect>"), "they have ended: %s", reply.body);
}

Test(callback_calls, that_no_agent_answers_go_to_the_business_phone)
{
    struct customer customer = customer_new();
    struct reply reply =
        kwick(&customer, "POST", "/v1/numbers",
              say("{\"area_code\":\"%s\",\"business_phone\":\"+13125551234\"}", area_code()));
    const char *sid, *route;

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    customer.number = at(reply.json, "phone_number");
    route =
        at(admin("GET", admin_path(&customer, "/phone-number-routes"), NULL).json, "routes.0.id");
    admin("DELETE", admin_path(&customer, say("/phone-number-routes/%s", route)), NULL);
    sid = call_arrives(&customer, "+13125550123", &reply);
    cr_expect_not_null(strstr(reply.body, "<Dial"), "%s", reply.body);
    cr_expect_not_null(strstr(reply.body, ">+13125551234</Number>"), "%s", reply.body);
    cr_expect_str_eq(of_call(sid, "end_reason"), "no_route");
}

Test(callback_calls, that_nobody_answers_leave_a_message)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    admin("DELETE",
          admin_path(&customer,
                     say("/phone-number-routes/%s",
                         at(admin("GET", admin_path(&customer, "/phone-number-routes"), NULL).json,
                            "routes.0.id"))),
          NULL);
    call_arrives(&customer, "+13125550123", &reply);
    hears_a_sentence(&reply);
    cr_expect_not_null(strstr(reply.body, "<Record"), "%s", reply.body);
}

Test(callback_calls, that_nobody_ordered_are_not_connected)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = hook("/api/v1/outbound-call", call_form(&customer, new_call_sid(), "in-progress", ""));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_null(strstr(reply.body, "<Connect>"), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "voice_sessions"), 0);
}

/* ---- news ---- */

static const struct {
    const char *word, *more;
} news[] = {
    {"initiated", ""}, {"ringing", ""}, {"in-progress", ""}, {"completed", "&CallDuration=7"}};

/* The permutation of so many things with that number. */
static void permutation(int number, int order[], int count)
{
    bool used[8] = {false};

    for (int place = 0; place < count; place++) {
        int left = number % (count - place), at_now = 0;

        number /= count - place;
        while (used[at_now] || left--)
            at_now++;
        order[place] = at_now;
        used[at_now] = true;
    }
}

Test(callback_calls, end_alike_in_whatever_order_they_are_told_of)
{
    enum { NEWS = 4, ORDERS = 24 };
    struct customer customer = customer_new();

    customer_number(&customer);
    for (int i = 0; i < ORDERS; i++) {
        const char *sid = call_arrives(&customer, "+13125550123", NULL);
        int order[NEWS];

        permutation(i, order, NEWS);
        for (int k = 0; k < NEWS; k++)
            status(&customer, sid, news[order[k]].word, order[k], news[order[k]].more);
        cr_expect_str_eq(of_call(sid, "state"), "completed");
        cr_expect_str_eq(of_call(sid, "duration_seconds"), "7");
        cr_expect_str_eq(of_call(sid, "answered_at IS NOT NULL"), "1", "order %d%d%d%d", order[0],
                         order[1], order[2], order[3]);
        cr_expect_str_eq(of_call(sid, "outcome"), "answered");
        cr_expect_str_eq(text_of(say("SELECT COUNT(*) FROM voice_outcomes o JOIN calls c"
                                     " ON c.id = o.call_id WHERE c.call_sid = '%s'",
                                     sid)),
                         "1");
    }
}

struct ending {
    char word[16], state[16];
};

ParameterizedTestParameters(callback_calls, do_not_come_back_from_their_end)
{
    static struct ending endings[] = {
        {"completed", "completed"}, {"busy", "busy"},         {"no-answer", "no_answer"},
        {"failed", "failed"},       {"canceled", "canceled"},
    };

    return cr_make_param_array(struct ending, endings, COUNT_OF(endings));
}

ParameterizedTest(struct ending *given, callback_calls, do_not_come_back_from_their_end)
{
    struct customer customer = customer_new();
    const char *sid, *events;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    status(&customer, sid, given->word, 5, "&CallDuration=0");
    cr_expect_str_eq(of_call(sid, "state"), given->state);
    events = say("%lld", rows_of(&customer, "call_events"));
    status(&customer, sid, given->word, 5, "&CallDuration=0");
    status(&customer, sid, "ringing", 1, "");
    status(&customer, sid, "in-progress", 2, "");
    cr_expect_str_eq(of_call(sid, "state"), given->state);
    cr_expect_str_eq(say("%lld", rows_of(&customer, "call_events")), events, "something happened");
    cr_expect_eq(rows_of(&customer, "voice_outcomes"), 1);
}

ParameterizedTestParameters(callback_calls, pass_over_what_cannot_be_read)
{
    static struct bad_sid fields[] = {
        {"&CallStatus=flying"},
        {"&CallStatus="},
        {"&SequenceNumber=many"},
        {"&CallDuration=-5"},
        {"&CallDuration=99999999999999999999"},
        {"&Timestamp=yesterday"},
    };

    return cr_make_param_array(struct bad_sid, fields, COUNT_OF(fields));
}

/* The first of repeated fields counts, so the bad one stands first. */
ParameterizedTest(struct bad_sid *given, callback_calls, pass_over_what_cannot_be_read)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    reply = hook("/api/v1/call-status", say("CallSid=%s%s&AccountSid=%s&CallStatus=ringing", sid,
                                            given->sid, fact("REHEARSAL_ACCOUNT_SID")));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(of_call(sid, "state"), "ringing");
}

/* Our commit may be behind the carrier's word. */
Test(callback_calls, told_of_too_early_are_told_of_again)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid();

    customer_number(&customer);
    status(&customer, sid, "completed", 3, "&CallDuration=4");
    cr_expect_str_eq(applied(sid, "status"), "orphan");
    cr_expect_eq(rows_of(&customer, "calls"), 0);
    hook("/api/v1/incoming-call", call_form(&customer, sid, "ringing", ""));
    AWAIT_FOR(30, strcmp(of_call(sid, "state"), "completed") == 0);
    cr_expect_str_eq(of_call(sid, "duration_seconds"), "4");
    AWAIT_FOR(10, strcmp(applied(sid, "status"), "applied") == 0);
}

/* ---- the other hooks ---- */

static void is_noted(const struct reply *reply)
{
    cr_expect_eq(reply->status, 204, "%ld %s", reply->status, reply->body);
    cr_expect_eq(reply->length, 0u);
}

Test(callback_calls, learn_who_answered)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    reply = hook("/hooks/twilio/amd",
                 call_form(&customer, sid, "in-progress", "&AnsweredBy=machine_end_beep"));
    is_noted(&reply);
    cr_expect_str_eq(of_call(sid, "answered_by"), "machine_end_beep");
    reply = hook("/hooks/twilio/amd",
                 call_form(&customer, new_call_sid(), "in-progress", "&AnsweredBy=human"));
    is_noted(&reply);
}

Test(callback_calls, learn_of_the_carriers_recordings_once)
{
    struct customer customer = customer_new();
    const char *sid, *recording = say("RE%s", new_call_sid() + 2), *form;
    struct reply reply;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    form = say("AccountSid=%s&CallSid=%s&RecordingSid=%s&RecordingStatus=completed"
               "&RecordingDuration=12&RecordingChannels=2&RecordingSource=StartCallRecordingAPI"
               "&RecordingUrl=http%%3A%%2F%%2F127.0.0.1%%2F%s",
               fact("REHEARSAL_ACCOUNT_SID"), sid, recording, recording);
    for (int i = 0; i < 3; i++) {
        reply = hook("/hooks/twilio/recording", form);
        is_noted(&reply);
    }
    cr_expect_eq(rows_of(&customer, "recordings"), 1);
    cr_expect_str_eq(
        text_of(say("SELECT duration_ms FROM recordings WHERE recording_sid = '%s'", recording)),
        "12000");
    reply = hook("/hooks/twilio/recording",
                 say("AccountSid=%s&CallSid=%s&RecordingSid=%s&RecordingStatus=in-progress",
                     fact("REHEARSAL_ACCOUNT_SID"), sid, recording));
    is_noted(&reply);
    cr_expect_str_neq(
        text_of(say("SELECT status FROM recordings WHERE recording_sid = '%s'", recording)),
        "recording", "it went back");
}

Test(callback_calls, note_what_their_streams_and_conferences_did)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    reply = hook("/hooks/twilio/stream",
                 say("AccountSid=%s&CallSid=%s&StreamSid=MZ%s&StreamEvent=stream-error"
                     "&StreamError=handshake+failed",
                     fact("REHEARSAL_ACCOUNT_SID"), sid, sid + 2));
    is_noted(&reply);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.id = e.call_id"
                               " WHERE c.call_sid = '%s' AND e.type = 'error'"
                               " AND e.payload LIKE '%%handshake failed%%'",
                               sid)),
                 1);
    reply = hook("/hooks/twilio/conference",
                 say("AccountSid=%s&CallSid=%s&ConferenceSid=CF%s&StatusCallbackEvent="
                     "participant-join&ParticipantLabel=human",
                     fact("REHEARSAL_ACCOUNT_SID"), sid, sid + 2));
    is_noted(&reply);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.id = e.call_id"
                               " WHERE c.call_sid = '%s' AND e.type = 'handoff.conference'",
                               sid)),
                 1);
}

Test(callback_calls, come_back_only_with_their_own_token)
{
    struct customer customer = customer_new();
    const char *from, *path, *sid;
    struct reply reply;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", &reply);
    from = strstr(reply.body, "/hooks/twilio/after/");
    path = say("%.*s", (int)strcspn(from, "<"), from);
    cr_expect_eq(hook(say("%sx", path), call_form(&customer, sid, "in-progress", "")).status, 403);
    cr_expect_eq(hook("/hooks/twilio/after/x", call_form(&customer, sid, "in-progress", "")).status,
                 403);
    cr_expect_eq(callback(path, call_form(&customer, sid, "in-progress", ""), "x", NULL).status,
                 403);
    reply = hook(path, call_form(&customer, sid, "in-progress", ""));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(strncmp(reply.body, "<?xml", 5), 0, "%s", reply.body);
}
