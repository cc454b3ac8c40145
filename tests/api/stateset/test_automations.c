/*
 * Automations of StateSet's API: each does its thing, shown by whoever received it.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"
#include "core/config.h"
#include "db/db.h"
#include "domain/calls.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/turns.h"

TestSuite(stateset_automations, .timeout = 120);

#define BASE "/api/v1/automations"

static struct reply run(const struct customer *customer, const char *path, const char *body)
{
    return ask("POST", say(BASE "%s", path), customer->stateset, body, NULL);
}

static struct customer with_number(void)
{
    struct customer customer = customer_new();

    customer_number(&customer);
    return customer;
}

static void refused(const struct reply *reply, const char *word)
{
    cr_expect_eq(reply->status, 400, "%ld %s", reply->status, reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false", "%s", reply->body);
    cr_expect(strstr(at(reply->json, "error"), word), "%s", reply->body);
}

/* A message as the carrier has it; its text. */
static const char *carrier_has(const char *sid, const char *to)
{
    json_object *all = control("CARRIER", "GET", "/_messages", NULL).json;

    for (size_t i = 0; i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);

        if (strcmp(at(one, "sid"), sid) == 0) {
            cr_expect_str_eq(at(one, "to"), to);
            return at(one, "body");
        }
    }
    return "";
}

struct message {
    char path[32], metadata[160], text[160];
};

ParameterizedTestParameters(stateset_automations, send_messages)
{
    static struct message messages[] = {
        {"/sms/tracking",
         "\"order_id\":\"ORD-1\",\"carrier\":\"UPS\",\"tracking_number\":\"1Z999\"",
         "Your order ORD-1 is on its way with UPS. Tracking number: 1Z999"},
        {"/sms/troubleshooting", "\"issue\":\"No light\",\"steps\":[\"Plug it in\",\"Wait\"]",
         "No light. Please try this:\n1. Plug it in\n2. Wait"},
        {"/sms/phone-order", "\"order_id\":\"ORD-2\",\"items\":[\"Soup\",\"Tea\"],\"total\":\"$9\"",
         "Thank you for your order ORD-2: Soup, Tea. Total: $9."},
        {"/sms/issue-intake", "\"form_url\":\"https://example.com/f\"",
         "Please tell us more about your issue here: https://example.com/f"},
        {"/sms/post-call-survey", "\"survey_url\":\"https://example.com/s\"",
         "Thank you for your call. How did we do? https://example.com/s"},
    };

    return cr_make_param_array(struct message, messages, COUNT_OF(messages));
}

ParameterizedTest(struct message *given, stateset_automations, send_messages)
{
    struct customer customer = with_number();
    struct reply reply =
        run(&customer, given->path,
            say("{\"customer_phone\":\"+13125550143\",\"metadata\":{%s}}", given->metadata));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect(*at(reply.json, "result.queued_at"), "%s", reply.body);
    cr_expect_str_eq(carrier_has(at(reply.json, "result.message_sid"), "+13125550143"),
                     given->text);
    cr_expect_eq(rows_of(&customer, "sms_messages"), 1);
    cr_expect_eq(rows_of(&customer, "tool_invocations"), 1);
}

Test(stateset_automations, write_to_the_customer_of_a_call)
{
    struct customer customer = with_number();
    const char *sid = call_arrives(&customer, "+13125550144", NULL);
    struct reply reply =
        run(&customer, "/sms/post-call-survey",
            say("{\"call_sid\":\"%s\",\"survey_url\":\"https://a.example/s\"}", sid));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(*carrier_has(at(reply.json, "result.message_sid"), "+13125550144"));
    cr_expect_str_eq(at(reply.json, "result.from"), customer.number);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM sms_messages m JOIN calls c ON c.id ="
                               " m.call_id WHERE c.call_sid = '%s'",
                               sid)),
                 1);
}

/* What the receiver got of a mail with that subject; NULL while there is none. */
static json_object *mail_with(const char *subject)
{
    json_object *log = NULL;

    json_object_object_get_ex(control("RECEIVER", "GET", "/_log?path=/resend", NULL).json,
                              "entries", &log);
    for (size_t i = 0; log && i < json_object_array_length(log); i++)
        if (strstr(json_object_to_json_string(json_object_array_get_idx(log, i)), subject))
            return json_object_array_get_idx(log, i);
    return NULL;
}

Test(stateset_automations, mail_what_was_agreed)
{
    struct customer customer = with_number();
    const char *subject = say("About %s", customer.tenant);
    struct reply reply =
        admin("PUT", admin_path(&customer, ""), "{\"email_from\":\"Acme <hello@acme.example>\"}");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    AWAIT((reply = run(&customer, "/email/loop-followup",
                       say("{\"metadata\":{\"customer_email\":\"a@b.example\",\"subject\":\"%s\","
                           "\"message\":\"See you on Monday.\"}}",
                           subject)))
              .status == 200);
    cr_expect(*at(reply.json, "result.queued_at"), "%s", reply.body);
    cr_assert(mail_with(subject));
    cr_expect(strstr(json_object_to_json_string(mail_with(subject)), "See you on Monday."));
    cr_expect(strstr(json_object_to_json_string(mail_with(subject)), "a@b.example"));
    cr_expect_str_eq(text_of(say("SELECT m.status FROM email_messages m JOIN tenants t ON t.id ="
                                 " m.tenant_id WHERE t.tenant_key = '%s'",
                                 customer.tenant)),
                     "sent");
}

Test(stateset_automations, mail_in_the_operators_name_for_domains_that_are_not_open)
{
    struct customer customer = with_number();
    const char *subject = say("Back %s", customer.tenant), *mail;
    struct reply reply =
        admin("PUT", admin_path(&customer, ""), "{\"email_from\":\"Boss <boss@bank.example>\"}");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    AWAIT((reply = run(&customer, "/email/loop-followup",
                       say("{\"metadata\":{\"customer_email\":\"a@b.example\",\"subject\":\"%s\","
                           "\"message\":\"See you on Monday.\"}}",
                           subject)))
              .status == 200);
    cr_assert(mail_with(subject));
    mail = json_object_to_json_string_ext(mail_with(subject), JSON_C_TO_STRING_NOSLASHESCAPE);
    cr_expect(strstr(mail, "calls@trunkline.example"), "%s", mail);
    cr_expect(strstr(mail, "reply_to"), "%s", mail);
    cr_expect_str_eq(text_of(say("SELECT m.reply_to FROM email_messages m JOIN tenants t ON t.id ="
                                 " m.tenant_id WHERE t.tenant_key = '%s'",
                                 customer.tenant)),
                     "Boss <boss@bank.example>");
}

struct lacking {
    char path[32], body[160], word[32];
};

ParameterizedTestParameters(stateset_automations, say_what_is_missing)
{
    static struct lacking all[] = {
        {"/sms/tracking", "{\"customer_phone\":\"+13125550143\"}", "carrier"},
        {"/sms/tracking", "{\"metadata\":{\"carrier\":\"UPS\",\"tracking_number\":\"1\"}}",
         "customer_phone"},
        {"/sms/troubleshooting", "{\"customer_phone\":\"+13125550143\"}", "steps"},
        {"/sms/phone-order", "{\"customer_phone\":\"+13125550143\"}", "order_id"},
        {"/sms/issue-intake", "{\"customer_phone\":\"+13125550143\"}", "form_url"},
        {"/sms/post-call-survey", "{\"customer_phone\":\"+13125550143\"}", "survey_url"},
        {"/sms/post-call-survey", "{\"customer_phone\":\"nobody\",\"survey_url\":\"x\"}",
         "customer_phone"},
        {"/sms/post-call-survey", "{\"customer_phone\":\"+442079460000\",\"survey_url\":\"x\"}",
         ""},
        {"/email/loop-followup", "{}", "customer_email"},
        {"/email/loop-followup", "{\"customer_email\":\"a@b.example\",\"message\":\"x\"}",
         "email_from"},
        {"/voice/business-hours", "{}", "hours"},
        {"/voice/escalation-need", "{}", "session_id"},
        {"/voice/evaluation", "{\"score\":0.5}", "session_id"},
        {"/voice/evaluation", "{}", "score"},
        {"/voice/evaluation", "{\"score\":7}", "score"},
        {"/voice/get-eval", "{}", "session_id"},
        {"/voice/get-eval", "{\"session_id\":\"nothing\"}", ""},
        {"/voice/get-eval", "[]", "object"},
        {"/voice/get-eval", "none", ""},
    };

    return cr_make_param_array(struct lacking, all, COUNT_OF(all));
}

ParameterizedTest(struct lacking *given, stateset_automations, say_what_is_missing)
{
    struct customer customer = with_number();
    struct reply reply = run(&customer, given->path, given->body);

    refused(&reply, given->word);
    cr_expect_eq(rows_of(&customer, "sms_messages"), 0);
}

Test(stateset_automations, write_to_nobody_who_said_stop)
{
    struct customer customer = with_number();
    struct reply reply;

    callback("/hooks/twilio/sms",
             say("AccountSid=%s&Body=STOP&From=%%2B13125550145&MessageSid=SM%s&NumMedia=0"
                 "&NumSegments=1&To=%%2B%s",
                 fact("REHEARSAL_ACCOUNT_SID"), new_call_sid() + 2, customer.number + 1),
             fact("REHEARSAL_AUTH_TOKEN"), NULL);
    reply = run(&customer, "/sms/post-call-survey",
                "{\"customer_phone\":\"+13125550145\",\"survey_url\":\"https://a.example\"}");
    refused(&reply, "");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM sms_messages m JOIN tenants t ON t.id ="
                               " m.tenant_id WHERE t.tenant_key = '%s' AND m.direction = "
                               "'outbound'",
                               customer.tenant)),
                 0);
}

Test(stateset_automations, know_the_tenants_hours_in_its_time_zone)
{
    struct customer customer = with_number();
    struct reply reply;

    reply = admin("PUT", admin_path(&customer, ""),
                  "{\"business_hours\":{\"timezone\":\"Asia/Tokyo\",\"monday\":\"00:00-24:00\","
                  "\"tuesday\":\"00:00-24:00\",\"wednesday\":\"00:00-24:00\",\"thursday\":"
                  "\"00:00-24:00\",\"friday\":\"00:00-24:00\",\"saturday\":\"00:00-24:00\","
                  "\"sunday\":\"00:00-24:00\"}}");
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    AWAIT((reply = run(&customer, "/voice/business-hours", "{}")).status == 200);
    cr_expect_str_eq(at(reply.json, "result.open"), "true", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "result.timezone"), "Asia/Tokyo");
    cr_expect(strstr(at(reply.json, "result.now"), "+09:00"), "%s", reply.body);
    cr_expect(has(reply.json, "result.next_change"));
}

/* What was said in a call, one line each, caller and agent by turns. */
static const char *said(const struct customer *customer, const char *const *lines, size_t count)
{
    const char *sid = call_arrives(customer, "+13125550146", NULL);
    struct work work = {.id = "test", .config = config_load(), .db = db_open(fact("DATABASE_URL"))};
    struct voice_session session;
    struct tenant tenant;
    struct turn turn;
    struct call call;

    cr_assert(tenant_by_key(&work, customer->tenant, &tenant));
    work.tenant = tenant.id;
    cr_assert(call_resolve(&work, sid, &call) && session_of_call(&work, call.id, &session));
    for (size_t i = 0; i < count; i++) {
        row_clear(&turn_entity, &turn);
        turn.session_id = session.id;
        turn.call_id = call.id;
        turn.seq = (int64_t)i + 1;
        turn.role = i % 2 ? "assistant" : "user";
        turn.text = lines[i];
        turn.redactions = 0;
        turn.occurred_at = clock_now();
        cr_assert(turns_put(&work, &turn, 1), "%s", work.error.message);
    }
    return sid;
}

Test(stateset_automations, see_that_a_caller_wants_a_human)
{
    static const char *const calm[] = {"When do you open?", "At nine.", "Thank you."};
    static const char *const cross[] = {"This is ridiculous.", "I am sorry.",
                                        "Let me talk to a human being."};
    static const char *const lost[] = {"Mumble.", "I didn't catch that.", "Mumble.",
                                       "I do not understand."};
    struct customer customer = with_number();
    struct reply reply;

    reply = run(&customer, "/voice/escalation-need",
                say("{\"call_sid\":\"%s\"}", said(&customer, calm, COUNT_OF(calm))));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.should_escalate"), "false", "%s", reply.body);
    cr_expect_not(has(reply.json, "result.reasons.0"));
    reply = run(&customer, "/voice/escalation-need",
                say("{\"call_sid\":\"%s\"}", said(&customer, cross, COUNT_OF(cross))));
    cr_expect_str_eq(at(reply.json, "result.should_escalate"), "true", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "result.reasons.0"), "explicit_request");
    cr_expect_str_eq(at(reply.json, "result.reasons.1"), "negative_sentiment");
    cr_expect_str_eq(at(reply.json, "result.confidence"), "0.95");
    reply = run(&customer, "/voice/escalation-need",
                say("{\"call_sid\":\"%s\"}", said(&customer, lost, COUNT_OF(lost))));
    cr_expect_str_eq(at(reply.json, "result.reasons.0"), "repeated_failure", "%s", reply.body);
}

Test(stateset_automations, record_an_evaluation_and_read_it_back)
{
    struct customer customer = with_number(), other = with_number();
    const char *sid = call_arrives(&customer, "+13125550147", NULL);
    struct reply reply =
        run(&customer, "/voice/evaluation",
            say("{\"call_sid\":\"%s\",\"reason\":\"polite\",\"metadata\":{\"score\":0.9,\"tags\":"
                "[\"polite\"]}}",
                sid));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.score"), "0.9", "%s", reply.body);
    reply = run(&customer, "/voice/get-eval",
                say("{\"session_id\":\"%s\"}", at(reply.json, "result.session_id")));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.notes"), "polite");
    cr_expect_str_eq(at(reply.json, "result.tags.0"), "polite");
    cr_expect_eq(rows_of(&customer, "session_evals"), 1);
    reply = run(&other, "/voice/get-eval",
                say("{\"session_id\":\"%s\"}", at(reply.json, "result.session_id")));
    refused(&reply, "");
}

Test(stateset_automations, need_a_key_and_are_known_by_their_old_paths)
{
    static const char *const paths[] = {
        "/email/loop-followup",  "/sms/issue-intake", "/sms/phone-order",
        "/sms/post-call-survey", "/sms/tracking",     "/sms/troubleshooting",
        "/voice/business-hours", "/voice/evaluation", "/voice/escalation-need",
        "/voice/get-eval",
    };
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = ask("POST", say(BASE "%s", paths[i]), NULL, "{}", NULL);

        cr_expect_eq(reply.status, 401, "%s %ld", paths[i], reply.status);
        reply = ask("POST", say("/automations%s", paths[i]), customer.stateset, "{}", NULL);
        cr_expect_eq(reply.status, 400, "%s %ld %s", paths[i], reply.status, reply.body);
        cr_expect_str_eq(reply_header_of(&reply, "Deprecation"), "true");
    }
}

Test(stateset_automations, send_once_for_an_idempotency_key)
{
    struct customer customer = with_number();
    const char *body = "{\"customer_phone\":\"+13125550148\",\"survey_url\":\"https://a.example\"}";
    struct reply first, second;

    first = ask("POST", BASE "/sms/post-call-survey", customer.stateset, body,
                "Idempotency-Key: survey-1");
    second = ask("POST", BASE "/sms/post-call-survey", customer.stateset, body,
                 "Idempotency-Key: survey-1");
    cr_assert_eq(first.status, 200, "%ld %s", first.status, first.body);
    cr_expect_str_eq(second.body, first.body);
    cr_expect_eq(rows_of(&customer, "sms_messages"), 1);
}
