/*
 * Reservations whose instruction is about the telephone, and callers who wait for a worker: what
 * the carrier is told, and whom it connects.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/program.h"
#include "api/twilio/router.h"

TestSuite(taskrouter_calls, .timeout = 120);

#define LISTENS "[{\"pause_ms\":60000}]"

/* A router whose account has a number. */
static struct router router_with_number(void)
{
    struct router router = router_new();

    customer_number(&router.account.customer);
    return router;
}

static const char *worker(const struct router *router, const char *phone)
{
    return made(router, "Workers",
                say("FriendlyName=Ann&ActivitySid=%s&Attributes=%s",
                    named(router, "Activities", "Available"),
                    encoded(say("{\"contact_uri\":\"%s\"}", phone))));
}

/* The store is asked until it is so, because an account may not ask without end. */
static bool is_task(const char *sid, const char *status)
{
    return strcmp(text_of(say("SELECT assignment_status FROM tr_tasks WHERE id = UNHEX('%s')",
                              sid + 2)),
                  status) == 0;
}

static json_object *task_now(const struct router *router, const char *sid)
{
    return route(router, "GET", in_space(router, "Tasks/%s", sid), NULL).json;
}

/* "Tasks/WT…/Reservations/WR…" of the only pending one. */
static const char *offer(const struct router *router, const char *task)
{
    struct reply reply =
        route(router, "GET",
              in_space(router, "Tasks/%s/Reservations?ReservationStatus=pending", task), NULL);

    cr_assert(*at(reply.json, "reservations.0.sid"), "%s", reply.body);
    return say("Tasks/%s/Reservations/%s", task, at(reply.json, "reservations.0.sid"));
}

/* What the carrier has of the leg on which a number is called, NULL so far. */
static json_object *leg_to(const struct router *router, const char *number)
{
    const char *sid = text_of(say("SELECT c.call_sid FROM calls AS c JOIN tenants AS t ON"
                                  " t.id = c.tenant_id WHERE t.account_sid = '%s'"
                                  " AND c.to_addr = '%s' AND c.call_sid LIKE 'CA%%'",
                                  router->account.sid, number));

    return *sid ? control("CARRIER", "GET", say("/_calls/%s", sid), NULL).json : NULL;
}

static bool is_in(json_object *call, const char *state)
{
    return call && strcmp(at(call, "state"), state) == 0;
}

static bool has_verb(const char *sid, const char *verb)
{
    struct reply reply = control("CARRIER", "GET", say("/_calls/%s", sid), NULL);

    return strstr(reply.body, say("\"verb\":\"%s\"", verb)) ||
           strstr(reply.body, say("\"verb\": \"%s\"", verb));
}

static void hang_up(const struct router *router, const char *sid)
{
    sdk_ok(&router->account, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"completed\"}]]", sid);
}

/* A call to somebody who hears the customer's TwiML, answered. */
static const char *caller(const struct router *router, const char *number, const char *twiml)
{
    const char *sid;

    program_says(&router->account, "/voice", twiml);
    answers_on(number, LISTENS);
    sid = program_calls(&router->account, number,
                        say("\"url\":\"%s\"", program_url(&router->account, "/voice")));
    program_hears(&router->account, "/voice", "CallSid", sid);
    return sid;
}

/* One who waits for a worker of the first workflow; answers the call, and the task. */
static const char *enqueued(const struct router *router, const char *number, const char **task)
{
    const char *flow = named(router, "Workflows", "Default Workflow"), *sid;

    program_says(&router->account, "/wait", "<Response><Pause length=\"1\"/></Response>");
    program_says(&router->account, "/left", "<Response><Hangup/></Response>");
    sid = caller(router, number,
                 say("<Response><Enqueue workflowSid=\"%s\" action=\"left\" waitUrl=\"wait\">"
                     "<Task>{\"tier\":\"gold\"}</Task></Enqueue></Response>",
                     flow));
    program_hears(&router->account, "/wait", "CallSid", sid);
    *task = at(route(router, "GET", in_space(router, "Tasks"), NULL).json, "tasks.0.sid");
    cr_assert(**task, "the caller waits as a task");
    return sid;
}

/* ---- <Enqueue workflowSid> ---- */

Test(taskrouter_calls, callers_who_are_enqueued_are_tasks_and_are_taken_by_who_dequeues)
{
    struct router router = router_with_number();
    const char *task, *sid = enqueued(&router, "+13125558401", &task), *place, *attributes;
    json_object *leg;
    struct told told;

    attributes = at(task_now(&router, task), "attributes");
    cr_expect(strstr(attributes, sid), "%s", attributes);
    cr_expect(strstr(attributes, "gold") && strstr(attributes, "outbound-api"), "%s", attributes);
    cr_expect(strstr(attributes, router.account.sid), "%s", attributes);
    cr_expect(has_verb(sid, "Enqueue"));
    worker(&router, answers_on("+13125558402", LISTENS));
    place = offer(&router, task);
    change(&router, place,
           "Instruction=dequeue&DequeueTimeout=20&DequeueRecord=record-from-answer");
    AWAIT(is_in(leg_to(&router, "+13125558402"), "in-progress"));
    leg = leg_to(&router, "+13125558402");
    cr_expect_str_eq(at(leg, "from"), router.account.customer.number);
    AWAIT(has_verb(at(leg, "call_sid"), "Dial"));
    AWAIT(*at(leg_to(&router, "+13125558402"), "recordings.0.sid"));
    cr_expect(is_task(task, "assigned"));
    hang_up(&router, at(leg, "call_sid"));
    told = program_hears(&router.account, "/left", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "QueueResult"), "bridged", "the two were connected");
    AWAIT(is_task(task, "wrapping"));
}

Test(taskrouter_calls, callers_for_whom_nobody_is_found_leave_the_queue)
{
    struct router router = router_with_number();
    const char *task, *sid = enqueued(&router, "+13125558403", &task);
    struct told told;

    change(&router, say("Tasks/%s", task), "AssignmentStatus=canceled");
    told = program_hears(&router.account, "/left", "CallSid", sid);
    cr_expect_str_eq(at(told.fields, "QueueResult"), "leave");
    program_believes(&router.account, &told);
}

/* What the caller hears goes on from document to document. */
Test(taskrouter_calls, callers_for_whom_nobody_is_found_leave_the_queue_wherever_they_listen)
{
    struct router router = router_with_number();
    const char *task, *sid = enqueued(&router, "+13125558417", &task);

    program_says(&router.account, "/wait", "<Response><Redirect>more</Redirect></Response>");
    program_says(&router.account, "/more",
                 "<Response><Pause length=\"1\"/><Redirect>more</Redirect></Response>");
    AWAIT(program_told(&router.account, "/more") >= 2);
    change(&router, say("Tasks/%s", task), "AssignmentStatus=canceled");
    cr_expect_str_eq(
        at(program_hears(&router.account, "/left", "CallSid", sid).fields, "QueueResult"), "leave");
}

Test(taskrouter_calls, callers_who_hang_up_are_waited_for_no_longer)
{
    struct router router = router_with_number();
    const char *task, *sid = enqueued(&router, "+13125558404", &task);

    hang_up(&router, sid);
    AWAIT(is_task(task, "canceled"));
    cr_expect_str_eq(at(task_now(&router, task), "reason"), "hangup");
}

/* ---- instructions for a live call that nobody has passed on ---- */

/* A task about a call, made by the client, and its reservation. */
static const char *reserved_for(const struct router *router, const char *sid, const char *phone,
                                const char **task)
{
    worker(router, phone);
    *task =
        made(router, "Tasks",
             say("TaskChannel=voice&Attributes=%s", encoded(say("{\"call_sid\":\"%s\"}", sid))));
    return offer(router, *task);
}

Test(taskrouter_calls, callers_of_a_live_call_are_connected_in_a_conference_as_is_said)
{
    struct router router = router_with_number();
    const char *sid =
        caller(&router, "+13125558405", "<Response><Pause length=\"60\"/></Response>");
    const char *task, *place;
    json_object *leg;

    place = reserved_for(&router, sid, answers_on("+13125558406", LISTENS), &task);
    change(&router, place,
           say("Instruction=conference&From=%s&Timeout=20&Record=true",
               encoded(router.account.customer.number)));
    AWAIT(is_in(leg_to(&router, "+13125558406"), "in-progress"));
    leg = leg_to(&router, "+13125558406");
    AWAIT(has_verb(sid, "Enqueue"));
    AWAIT(*at(leg_to(&router, "+13125558406"), "recordings.0.sid"));
    hang_up(&router, sid);
    AWAIT(is_task(task, "wrapping"));
    call_ended(at(leg, "call_sid"));
}

Test(taskrouter_calls, workers_are_called_and_hear_what_the_customer_says)
{
    struct router router = router_with_number();
    const char *sid =
        caller(&router, "+13125558407", "<Response><Pause length=\"60\"/></Response>");
    const char *task, *place;
    struct told told;

    place = reserved_for(&router, sid, answers_on("+13125558408", LISTENS), &task);
    program_says(&router.account, "/worker", "<Response><Say>A caller waits</Say></Response>");
    change(&router, place,
           say("Instruction=call&CallAccept=true&CallTimeout=20&CallFrom=%s&CallUrl=%s",
               encoded(router.account.customer.number),
               encoded(program_url(&router.account, "/worker"))));
    told = program_hears(&router.account, "/worker", "To", "+13125558408");
    cr_expect_str_eq(at(told.fields, "From"), router.account.customer.number);
    cr_expect(
        strstr(json_object_get_string(call_ended(at(told.fields, "CallSid"))), "A caller waits"));
    cr_expect(is_task(task, "assigned"));
}

Test(taskrouter_calls, callers_are_sent_to_other_twiml)
{
    struct router router = router_with_number();
    const char *sid =
        caller(&router, "+13125558409", "<Response><Pause length=\"60\"/></Response>");
    const char *task, *place = reserved_for(&router, sid, "+13125558410", &task);

    program_says(&router.account, "/elsewhere", "<Response><Say>This way</Say></Response>");
    change(&router, place,
           say("Instruction=redirect&RedirectAccept=true&RedirectCallSid=%s&RedirectUrl=%s", sid,
               encoded(program_url(&router.account, "/elsewhere"))));
    program_hears(&router.account, "/elsewhere", "CallSid", sid);
    cr_expect(strstr(json_object_get_string(call_ended(sid)), "This way"));
    cr_expect(is_task(task, "assigned"));
}

/* The agent passes its caller on, who waits in a conference for the worker. */
Test(taskrouter_calls, callers_of_an_agent_are_passed_on_to_who_dequeues)
{
    struct router router = router_with_number();
    const struct customer *customer = &router.account.customer;
    const char *sid, *task, *place;
    json_object *leg;

    answers_on("+13125558411", LISTENS);
    sid = program_calls(
        &router.account, "+13125558411",
        say("\"applicationSid\":\"%s\"",
            text_of(say("SELECT CONCAT('AP', REPLACE('%s', '-', ''))", customer->agent_id))));
    AWAIT(*text_of(say("SELECT s.id FROM voice_sessions AS s JOIN calls AS c ON c.id = s.call_id"
                       " WHERE c.call_sid = '%s' AND s.state = 'active'",
                       sid)));
    place = reserved_for(&router, sid, answers_on("+13125558412", LISTENS), &task);
    change(&router, place, "Instruction=dequeue&DequeueTimeout=20&DequeueRecord=true");
    AWAIT(is_in(leg_to(&router, "+13125558412"), "in-progress"));
    leg = leg_to(&router, "+13125558412");
    cr_expect_str_eq(at(leg, "from"), customer->number);
    AWAIT(*at(leg_to(&router, "+13125558412"), "recordings.0.sid"));
    AWAIT(strcmp(text_of(say("SELECT h.state FROM handoffs AS h JOIN calls AS c ON"
                             " c.id = h.call_id WHERE c.call_sid = '%s'",
                             sid)),
                 "bridged") == 0);
    hang_up(&router, at(leg, "call_sid"));
    AWAIT(is_task(task, "wrapping"));
}
