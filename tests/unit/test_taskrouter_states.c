/* Every way between the states of tasks and reservations; what may be deleted; what is refused. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/text.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/workflow.h"
#include "routing.h"

static struct routing_world r;
static struct work *work;

static void setup(void)
{
    routing_begin(&r, false);
    work = r.work;
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_states, .init = setup, .fini = end, .timeout = 60);

/* ---- tasks (reference 8.2) ---- */

static const char *const task_states[] = {"pending",  "reserved",  "assigned",
                                          "wrapping", "completed", "canceled"};

/* A task brought into a state; its reservation, if it has one. */
static uid task_in(const char *state, uid *reservation)
{
    struct tr_task task = task_of(&r, NO_UID, NULL);
    uid worker = NO_UID;

    if (strcmp(state, "pending") != 0 && strcmp(state, "canceled") != 0) {
        worker = worker_in(&r, r.available,
                           arena_format(&work->arena, "w%lld", (long long)clock_now().ms), NULL);
        *reservation = pending_of(&r, task.id).id;
    }
    (void)worker;
    if (strcmp(state, "canceled") == 0)
        cr_assert(end_task_as(&r, task.id, "canceled", NULL));
    if (strcmp(state, "pending") == 0 || strcmp(state, "reserved") == 0 ||
        strcmp(state, "canceled") == 0)
        return task.id;
    cr_assert(decide(&r, *reservation, "accepted"), "%s", work->error.message);
    if (strcmp(state, "wrapping") == 0)
        cr_assert(end_task_as(&r, task.id, "wrapping", NULL), "%s", work->error.message);
    if (strcmp(state, "completed") == 0)
        cr_assert(end_task_as(&r, task.id, "completed", NULL), "%s", work->error.message);
    return task.id;
}

/* Which states a client may move a task to, a row for each state it is in. */
static const struct {
    const char *from;
    bool canceled, wrapping, completed;
} by_client[] = {
    {"pending", true, false, false},    {"reserved", true, false, false},
    {"assigned", false, true, true},    {"wrapping", false, false, true},
    {"completed", false, false, false}, {"canceled", false, false, false},
};

Test(taskrouter_states, of_a_task_are_changed_by_its_client_as_the_table_says)
{
    static const char *const to[] = {"canceled", "wrapping", "completed"};

    for (size_t i = 0; i < COUNT(by_client); i++) {
        const bool may[] = {by_client[i].canceled, by_client[i].wrapping, by_client[i].completed};

        for (size_t j = 0; j < COUNT(to); j++) {
            uid reservation, task = task_in(by_client[i].from, &reservation);
            bool done;

            cr_assert_str_eq(task_now(&r, task).assignment_status, by_client[i].from);
            done = end_task_as(&r, task, to[j], "because");
            cr_expect_eq(done, may[j], "%s to %s", by_client[i].from, to[j]);
            if (!done)
                cr_expect_eq(work->error.what, WRONG_STATE, "%s to %s", by_client[i].from, to[j]);
            else
                cr_expect_str_eq(task_now(&r, task).reason, "because");
            cr_assert(tr_task_delete(work, r.workspace.id, task, NO_INTEGER));
        }
    }
}

Test(taskrouter_states, of_a_task_lead_only_where_the_reference_says)
{
    static const char *const ways[] = {
        "pending reserved",  "pending canceled",  "reserved pending",   "reserved assigned",
        "reserved canceled", "assigned wrapping", "assigned completed", "wrapping completed"};

    for (size_t i = 0; i < COUNT(task_states); i++)
        for (size_t j = 0; j < COUNT(task_states); j++) {
            const char *way = arena_format(&work->arena, "%s %s", task_states[i], task_states[j]);
            bool may = false;

            for (size_t k = 0; k < COUNT(ways); k++)
                may = may || strcmp(ways[k], way) == 0;
            cr_expect_eq(tr_task_may(task_states[i], task_states[j]), may, "%s", way);
        }
}

Test(taskrouter_states, that_only_the_router_sets_are_refused_from_clients)
{
    struct tr_task task = task_of(&r, NO_UID, NULL);

    cr_expect_not(end_task_as(&r, task.id, "assigned", NULL));
    cr_expect_eq(work->error.what, INVALID);
    cr_expect_str_eq(work->error.field, "assignment_status");
    cr_expect_not(end_task_as(&r, task.id, "nonsense", NULL));
}

Test(taskrouter_states, and_attributes_of_a_task_cannot_change_at_once)
{
    struct tr_task task = task_of(&r, NO_UID, NULL), after;
    struct tr_task_change change = {.wanted = task, .if_rev = NO_INTEGER};

    change.wanted.assignment_status = "canceled";
    change.given = TR_WITH(TR_WITH(NO_COLUMNS, tr_task, assignment_status), tr_task, attributes);
    cr_expect_not(tr_task_update(work, &change, &after));
    cr_expect_eq(work->error.what, INVALID);
    change.given = TR_WITH(NO_COLUMNS, tr_task, reason);
    cr_expect_not(tr_task_update(work, &change, &after), "a reason goes with an end");
}

/* ---- reservations (reference 8.3) ---- */

static const char *const reservation_states[] = {"pending",  "accepted",  "rejected", "timeout",
                                                 "canceled", "rescinded", "wrapping", "completed"};

Test(taskrouter_states, of_a_reservation_lead_only_where_the_reference_says)
{
    static const char *const ways[] = {
        "pending accepted",   "pending rejected",  "pending timeout",    "pending canceled",
        "pending rescinded",  "accepted wrapping", "accepted completed", "accepted canceled",
        "wrapping completed", "wrapping canceled"};

    for (size_t i = 0; i < COUNT(reservation_states); i++)
        for (size_t j = 0; j < COUNT(reservation_states); j++) {
            const char *way =
                arena_format(&work->arena, "%s %s", reservation_states[i], reservation_states[j]);
            bool may = false;

            for (size_t k = 0; k < COUNT(ways); k++)
                may = may || strcmp(ways[k], way) == 0;
            cr_expect_eq(tr_reservation_may(reservation_states[i], reservation_states[j]), may,
                         "%s", way);
        }
}

static const char *only_status(uid task)
{
    struct rows rows = reservations_of(&r, task);

    cr_assert_eq(rows.count, 1);
    return ((struct tr_reservation *)rows.at)->status;
}

/* What becomes of the task with each move of its reservation, and what comes too late. */
Test(taskrouter_states, of_a_reservation_move_its_task)
{
    uid reservation, task = task_in("reserved", &reservation);

    cr_expect_not(decide(&r, reservation, "completed"), "nobody accepted it");
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_not(decide(&r, reservation, "wrapping"));
    cr_assert(decide(&r, reservation, "accepted"));
    cr_expect_str_eq(task_now(&r, task).assignment_status, "assigned");
    cr_expect_not(decide(&r, reservation, "rejected"), "it is accepted");
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_not(decide(&r, reservation, "accepted"), "once");
    cr_assert(decide(&r, reservation, "wrapping"));
    cr_expect_str_eq(task_now(&r, task).assignment_status, "wrapping");
    cr_assert(decide(&r, reservation, "completed"));
    cr_expect_str_eq(task_now(&r, task).assignment_status, "completed");
    cr_expect_str_eq(only_status(task), "completed");
    cr_expect_not(decide(&r, reservation, "nonsense"));
    cr_expect_eq(work->error.what, INVALID);
}

Test(taskrouter_states, of_a_task_move_its_reservation)
{
    uid reservation, task = task_in("reserved", &reservation);

    cr_assert(end_task_as(&r, task, "canceled", NULL));
    cr_expect_str_eq(only_status(task), "canceled");
    task = task_in("assigned", &reservation);
    cr_assert(end_task_as(&r, task, "wrapping", NULL));
    cr_expect_str_eq(only_status(task), "wrapping");
    cr_assert(end_task_as(&r, task, "completed", NULL));
    cr_expect_str_eq(only_status(task), "completed");
}

Test(taskrouter_states, of_a_worker_who_rejects_change_as_it_says)
{
    uid reservation, task = task_in("reserved", &reservation);
    const struct tr_instruction away = {
        .kind = TR_REJECT, .activity_id = r.unavailable, .timeout_seconds = NO_INTEGER};
    struct tr_reservation_order order = {.place = {.workspace = r.workspace.id, .task = task},
                                         .id = reservation,
                                         .instruction = &away,
                                         .if_rev = NO_INTEGER};
    struct tr_reservation after;

    cr_assert(tr_reservation_update(work, &order, &after), "%s", work->error.message);
    cr_expect_str_eq(after.status, "rejected");
    cr_expect_str_eq(worker_now(&r, after.worker_id).activity_name, "Unavailable");
    cr_expect_str_eq(task_now(&r, task).assignment_status, "pending");
}

Test(taskrouter_states, of_a_worker_follow_the_activities_of_the_queue_and_of_the_instruction)
{
    struct tr_queue queue;
    struct tr_workflow workflow;
    struct tr_task task;
    struct tr_activity busy = {.workspace_id = r.workspace.id, .friendly_name = "Busy"};
    struct tr_activity asked = {.workspace_id = r.workspace.id, .friendly_name = "Asked"};
    uid ann;

    cr_assert(tr_activity_create(work, &busy) && tr_activity_create(work, &asked));
    tr_queue_begin(&queue);
    queue.workspace_id = r.workspace.id;
    queue.friendly_name = "Single";
    queue.reservation_activity_id = asked.id;
    queue.assignment_activity_id = busy.id;
    cr_assert(tr_queue_create(work, &queue), "%s", work->error.message);
    workflow =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}", &queue, 1);
    ann = worker_in(&r, r.available, "Ann", NULL);
    task = task_of(&r, workflow.id, NULL);
    cr_expect_str_eq(worker_now(&r, ann).activity_name, "Asked");
    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    cr_expect_str_eq(worker_now(&r, ann).activity_name, "Busy");
}

Test(taskrouter_states, of_a_worker_stay_when_the_activity_for_afterwards_was_deleted)
{
    uid reservation, task = task_in("reserved", &reservation);
    struct tr_activity after_work = {.workspace_id = r.workspace.id, .friendly_name = "Tea"};
    struct tr_instruction accept = {.kind = TR_ACCEPT, .timeout_seconds = NO_INTEGER};
    struct tr_reservation_order order = {.place = {.workspace = r.workspace.id, .task = task},
                                         .id = reservation,
                                         .instruction = &accept,
                                         .if_rev = NO_INTEGER};
    struct tr_reservation after;

    cr_assert(tr_activity_create(work, &after_work));
    accept.post_work_activity_id = after_work.id;
    cr_assert(tr_reservation_update(work, &order, &after), "%s", work->error.message);
    cr_assert(tr_activity_delete(work, r.workspace.id, after_work.id, NO_INTEGER), "%s",
              work->error.message);
    cr_assert(end_task_as(&r, task, "completed", NULL), "%s", work->error.message);
    cr_expect_str_eq(worker_now(&r, after.worker_id).activity_name, "Available");
}

/* ---- workers ---- */

Test(taskrouter_states, of_a_worker_who_leaves_reject_what_is_pending_if_it_says_so)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL);
    struct tr_worker_change change = {.given = TR_WITH(NO_COLUMNS, tr_worker, activity_id),
                                      .reject_pending = true,
                                      .if_rev = NO_INTEGER};
    struct tr_worker after;

    change.wanted.id = ann;
    change.wanted.workspace_id = r.workspace.id;
    change.wanted.activity_id = r.available;
    cr_expect_not(tr_worker_update(work, &change, &after), "she stays available");
    cr_expect_eq(work->error.what, INVALID);
    change.wanted.activity_id = r.unavailable;
    cr_assert(tr_worker_update(work, &change, &after), "%s", work->error.message);
    cr_expect_str_eq(only_status(task.id), "rejected");
    cr_expect_str_eq(task_now(&r, task.id).assignment_status, "pending");
}

Test(taskrouter_states, of_a_worker_are_known_by_its_name_in_any_case)
{
    struct tr_worker twin;

    worker_in(&r, r.available, "Ann", NULL);
    row_clear(&tr_worker_entity, &twin);
    twin.workspace_id = r.workspace.id;
    twin.friendly_name = "ANN";
    cr_expect_not(tr_worker_create(work, &twin));
    cr_expect_eq(work->error.what, CONFLICT);
    twin.friendly_name = "Bob";
    twin.attributes.json = "[1]";
    cr_expect_not(tr_worker_create(work, &twin));
    cr_expect_str_eq(work->error.field, "attributes");
    twin.attributes.json = "{\"a\":1";
    cr_expect_not(tr_worker_create(work, &twin));
    twin.attributes.json = "{ \"a\" : 1 }";
    twin.activity_id = uid_new();
    cr_expect_not(tr_worker_create(work, &twin));
    cr_expect_str_eq(work->error.field, "activity_id");
    twin.activity_id = NO_UID;
    cr_assert(tr_worker_create(work, &twin), "%s", work->error.message);
    cr_expect_str_eq(twin.attributes.json, "{ \"a\" : 1 }", "as it was given");
    cr_expect_str_eq(twin.activity_name, "Offline", "the workspace's default");
    cr_expect_not(twin.available);
}

Test(taskrouter_states, of_a_worker_end_with_its_deletion_unless_it_has_work)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL), again;
    struct tr_task task = task_of(&r, NO_UID, NULL);
    struct tr_worker row;

    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    cr_expect_not(tr_worker_delete(work, r.workspace.id, ann, NO_INTEGER));
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_assert(end_task_as(&r, task.id, "completed", NULL));
    task = task_of(&r, NO_UID, NULL);
    cr_assert(offered_to(&r, task.id, ann));
    cr_assert(tr_worker_delete(work, r.workspace.id, ann, NO_INTEGER), "%s", work->error.message);
    cr_expect_str_eq(only_status(task.id), "canceled");
    cr_expect_str_eq(task_now(&r, task.id).assignment_status, "pending");
    cr_expect_not(tr_worker_get(work, r.workspace.id, ann, &row));
    again = worker_in(&r, r.available, "Ann", NULL);
    cr_expect(offered_to(&r, task.id, again), "the name is free again");
}

/* ---- revisions ---- */

Test(taskrouter_states, are_changed_only_by_who_knows_the_latest)
{
    struct tr_task task = task_of(&r, NO_UID, NULL), after;
    struct tr_task_change change = {.wanted = task,
                                    .given = TR_WITH(NO_COLUMNS, tr_task, priority)};
    uid ann = worker_in(&r, r.offline, "Ann", NULL);
    int64_t rev = worker_now(&r, ann).rev;

    task = task_now(&r, task.id);
    change.wanted.priority = 3;
    change.if_rev = task.rev + 1;
    cr_expect_not(tr_task_update(work, &change, &after));
    cr_expect_eq(work->error.what, PRECONDITION);
    change.if_rev = task.rev;
    cr_assert(tr_task_update(work, &change, &after));
    cr_expect_eq(after.priority, 3);
    cr_expect_gt(after.rev, task.rev);
    cr_expect_not(tr_task_delete(work, r.workspace.id, task.id, task.rev), "it has changed");
    cr_expect_eq(work->error.what, PRECONDITION);
    put_worker(&r, ann, r.unavailable);
    cr_expect_not(tr_worker_delete(work, r.workspace.id, ann, rev));
}

/* ---- deleting ---- */

Test(taskrouter_states, of_activities_queues_and_workflows_that_are_used_stay)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL);
    uid workspace = r.workspace.id;

    cr_expect_not(tr_activity_delete(work, workspace, r.available, NO_INTEGER), "Ann is in it");
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_not(tr_activity_delete(work, workspace, r.offline, NO_INTEGER), "the default one");
    cr_expect(tr_activity_delete(work, workspace, r.unavailable, NO_INTEGER));
    cr_expect_not(tr_queue_delete(work, workspace, r.everyone.id, NO_INTEGER), "a workflow's");
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_not(tr_workflow_delete(work, workspace, r.workflow.id, NO_INTEGER), "a task's");
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_assert(end_task_as(&r, task.id, "canceled", NULL));
    cr_expect(tr_workflow_delete(work, workspace, r.workflow.id, NO_INTEGER));
    cr_expect(tr_queue_delete(work, workspace, r.everyone.id, NO_INTEGER));
    (void)ann;
}

Test(taskrouter_states, of_a_workspace_end_with_it)
{
    static const char sql[] = "SELECT (SELECT COUNT(*) FROM tr_workers WHERE tenant_id = t.id)"
                              " + (SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = t.id)"
                              " + (SELECT COUNT(*) FROM tr_activities WHERE tenant_id = t.id)"
                              " FROM tenants AS t WHERE t.id = ?";
    struct tr_workspace row;

    worker_in(&r, r.available, "Ann", NULL);
    task_of(&r, NO_UID, NULL);
    cr_assert(tr_workspace_delete(work, r.workspace.id, NO_INTEGER), "%s", work->error.message);
    cr_expect_not(tr_workspace_get(work, r.workspace.id, &row));
    cr_expect_eq(tenant_number(&r.world, sql), 0);
    cr_assert(tr_workspace_ensure(work));
    cr_expect_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM tr_workspaces WHERE tenant_id = ?"
                                         " AND deleted_at IS NULL"),
                 0, "nobody wants a default one any more");
}

/* ---- of other tenants ---- */

Test(taskrouter_states, of_another_tenant_do_not_exist)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL), row;
    struct tr_worker worker;
    struct world other;
    struct work theirs;

    world_begin(&other, NULL, false);
    theirs = world_work(&other);
    cr_expect_not(tr_task_get(&theirs, r.workspace.id, task.id, &row));
    cr_expect_not(tr_worker_get(&theirs, r.workspace.id, ann, &worker));
    cr_expect_not(tr_task_delete(&theirs, r.workspace.id, task.id, NO_INTEGER));
    cr_expect_eq(theirs.error.what, NOT_FOUND);
    db_close(theirs.db);
    work_end(&theirs);
    world_end(&other);
}

/* ---- configuration ---- */

static const struct {
    const char *document, *message;
} bad_routings[] = {
    {"", "not valid"},
    {"[]", "task_routing must be an object"},
    {"{\"task_routing\":{}}", "needs filters or a default_filter"},
    {"{\"task_routing\":{\"filters\":{}}}", "filters must be a list"},
    {"{\"task_routing\":{\"filters\":[{\"targets\":[]}]}}", "filters[0].expression is required"},
    {"{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[]}]}}",
     "filters[0].targets must be a list"},
    {"{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{}]}]}}",
     "filters[0].targets[0].queue is required"},
    {"{\"task_routing\":{\"filters\":[{\"expression\":\"a-b\",\"targets\":[{}]}]}}",
     "filters[0].expression cannot be read: Unexpected '-' at character 2"},
    {"{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{\"queue\":\"%1\","
     "\"timeout\":-1}]}]}}",
     "targets[0].timeout must be"},
    {"{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{\"queue\":\"%1\","
     "\"order_by\":\"worker.a SIDEWAYS\"}]}]}}",
     "targets[0].order_by cannot be read"},
    {"{\"task_routing\":{\"default_filter\":{\"queue\":\"WQ1\"}}}",
     "default_filter.queue must be the SID"},
    {"{\"task_routing\":{\"default_filter\":{\"queue\":\"WQ0123456789abcdef0123456789abcdef\"}}}",
     "does not have"},
};

static const char *with_queue(const char *rules)
{
    const char *at = strstr(rules, "%1");
    char hex[33];

    uid_write_hex(r.everyone.id, hex);
    return at ? arena_format(&work->arena, "%.*sWQ%s%s", (int)(at - rules), rules, hex, at + 2)
              : rules;
}

Test(taskrouter_states, of_a_workflow_are_refused_with_the_place_of_what_is_wrong)
{
    for (size_t i = 0; i < COUNT(bad_routings); i++) {
        struct tr_workflow workflow;

        tr_workflow_begin(&workflow);
        workflow.workspace_id = r.workspace.id;
        workflow.friendly_name = "Wrong";
        workflow.configuration.json = with_queue(bad_routings[i].document);
        cr_expect_not(tr_workflow_create(work, &workflow), "%s", bad_routings[i].document);
        cr_expect_str_eq(work->error.field, "configuration");
        cr_expect(strstr(work->error.message, bad_routings[i].message) != NULL, "%s",
                  work->error.message);
    }
}

Test(taskrouter_states, of_a_queue_are_refused_when_its_expression_cannot_be_read)
{
    struct tr_queue queue;

    tr_queue_begin(&queue);
    queue.workspace_id = r.workspace.id;
    queue.friendly_name = "Wrong";
    queue.target_workers = "skill-level > 3";
    cr_expect_not(tr_queue_create(work, &queue));
    cr_expect_str_eq(work->error.field, "target_workers");
    cr_expect_str_eq(work->error.message, "Unexpected '-' at character 6");
    queue.target_workers = "level HAS 'x'";
    cr_expect(tr_queue_create(work, &queue), "only its form is looked at");
    tr_queue_begin(&queue);
    queue.workspace_id = r.workspace.id;
    queue.friendly_name = "Too many";
    queue.max_reserved_workers = 51;
    cr_expect_not(tr_queue_create(work, &queue));
    cr_expect_str_eq(work->error.field, "max_reserved_workers");
}
