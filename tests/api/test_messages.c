/*
 * Text messages as the carrier posts them: taken in once, stopped by a word, and their receipts.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(messages, .timeout = 60);

static struct reply hook(const char *path, const char *form)
{
    return callback(path, form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

static void is_noted(const struct reply *reply)
{
    cr_expect_eq(reply->status, 204, "%ld %s", reply->status, reply->body);
    cr_expect_eq(reply->length, 0u);
}

static const char *message_form(const struct customer *customer, const char *sid, const char *body)
{
    return say("AccountSid=%s&Body=%s&From=%%2B13125550143&MessageSid=%s&NumMedia=0&NumSegments=1"
               "&To=%%2B%s",
               fact("REHEARSAL_ACCOUNT_SID"), body, sid, customer->number + 1);
}

static const char *message_sid(void)
{
    return say("SM%s", new_call_sid() + 2);
}

Test(messages, are_taken_in_once)
{
    struct customer customer = customer_new();
    const char *sid = message_sid();

    customer_number(&customer);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(hook("/hooks/twilio/sms", message_form(&customer, sid, "Hello")).status, 200);
    cr_expect_eq(rows_of(&customer, "sms_messages"), 1);
    cr_expect_eq(rows_of(&customer, "sms_conversations"), 1);
    cr_expect_eq(
        hook("/hooks/twilio/sms", message_form(&customer, message_sid(), "%F0%9F%A5%90")).status,
        200);
    cr_expect_eq(rows_of(&customer, "sms_messages"), 2);
    cr_expect_eq(rows_of(&customer, "suppressions"), 0);
}

struct keyword {
    char body[32];
    bool stops;
};

ParameterizedTestParameters(messages, that_stop_others)
{
    static struct keyword keywords[] = {
        {"STOP", true},        {"stop", true},
        {"%20Stop.%0A", true}, {"STOPALL", true},
        {"UNSUBSCRIBE", true}, {"CANCEL", true},
        {"END", true},         {"QUIT", true},
        {"stop%20it", false},  {"do%20not%20stop", false},
        {"stops", false},      {"", false},
    };

    return cr_make_param_array(struct keyword, keywords, COUNT_OF(keywords));
}

ParameterizedTest(struct keyword *given, messages, that_stop_others)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = hook("/hooks/twilio/sms", message_form(&customer, message_sid(), given->body));
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(rows_of(&customer, "suppressions"), given->stops ? 1 : 0, "%s", given->body);
    cr_expect_eq(strstr(reply.body, "<Message>") != NULL, given->stops, "%s", reply.body);
    cr_expect_eq(rows_of(&other, "suppressions"), 0);
}

/* A message of ours, as it was handed to the carrier. */
static void add_message(const struct customer *customer, const char *sid)
{
    hook("/hooks/twilio/sms", message_form(customer, message_sid(), "Hello"));
    query(say("INSERT INTO sms_messages (tenant_id, id, conversation_id, message_sid, direction,"
              " status, status_rank, from_number, to_number, body, media, origin, metadata,"
              " created_at, updated_at) SELECT tenant_id, UNHEX('%s'), id, '%s', 'outbound',"
              " 'queued', 10, our_number, contact_number, 'Hi', '[]', 'api', '{}', NOW(3), NOW(3)"
              " FROM sms_conversations WHERE our_number = '%s'",
              sid + 2, sid, customer->number));
}

Test(messages, only_move_forward)
{
    static const char *const words[] = {"delivered", "sent", "queued", "delivered"};
    struct customer customer = customer_new();
    const char *sid = message_sid();
    struct reply reply;

    customer_number(&customer);
    add_message(&customer, sid);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        reply =
            hook("/hooks/twilio/sms-status",
                 say("AccountSid=%s&MessageSid=%s&MessageStatus=%s&From=%%2B%s&To=%%2B13125550143",
                     fact("REHEARSAL_ACCOUNT_SID"), sid, words[i], customer.number + 1));
        is_noted(&reply);
        cr_expect_str_eq(
            text_of(say("SELECT status FROM sms_messages WHERE message_sid = '%s'", sid)),
            "delivered");
    }
    reply =
        hook("/hooks/twilio/sms-status",
             say("AccountSid=%s&MessageSid=%s&MessageStatus=flying&From=%%2B%s&To=%%2B13125550143",
                 fact("REHEARSAL_ACCOUNT_SID"), sid, customer.number + 1));
    is_noted(&reply);
    reply =
        hook("/hooks/twilio/sms-status",
             say("AccountSid=%s&MessageSid=%s&MessageStatus=sent&From=%%2B%s&To=%%2B13125550143",
                 fact("REHEARSAL_ACCOUNT_SID"), message_sid(), customer.number + 1));
    is_noted(&reply);
}
