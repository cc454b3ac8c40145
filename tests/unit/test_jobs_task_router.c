/* The jobs of TaskRouter do by themselves what time and others' programs bring. */
#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "domain/call_names.h"
#include "domain/callback_tasks.h"
#include "domain/operator_queues.h"
#include "domain/taskrouter/checks.h"
#include "routing.h"
#include "stream/jobs/jobs.h"

static struct routing_world r;

static void setup(void)
{
    routing_begin(&r, true);
    r.world.config.allow_private_urls = "yes";
    answerer_start();
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(jobs_task_router, .init = setup, .fini = end, .timeout = 60);

static void once(const char *job)
{
    struct work one = {.id = "once", .db = r.work->db, .config = r.work->config};

    cr_assert(jobs_once(&one, job), "%s", one.error.message);
    work_end(&one);
}

Test(jobs_task_router, take_back_what_nobody_answered)
{
    struct tr_task task;
    uid ann = worker_in(&r, r.available, "Ann", NULL);

    task = task_of(&r, NO_UID, NULL);
    cr_assert(offered_to(&r, task.id, ann));
    clock_advance_ms(120 * 1000);
    once("task-router");
    cr_expect_str_eq(task_now(&r, task.id).assignment_status, "pending");
    cr_expect_not(worker_now(&r, ann).available);
}

Test(jobs_task_router, ask_what_to_do_and_do_it)
{
    columns given = TR_WITH(NO_COLUMNS, tr_workflow, assignment_callback_url);
    struct tr_workflow wanted = r.workflow;
    struct tr_task task;

    worker_in(&r, r.available, "Ann", NULL);
    answerer_say("/assign", 200, "{\"instruction\":\"accept\"}");
    wanted.assignment_callback_url = arena_format(&r.work->arena, "%s/assign", answerer_url());
    cr_assert(tr_workflow_update(r.work, &wanted, given, false, NO_INTEGER, &r.workflow), "%s",
              r.work->error.message);
    task = task_of(&r, NO_UID, NULL);
    once("assignments");
    cr_expect_str_eq(task_now(&r, task.id).assignment_status, "assigned");
}

Test(jobs_task_router, route_callback_tasks_and_claim_them)
{
    struct operator_queue queue;
    struct callback_task callback;
    char sid[SID_SIZE];

    sid_write("WQ", r.everyone.id, sid);
    operator_queue_begin(&queue);
    queue.queue_key = "sales";
    queue.name = "Sales";
    queue.metadata.json =
        arena_format(&r.work->arena, "{\"taskrouter\":{\"task_queue_sid\":\"%s\"}}", sid);
    cr_assert(operator_queue_put(r.work, &queue), "%s", r.work->error.message);
    worker_in(&r, r.available, "Ann", NULL);
    callback_task_begin(&callback);
    callback.queue_key = "sales";
    cr_assert(callback_task_create(r.work, &callback), "%s", r.work->error.message);
    once("task-links");
    cr_assert(store_get(r.work, &callback_task_entity, callback.id, &callback));
    cr_assert(decide(&r, pending_of(&r, callback.tr_task_id).id, "accepted"));
    once("task-links");
    cr_assert(store_get(r.work, &callback_task_entity, callback.id, &callback));
    cr_expect_str_eq(callback.assigned_to, "Ann");
}
