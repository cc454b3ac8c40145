/* Who is offered what, in which order, and what time does to it. */
#include <criterion/criterion.h>

#include <string.h>

#include "domain/taskrouter/checks.h"
#include "routing.h"

static struct routing_world r;

static void setup(void)
{
    routing_begin(&r, false);
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_assignment, .init = setup, .fini = end, .timeout = 60);

static const char *status_of(uid task)
{
    return task_now(&r, task).assignment_status;
}

/* ---- who ---- */

Test(taskrouter_assignment, of_a_task_waits_until_somebody_is_available)
{
    uid ann = worker_in(&r, r.offline, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL);

    cr_expect_str_eq(task.assignment_status, "pending");
    cr_expect(uid_equal(task.queue_id, r.everyone.id));
    cr_expect_str_eq(task.queue_name, "Everyone");
    put_worker(&r, ann, r.available);
    cr_expect_str_eq(status_of(task.id), "reserved");
    cr_expect(offered_to(&r, task.id, ann));
}

Test(taskrouter_assignment, goes_to_whom_the_queue_and_the_step_match)
{
    uid ann = worker_in(&r, r.available, "Ann", "{\"lang\":[\"en\"],\"level\":5}");
    uid bob = worker_in(&r, r.available, "Bob", "{\"lang\":[\"es\"],\"level\":1}");
    uid eve = worker_in(&r, r.available, "Eve", "{\"lang\":[\"es\"],\"level\":4}");
    struct tr_queue spanish = queue_of(&r, "Spanish", "lang HAS 'es'");
    struct tr_workflow workflow = workflow_of(
        &r,
        "{\"task_routing\":{\"filters\":[{\"expression\":\"tier == 'vip'\",\"targets\":[{"
        "\"queue\":\"%1\",\"expression\":\"worker.level >= task.needs\"}]}],"
        "\"default_filter\":{\"queue\":\"%1\"}}}",
        &spanish, 1);
    struct tr_task vip = task_of(&r, workflow.id, "{\"tier\":\"vip\",\"needs\":3}");
    struct tr_task other = task_of(&r, workflow.id, NULL);

    cr_expect(offered_to(&r, vip.id, eve));
    cr_expect(offered_to(&r, other.id, bob));
    cr_expect_str_eq(task_of(&r, workflow.id, NULL).assignment_status, "pending",
                     "Ann speaks no Spanish");
    (void)ann;
}

Test(taskrouter_assignment, goes_to_who_is_idle_longest)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    uid bob = worker_in(&r, r.available, "Bob", NULL);
    struct tr_task first = task_of(&r, NO_UID, NULL), second;

    cr_assert(offered_to(&r, first.id, ann));
    cr_assert(decide(&r, pending_of(&r, first.id).id, "accepted"));
    clock_advance_ms(1000);
    cr_assert(decide(&r,
                     reservations_of(&r, first.id).count
                         ? ((struct tr_reservation *)reservations_of(&r, first.id).at)->id
                         : NO_UID,
                     "completed"));
    second = task_of(&r, NO_UID, NULL);
    cr_expect(offered_to(&r, second.id, bob), "Ann has just had one");
    cr_expect(offered_to(&r, task_of(&r, NO_UID, NULL).id, ann));
}

Test(taskrouter_assignment, follows_the_order_of_the_step_and_puts_who_lacks_it_last)
{
    struct tr_workflow workflow =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{"
                    "\"queue\":\"%1\",\"order_by\":\"worker.level DESC, worker.cost ASC\"}]}]}}",
                    &r.everyone, 1);
    uid none = worker_in(&r, r.available, "None", NULL);
    uid low = worker_in(&r, r.available, "Low", "{\"level\":1,\"cost\":1}");
    uid dear = worker_in(&r, r.available, "Dear", "{\"level\":9,\"cost\":3}");
    uid cheap = worker_in(&r, r.available, "Cheap", "{\"level\":9,\"cost\":2}");
    const uid order[] = {cheap, dear, low, none};

    for (size_t i = 0; i < COUNT(order); i++)
        cr_expect(offered_to(&r, task_of(&r, workflow.id, NULL).id, order[i]), "task %zu", i);
}

Test(taskrouter_assignment, of_a_known_worker_waits_for_that_one)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    uid bob = worker_in(&r, r.offline, "Bob", NULL);
    struct tr_workflow workflow =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{"
                    "\"queue\":\"%1\",\"known_worker_friendly_name\":\"task.last\","
                    "\"timeout\":30},{\"timeout\":30}]}]}}",
                    &r.everyone, 1);
    struct tr_task task = task_of(&r, workflow.id, "{\"last\":\"Bob\"}");

    cr_expect_str_eq(task.assignment_status, "pending");
    put_worker(&r, bob, r.available);
    cr_expect(offered_to(&r, task.id, bob));
    task = task_of(&r, workflow.id, "{}");
    cr_expect_str_eq(task.assignment_status, "pending", "it names nobody");
    pass_seconds(&r, 30);
    cr_expect(offered_to(&r, task.id, ann), "the next step takes anybody");
}

/* ---- in which order ---- */

Test(taskrouter_assignment, takes_the_more_urgent_task_first_and_then_the_older)
{
    uid ann = worker_in(&r, r.offline, "Ann", NULL);
    struct tr_task old = task_of(&r, NO_UID, NULL), urgent, older;

    tr_task_begin(&urgent);
    urgent.workspace_id = r.workspace.id;
    urgent.workflow_id = r.workflow.id;
    urgent.priority = 5;
    cr_assert(tr_task_create(r.work, &urgent, NULL));
    tr_task_begin(&older);
    older.workspace_id = r.workspace.id;
    older.workflow_id = r.workflow.id;
    older.virtual_start_at = instant_after(clock_now(), -3600000);
    cr_assert(tr_task_create(r.work, &older, NULL));
    put_worker(&r, ann, r.available);
    cr_expect(offered_to(&r, urgent.id, ann));
    cr_assert(end_task_as(&r, urgent.id, "canceled", NULL));
    cr_expect(offered_to(&r, older.id, ann));
    cr_assert(end_task_as(&r, older.id, "canceled", NULL));
    cr_expect(offered_to(&r, old.id, ann));
}

/* A task of a workflow with an urgency of its own. */
static struct tr_task task_as_urgent(uid workflow, int64_t priority, const char *attributes)
{
    struct tr_task task;

    tr_task_begin(&task);
    task.workspace_id = r.workspace.id;
    task.workflow_id = workflow;
    task.priority = priority;
    task.attributes.json = attributes;
    cr_assert(tr_task_create(r.work, &task, NULL), "%s", r.work->error.message);
    return task;
}

Test(taskrouter_assignment, takes_the_more_urgent_of_those_whose_time_is_over_at_once)
{
    struct tr_queue queues[] = {queue_of(&r, "Nobody", "1==2"), r.everyone};
    struct tr_workflow workflow =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":["
                    "{\"queue\":\"%1\",\"timeout\":5},{\"queue\":\"%2\"}]}]}}",
                    queues, 2);
    struct tr_task old = task_as_urgent(workflow.id, 0, "{}");
    struct tr_task urgent = task_as_urgent(workflow.id, 9, "{}");
    uid ann = worker_in(&r, r.available, "Ann", NULL);

    pass_seconds(&r, 6);
    cr_expect(offered_to(&r, urgent.id, ann));
    cr_expect_str_eq(task_now(&r, old.id).queue_name, "Everyone");
    cr_expect_str_eq(task_now(&r, old.id).assignment_status, "pending");
}

Test(taskrouter_assignment, begins_anew_with_the_task_that_the_new_rules_make_urgent)
{
    struct tr_queue queues[] = {queue_of(&r, "Nobody", "1==2"), r.everyone};
    struct tr_workflow workflow =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}", queues, 2);
    struct tr_task old = task_as_urgent(workflow.id, 0, "{}");
    struct tr_task urgent = task_as_urgent(workflow.id, 0, "{\"vip\":true}");
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_workflow rules = workflow_of(
        &r,
        "{\"task_routing\":{\"filters\":[{\"expression\":\"vip\",\"targets\":[{\"queue\":"
        "\"%2\",\"priority\":9}]}],\"default_filter\":{\"queue\":\"%2\"}}}",
        queues, 2);
    struct tr_workflow wanted = workflow, after;

    wanted.configuration = rules.configuration;
    cr_assert(tr_workflow_update(r.work, &wanted, TR_WITH(NO_COLUMNS, tr_workflow, configuration),
                                 true, NO_INTEGER, &after),
              "%s", r.work->error.message);
    cr_expect(offered_to(&r, urgent.id, ann));
    cr_expect_str_eq(task_now(&r, old.id).assignment_status, "pending");
}

Test(taskrouter_assignment, takes_the_younger_first_from_a_queue_that_says_so)
{
    struct tr_queue stack;
    struct tr_workflow workflow;
    struct tr_task first, second, third;
    uid ann;

    tr_queue_begin(&stack);
    stack.workspace_id = r.workspace.id;
    stack.friendly_name = "Stack";
    stack.task_order = "LIFO";
    cr_assert(tr_queue_create(r.work, &stack));
    workflow =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}", &stack, 1);
    first = task_of(&r, workflow.id, NULL);
    second = task_of(&r, workflow.id, NULL);
    third = task_of(&r, workflow.id, NULL);
    ann = worker_in(&r, r.available, "Ann", NULL);
    cr_expect(offered_to(&r, third.id, ann));
    cr_assert(end_task_as(&r, third.id, "canceled", NULL));
    cr_expect(offered_to(&r, second.id, ann));
    cr_assert(end_task_as(&r, second.id, "canceled", NULL));
    cr_expect(offered_to(&r, first.id, ann));
}

/* ---- how much ---- */

Test(taskrouter_assignment, gives_a_worker_as_much_of_a_channel_as_it_can_take)
{
    uid ann = worker_in(&r, r.available, "Ann", "{\"channels\":{\"chat\":{\"capacity\":2}}}");
    struct tr_task tasks[4];

    for (size_t i = 0; i < 4; i++) {
        tr_task_begin(&tasks[i]);
        tasks[i].workspace_id = r.workspace.id;
        tasks[i].workflow_id = r.workflow.id;
        tasks[i].channel = i < 3 ? "chat" : "voice";
        cr_assert(tr_task_create(r.work, &tasks[i], NULL));
        clock_advance_ms(1);
    }
    cr_expect(offered_to(&r, tasks[0].id, ann));
    cr_expect(offered_to(&r, tasks[3].id, ann), "another channel is another matter");
    cr_expect_str_eq(status_of(tasks[1].id), "pending", "she is still thinking");
    cr_assert(decide(&r, pending_of(&r, tasks[0].id).id, "accepted"));
    cr_expect(offered_to(&r, tasks[1].id, ann));
    cr_assert(decide(&r, pending_of(&r, tasks[1].id).id, "accepted"));
    cr_expect_str_eq(status_of(tasks[2].id), "pending", "two are all she can do");
    cr_assert(end_task_as(&r, tasks[0].id, "completed", "done"));
    cr_expect(offered_to(&r, tasks[2].id, ann));
}

Test(taskrouter_assignment, asks_as_many_as_the_queue_says_and_takes_back_what_one_accepted)
{
    struct tr_queue many;
    struct tr_workflow workflow;
    struct tr_task task;
    struct rows rows;
    const char *words[3];

    for (size_t i = 0; i < 4; i++)
        worker_in(&r, r.available, ((const char *const[]){"A", "B", "C", "D"})[i], NULL);
    tr_queue_begin(&many);
    many.workspace_id = r.workspace.id;
    many.friendly_name = "Many";
    many.max_reserved_workers = 3;
    cr_assert(tr_queue_create(r.work, &many));
    workflow =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}", &many, 1);
    task = task_of(&r, workflow.id, NULL);
    rows = reservations_of(&r, task.id);
    cr_assert_eq(rows.count, 3);
    cr_assert(decide(&r, ((struct tr_reservation *)rows.at)[0].id, "rejected"));
    cr_expect_str_eq(status_of(task.id), "reserved", "two are still being asked");
    cr_assert(decide(&r, ((struct tr_reservation *)rows.at)[1].id, "accepted"));
    cr_expect_str_eq(status_of(task.id), "assigned");
    rows = reservations_of(&r, task.id);
    for (size_t i = 0; i < 3; i++)
        words[i] = ((struct tr_reservation *)rows.at)[i].status;
    cr_expect_str_eq(words[0], "rejected");
    cr_expect_str_eq(words[1], "accepted");
    cr_expect_str_eq(words[2], "rescinded");
}

Test(taskrouter_assignment, asks_who_has_refused_only_when_there_is_nobody_else)
{
    struct tr_workflow workflow =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":[{"
                    "\"queue\":\"%1\",\"order_by\":\"worker.level DESC\"}]}]}}",
                    &r.everyone, 1);
    uid ann = worker_in(&r, r.available, "Ann", "{\"level\":9}");
    uid bob = worker_in(&r, r.available, "Bob", "{\"level\":1}");
    struct tr_task task = task_of(&r, workflow.id, NULL);

    cr_assert(offered_to(&r, task.id, ann));
    cr_assert(decide(&r, pending_of(&r, task.id).id, "rejected"));
    cr_assert(offered_to(&r, task.id, bob));
    put_worker(&r, bob, r.unavailable);
    cr_assert(decide(&r, pending_of(&r, task.id).id, "rejected"));
    cr_expect(offered_to(&r, task.id, ann), "better she than nobody");
}

Test(taskrouter_assignment, past_the_rules_goes_to_the_worker_that_was_named_even_a_busy_one)
{
    static const char *const sids[] = {"WK", "WQ"};
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task busy = task_of(&r, NO_UID, NULL), task;
    struct tr_task_order order = {.has_ignore_capacity = false};
    char sid[SID_SIZE];

    cr_assert(decide(&r, pending_of(&r, busy.id).id, "accepted"));
    sid_write(sids[0], ann, sid);
    order.routing_target = sid;
    tr_task_begin(&task);
    task.workspace_id = r.workspace.id;
    cr_assert(tr_task_create(r.work, &task, &order), "%s", r.work->error.message);
    cr_expect(offered_to(&r, task.id, ann), "capacity is ignored unless one says otherwise");
    cr_expect_str_eq(tr_task_routing_target(r.work, &task), sid);
    sid_write(sids[1], r.everyone.id, sid);
    tr_task_begin(&task);
    task.workspace_id = r.workspace.id;
    cr_assert(tr_task_create(r.work, &task, &order));
    cr_expect(uid_equal(task.queue_id, r.everyone.id));
    cr_expect_str_eq(task.assignment_status, "pending");
}

Test(taskrouter_assignment, without_multitasking_asks_a_worker_one_thing_at_a_time_on_all_channels)
{
    static const char single[] = "UPDATE tr_workspaces SET multi_task = 0 WHERE tenant_id = ?";
    const struct param params[] = {PARAM(r.work->tenant)};
    struct tr_task_order order = {.has_ignore_capacity = false};
    struct tr_task first, task;
    char sid[SID_SIZE];

    cr_assert(db_execute(r.work, single, params, COUNT(params), NULL));
    sid_write("WK", worker_in(&r, r.available, "Ann", NULL), sid);
    first = task_of(&r, NO_UID, NULL);
    order.routing_target = sid;
    tr_task_begin(&task);
    task.workspace_id = r.workspace.id;
    task.channel = "voice";
    cr_assert(tr_task_create(r.work, &task, &order), "%s", r.work->error.message);
    cr_expect_str_eq(task.assignment_status, "pending", "Ann thinks about another");
    cr_assert(decide(&r, pending_of(&r, first.id).id, "accepted"));
    cr_expect_str_eq(task_now(&r, task.id).assignment_status, "reserved");
}

/* ---- steps ---- */

static const char two_steps[] =
    "{\"task_routing\":{\"filters\":["
    "{\"expression\":\"tier == 'vip'\",\"targets\":[{\"queue\":\"%1\",\"timeout\":20,"
    "\"priority\":7},{\"queue\":\"%2\",\"timeout\":\"40\"}]},"
    "{\"expression\":\"tier != 'none'\",\"targets\":[{\"queue\":\"%3\",\"timeout\":10}]}],"
    "\"default_filter\":{\"queue\":\"%3\"}}}";

Test(taskrouter_assignment, walks_through_the_steps_as_their_time_passes_and_is_canceled_at_the_end)
{
    struct tr_queue queues[] = {queue_of(&r, "One", "a == 1"), queue_of(&r, "Two", "a == 2"),
                                queue_of(&r, "Three", "a == 3")};
    struct tr_workflow workflow = workflow_of(&r, two_steps, queues, 3);
    struct tr_task task = task_of(&r, workflow.id, "{\"tier\":\"vip\"}");

    cr_expect(uid_equal(task.queue_id, queues[0].id));
    cr_expect_eq(task.priority, 7);
    pass_seconds(&r, 19);
    cr_expect(uid_equal(task_now(&r, task.id).queue_id, queues[0].id));
    pass_seconds(&r, 1);
    task = task_now(&r, task.id);
    cr_expect(uid_equal(task.queue_id, queues[1].id));
    cr_expect_eq(task.priority, 7, "it persists");
    pass_seconds(&r, 40);
    cr_expect(uid_equal(task_now(&r, task.id).queue_id, queues[2].id), "the next matching filter");
    pass_seconds(&r, 10);
    task = task_now(&r, task.id);
    cr_expect_str_eq(task.assignment_status, "canceled");
    cr_expect_str_eq(task.reason, "Task canceled on Workflow timeout.");
}

Test(taskrouter_assignment, without_a_matching_filter_takes_the_default_one_or_is_canceled)
{
    struct tr_queue queues[] = {queue_of(&r, "One", "a == 1"), queue_of(&r, "Two", "a == 2"),
                                queue_of(&r, "Three", "a == 3")};
    struct tr_workflow with = workflow_of(&r, two_steps, queues, 3);
    struct tr_workflow without =
        workflow_of(&r,
                    "{\"task_routing\":{\"filters\":[{\"expression\":\"x == 1\",\"targets\":[{"
                    "\"queue\":\"%1\"}]}]}}",
                    queues, 1);
    struct tr_task task = task_of(&r, with.id, "{\"tier\":\"none\"}");

    cr_expect(uid_equal(task.queue_id, queues[2].id));
    pass_seconds(&r, 3600);
    cr_expect_str_eq(status_of(task.id), "pending", "the default filter waits for ever");
    task = task_of(&r, without.id, NULL);
    cr_expect_str_eq(task.assignment_status, "canceled");
}

static const char skipping[] =
    "{\"task_routing\":{\"filters\":[{\"expression\":\"1==1\",\"targets\":["
    "{\"queue\":\"%1\",\"timeout\":60,\"skip_if\":\"workers.available == 0\"},"
    "{\"queue\":\"%2\",\"timeout\":60,\"skip_if\":\"workers.unavailable >= 1 AND hurry == 1\"}]}],"
    "\"default_filter\":{\"queue\":\"%3\"}}}";

Test(taskrouter_assignment, skips_steps_whose_condition_holds_unless_somebody_is_free_there)
{
    struct tr_queue queues[] = {queue_of(&r, "One", "a == 1"), queue_of(&r, "Two", "a == 2"),
                                queue_of(&r, "Three", "a == 3")};
    struct tr_workflow workflow = workflow_of(&r, skipping, queues, 3);
    uid two = worker_in(&r, r.offline, "Two", "{\"a\":2}");
    struct tr_task task = task_of(&r, workflow.id, "{\"hurry\":0}");

    cr_expect(uid_equal(task.queue_id, queues[1].id), "nobody is in the first queue");
    task = task_of(&r, workflow.id, "{\"hurry\":1}");
    cr_expect(uid_equal(task.queue_id, queues[2].id), "skipped out of the filter");
    worker_in(&r, r.available, "One", "{\"a\":1}");
    task = task_of(&r, workflow.id, "{\"hurry\":1}");
    cr_expect(uid_equal(task.queue_id, queues[0].id));
    cr_expect_str_eq(task.assignment_status, "reserved");
    (void)two;
}

Test(taskrouter_assignment, begins_anew_when_its_workflow_was_changed_and_one_wants_it)
{
    struct tr_queue queues[] = {queue_of(&r, "One", "a == 1"), queue_of(&r, "Two", "a == 2")};
    struct tr_workflow workflow =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}", queues, 1);
    struct tr_workflow other =
        workflow_of(&r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%2\"}}}", queues, 2);
    struct tr_task task = task_of(&r, workflow.id, NULL);
    columns given = TR_WITH(NO_COLUMNS, tr_workflow, configuration);
    struct tr_workflow after;

    other.id = workflow.id;
    cr_assert(tr_workflow_update(r.work, &other, given, false, NO_INTEGER, &after));
    cr_expect(uid_equal(task_now(&r, task.id).queue_id, queues[0].id));
    cr_assert(tr_workflow_update(r.work, &other, given, true, NO_INTEGER, &after));
    cr_expect(uid_equal(task_now(&r, task.id).queue_id, queues[1].id));
}

/* ---- time ---- */

Test(taskrouter_assignment, that_nobody_answers_sends_the_worker_to_the_timeout_activity)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL);
    struct tr_reservation reservation = pending_of(&r, task.id);

    pass_seconds(&r, 119);
    cr_expect(offered_to(&r, task.id, ann));
    pass_seconds(&r, 1);
    cr_expect_str_eq(status_of(task.id), "pending");
    cr_expect_str_eq(((struct tr_reservation *)reservations_of(&r, task.id).at)->status, "timeout");
    cr_expect_str_eq(worker_now(&r, ann).activity_name, "Offline");
    cr_expect_not(decide(&r, reservation.id, "accepted"), "it is too late");
    cr_expect_eq(r.work->error.what, WRONG_STATE);
    put_worker(&r, ann, r.available);
    cr_expect(offered_to(&r, task.id, ann));
}

Test(taskrouter_assignment, of_a_task_ends_with_its_time_waiting_or_reserved_and_not_assigned)
{
    struct tr_task tasks[2];

    for (size_t i = 0; i < 2; i++) {
        tr_task_begin(&tasks[i]);
        tasks[i].workspace_id = r.workspace.id;
        tasks[i].workflow_id = r.workflow.id;
        tasks[i].timeout = 60;
        cr_assert(tr_task_create(r.work, &tasks[i], NULL));
        clock_advance_ms(1);
    }
    worker_in(&r, r.available, "Ann", NULL);
    pass_seconds(&r, 60);
    for (size_t i = 0; i < 2; i++) {
        struct tr_task task = task_now(&r, tasks[i].id);

        cr_expect_str_eq(task.assignment_status, "canceled");
        cr_expect_str_eq(task.reason, "Task TTL Exceeded");
    }
    cr_expect_str_eq(((struct tr_reservation *)reservations_of(&r, tasks[0].id).at)->status,
                     "canceled");
}

Test(taskrouter_assignment, of_a_finished_task_is_seen_for_five_minutes)
{
    struct tr_task task = task_of(&r, NO_UID, NULL), row;

    cr_assert(end_task_as(&r, task.id, "canceled", "not wanted"));
    pass_seconds(&r, 299);
    cr_expect_str_eq(task_now(&r, task.id).reason, "not wanted");
    pass_seconds(&r, 1);
    cr_expect_not(tr_task_get(r.work, r.workspace.id, task.id, &row));
    cr_expect_eq(r.work->error.what, NOT_FOUND);
    cr_expect_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ?"), 1,
                 "the row stays");
}

Test(taskrouter_assignment, that_stays_with_a_worker_for_a_day_is_forgotten)
{
    uid ann = worker_in(&r, r.available, "Ann", NULL);
    struct tr_task task = task_of(&r, NO_UID, NULL), row, next;

    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    pass_seconds(&r, 24 * 3600 - 1);
    cr_expect_str_eq(status_of(task.id), "assigned");
    next = task_of(&r, NO_UID, NULL);
    pass_seconds(&r, 1);
    cr_expect_not(tr_task_get(r.work, r.workspace.id, task.id, &row));
    cr_expect(offered_to(&r, next.id, ann));
}

Test(taskrouter_assignment, is_given_up_after_a_thousand_offers)
{
    struct tr_task task = task_of(&r, NO_UID, NULL);
    const struct param params[] = {PARAM(r.work->tenant), PARAM(task.id)};

    cr_assert(db_execute(r.work, "UPDATE tr_tasks SET offers = 999 WHERE tenant_id = ? AND id = ?",
                         params, COUNT(params), NULL));
    worker_in(&r, r.available, "Ann", NULL);
    cr_assert(decide(&r, pending_of(&r, task.id).id, "rejected"));
    task = task_now(&r, task.id);
    cr_expect_str_eq(task.assignment_status, "canceled");
    cr_expect_eq(task.offers, 1000);
}
