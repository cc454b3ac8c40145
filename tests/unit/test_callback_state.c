/*
 * Callback tasks walk through their states at random, beside a model that knows the rules in
 * another way: as a table of what each move makes of each state.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answerer.h"
#include "core/json.h"
#include "domain/callback_state.h"
#include "domain/finalise.h"
#include "domain/operator_queues.h"
#include "domain/queue_sweeps.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(callback_state, .init = setup, .fini = end, .timeout = 60);

enum { OPEN, TAKEN, DONE, DROPPED, STATES };

static const char *const words[STATES] = {"open", "in_progress", "completed", "canceled"};

/* What is known of the task without asking the store. */
struct model {
    int state, owner; /* 0: nobody */
    bool snoozed, acknowledged;
    int64_t events;
};

static const char *const people[] = {NULL, "ann", "bob"};

static void set_status(struct task_order *order, int state)
{
    order->wanted.status = words[state];
    order->given =
        columns_add(order->given, &callback_task_entity, offsetof(struct callback_task, status));
}

static bool differ(const struct model *a, const struct model *b)
{
    return a->state != b->state || a->owner != b->owner || a->snoozed != b->snoozed ||
           a->acknowledged != b->acknowledged;
}

/* Whether the move works, and what it makes of the model. */
static bool expect(struct model *m, const struct task_order *order, int who, int to)
{
    struct model before = *m;
    bool over = m->state == DONE || m->state == DROPPED, ok = !over;

    switch (order->move) {
    case TASK_CLAIM:
        ok = ok && (m->state == TAKEN ? m->owner == who : !m->snoozed);
        if (ok && m->state == OPEN)
            m->state = TAKEN, m->owner = who;
        break;
    case TASK_ASSIGN:
        m->owner = ok ? who : m->owner;
        break;
    case TASK_RELEASE:
        if (ok)
            m->state = OPEN, m->owner = order->keeps_assignee ? m->owner : 0;
        break;
    case TASK_SNOOZE:
        m->snoozed = m->snoozed || ok;
        break;
    case TASK_UNSNOOZE:
        ok = true;
        m->snoozed = false;
        break;
    case TASK_ACKNOWLEDGE:
        m->acknowledged = m->acknowledged || ok;
        break;
    default:
        ok = ok || to == m->state;
        m->state = ok ? to : m->state;
        if (m->state >= DONE)
            m->snoozed = false;
    }
    if (ok && (differ(&before, m) || order->move == TASK_ASSIGN || order->move == TASK_SNOOZE))
        m->events++;
    return ok;
}

static void compare(const struct callback_task *task, const struct model *m, int step)
{
    cr_assert_str_eq(task->status, words[m->state], "step %d", step);
    if (m->owner)
        cr_assert(task->assigned_to && strcmp(task->assigned_to, people[m->owner]) == 0,
                  "step %d: %s", step, task->assigned_to);
    else
        cr_assert_null(task->assigned_to, "step %d", step);
    cr_assert_eq(!instant_is_none(task->snoozed_until), m->snoozed, "step %d", step);
    cr_assert_eq(!instant_is_none(task->acknowledged_at), m->acknowledged, "step %d", step);
    cr_assert_eq(!instant_is_none(task->claimed_at),
                 m->state == TAKEN || (m->state >= DONE && !instant_is_none(task->claimed_at)));
    cr_assert_eq(!instant_is_none(task->completed_at), m->state == DONE, "step %d", step);
}

static uid new_task(struct callback_task *task)
{
    callback_task_begin(task);
    cr_assert(callback_task_create(work, task), "%s", work->error.message);
    return task->id;
}

static int64_t events(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                 " AND event_type LIKE 'callback_task.%'");
}

static void walk(unsigned seed)
{
    struct callback_task task, now;
    struct model model = {.state = OPEN, .events = events() + 1};
    uid id = new_task(&task);

    srand(seed);
    for (int step = 0; step < 40; step++) {
        int who = 1 + rand() % 2, to = rand() % 10 == 0 ? DONE + rand() % 2 : rand() % 2;
        struct task_order order = {
            .move = (enum task_move)(rand() % TASK_MOVES),
            .task = id,
            .operator_name = people[who],
            .until = instant_after(clock_now(), 60000),
            .keeps_assignee = rand() % 2,
        };
        bool ok;

        clock_advance_ms(10);
        if (order.move == TASK_ASSIGN)
            order.wanted.assigned_to = people[who];
        if (order.move == TASK_CHANGE)
            set_status(&order, to);
        ok = expect(&model, &order, who, to);
        cr_assert_eq(callback_task_move(work, &order, &task), ok, "seed %u step %d move %d: %s",
                     seed, step, order.move, ok ? work->error.message : "was allowed");
        cr_assert(ok || work->error.what == WRONG_STATE, "%s", work->error.message);
        cr_assert(store_get(work, &callback_task_entity, id, &now));
        compare(&now, &model, step);
    }
    cr_assert_eq(events(), model.events, "one event for each change, seed %u", seed);
}

Test(callback_state, walks_as_the_rules_say_and_tells_of_every_change)
{
    for (unsigned seed = 1; seed <= 12; seed++)
        walk(seed);
}

Test(callback_state, once_left_by_another_is_refused_to_who_comes_late)
{
    struct work other = world_work(&world);
    struct task_order ann = {.move = TASK_CLAIM, .operator_name = "ann"},
                      bob = {.move = TASK_CLAIM, .operator_name = "bob"};
    struct callback_task task;

    ann.task = bob.task = new_task(&task);
    cr_assert(callback_task_move(work, &ann, &task));
    cr_assert_not(callback_task_move(&other, &bob, &task));
    cr_expect_eq(other.error.what, WRONG_STATE);
    cr_expect(strstr(other.error.message, "already claimed"));
    work_end(&other);
}

/* ---- queues ---- */

static bool is_open(const struct operator_queue *queue, const char *when)
{
    instant now;

    cr_assert(instant_read_iso(when, &now));
    return operator_queue_is_open(&work->arena, queue, now);
}

Test(callback_state, of_queues_are_open_by_the_hours_of_their_own_zone)
{
    struct operator_queue queue;

    operator_queue_begin(&queue);
    cr_expect(is_open(&queue, "2026-07-06T03:00:00Z"), "no hours are always");
    queue.dispatch_schedule.json = "{\"monday\":\"09:00-17:00\",\"holidays\":[\"2026-07-13\"]}";
    queue.dispatch_timezone = "America/New_York";
    cr_expect(is_open(&queue, "2026-07-06T13:30:00Z"), "half past nine in New York");
    cr_expect_not(is_open(&queue, "2026-07-06T12:30:00Z"));
    cr_expect(is_open(&queue, "2026-01-05T14:30:00Z"), "in winter an hour later");
    cr_expect_not(is_open(&queue, "2026-01-05T13:30:00Z"));
    cr_expect_not(is_open(&queue, "2026-07-07T13:30:00Z"), "a Tuesday");
    cr_expect_not(is_open(&queue, "2026-07-13T13:30:00Z"), "a holiday");
}

Test(callback_state, of_queues_are_open_within_their_window_over_midnight_too)
{
    struct operator_queue queue;

    operator_queue_begin(&queue);
    queue.dispatch_window_start_hour_utc = 14;
    queue.dispatch_window_end_hour_utc = 22;
    cr_expect(is_open(&queue, "2026-07-06T14:00:00Z"));
    cr_expect_not(is_open(&queue, "2026-07-06T22:00:00Z"));
    cr_expect_not(is_open(&queue, "2026-07-06T13:59:59Z"));
    queue.dispatch_window_start_hour_utc = 22;
    queue.dispatch_window_end_hour_utc = 2;
    cr_expect(is_open(&queue, "2026-07-06T23:30:00Z"));
    cr_expect(is_open(&queue, "2026-07-06T01:59:00Z"));
    cr_expect_not(is_open(&queue, "2026-07-06T02:00:00Z"));
}

/* ---- sweeps ---- */

static const struct sweep_order everything = {.limit = SWEEP_LIMIT, .owner = "test"};

Test(callback_state, of_a_snooze_ends_when_its_time_is_over)
{
    struct task_order order = {.move = TASK_SNOOZE, .operator_name = "ann"};
    struct sweep_result result;
    struct callback_task task;

    order.task = new_task(&task);
    order.until = instant_after(clock_now(), 60000);
    cr_assert(callback_task_move(work, &order, &task));
    cr_assert(sweep_follow_ups(work, &everything, &result));
    cr_expect_eq(result.candidate_tasks, 0);
    clock_advance_ms(61000);
    cr_assert(sweep_follow_ups(work, &everything, &result));
    cr_expect_eq(result.snoozes_expired, 1);
    cr_expect_str_eq(((struct swept_task *)result.items.at)->reason, "snooze_expired");
    cr_assert(store_get(work, &callback_task_entity, order.task, &task));
    cr_expect(instant_is_none(task.snoozed_until));
    cr_assert(sweep_follow_ups(work, &everything, &result));
    cr_expect_eq(result.candidate_tasks, 0);
}

Test(callback_state, overdue_reminds_the_assignee_once_by_text_message)
{
    struct sweep_result result;
    struct callback_task task;
    struct swept_task *item;

    callback_task_begin(&task);
    task.assigned_to = "+13125550177";
    task.sla_due_at = instant_after(clock_now(), 1000);
    cr_assert(callback_task_create(work, &task));
    clock_advance_ms(2000);
    cr_assert(sweep_follow_ups(work, &everything, &result));
    item = result.items.at;
    cr_assert_eq(result.items.count, 1);
    cr_expect_str_eq(item->reason, "unacknowledged_deadline_breached");
    cr_expect(item->notification_sent, "%s", item->problem);
    cr_expect_str_eq(item->notification_target, "+13125550177");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"
                                       " AND to_number = '+13125550177'"),
                 1);
    cr_assert(sweep_follow_ups(work, &everything, &result));
    cr_expect_eq(result.candidate_tasks, 0);
}

/* A task that is linked with a ticket of the answerer's, which the tenant may ask. */
static uid linked_task(struct callback_task *task, const char *reference)
{
    json_object *config =
        json_parse(arena_format(&work->arena,
                                "{\"integrations\":{\"gorgias\":{\"base_url\":\"%s\","
                                "\"username\":\"me@example.com\",\"api_key\":\"k-1\"}}}",
                                answerer_url()));
    bool created;

    world.config.allow_private_urls = "yes";
    cr_assert(tenant_put(work, world.tenant.tenant_key, config, NULL, &world.tenant, &created),
              "%s", work->error.message);
    json_object_put(config);
    callback_task_begin(task);
    task->metadata.json = arena_format(
        &work->arena, "{\"external\":{\"source\":\"gorgias\",\"reference_id\":\"%s\"}}", reference);
    cr_assert(callback_task_create(work, task), "%s", work->error.message);
    return task->id;
}

Test(callback_state, follows_the_ticket_that_it_is_linked_with)
{
    struct sweep_result result;
    struct callback_task task;
    struct swept_task *item;
    struct heard heard;

    answerer_start();
    linked_task(&task, "77");
    answerer_say("/api/tickets/77", 200,
                 "{\"status\":\"open\",\"assignee_user\":{\"email\":\"ann@example.com\"}}");
    cr_assert(sweep_tickets(work, &everything, &result));
    cr_assert_eq(result.settled_tasks, 1, "%s",
                 result.failures.count ? ((struct unswept_task *)result.failures.at)->error : "");
    item = result.items.at;
    cr_expect_str_eq(item->assigned_to, "ann@example.com");
    cr_expect_str_eq(item->status, "open");
    heard = answerer_heard("/api/tickets/77", 0);
    cr_expect(strncmp(heard_header(&heard, "Authorization"), "Basic ", 6) == 0);
    cr_assert(sweep_tickets(work, &everything, &result));
    cr_expect_eq(result.unchanged_tasks, 1);
    answerer_say("/api/tickets/77", 200, "{\"status\":\"closed\"}");
    cr_assert(sweep_tickets(work, &everything, &result));
    cr_assert(store_get(work, &callback_task_entity, task.id, &task));
    cr_expect_str_eq(task.status, "completed");
}

Test(callback_state, stays_when_its_ticket_cannot_be_asked_about)
{
    struct sweep_result result;
    struct callback_task task;

    answerer_start();
    linked_task(&task, "78");
    answerer_say("/api/tickets/78", 404, "{}");
    cr_assert(sweep_tickets(work, &everything, &result));
    cr_assert_eq(result.failures.count, 1);
    cr_expect(strstr(((struct unswept_task *)result.failures.at)->error, "404"));
    cr_assert(store_get(work, &callback_task_entity, task.id, &task));
    cr_expect_str_eq(task.status, "open");
}

/* A call that a dispatch ordered and that ended so. */
static void call_ends(struct callback_task *task, const char *state, int64_t duration_seconds)
{
    struct call call;

    call_begin(work, &call);
    call.callback_task_id = new_task(task);
    call.origin = "callback";
    call.state = state;
    call.duration_seconds = duration_seconds;
    cr_assert(dispatch_call_ended(work, &call), "%s", work->error.message);
    cr_assert(store_get(work, &callback_task_entity, task->id, task));
}

#define CALLS_PATH "/2010-04-01/Accounts/"

/* The line is busy before the order of the call is answered. */
static void *be_busy_first(void *task)
{
    struct work other = world_work(&world);
    const struct callback_task *wanted = task;
    const struct param params[] = {PARAM(other.tenant), PARAM(wanted->id)};
    const char *sql = arena_format(
        &other.arena, "SELECT %s FROM calls WHERE tenant_id = ? AND callback_task_id = ?",
        store_names(&other, &call_entity, NULL));
    struct call_news news = NO_NEWS;
    struct call call;
    bool ended = false;

    while (!answerer_count(CALLS_PATH))
        usleep(1000);
    news.state = "busy";
    news.at = clock_now();
    if (db_find(&other, sql, params, COUNT(params), &call_entity, &call))
        ended = call_apply(&other, call.id, &news, NULL) && call_finalise(&other, call.id, NULL);
    answerer_release();
    db_close(other.db);
    arena_free(&other.arena);
    return ended ? task : NULL;
}

Test(callback_state, believes_a_call_that_ended_before_its_order_was_answered)
{
    struct operator_queue queue;
    struct sweep_result result;
    struct callback_task task;
    pthread_t caller;
    void *ended;

    answerer_start();
    answerer_say(CALLS_PATH, 201, "{\"sid\":\"CA00000000000000000000000000000701\"}");
    answerer_hold(CALLS_PATH);
    world.config.rehearsal_api_base_url = answerer_url();
    world.config.allow_private_urls = "yes";
    operator_queue_begin(&queue);
    queue.queue_key = "desk";
    queue.name = "Desk";
    queue.is_default = queue.auto_dispatch_enabled = true;
    cr_assert(operator_queue_put(work, &queue), "%s", work->error.message);
    callback_task_begin(&task);
    task.customer_phone = "+13125550178";
    cr_assert(callback_task_create(work, &task), "%s", work->error.message);
    cr_assert_eq(pthread_create(&caller, NULL, be_busy_first, &task), 0);
    cr_assert(sweep_dispatch(work, &everything, &result), "%s", work->error.message);
    cr_assert_eq(pthread_join(caller, &ended), 0);
    cr_assert_not_null(ended);
    cr_assert(store_get(work, &callback_task_entity, task.id, &task));
    cr_expect_str_eq(task.last_dispatch_status, "busy", "it can be tried again");
}

Test(callback_state, is_completed_by_a_call_in_which_somebody_spoke)
{
    struct callback_task task;

    call_ends(&task, "completed", 40);
    cr_expect_str_eq(task.status, "completed");
    cr_expect_str_eq(task.last_dispatch_status, "completed");
    call_ends(&task, "no-answer", NO_INTEGER);
    cr_expect_str_eq(task.status, "open");
    cr_expect_str_eq(task.last_dispatch_status, "no-answer");
}
