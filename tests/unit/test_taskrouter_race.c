/* Eight routers at once, as on eight nodes; and one that is killed in the middle. */
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/rand.h"
#include "core/text.h"
#include "routing.h"

enum { ROUTERS = 8, WORKERS = 6, TASKS = 20, MOST_RESERVED = 2, ROUTER_SECONDS = 90 };

static struct routing_world r;

static void setup(void)
{
    routing_begin(&r, false);
    clock_release();
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_race, .init = setup, .fini = end, .timeout = 120);

/* ---- what must always hold ---- */

static int64_t count(struct work *work, const char *sql)
{
    const struct param params[] = {PARAM(work->tenant)};
    int64_t number = -1;

    cr_assert(db_number(work, sql, params, COUNT(params), -1, &number), "%s", work->error.message);
    return number;
}

static const struct {
    const char *what, *sql;
} rules[] = {
    {"a worker with two open reservations",
     "SELECT COUNT(*) FROM (SELECT open_worker FROM tr_reservations WHERE tenant_id = ?"
     " AND open_worker IS NOT NULL GROUP BY open_worker HAVING COUNT(*) > 1) AS t"},
    {"a task that more are asked about than its queue says",
     "SELECT COUNT(*) FROM (SELECT r.task_id FROM tr_reservations AS r"
     " JOIN tr_tasks AS t ON t.tenant_id = r.tenant_id AND t.id = r.task_id"
     " JOIN tr_task_queues AS q ON q.tenant_id = t.tenant_id AND q.id = t.queue_id"
     " WHERE r.tenant_id = ? AND r.status = 'pending'"
     " GROUP BY r.task_id, q.max_reserved_workers HAVING COUNT(*) > q.max_reserved_workers) AS t"},
    {"a task with two who accepted",
     "SELECT COUNT(*) FROM (SELECT task_id FROM tr_reservations WHERE tenant_id = ?"
     " AND status IN ('accepted', 'wrapping', 'completed') GROUP BY task_id"
     " HAVING COUNT(*) > 1) AS t"},
    {"a reserved task that nobody is asked about, or the other way round",
     "SELECT COUNT(*) FROM (SELECT t.id FROM tr_tasks AS t LEFT JOIN tr_reservations AS r"
     " ON r.tenant_id = t.tenant_id AND r.task_id = t.id AND r.status = 'pending'"
     " WHERE t.tenant_id = ? GROUP BY t.id, t.assignment_status"
     " HAVING (t.assignment_status = 'reserved') <> (COUNT(r.id) > 0)) AS t"},
    {"an assigned task that nobody accepted, or the other way round",
     "SELECT COUNT(*) FROM (SELECT t.id FROM tr_tasks AS t LEFT JOIN tr_reservations AS r"
     " ON r.tenant_id = t.tenant_id AND r.task_id = t.id AND r.status = 'accepted'"
     " WHERE t.tenant_id = ? GROUP BY t.id, t.assignment_status"
     " HAVING (t.assignment_status = 'assigned') <> (COUNT(r.id) > 0)) AS t"},
};

static void check_rules(struct work *work)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        cr_assert_eq(count(work, rules[i].sql), 0, "there is %s", rules[i].what);
}

/* ---- what a router does ---- */

static bool pick(struct work *work, const char *states, struct tr_reservation *row)
{
    const char *sql =
        arena_format(&work->arena,
                     "SELECT %s FROM tr_reservations WHERE tenant_id = ? AND status IN (%s)"
                     " ORDER BY RAND() LIMIT 1",
                     store_names(work, &tr_reservation_entity, NULL), states);
    const struct param params[] = {PARAM(work->tenant)};

    return db_find(work, sql, params, COUNT(params), &tr_reservation_entity, row);
}

/* Whoever was faster is no failure; everything else is. */
static void decide_something(struct work *work)
{
    static const char *const words[] = {"accepted", "accepted", "rejected", "completed",
                                        "completed"};
    struct tr_reservation_order order = {.place = {.workspace = r.workspace.id},
                                         .if_rev = NO_INTEGER};
    struct tr_reservation row;

    order.status = words[rand_below(COUNT(words))];
    if (!pick(work, strcmp(order.status, "completed") == 0 ? "'accepted'" : "'pending'", &row))
        return;
    order.id = row.id;
    cr_assert(tr_reservation_update(work, &order, &row) || work->error.what == WRONG_STATE, "%s",
              work->error.message);
}

static int64_t unfinished(struct work *work)
{
    return count(work, "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ?"
                       " AND assignment_status NOT IN ('completed', 'canceled')");
}

static void route(void)
{
    struct work work = world_work(&r.world);
    bool left = true;

    alarm(ROUTER_SECONDS); /* one that finds no end is a failure, too */
    while (left) {
        cr_assert(tr_assign_now(&work, r.workspace.id), "%s", work.error.message);
        check_rules(&work);
        decide_something(&work);
        left = unfinished(&work) > 0;
        arena_reset(&work.arena);
    }
    db_close(work.db);
    work_end(&work);
}

static void fill(void)
{
    struct tr_queue queues[2];
    struct tr_workflow workflow;

    tr_queue_begin(&queues[0]);
    queues[0].workspace_id = r.workspace.id;
    queues[0].friendly_name = "Two at once";
    queues[0].max_reserved_workers = MOST_RESERVED;
    cr_assert(tr_queue_create(r.work, &queues[0]));
    queues[1] = queue_of(&r, "One at once", "n >= 3");
    workflow = workflow_of(
        &r,
        "{\"task_routing\":{\"filters\":[{\"expression\":\"odd\",\"targets\":[{\"queue\":\"%2\"}]}"
        "],\"default_filter\":{\"queue\":\"%1\"}}}",
        queues, 2);
    for (int64_t i = 0; i < WORKERS; i++)
        worker_in(&r, r.available, arena_format(&r.work->arena, "w%lld", (long long)i),
                  arena_format(&r.work->arena, "{\"n\":%lld}", (long long)i));
    for (int i = 0; i < TASKS; i++)
        task_of(&r, workflow.id, i % 2 ? "{\"odd\":true}" : "{}");
}

/* ---- eight of them ---- */

Test(taskrouter_race, of_eight_routers_never_offers_a_worker_two_tasks_nor_a_task_to_too_many)
{
    pid_t pids[ROUTERS];
    int status;

    fill();
    for (size_t i = 0; i < ROUTERS; i++)
        if ((pids[i] = fork()) == 0) {
            route();
            _exit(0);
        }
    for (size_t i = 0; i < ROUTERS; i++) {
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "router %zu: %d", i, status);
    }
    check_rules(r.work);
    cr_expect_eq(count(r.work, "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ?"
                               " AND assignment_status = 'completed'"),
                 TASKS, "every task was done");
    cr_expect_eq(count(r.work, "SELECT COUNT(*) FROM tr_reservations WHERE tenant_id = ?"
                               " AND status = 'completed'"),
                 TASKS, "by one worker each");
}

/* On nodes of a cluster the lock of the workspace is each node's own: then only keys tell. */
Test(taskrouter_race, of_nodes_that_share_no_lock_is_decided_by_the_keys)
{
    uid ann = worker_in(&r, r.available, "Ann", "{\"channels\":{\"default\":{\"capacity\":3}}}");
    struct tr_task task = task_of(&r, NO_UID, NULL), other = task_of(&r, NO_UID, NULL);
    struct tr_reservation row = pending_of(&r, task.id);

    row.id = uid_new();
    row.task_id = other.id;
    row.slot = 1;
    cr_expect_not(
        store_insert(r.work, &tr_reservation_entity, &row, columns_all(&tr_reservation_entity)));
    cr_expect_eq(r.work->error.what, CONFLICT, "she is still thinking");
    cr_assert(decide(&r, pending_of(&r, task.id).id, "accepted"));
    cr_assert(decide(&r, pending_of(&r, other.id).id, "rejected"));
    cr_assert(end_task_as(&r, other.id, "canceled", NULL));
    row.slot = 0;
    cr_expect_not(
        store_insert(r.work, &tr_reservation_entity, &row, columns_all(&tr_reservation_entity)));
    cr_expect_eq(r.work->error.what, CONFLICT, "that part of her capacity is taken");
    (void)ann;
}

/* ---- one that dies ---- */

Test(taskrouter_race, of_a_router_that_is_killed_leaves_nothing_half_done)
{
    fill();
    for (int round = 0; round < 3; round++) {
        pid_t pid = fork();

        if (pid == 0) {
            route();
            _exit(0);
        }
        usleep((useconds_t)(20000 + rand_below(60000))); /* wherever it is then */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        cr_assert(tr_assign_now(r.work, r.workspace.id), "%s", r.work->error.message);
        check_rules(r.work);
    }
    route();
    alarm(0);
    cr_expect_eq(unfinished(r.work), 0);
}

/* ---- the first use ---- */

Test(taskrouter_race, of_eight_first_uses_makes_one_workspace)
{
    struct world other;
    pid_t pids[ROUTERS];
    int status;

    world_begin(&other, NULL, false);
    for (size_t i = 0; i < ROUTERS; i++)
        if ((pids[i] = fork()) == 0) {
            struct work work = world_work(&other);

            cr_assert(tr_workspace_ensure(&work), "%s", work.error.message);
            db_close(work.db);
            work_end(&work);
            _exit(0);
        }
    for (size_t i = 0; i < ROUTERS; i++) {
        waitpid(pids[i], &status, 0);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    cr_expect_eq(count(&other.work, "SELECT COUNT(*) FROM tr_workspaces WHERE tenant_id = ?"), 1);
    cr_expect_eq(count(&other.work, "SELECT COUNT(*) FROM tr_activities WHERE tenant_id = ?"), 3);
    cr_expect_eq(count(&other.work, "SELECT COUNT(*) FROM tr_task_queues WHERE tenant_id = ?"), 1);
    cr_expect_eq(count(&other.work, "SELECT COUNT(*) FROM tr_workflows WHERE tenant_id = ?"), 1);
    world_end(&other);
}
