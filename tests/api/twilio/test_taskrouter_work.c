/*
 * Tasks and reservations, by the carrier's official client: how work is made, offered, taken,
 * refused and ended.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/router.h"

TestSuite(taskrouter_work, .timeout = 120);

/* A worker who is available, of these attributes. */
static const char *worker(const struct router *router, const char *name, const char *attributes)
{
    return made(router, "Workers",
                say("FriendlyName=%s&ActivitySid=%s&Attributes=%s", name,
                    named(router, "Activities", "Available"), encoded(attributes)));
}

static json_object *task(const struct router *router, const char *sid)
{
    return client_does(router, "'tasks',['%s'],'fetch',[]", sid);
}

/* The pending reservation of a task; there is one. */
static const char *offer(const struct router *router, const char *task)
{
    json_object *list = client_does(
        router, "'tasks',['%s'],'reservations','list',[{'reservationStatus':'pending'}]", task);

    cr_assert_eq(json_object_array_length(list), 1, "%s", json_object_to_json_string(list));
    return at(list, "0.sid");
}

static json_object *answer(const struct router *router, const char *task, const char *reservation,
                           const char *what)
{
    return client_does(router, "'tasks',['%s'],'reservations',['%s'],'update',[{%s}]", task,
                       reservation, what);
}

static void is(json_object *json, const char *member, const char *value)
{
    cr_expect_str_eq(at(json, member), value, "%s is %s, not %s", member, at(json, member), value);
}

/* The SIDs or names of a list in its order. */
static const char *sequence(json_object *list, const char *member)
{
    const char *all = "";

    for (size_t i = 0; i < json_object_array_length(list); i++)
        all = say("%s%s%s", all, i ? " " : "", at(json_object_array_get_idx(list, i), member));
    return all;
}

/* ---- tasks ---- */

Test(taskrouter_work, tasks_say_all_that_is_known_of_them)
{
    struct router router = router_new();
    const char *queue = named(&router, "TaskQueues", "Everyone");
    const char *flow = named(&router, "Workflows", "Default Workflow");
    json_object *made = client_does(&router,
                                    "'tasks','create',[{'attributes':'{ \\'tier\\' : 1 }',"
                                    "'workflowSid':'%s','timeout':600,'priority':7,"
                                    "'taskChannel':'voice'}]",
                                    flow);
    const char *sid = at(made, "sid"), *path = say("%s/Tasks/%s", router.space, sid);
    struct reply reply;

    cr_expect_eq(strncmp(sid, "WT", 2), 0);
    is(made, "attributes", "{ \"tier\" : 1 }");
    is(made, "assignmentStatus", "pending");
    is(made, "priority", "7");
    is(made, "timeout", "600");
    is(made, "addons", "{}");
    is(made, "workflowSid", flow);
    is(made, "workflowFriendlyName", "Default Workflow");
    is(made, "taskQueueSid", queue);
    is(made, "taskQueueFriendlyName", "Everyone");
    is(made, "taskChannelUniqueName", "voice");
    is(made, "url", say("%s%s", fact("PUBLIC_BASE_URL"), path));
    is(made, "links.reservations", say("%s%s/Reservations", fact("PUBLIC_BASE_URL"), path));
    is(made, "links.task_queue",
       say("%s%s/TaskQueues/%s", fact("PUBLIC_BASE_URL"), router.space, queue));
    is(made, "virtualStartTime", at(made, "dateCreated"));
    cr_expect(*at(made, "taskQueueEnteredDate"));
    reply = route(&router, "GET", path, NULL);
    cr_expect_str_eq(at(reply.json, "queue_sid"), queue);
    cr_expect_str_eq(at(reply.json, "queue_friendly_name"), "Everyone");
    cr_expect(has(reply.json, "reason") && has(reply.json, "routing_target"));
    cr_expect(*at(reply.json, "age") >= '0' && *at(reply.json, "age") <= '9');
    made =
        client_does(&router, "'tasks','create',[{'taskChannel':'%s'}]", at(made, "taskChannelSid"));
    is(made, "taskChannelUniqueName", "voice");
    is(made, "attributes", "{}");
}

Test(taskrouter_work, tasks_are_changed_canceled_and_deleted)
{
    struct router router = router_new();
    const char *sid = made(&router, "Tasks", "");

    is(client_does(&router, "'tasks',['%s'],'update',[{'attributes':'{\\'a\\':1}','priority':3}]",
                   sid),
       "priority", "3");
    is(task(&router, sid), "attributes", "{\"a\":1}");
    is(client_does(&router,
                   "'tasks',['%s'],'update',[{'assignmentStatus':'canceled','reason':'gone'}]",
                   sid),
       "assignmentStatus", "canceled");
    is(task(&router, sid), "reason", "gone");
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'assignmentStatus':'completed'}]",
                      sid);
    sid = made(&router, "Tasks", "");
    client_does(&router, "'tasks',['%s'],'remove',[]", sid);
    client_finds_nothing(&router, "'tasks',['%s'],'fetch',[]", sid);
    client_finds_nothing(&router, "'tasks',['%s'],'remove',[]", sid);
}

Test(taskrouter_work, finished_tasks_are_seen_for_five_minutes)
{
    struct router router = router_new();
    const char *sid = made(&router, "Tasks", "");

    change(&router, say("Tasks/%s", sid), "AssignmentStatus=canceled");
    is(task(&router, sid), "assignmentStatus", "canceled");
    query(say("UPDATE tr_tasks SET finished_at = finished_at - INTERVAL 301 SECOND"
              " WHERE HEX(id) = UPPER('%s')",
              sid + 2));
    client_finds_nothing(&router, "'tasks',['%s'],'fetch',[]", sid);
    client_finds_nothing(&router, "'tasks',['%s'],'update',[{'priority':3}]", sid);
    cr_expect_eq(json_object_array_length(client_does(&router, "'tasks','list',[]")), 0);
    cr_expect_eq(rows_of(&router.account.customer, "tr_tasks"), 1, "the row stays");
}

Test(taskrouter_work, tasks_are_listed_by_what_is_asked_for)
{
    struct router router = router_new();
    const char *queue = made(&router, "TaskQueues", "FriendlyName=Side");
    const char *a = made(&router, "Tasks", "Priority=1&Attributes=%7B%22tier%22:1%7D");
    const char *b = made(&router, "Tasks", say("Priority=9&TaskQueueSid=%s", queue));
    const char *c = made(&router, "Tasks", "Priority=5&VirtualStartTime=2026-01-01T00:00:00Z");

    change(&router, say("Tasks/%s", c), "AssignmentStatus=canceled");
#define LISTED(what) sequence(client_does(&router, "'tasks','list',[{" what "}]"), "sid")
    cr_expect_str_eq(LISTED(""), say("%s %s %s", a, b, c));
    cr_expect_str_eq(LISTED("'priority':9"), b);
    cr_expect_str_eq(LISTED("'assignmentStatus':['pending']"), say("%s %s", a, b));
    cr_expect_str_eq(LISTED("'assignmentStatus':['canceled','assigned']"), c);
    cr_expect_str_eq(LISTED("'evaluateTaskAttributes':'tier == 1'"), a);
    cr_expect_str_eq(LISTED("'taskQueueName':'Side'"), b);
    cr_expect_str_eq(LISTED("'workflowName':'Default Workflow'"), say("%s %s %s", a, b, c));
    cr_expect_str_eq(LISTED("'workflowName':'None'"), "");
    cr_expect_str_eq(LISTED("'hasAddons':true"), "");
    cr_expect_str_eq(LISTED("'hasAddons':false"), say("%s %s %s", a, b, c));
    cr_expect_str_eq(LISTED("'ordering':'Priority:desc'"), say("%s %s %s", b, c, a));
    cr_expect_str_eq(LISTED("'ordering':'Priority:asc,DateCreated:asc'"), say("%s %s %s", a, c, b));
    cr_expect_str_eq(LISTED("'ordering':'VirtualStartTime:asc'"), say("%s %s %s", c, a, b));
    cr_expect_str_eq(LISTED("'ordering':'DateCreated:desc','pageSize':1"),
                     say("%s %s %s", c, b, a));
    cr_expect_str_eq(
        sequence(client_does(&router, "'tasks','list',[{'taskQueueSid':'%s'}]", queue), "sid"), b);
    cr_expect_str_eq(
        sequence(client_does(&router, "'tasks','list',[{'routingTarget':'%s'}]", queue), "sid"), b);
    cr_expect_str_eq(sequence(client_does(&router, "'tasks','list',[{'workflowSid':'%s'}]",
                                          named(&router, "Workflows", "Default Workflow")),
                              "sid"),
                     say("%s %s %s", a, b, c));
}

Test(taskrouter_work, lists_of_tasks_refuse_filters_that_are_none)
{
    static const char *const wrong[][2] = {
        {"AssignmentStatus=asleep", "AssignmentStatus"},
        {"AssignmentStatus=pending,reserved,assigned,wrapping,completed,canceled,pending",
         "AssignmentStatus"},
        {"Priority=high", "Priority"},
        {"WorkflowSid=WQ00000000000000000000000000000001", "WorkflowSid"},
        {"TaskQueueSid=1", "TaskQueueSid"},
        {"RoutingTarget=Ann", "RoutingTarget"},
        {"EvaluateTaskAttributes=%28", "EvaluateTaskAttributes"},
        {"Ordering=Priority:up", "Ordering"},
        {"Ordering=DateCreated,VirtualStartTime", "Ordering"},
    };
    struct router router = router_new();

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply =
            route(&router, "GET", in_space(&router, "Tasks?%s", wrong[i][0]), NULL);

        twilio_refused(&reply, 400, 20001);
        cr_expect(strstr(at(reply.json, "message"), wrong[i][1]), "%s: %s", wrong[i][0],
                  reply.body);
    }
}

Test(taskrouter_work, tasks_refuse_what_they_cannot_be)
{
    static const char *const wrong[][2] = {
        {"Attributes=%7B", "Attributes"},
        {"Attributes=3", "Attributes"},
        {"WorkflowSid=WW00000000000000000000000000000001", "workflow"},
        {"WorkflowSid=me", "WorkflowSid"},
        {"TaskQueueSid=WQ00000000000000000000000000000001", "queue"},
        {"Timeout=0", "Timeout"},
        {"Timeout=1209601", "Timeout"},
        {"Timeout=soon", "Timeout"},
        {"Priority=-1", "Priority"},
        {"Priority=2147483648", "Priority"},
        {"TaskChannel=fax", "TaskChannel"},
        {"VirtualStartTime=2999-01-01T00:00:00Z", "VirtualStartTime"},
        {"VirtualStartTime=early", "VirtualStartTime"},
        {"RoutingTarget=Ann", "RoutingTarget"},
        {"RoutingTarget=WK00000000000000000000000000000001", "worker"},
        {"IgnoreCapacity=perhaps", "IgnoreCapacity"},
    };
    struct router router = router_new();

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = route(&router, "POST", in_space(&router, "Tasks"), wrong[i][0]);

        twilio_refused(&reply, 400, 20001);
        cr_expect(strstr(at(reply.json, "message"), wrong[i][1]), "%s: %s", wrong[i][0],
                  reply.body);
    }
    cr_expect_eq(rows_of(&router.account.customer, "tr_tasks"), 0);
}

Test(taskrouter_work, tasks_need_a_workflow_where_there_are_several)
{
    struct router router = router_new();

    made(&router, "Workflows",
         say("FriendlyName=Second&Configuration=%s",
             encoded(say("{\"task_routing\":{\"default_filter\":{\"queue\":\"%s\"}}}",
                         named(&router, "TaskQueues", "Everyone")))));
    client_is_refused(&router, "WorkflowSid", "'tasks','create',[{}]");
}

Test(taskrouter_work, tasks_refuse_changes_that_do_not_fit)
{
    struct router router = router_new();
    const char *sid = made(&router, "Tasks", "");

    client_is_refused(&router, "",
                      "'tasks',['%s'],'update',[{'assignmentStatus':'canceled',"
                      "'attributes':'{}'}]",
                      sid);
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'assignmentStatus':'assigned'}]",
                      sid);
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'assignmentStatus':'wrapping'}]",
                      sid);
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'assignmentStatus':'x'}]", sid);
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'reason':'none'}]", sid);
    client_is_refused(&router, "Priority", "'tasks',['%s'],'update',[{'priority':-1}]", sid);
    client_is_refused(&router, "TaskChannel", "'tasks',['%s'],'update',[{'taskChannel':'x'}]", sid);
    is(task(&router, sid), "assignmentStatus", "pending");
}

/* ---- reservations ---- */

Test(taskrouter_work, a_task_is_offered_taken_wrapped_up_and_completed)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");
    const char *reservation = offer(&router, sid);
    json_object *got =
        client_does(&router, "'tasks',['%s'],'reservations',['%s'],'fetch',[]", sid, reservation);

    is(task(&router, sid), "assignmentStatus", "reserved");
    cr_expect_eq(strncmp(reservation, "WR", 2), 0);
    is(got, "reservationStatus", "pending");
    is(got, "workerSid", ann);
    is(got, "workerName", "Ann");
    is(got, "taskSid", sid);
    is(got, "accountSid", router.account.sid);
    is(got, "url",
       say("%s%s/Tasks/%s/Reservations/%s", fact("PUBLIC_BASE_URL"), router.space, sid,
           reservation));
    is(got, "links.worker", say("%s%s/Workers/%s", fact("PUBLIC_BASE_URL"), router.space, ann));
    is(answer(&router, sid, reservation, "'reservationStatus':'accepted'"), "reservationStatus",
       "accepted");
    is(task(&router, sid), "assignmentStatus", "assigned");
    client_is_refused(&router, "", "'tasks',['%s'],'update',[{'assignmentStatus':'canceled'}]",
                      sid);
    is(answer(&router, sid, reservation, "'reservationStatus':'wrapping'"), "reservationStatus",
       "wrapping");
    is(task(&router, sid), "assignmentStatus", "wrapping");
    is(answer(&router, sid, reservation, "'reservationStatus':'completed'"), "reservationStatus",
       "completed");
    is(task(&router, sid), "assignmentStatus", "completed");
    client_is_refused(&router, "",
                      "'tasks',['%s'],'reservations',['%s'],'update',[{'reservationStatus':"
                      "'accepted'}]",
                      sid, reservation);
}

Test(taskrouter_work, a_reservation_is_the_same_from_both_sides)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");
    const char *reservation = offer(&router, sid);
    json_object *got = client_does(&router, "'workers',['%s'],'reservations','list',[]", ann);

    is(got, "0.sid", reservation);
    got =
        client_does(&router, "'workers',['%s'],'reservations',['%s'],'fetch',[]", ann, reservation);
    is(got, "taskSid", sid);
    is(got, "url",
       say("%s%s/Workers/%s/Reservations/%s", fact("PUBLIC_BASE_URL"), router.space, ann,
           reservation));
    got = client_does(&router,
                      "'workers',['%s'],'reservations',['%s'],'update',[{'instruction':'accept'}]",
                      ann, reservation);
    is(got, "reservationStatus", "accepted");
    is(task(&router, sid), "assignmentStatus", "assigned");
    got = client_does(
        &router, "'workers',['%s'],'reservations','list',[{'reservationStatus':'pending'}]", ann);
    cr_expect_eq(json_object_array_length(got), 0);
    got =
        client_does(&router, "'tasks',['%s'],'reservations','list',[{'workerSid':'%s'}]", sid, ann);
    is(got, "0.reservationStatus", "accepted");
}

Test(taskrouter_work, who_refuses_can_be_sent_away_and_the_next_is_asked)
{
    struct router router = router_new();
    const char *unavailable = named(&router, "Activities", "Unavailable");
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");
    const char *first = offer(&router, sid), *bob = worker(&router, "Bob", "{}");

    is(client_does(&router,
                   "'tasks',['%s'],'reservations',['%s'],'update',[{'reservationStatus':"
                   "'rejected','workerActivitySid':'%s'}]",
                   sid, first, unavailable),
       "reservationStatus", "rejected");
    is(client_does(&router, "'workers',['%s'],'fetch',[]", ann), "activityName", "Unavailable");
    is(client_does(&router, "'tasks',['%s'],'reservations',['%s'],'fetch',[]", sid,
                   offer(&router, sid)),
       "workerSid", bob);
    is(client_does(&router,
                   "'tasks',['%s'],'reservations',['%s'],'update',[{'instruction':'reject',"
                   "'workerActivitySid':'%s'}]",
                   sid, offer(&router, sid), unavailable),
       "reservationStatus", "rejected");
    is(task(&router, sid), "assignmentStatus", "pending");
}

Test(taskrouter_work, who_goes_can_leave_what_was_offered)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");
    const char *offline = named(&router, "Activities", "Offline");

    offer(&router, sid);
    client_does(&router,
                "'workers',['%s'],'update',[{'activitySid':'%s',"
                "'rejectPendingReservations':true}]",
                ann, offline);
    is(task(&router, sid), "assignmentStatus", "pending");
    is(client_does(&router, "'tasks',['%s'],'reservations','list',[]", sid), "0.reservationStatus",
       "rejected");
}

Test(taskrouter_work, who_is_at_work_cannot_be_deleted)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");

    answer(&router, sid, offer(&router, sid), "'reservationStatus':'accepted'");
    client_is_refused(&router, "", "'workers',['%s'],'remove',[]", ann);
    client_does(&router, "'tasks',['%s'],'update',[{'assignmentStatus':'completed'}]", sid);
    client_does(&router, "'workers',['%s'],'remove',[]", ann);
}

Test(taskrouter_work, a_worker_a_queue_and_a_workflow_can_be_asked_for)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *bob = worker(&router, "Bob", "{}");
    json_object *made = client_does(&router, "'tasks','create',[{'routingTarget':'%s'}]", bob);

    is(made, "routingTarget", bob);
    is(made, "ignoreCapacity", "true");
    is(client_does(&router, "'workers',['%s'],'reservations','list',[]", bob), "0.taskSid",
       at(made, "sid"));
    cr_expect_eq(json_object_array_length(
                     client_does(&router, "'workers',['%s'],'reservations','list',[]", ann)),
                 0);
    made = client_does(&router,
                       "'tasks','create',[{'routingTarget':'%s','ignoreCapacity':"
                       "'false'}]",
                       named(&router, "Workflows", "Default Workflow"));
    is(made, "ignoreCapacity", "false");
    is(made, "workflowFriendlyName", "Default Workflow");
}

Test(taskrouter_work, instructions_that_cannot_be_followed_are_refused)
{
    static const char *const wrong[][2] = {
        {"ReservationStatus=pending", "ReservationStatus"},
        {"ReservationStatus=asleep", "ReservationStatus"},
        {"", "ReservationStatus"},
        {"Instruction=supervise", "Instruction"},
        {"Instruction=dequeue", "call"}, /* the task stands for none */
        {"Instruction=dequeue&DequeueRecord=often", "DequeueRecord"},
        {"Instruction=conference&ConferenceRecord=often", "ConferenceRecord"},
        {"Instruction=conference&Muted=maybe", "Muted"},
        {"Instruction=conference&StatusCallbackEvent=ringing&StatusCallbackEvent=completed",
         "StatusCallbackEvent"},
        {"Instruction=conference&SipAuthPassword=x", "SipAuthPassword"},
        {"Instruction=conference&StatusCallback=https://example.com", "StatusCallback"},
        {"Instruction=dequeue&DequeueStatusCallbackUrl=https://example.com",
         "DequeueStatusCallbackUrl"},
        {"Instruction=call&CallFrom=%2B13125550100", "call"},
        {"Instruction=call&CallTimeout=soon", "CallTimeout"},
        {"Instruction=redirect&RedirectUrl=https://example.com", "redirect"},
        {"Instruction=reject&WorkerActivitySid=WA00000000000000000000000000000001",
         "WorkerActivitySid"},
    };
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");
    const char *place = say("Tasks/%s/Reservations/%s", sid, offer(&router, sid));
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        reply = route(&router, "POST", in_space(&router, "%s", place), wrong[i][0]);
        twilio_refused(&reply, 400, 20001);
        cr_expect(strstr(at(reply.json, "message"), wrong[i][1]), "%s: %s", wrong[i][0],
                  reply.body);
    }
    reply = route(&router, "POST",
                  in_space(&router, "Workers/%s/Reservations/%s", ann, strstr(place, "WR")),
                  "ReservationStatus=asleep");
    twilio_refused(&reply, 400, 20001);
    reply = route(&router, "GET",
                  in_space(&router, "Tasks/%s/Reservations?ReservationStatus=asleep", sid), NULL);
    twilio_refused(&reply, 400, 20001);
    reply = route(&router, "GET",
                  in_space(&router, "Workers/%s/Reservations?ReservationStatus=asleep", ann), NULL);
    twilio_refused(&reply, 400, 20001);
    change(&router, place, "Instruction=accept&Record=false&Muted=false&DequeueTimeout=20");
    is(task(&router, sid), "assignmentStatus", "assigned");
}

Test(taskrouter_work, a_deleted_task_takes_back_what_was_offered)
{
    struct router router = router_new();
    const char *ann = worker(&router, "Ann", "{}"), *sid = made(&router, "Tasks", "");

    offer(&router, sid);
    client_does(&router, "'tasks',['%s'],'remove',[]", sid);
    client_finds_nothing(&router, "'tasks',['%s'],'reservations','list',[]", sid);
    is(client_does(&router, "'workers',['%s'],'reservations','list',[]", ann),
       "0.reservationStatus", "canceled");
}
