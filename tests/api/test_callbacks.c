#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#include "api.h"

/* A status of the rehearsal's carrier; "more" are further fields, "&CallDuration=3". */
static struct reply status_of(const struct customer *customer, const char *sid, const char *status,
                              int sequence, const char *more)
{
    return callback(
        "/api/v1/call-status",
        call_form(customer, sid, status,
                  say("&SequenceNumber=%d&CallbackSource=call-progress-events%s", sequence, more)),
        fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

/* The call as its tenant sees it. */
static json_object *call_seen(const struct customer *customer, const char *sid)
{
    struct reply reply = kwick(customer, "GET", "/v1/calls", NULL);
    json_object *calls = NULL;

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    json_object_object_get_ex(reply.json, "calls", &calls);
    if (!calls)
        json_object_object_get_ex(reply.json, "data", &calls);
    for (size_t i = 0; calls && i < json_object_array_length(calls); i++)
        if (strcmp(at(json_object_array_get_idx(calls, i), "id"), sid) == 0)
            return json_object_array_get_idx(calls, i);
    return NULL;
}

Test(callbacks, take_a_call_from_its_first_ring_to_its_end)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;
    json_object *call;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550142", &reply);
    cr_expect(strncmp(reply_header_of(&reply, "Content-Type"), "text/xml", 8) == 0);
    cr_expect(strstr(reply.body, "<Connect><Stream url=\"ws") != NULL, "%s", reply.body);
    reply = status_of(&customer, sid, "in-progress", 2, "");
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(reply.body, "{\"ok\":true}");
    status_of(&customer, sid, "completed", 3, "&CallDuration=7");
    status_of(&customer, sid, "ringing", 1, "");
    call = call_seen(&customer, sid);
    cr_assert(call != NULL);
    cr_expect_str_eq(at(call, "status"), "completed");
    cr_expect_str_eq(at(call, "caller"), "+13125550142");
    cr_expect_str_eq(at(call, "duration_sec"), "7");
    cr_expect_str_eq(at(call, "outcome"), "answered");
}

struct poster {
    const char *form;
    struct reply reply;
};

static void *post(void *with)
{
    struct poster *poster = with;

    poster->reply =
        callback("/api/v1/incoming-call", poster->form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
    return NULL;
}

Test(callbacks, posted_many_times_at_once_make_one_call)
{
    enum { MANY = 8 };
    struct customer customer = customer_new();
    struct poster posters[MANY];
    pthread_t threads[MANY];
    const char *sid = new_call_sid();

    customer_number(&customer);
    for (int i = 0; i < MANY; i++) {
        posters[i] = (struct poster){.form = call_form(&customer, sid, "ringing", "")};
        cr_assert_eq(pthread_create(&threads[i], NULL, post, &posters[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(posters[i].reply.status, 200);
        cr_expect(strstr(posters[i].reply.body, "<Connect>") != NULL, "%s", posters[i].reply.body);
    }
    cr_expect_eq(rows_of(&customer, "calls"), 1);
    cr_expect_eq(rows_of(&customer, "voice_sessions"), 1);
}

Test(callbacks, that_are_forged_are_refused_and_noted_for_the_operator)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid();
    struct reply reply;

    customer_number(&customer);
    reply = callback("/api/v1/incoming-call", call_form(&customer, sid, "ringing", ""),
                     "a stranger's token", NULL);
    cr_expect_eq(reply.status, 401);
    cr_expect(strncmp(reply_header_of(&reply, "Content-Type"), "text/plain", 10) == 0);
    cr_expect_eq(rows_of(&customer, "calls"), 0);
    sid = new_call_sid();
    reply = callback("/api/v1/incoming-call", call_form(&customer, sid, "ringing", ""),
                     fact("REHEARSAL_AUTH_TOKEN"), "https://elsewhere.example.com/incoming");
    cr_expect_eq(reply.status, 401);
    cr_expect_str_eq(
        text_of(say("SELECT signature FROM carrier_callbacks WHERE call_sid = '%s'", sid)),
        "invalid");
}

Test(callbacks, with_bad_bodies_get_a_clear_refusal)
{
    static const char *const paths[] = {"/api/v1/incoming-call", "/api/v1/call-status",
                                        "/hooks/twilio/sms", "/hooks/twilio/recording"};
    static char large[100 * 1024];
    long long calls = number_of("SELECT COUNT(*) FROM calls");
    struct reply reply;

    memset(large, 'a', sizeof large - 1);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        reply = callback(paths[i], "", "x", NULL);
        cr_expect_eq(reply.status, 400, "%s empty: %ld", paths[i], reply.status);
        reply = callback(paths[i], "CallSid=%00CA", NULL, NULL);
        cr_expect_eq(reply.status, 400, "%s NUL: %ld", paths[i], reply.status);
        reply = callback(paths[i], "CallSid=%ff%fe", NULL, NULL);
        cr_expect_eq(reply.status, 400, "%s not UTF-8: %ld", paths[i], reply.status);
        reply = callback(paths[i], large, NULL, NULL);
        cr_expect_eq(reply.status, 413, "%s large: %ld", paths[i], reply.status);
        cr_expect(strncmp(reply_header_of(&reply, "Content-Type"), "text/plain", 10) == 0);
        reply = http("GET", paths[i], NULL, NULL);
        cr_expect_eq(reply.status, 405, "%s GET: %ld", paths[i], reply.status);
        cr_expect_str_eq(reply_header_of(&reply, "Allow"), "POST");
    }
    cr_expect_geq(number_of("SELECT COUNT(*) FROM calls"), calls);
}

Test(callbacks, of_hooks_without_a_fitting_signature_are_forbidden)
{
    static const char *const paths[] = {"/hooks/twilio/amd",         "/hooks/twilio/recording",
                                        "/hooks/twilio/stream",      "/hooks/twilio/sms",
                                        "/hooks/twilio/conference",  "/hooks/twilio/sms-status",
                                        "/hooks/twilio/after/v1.x.y"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        cr_expect_eq(callback(paths[i], "CallSid=CA1", NULL, NULL).status, 403, "%s", paths[i]);
        cr_expect_eq(callback(paths[i], "CallSid=CA1", "x", NULL).status, 403, "%s", paths[i]);
    }
}

/* A message to the customer's number. */
static struct reply text_message(const struct customer *customer, const char *body)
{
    const char *sid = say("SM%s", new_call_sid() + 2);

    return callback("/hooks/twilio/sms",
                    say("AccountSid=%s&Body=%s&From=%%2B13125550143&MessageSid=%s&NumMedia=0"
                        "&NumSegments=1&To=%%2B%s",
                        fact("REHEARSAL_ACCOUNT_SID"), body, sid, customer->number + 1),
                    fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

static long long suppressed(const struct customer *customer)
{
    return number_of(say("SELECT COUNT(*) FROM suppressions AS s JOIN tenants AS t"
                         " ON t.id = s.tenant_id WHERE t.tenant_key = '%s'"
                         " AND s.lifted_at IS NULL",
                         customer->tenant));
}

Test(callbacks, of_messages_keep_who_does_not_want_any)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = text_message(&customer, "Hello");
    cr_expect_eq(reply.status, 200);
    cr_expect(strstr(reply.body, "<Response></Response>") != NULL, "%s", reply.body);
    reply = text_message(&customer, "STOP");
    cr_expect(strstr(reply.body, "<Message>") != NULL, "%s", reply.body);
    cr_expect_eq(suppressed(&customer), 1);
    reply = text_message(&customer, "HELP");
    cr_expect(strstr(reply.body, "<Message>") == NULL, "nothing more until START");
    reply = text_message(&customer, "start");
    cr_expect(strstr(reply.body, "<Message>") != NULL);
    cr_expect_eq(suppressed(&customer), 0);
    reply = text_message(&customer, "help");
    cr_expect(strstr(reply.body, "STOP") != NULL);
}

Test(callbacks, for_a_call_nobody_knows_are_kept)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid();

    customer_number(&customer);
    cr_expect_eq(status_of(&customer, sid, "completed", 3, "&CallDuration=1").status, 200);
    cr_expect_str_eq(
        text_of(say("SELECT applied FROM carrier_callbacks WHERE call_sid = '%s'", sid)), "orphan");
}

Test(callbacks, of_numbers_nobody_has_are_answered_with_a_sentence)
{
    struct customer nobody = {.number = "+13120000001"};
    struct reply reply =
        callback("/api/v1/incoming-call", call_form(&nobody, new_call_sid(), "ringing", ""),
                 fact("REHEARSAL_AUTH_TOKEN"), NULL);

    cr_expect_eq(reply.status, 200);
    cr_expect(strstr(reply.body, "not in service") != NULL, "%s", reply.body);
}
