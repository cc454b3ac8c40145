/* What a customer's program is told of events, and asked about reservations. */
#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "domain/call_names.h"
#include "domain/callbacks.h"
#include "domain/customer_requests.h"
#include "domain/keys.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/questions.h"
#include "remote/twilio_signature.h"
#include "routing.h"

static struct routing_world r;
static struct work *work;

static void setup(void)
{
    routing_begin(&r, true);
    work = r.work;
    r.world.config.allow_private_urls = "yes";
    answerer_start();
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_told, .init = setup, .fini = end, .timeout = 90);

/* ---- events ---- */

static const char *at(const char *path)
{
    return arena_format(&work->arena, "%s%s", answerer_url(), path);
}

static void listen_for(const char *filter)
{
    columns given =
        TR_WITH(TR_WITH(NO_COLUMNS, tr_workspace, event_callback_url), tr_workspace, events_filter);
    struct tr_workspace wanted = r.workspace;

    wanted.event_callback_url = at("/events");
    wanted.events_filter = filter;
    cr_assert(tr_workspace_update(work, &wanted, given, NO_INTEGER, &r.workspace), "%s",
              work->error.message);
}

struct told {
    const char *event_type, *body;
};

static const struct column columns_of_told[] = {
    COLUMN(told, event_type, NOT_NULL),
    COLUMN(told, body, NOT_NULL),
};

static const struct entity told_entity = ENTITY(told, "delivery", NULL, columns_of_told);

static struct rows told(void)
{
    static const char sql[] = "SELECT event_type, body FROM webhook_deliveries"
                              " WHERE tenant_id = ? ORDER BY id";
    const struct param params[] = {PARAM(work->tenant)};
    struct rows rows;

    cr_assert(db_select(work, sql, params, COUNT(params), &told_entity, &rows));
    return rows;
}

/* The one event of that type. */
static struct form form_of(const char *type)
{
    struct rows rows = told();
    const struct told *all = rows.at, *found = NULL;
    struct form form;

    for (size_t i = 0; i < rows.count; i++)
        if (strcmp(all[i].event_type, type) == 0) {
            cr_assert_null(found, "%s is told twice", type);
            found = &all[i];
        }
    cr_assert_not_null(found, "%s is not told", type);
    customer_form_read(work, found->body, &form);
    return form;
}

Test(taskrouter_told, of_everything_that_happens_to_a_task)
{
    static const char *const types[] = {
        "workspace.updated",       "task.created",       "workflow.entered",
        "workflow.target-matched", "task-queue.entered", "reservation.created",
        "reservation.accepted",    "task.wrapup",        "reservation.wrapup",
        "reservation.completed",   "task.completed"};
    struct tr_task task;
    struct form form;

    worker_in(&r, r.available, "Ann", "{\"level\":1}");
    listen_for(NULL);
    task = task_of(&r, NO_UID, "{\"n\":1}");
    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    cr_assert(end_task_as(&r, task.id, "wrapping", NULL));
    cr_assert(end_task_as(&r, task.id, "completed", "sold"));
    for (size_t i = 0; i < COUNT(types); i++) {
        form = form_of(types[i]);
        cr_expect_str_eq(form_value(&form, "EventType"), types[i]);
        cr_expect_str_eq(form_value(&form, "WorkspaceSid"), sid_of(&r, "WS", r.workspace.id));
        cr_expect_str_eq(form_value(&form, "AccountSid"), r.world.tenant.account_sid);
    }
    form = form_of("reservation.accepted");
    cr_expect_str_eq(form_value(&form, "ResourceType"), "Reservation");
    cr_expect_str_eq(form_value(&form, "TaskSid"), sid_of(&r, "WT", task.id));
    cr_expect_str_eq(form_value(&form, "TaskAttributes"), "{\"n\":1}");
    cr_expect_str_eq(form_value(&form, "WorkerName"), "Ann");
    cr_expect_str_eq(form_value(&form, "TaskQueueName"), "Everyone");
    form = form_of("workflow.target-matched");
    cr_expect_str_eq(form_value(&form, "ResourceType"), "Workflow");
    cr_expect_str_eq(form_value(&form, "WorkflowSid"), sid_of(&r, "WW", r.workflow.id));
    cr_expect_str_eq(form_value(&form, "TaskSid"), sid_of(&r, "WT", task.id));
    form = form_of("task.completed");
    cr_expect_str_eq(form_value(&form, "TaskCompletedReason"), "sold");
    cr_expect_str_eq(form_value(&form, "TaskAssignmentStatus"), "completed");
}

Test(taskrouter_told, of_a_task_that_falls_out_of_its_workflow)
{
    struct tr_queue queue = queue_of(&r, "Nobody", "1==2");
    struct tr_workflow workflow =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":["
                    "{\"queue\":\"%1\",\"skip_if\":\"1==1\"},{\"queue\":\"%1\",\"timeout\":5}]}]}}",
                    &queue, 1);
    static const char *const types[] = {"workflow.skipped", "task-queue.timeout",
                                        "workflow.timeout", "task.canceled"};
    struct form form;

    listen_for("workflow.skipped,workflow.timeout,task-queue.timeout,task.canceled");
    task_of(&r, workflow.id, NULL);
    pass_seconds(&r, 6);
    for (size_t i = 0; i < COUNT(types); i++) {
        form = form_of(types[i]);
        cr_expect_str_eq(form_value(&form, "EventType"), types[i]);
    }
    cr_expect_str_eq(form_value(&form, "TaskCanceledReason"), "Task canceled on Workflow timeout.");
}

Test(taskrouter_told, of_nothing_that_the_filter_leaves_out)
{
    uid ann = worker_in(&r, r.offline, "Ann", NULL);
    struct form form;

    listen_for("worker.activity.update, task.canceled");
    task_of(&r, NO_UID, NULL);
    put_worker(&r, ann, r.unavailable);
    cr_expect_eq(told().count, 1);
    form = form_of("worker.activity.update");
    cr_expect_str_eq(form_value(&form, "WorkerActivityName"), "Unavailable");
    cr_expect_str_eq(form_value(&form, "WorkerPreviousActivitySid"), sid_of(&r, "WA", r.offline));
    cr_expect_not(tr_event_wanted("task.created", "task.created2"));
    cr_expect(tr_event_wanted("a,task.created", "task.created"));
    cr_expect(tr_event_wanted("", "task.created"));
}

/* ---- questions ---- */

static void ask_at(const char *first, const char *fallback)
{
    columns given = TR_WITH(TR_WITH(NO_COLUMNS, tr_workflow, assignment_callback_url), tr_workflow,
                            fallback_assignment_callback_url);
    struct tr_workflow wanted = r.workflow;

    wanted.assignment_callback_url = first;
    wanted.fallback_assignment_callback_url = fallback;
    cr_assert(tr_workflow_update(work, &wanted, given, false, NO_INTEGER, &r.workflow), "%s",
              work->error.message);
}

static int64_t ask(void)
{
    int64_t asked, tenant = work->tenant;

    cr_assert(tr_questions_ask(work, "test", 10, &asked), "%s", work->error.message);
    cr_expect_eq(work->tenant, tenant);
    return asked;
}

static const char *status_of(uid task)
{
    return task_now(&r, task).assignment_status;
}

Test(taskrouter_told, what_to_do_with_a_reservation_accepts_it)
{
    const char *token;
    struct api_key key;
    struct tr_task task;
    struct heard heard;
    struct form form;

    cr_assert(key_create(work, &(struct key_order){.kind = "twilio"}, &key, &token));
    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550100\"}");
    ask_at(at("/assign"), NULL);
    answerer_say("/assign", 200, "{\"instruction\":\"accept\"}");
    task = task_of(&r, NO_UID, "{\"n\":1}");
    cr_expect_eq(ask(), 1);
    cr_expect_str_eq(status_of(task.id), "assigned");
    heard = answerer_heard("/assign", 0);
    customer_form_read(work, heard.body, &form);
    cr_expect_str_eq(form_value(&form, "TaskSid"), sid_of(&r, "WT", task.id));
    cr_expect_str_eq(form_value(&form, "WorkerAttributes"), "{\"contact_uri\":\"+13125550100\"}");
    cr_expect_str_eq(form_value(&form, "WorkflowSid"), sid_of(&r, "WW", r.workflow.id));
    cr_expect_not_null(form_value(&form, "ReservationSid"));
    cr_expect_str_eq(heard_header(&heard, "X-Twilio-Signature"),
                     twilio_signature(&work->arena, token, at("/assign"), form.at, form.count));
    cr_expect_eq(ask(), 0, "once");
}

Test(taskrouter_told, what_to_do_with_a_reservation_may_reject_it_and_move_the_worker)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task;

    ask_at(at("/assign"), NULL);
    answerer_say("/assign", 200,
                 arena_format(&work->arena, "{\"instruction\":\"reject\",\"activity_sid\":\"%s\"}",
                              sid_of(&r, "WA", r.unavailable)));
    task = task_of(&r, NO_UID, NULL);
    ask();
    cr_expect_str_eq(status_of(task.id), "pending");
    cr_expect_str_eq(worker_now(&r, ann).activity_name, "Unavailable");
}

Test(taskrouter_told, what_to_do_with_a_reservation_may_be_decided_later)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task;

    ask_at(at("/assign"), NULL);
    answerer_say("/assign", 200, "{}");
    task = task_of(&r, NO_UID, NULL);
    ask();
    cr_expect(offered_to(&r, task.id, ann));
    cr_expect_eq(answerer_count("/assign"), 1);
}

Test(taskrouter_told, at_the_fallback_when_the_first_fails)
{
    static const struct {
        int status;
        const char *body;
    } failures[] = {{500, "{\"instruction\":\"accept\"}"},
                    {200, "no JSON"},
                    {200, "{\"instruction\":\"dance\"}"},
                    {200, "{\"instruction\":\"dequeue\"}"}}; /* there is no call */
    struct tr_task task;

    worker_in(&r, r.available, "Ann", NULL);
    ask_at(at("/first"), at("/last"));
    answerer_say("/last", 200, "{\"instruction\":\"accept\"}");
    for (size_t i = 0; i < COUNT(failures); i++) {
        answerer_say("/first", failures[i].status, failures[i].body);
        task = task_of(&r, NO_UID, NULL);
        ask();
        cr_expect_str_eq(status_of(task.id), "assigned", "%s", failures[i].body);
        cr_assert(end_task_as(&r, task.id, "completed", NULL));
    }
    cr_expect(strstr(answerer_heard("/last", 0).body, "ErrorUrl=") != NULL);
}

Test(taskrouter_told, in_vain_cancels_the_reservation)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    uid bob = worker_in(&r, r.available, "Bob", NULL);
    struct tr_task task;

    ask_at(at("/first"), at("/last"));
    answerer_say("/first", 503, "{}");
    answerer_drop("/last");
    task = task_of(&r, NO_UID, NULL);
    cr_assert(offered_to(&r, task.id, ann));
    ask();
    cr_expect_str_eq(((struct tr_reservation *)reservations_of(&r, task.id).at)->status,
                     "canceled");
    cr_expect(offered_to(&r, task.id, bob), "the next one is asked about");
}

Test(taskrouter_told, nobody_in_the_name_of_a_tenant_whose_token_cannot_be_read)
{
    static const char spoil[] = "UPDATE api_keys SET sealed = 'spoiled' WHERE tenant_id = ?";
    const struct param params[] = {PARAM(work->tenant)};
    struct api_key key;
    const char *secret;
    struct tr_task task;

    worker_in(&r, r.available, "Ann", NULL);
    ask_at(at("/first"), at("/last"));
    cr_assert(key_create(work, &(struct key_order){.kind = "twilio", .expires_at = NO_INSTANT},
                         &key, &secret));
    cr_assert(db_execute(work, spoil, params, COUNT(params), NULL));
    task = task_of(&r, NO_UID, NULL);
    ask();
    cr_expect_str_eq(((struct tr_reservation *)reservations_of(&r, task.id).at)->status, "canceled",
                     "the round went on to its end");
    cr_expect_eq(answerer_count("/first"), 0);
}

Test(taskrouter_told, nothing_about_a_reservation_that_was_decided_meanwhile)
{
    struct tr_task task;

    worker_in(&r, r.available, "Ann", NULL);
    ask_at(at("/assign"), NULL);
    task = task_of(&r, NO_UID, NULL);
    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    cr_expect_eq(ask(), 1);
    cr_expect_eq(answerer_count("/assign"), 0);
    cr_expect_str_eq(status_of(task.id), "assigned");
}
