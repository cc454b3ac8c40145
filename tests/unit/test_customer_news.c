/*
 * What a customer of the Twilio dialect is told of its calls and of their legs.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "customers.h"
#include "domain/callbacks.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_legs.h"
#include "domain/customer_requests.h"
#include "domain/customer_sms.h"
#include "domain/sms_sending.h"
#include "domain/suppressions.h"
#include "domain/webhooks.h"
#include "remote/http.h"
#include "remote/twilio.h"
#include "remote/twilio_signature.h"

static struct world world;
static struct work *const work = &world.work;
static const char *token;

static void begin(void)
{
    token = customer_begin(&world, true);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(customer_news, .init = begin, .fini = end);

/* What the carrier says of a call that another call's TwiML dialled. */
static struct form leg_form(const char *sid, const struct call *parent, const char *status,
                            const char *seconds)
{
    const struct twilio_field fields[] = {
        {"CallSid", sid},          {"ParentCallSid", parent->call_sid},
        {"From", parent->to_addr}, {"To", "+13125550142"},
        {"CallStatus", status},    {"CallDuration", seconds},
    };

    return carrier_form(&world, fields, COUNT(fields));
}

static struct call call_that_tells(const struct customer_wishes *wishes)
{
    struct call call = call_in(&world).call;
    const char *params = customer_params(work, NULL, wishes);
    const struct param with[] = {PARAM(params), PARAM(work->tenant), PARAM(call.id)};

    cr_assert(db_execute(work, "UPDATE calls SET carrier_params = ? WHERE tenant_id = ? AND id = ?",
                         with, COUNT(with), NULL));
    return call;
}

/* The carrier tells of a call: stores and applies. */
static struct carrier_callback told(const char *kind, const char *url, struct form form)
{
    const struct arrival arrival = {
        .kind = kind,
        .url = url,
        .form = form,
        .signature = "valid",
        .received_at = clock_now(),
    };
    struct carrier_callback callback;
    bool fresh;

    cr_assert(callback_store(work, &arrival, &callback, &fresh), "%s", work->error.message);
    cr_assert(callback_apply(work, &callback), "%s", work->error.message);
    return callback;
}

static struct carrier_callback status(const struct call *call, const char *word,
                                      const char *sequence)
{
    const struct twilio_field fields[] = {
        {"CallSid", call->call_sid},
        {"CallStatus", word},
        {"SequenceNumber", sequence},
    };

    return told("status", "https://voice.example.com/api/v1/call-status",
                carrier_form(&world, fields, COUNT(fields)));
}

static size_t due(struct rows *rows)
{
    cr_assert(deliveries_claim(work, "sender", 30000, 100, rows), "%s", work->error.message);
    return rows->count;
}

static const char *field_of(const struct webhook_sending *sending, const char *name)
{
    struct form form;

    customer_form_read(work, sending->delivery.body, &form);
    return form_text(&form, name);
}

Test(customer_news, of_a_call_are_the_ones_that_were_asked_for)
{
    const struct customer_wishes wishes = {.status_url = "https://app.example.com/s?a=b",
                                           .status_events = "answered completed"};
    struct call call = call_that_tells(&wishes);
    struct customer_request request;
    struct webhook_sending *sending;
    struct form form;
    struct rows rows;

    status(&call, "ringing", "1");
    status(&call, "in-progress", "2");
    status(&call, "busy", "3");
    cr_assert_eq(due(&rows), 2);
    sending = rows.at;
    cr_expect_str_eq(field_of(&sending[0], "CallStatus"), "in-progress");
    cr_expect_str_eq(field_of(&sending[0], "AccountSid"), world.tenant.account_sid);
    cr_expect_str_eq(field_of(&sending[1], "CallStatus"), "busy");
    cr_assert(customer_attempt(work, &sending[0], &request));
    cr_expect_str_eq(request.url, "https://app.example.com/s?a=b");
    cr_expect_str_eq(request.token, token);
    customer_form_read(work, request.body, &form);
    cr_expect_eq(form.count, 4);
}

Test(customer_news, are_told_of_the_end_alone_unless_more_is_asked_for)
{
    const struct customer_wishes wishes = {.status_url = "https://app.example.com/s"};
    struct call call = call_that_tells(&wishes);
    struct rows rows;

    status(&call, "in-progress", "2");
    cr_expect_eq(due(&rows), 0);
    status(&call, "completed", "3");
    cr_expect_eq(due(&rows), 1);
}

Test(customer_news, are_told_once)
{
    const struct customer_wishes wishes = {.status_url = "https://app.example.com/s"};
    struct call call = call_that_tells(&wishes);
    struct carrier_callback callback = status(&call, "completed", "3");
    struct rows rows;

    callback.applied = "new"; /* the process died before it could say so */
    cr_assert(callback_apply(work, &callback), "%s", work->error.message);
    cr_expect_eq(due(&rows), 1);
}

Test(customer_news, may_be_asked_for_by_get)
{
    const struct customer_wishes wishes = {.status_url = "https://app.example.com/s?a=b",
                                           .status_method = "GET"};
    struct call call = call_that_tells(&wishes);
    struct http_header headers[CUSTOMER_HEADERS];
    struct customer_request request;
    const char *signature = NULL;
    struct rows rows;

    status(&call, "completed", "3");
    cr_assert_eq(due(&rows), 1);
    cr_assert(customer_attempt(work, rows.at, &request));
    cr_expect_null(request.body);
    cr_expect_not_null(strstr(request.url, "/s?a=b&AccountSid=AC"), "%s", request.url);
    for (size_t i = customer_headers(work, &request, headers); i-- > 0;)
        if (strcmp(headers[i].name, "X-Twilio-Signature") == 0)
            signature = headers[i].value;
    cr_expect_str_eq(signature, twilio_signature(&work->arena, token, request.url, NULL, 0));
}

Test(customer_news, of_recordings_and_verdicts_are_told_too)
{
    const struct customer_wishes wishes = {.recording_url = "https://app.example.com/r",
                                           .amd_url = "https://app.example.com/a"};
    struct call call = call_that_tells(&wishes);
    const char *sid = new_sid(&world, "RE");
    const struct twilio_field recording[] = {
        {"CallSid", call.call_sid},
        {"RecordingSid", sid},
        {"RecordingStatus", "completed"},
        {"RecordingDuration", "4"},
        {"RecordingUrl", "https://api.twilio.com/x"},
    };
    const struct twilio_field verdict[] = {{"CallSid", call.call_sid}, {"AnsweredBy", "human"}};
    struct webhook_sending *sending;
    struct rows rows;

    told("recording", "https://voice.example.com/hooks/twilio/recording",
         carrier_form(&world, recording, COUNT(recording)));
    told("amd", "https://voice.example.com/hooks/twilio/amd",
         carrier_form(&world, verdict, COUNT(verdict)));
    cr_assert_eq(due(&rows), 2);
    sending = rows.at;
    cr_expect_str_eq(sending[0].endpoint.url, "https://app.example.com/r");
    cr_expect_str_eq(sending[1].endpoint.url, "https://app.example.com/a");
}

/* A callback of the customer's TwiML comes to a URL of ours. */
Test(customer_news, of_nested_callbacks_come_through_our_urls)
{
    struct call call = call_in(&world).call;
    struct customer_hook hook = {.call_id = call.id,
                                 .kind = "status",
                                 .url = "https://app.example.com/leg",
                                 .method = "POST",
                                 .events = "answered"};
    const char *url = customer_hook_url(work, &hook), *sid = new_sid(&world, "CA");
    struct form form;
    struct call leg;
    struct rows rows;

    cr_assert(customer_hooks_write(work, &hook, 1), "%s", work->error.message);
    form = leg_form(sid, &call, "ringing", "");
    told("other", url, form);
    cr_expect_eq(due(&rows), 0);
    form = leg_form(sid, &call, "in-progress", "");
    told("other", url, form);
    cr_assert_eq(due(&rows), 1);
    cr_expect_str_eq(((struct webhook_sending *)rows.at)->endpoint.url,
                     "https://app.example.com/leg");
    cr_assert(call_by_sid(work, sid, &leg));
    cr_expect_str_eq(leg.state, "in_progress");
}

/* ---- text messages ---- */

/* A message that the TwiML of a call sends to the caller. */
static uid text_sent(const struct call *call, const char *status_url, int *code)
{
    const struct customer_sms sms = {
        .id = uid_new(),
        .call = call,
        .from = call->to_addr,
        .to = call->from_addr,
        .country = "US",
        .body = "Your code is 42",
        .status_url = status_url,
    };

    cr_assert(customer_sms_order(work, &sms, code), "%s", work->error.message);
    cr_assert(customer_sms_order(work, &sms, code), "%s", work->error.message);
    return sms.id;
}

static int64_t texts(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?");
}

/* What the carrier says of a message under its own SID. */
static void receipt(uid message, const char *sid, const char *word)
{
    const struct twilio_field fields[] = {
        {"MessageSid", sid}, {"MessageStatus", word}, {"SmsSid", sid}};
    const struct param params[] = {PARAM(sid), PARAM(work->tenant), PARAM(message)};

    cr_assert(db_execute(work,
                         "UPDATE sms_messages SET message_sid = ? WHERE tenant_id = ?"
                         " AND id = ?",
                         params, COUNT(params), NULL));
    told("sms_status", "https://voice.example.com/hooks/twilio/sms-status",
         carrier_form(&world, fields, COUNT(fields)));
}

Test(customer_news, of_text_messages_are_told_under_their_own_name)
{
    struct call call = call_in(&world).call;
    const char *sid = new_sid(&world, "SM");
    struct webhook_sending *sending;
    struct rows rows;
    char name[36] = "SM";
    uid message;
    int code;

    message = text_sent(&call, "https://app.example.com/told", &code);
    cr_assert_eq(code, 0);
    cr_expect_eq(texts(), 1, "an order that is given twice is one message");
    receipt(message, sid, "sent");
    receipt(message, sid, "sent");
    receipt(message, sid, "delivered");
    cr_assert_eq(due(&rows), 2);
    sending = rows.at;
    uid_write_hex(message, name + 2);
    cr_expect_str_eq(sending[0].endpoint.url, "https://app.example.com/told");
    cr_expect_str_eq(field_of(&sending[0], "SmsSid"), name);
    cr_expect_str_eq(field_of(&sending[0], "SmsStatus"), "sent");
    cr_expect_str_eq(field_of(&sending[0], "AccountSid"), world.tenant.account_sid);
    cr_expect_str_eq(field_of(&sending[0], "To"), call.from_addr);
    cr_expect_str_eq(field_of(&sending[1], "MessageStatus"), "delivered");
    message = text_sent(&call, NULL, &code);
    receipt(message, new_sid(&world, "SM"), "delivered");
    cr_expect_eq(due(&rows), 0, "nobody asked to be told");
}

static void unsubscribe(const struct call *call)
{
    const struct suppression suppression = {.channel = "sms",
                                            .address = call->from_addr,
                                            .our_address = call->to_addr,
                                            .source = "keyword",
                                            .keyword = "STOP"};

    cr_assert(suppression_put(work, &suppression), "%s", work->error.message);
}

Test(customer_news, of_text_messages_that_did_not_leave_are_told_too)
{
    struct call call = call_in(&world).call;
    struct rows rows;
    int code;
    const uid message = text_sent(&call, "https://app.example.com/told", &code);

    unsubscribe(&call);
    cr_assert(
        sms_send(work, &(struct outbox_row){.tenant_id = work->tenant, .subject_id = message}));
    cr_assert_eq(due(&rows), 1);
    cr_expect_str_eq(field_of(rows.at, "SmsStatus"), "failed");
    text_sent(&call, NULL, &code);
    cr_expect_eq(code, SMS_UNSUBSCRIBED);
    cr_expect_eq(texts(), 1);
}

/* Who wrote down what the carrier said died before telling. */
Test(customer_news, of_text_messages_are_told_when_they_are_heard_of_again)
{
    struct call call = call_in(&world).call;
    const char *sid = new_sid(&world, "SM");
    struct rows rows;
    int code;
    const uid message = text_sent(&call, "https://app.example.com/told", &code);
    const struct param params[] = {PARAM(work->tenant), PARAM(message)};

    cr_assert(db_execute(work,
                         "UPDATE sms_messages SET status = 'delivered', status_rank = 40"
                         " WHERE tenant_id = ? AND id = ?",
                         params, COUNT(params), NULL));
    receipt(message, sid, "sent");
    cr_assert_eq(due(&rows), 0, "that was overtaken");
    receipt(message, sid, "delivered");
    cr_assert_eq(due(&rows), 1);
    cr_expect_str_eq(field_of(rows.at, "SmsStatus"), "delivered");
}

static void execute(const char *sql)
{
    cr_assert(db_execute(work, sql, NULL, 0, NULL), "%s", work->error.message);
}

Test(customer_news, of_text_messages_that_did_not_leave_are_told_when_it_can_be)
{
    struct call call = call_in(&world).call;
    struct rows rows;
    int code;
    const uid message = text_sent(&call, "https://app.example.com/told", &code);
    const struct outbox_row row = {.tenant_id = work->tenant, .subject_id = message};

    unsubscribe(&call);
    execute("CREATE TEMPORARY TABLE webhook_deliveries (broken INT)");
    cr_expect_not(sms_send(work, &row));
    execute("DROP TEMPORARY TABLE webhook_deliveries");
    cr_expect_eq(due(&rows), 0);
    cr_assert(sms_send(work, &row), "%s", work->error.message);
    cr_assert_eq(due(&rows), 1);
    cr_expect_str_eq(field_of(rows.at, "SmsStatus"), "failed");
}

Test(customer_news, of_urls_with_another_signature_are_nobodys)
{
    struct call call = call_in(&world).call;
    struct form form = leg_form(new_sid(&world, "CA"), &call, "ringing", "");
    struct carrier_callback callback =
        told("other", "https://voice.example.com/hooks/twilio/callback/v1.YWJj.ZGVm", form);

    cr_expect_str_eq(callback.applied, "rejected");
}

Test(customer_news, of_legs_make_calls_of_their_own)
{
    struct call parent = call_in(&world).call, leg;
    const char *sid = new_sid(&world, "CA");
    struct form form = leg_form(sid, &parent, "ringing", "");

    cr_assert(customer_leg_news(work, &parent, &form, clock_now()), "%s", work->error.message);
    cr_assert(call_by_sid(work, sid, &leg));
    cr_expect_str_eq(leg.state, "ringing");
    cr_expect_str_eq(leg.direction, "outbound");
    cr_expect(uid_equal(leg.parent_call_id, parent.id));
    form = leg_form(sid, &parent, "completed", "61");
    cr_assert(customer_leg_news(work, &parent, &form, clock_now()), "%s", work->error.message);
    cr_assert(call_by_sid(work, sid, &leg));
    cr_expect_str_eq(leg.state, "completed");
    cr_expect_eq(leg.duration_seconds, 61);
    cr_expect_not(instant_is_none(leg.finalized_at));
}
