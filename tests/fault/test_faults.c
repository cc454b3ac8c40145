/*
 * What breaks does not break a call: processes killed, the database away, workers stuck. These
 * tests run one after the other, each with the stack to itself.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/talk.h"

/* Whatever a test stopped runs again for the next one. */
static void restore(void)
{
    static const char *const parts[] = {"database", "carrier", "model", "receiver",
                                        "fcgi",     "stream",  "web"};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        part_start(parts[i]);
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200);
}

TestSuite(faults, .init = restore, .fini = restore, .timeout = 180);

#define LONG_TALK                                                                                  \
    "[{\"wait_agent\":true},{\"say\":\"The first question.\"},{\"wait_agent\":true},"              \
    "{\"say\":\"The second question.\"},{\"wait_agent\":true},{\"pause_ms\":3000},"                \
    "{\"say\":\"The third question.\"},{\"wait_agent\":true}]"

/* Waits until the carrier's caller has said a sentence. */
static void await_sentence(const char *sid, const char *text)
{
    AWAIT_FOR(60, strstr(control("CARRIER", "GET", say("/_calls/%s", sid), NULL).body, text));
}

Test(faults, a_call_outlives_the_daemon_that_held_it)
{
    struct customer customer = customer_new();
    json_object *row;
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550131", LONG_TALK);
    await_sentence(sid, "The first question.");
    nap_ms(1500); /* the sentence is on its way through both stand-ins */
    part_stop("stream", "KILL");
    part_start("stream");
    cr_expect_str_eq(at(call_ended(sid), "state"), "completed");

    row = call_settled(&customer, sid);
    cr_expect_str_eq(at(row, "outcome"), "answered");
    delivery_await(customer.webhook_path, "call.completed", sid);
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "The first question."), "%s",
              json_object_get_string(call_turns(&customer, sid)));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "The third question."), "%s",
              json_object_get_string(call_turns(&customer, sid)));
    cr_expect_str_eq(at(query(say("SELECT COUNT(*) AS sessions FROM voice_sessions s JOIN calls c"
                                  " ON c.tenant_id = s.tenant_id AND c.id = s.call_id"
                                  " WHERE c.call_sid = '%s'",
                                  sid)),
                        "0.sessions"),
                     "2");
}

Test(faults, a_call_goes_on_while_the_database_is_away_for_ten_seconds)
{
    struct customer customer = customer_new();
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550132", LONG_TALK);
    await_sentence(sid, "The first question.");
    part_stop("database", "TERM");
    nap_ms(10000);
    part_start("database");
    cr_expect_str_eq(at(call_ended(sid), "state"), "completed");

    cr_expect_str_eq(at(call_settled(&customer, sid), "outcome"), "answered");
    delivery_await(customer.webhook_path, "call.completed", sid);
    for (int i = 0; i < 3; i++) {
        static const char *const sentences[] = {"The first question.", "The second question.",
                                                "The third question."};

        cr_expect(turns_hold(call_turns(&customer, sid), "caller", sentences[i]), "%s: %s",
                  sentences[i], json_object_get_string(call_turns(&customer, sid)));
    }
}

Test(faults, without_the_database_the_api_says_so_in_the_dialects_shape_and_resumes_by_itself)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    part_stop("database", "TERM");
    reply = kwick(&customer, "GET", "/v1/numbers", NULL);
    cr_expect_eq(reply.status, 503, "%ld %s", reply.status, reply.body);
    cr_expect(has(reply.json, "error.code") && has(reply.json, "error.message"), "%s", reply.body);
    reply = admin("GET", say("/api/v1/admin/tenants/%s", customer.tenant), NULL);
    cr_expect_eq(reply.status, 503, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "false");
    cr_expect_eq(http("GET", "/health/live", NULL, NULL).status, 200);
    cr_expect_eq(http("GET", "/health/ready", NULL, NULL).status, 503);
    part_start("database");
    AWAIT(kwick(&customer, "GET", "/v1/numbers", NULL).status == 200);
}

Test(faults, without_the_database_carrier_callbacks_are_kept_answered_and_applied_later)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid(), *call, *end;
    struct reply reply;

    customer_number(&customer);
    call = say("AccountSid=%s&CallSid=%s&From=%%2B13125550133&To=%%2B%s&Direction=inbound"
               "&ApiVersion=2010-04-01&CallStatus=",
               fact("REHEARSAL_ACCOUNT_SID"), sid, customer.number + 1);
    end = say("%scompleted&CallDuration=17&SequenceNumber=3&CallbackSource=call-progress-events"
              "&Timestamp=Mon%%2C+02+Nov+2026+10%%3A00%%3A00+%%2B0000",
              call);
    reply = callback("/api/v1/incoming-call", say("%sringing", call), fact("REHEARSAL_AUTH_TOKEN"),
                     NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);

    part_stop("database", "TERM");
    reply = callback("/api/v1/call-status", end, fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_expect(reply.status == 200 || reply.status == 204, "%ld %s", reply.status, reply.body);
    reply =
        callback("/api/v1/incoming-call",
                 say("AccountSid=%s&CallSid=%s&From=%%2B13125550134&To=%%2B%s&CallStatus=ringing"
                     "&Direction=inbound&ApiVersion=2010-04-01",
                     fact("REHEARSAL_ACCOUNT_SID"), new_call_sid(), customer.number + 1),
                 fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect(strstr(reply.body, "<Response>"), "%s", reply.body);
    part_start("database");
    AWAIT_FOR(
        60, strcmp(at(query(say("SELECT state FROM calls WHERE call_sid = '%s'", sid)), "0.state"),
                   "completed") == 0);
    cr_expect_str_eq(at(query(say("SELECT duration_seconds FROM calls WHERE call_sid = '%s'", sid)),
                        "0.duration_seconds"),
                     "17");
}

Test(faults, a_worker_that_dies_is_replaced)
{
    struct customer customer = customer_new();

    cr_assert_eq(system(say("pkill -KILL -P %d", part_pid("fcgi"))), 0);
    AWAIT(kwick(&customer, "GET", "/v1/numbers", NULL).status == 200);
    kill(part_pid("fcgi"), 0);
}

Test(faults, slow_orders_never_keep_a_caller_waiting)
{
    struct customer customers[6];
    pid_t buyers[6];

    for (int i = 0; i < 6; i++)
        customers[i] = customer_new();
    customer_number(&customers[0]);
    control("CARRIER", "POST", "/_fault",
            "{\"match\":{\"path\":\"/2010-04-01\"},\"do\":\"delay\",\"ms\":6000,\"times\":-1}");
    for (int i = 0; i < 6; i++) {
        buyers[i] = fork();
        if (buyers[i] == 0) {
            kwick(&customers[i], "POST", "/v1/numbers", "{\"area_code\":\"415\"}");
            _exit(0);
        }
    }
    AWAIT(strstr(control("CARRIER", "GET", "/_fault", NULL).body, "\"struck\":"));
    for (int i = 0; i < 20; i++) {
        struct reply reply =
            callback("/api/v1/incoming-call",
                     say("AccountSid=%s&CallSid=%s&From=%%2B13125550135&To=%%2B%s&Direction=inbound"
                         "&CallStatus=ringing&ApiVersion=2010-04-01",
                         fact("REHEARSAL_ACCOUNT_SID"), new_call_sid(), customers[0].number + 1),
                     fact("REHEARSAL_AUTH_TOKEN"), NULL);

        cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    }
    for (int i = 0; i < 6; i++)
        cr_expect_eq(waitpid(buyers[i], NULL, WNOHANG), 0, "buyer %d had its answer first", i);
    for (int i = 0; i < 6; i++)
        waitpid(buyers[i], NULL, 0);
    control("CARRIER", "DELETE", "/_fault", NULL);
}
