#include "domain/taskrouter/assignment.h"

#include <stdlib.h>
#include <string.h>

#include "domain/taskrouter/moves.h"
#include "domain/taskrouter/router.h"

/* What time has brought to more than these is left to the job's next round. */
enum { AT_ONCE = 200 };

/* ---- what time has brought ---- */

static bool select_tasks(struct router *router, const char *condition, struct rows *tasks)
{
    struct work *work = router->work;
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM tr_tasks WHERE tenant_id = ? AND workspace_id = ? AND wake_at <= ?"
        " AND deleted_at IS NULL AND %s ORDER BY id LIMIT ?",
        store_names(work, &tr_task_entity, NULL), condition);
    const int64_t most = AT_ONCE;
    const struct param params[] = {PARAM(work->tenant), PARAM(router->workspace->id),
                                   PARAM(router->now), PARAM(most)};

    return db_select(work, sql, params, COUNT(params), &tr_task_entity, tasks);
}

/* Who did not answer is sent where the workspace wants such workers. */
static bool end_offer(struct router *router, struct tr_reservation *reservation)
{
    return tr_reservation_give_back(router->work, router->workspace, reservation, "timeout") &&
           tr_worker_put_into(router->work, router->workspace, reservation->worker_id,
                              router->workspace->timeout_activity_id);
}

static bool end_offers(struct router *router)
{
    struct work *work = router->work;
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_reservations WHERE tenant_id = ?"
                                   " AND workspace_id = ? AND status = 'pending'"
                                   " AND expires_at <= ? ORDER BY id LIMIT ?",
                                   store_names(work, &tr_reservation_entity, NULL));
    const int64_t most = AT_ONCE;
    const struct param params[] = {PARAM(work->tenant), PARAM(router->workspace->id),
                                   PARAM(router->now), PARAM(most)};
    struct rows rows;

    if (!db_select(work, sql, params, COUNT(params), &tr_reservation_entity, &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!end_offer(router, (struct tr_reservation *)rows.at + i))
            return false;
    return true;
}

/* Its time is up, whether somebody is being asked or nobody. */
static bool end_task(struct router *router, struct tr_task *task)
{
    if (strcmp(task->assignment_status, "assigned") == 0)
        return tr_task_remove(router->work, router->workspace, task, "task.system-deleted");
    return tr_task_move(router->work, router->workspace, task, "canceled", "Task TTL Exceeded");
}

static bool end_tasks(struct router *router)
{
    struct rows tasks;

    if (!select_tasks(
            router,
            "(assignment_status = 'assigned'"
            " OR (assignment_status IN ('pending', 'reserved') AND expires_at <= wake_at))",
            &tasks))
        return false;
    for (size_t i = 0; i < tasks.count; i++)
        if (!end_task(router, (struct tr_task *)tasks.at + i))
            return false;
    return true;
}

static bool on_journey(struct router *router, struct tr_task *task,
                       bool (*go)(struct journey *journey))
{
    struct journey journey;
    bool ok = journey_begin(&journey, router, task) && go(&journey);

    journey_end(&journey);
    return ok;
}

/* Of many whose time is over at once none is asked for before the others are there. */
static bool take_steps(struct router *router, struct rows *tasks)
{
    if (!select_tasks(router, "assignment_status = 'pending' AND step_until <= wake_at", tasks))
        return false;
    for (size_t i = 0; i < tasks->count; i++)
        if (!on_journey(router, (struct tr_task *)tasks->at + i, journey_go_on))
            return false;
    return true;
}

/* Those who found nobody where they came to may skip that. */
static bool settle(struct router *router, const struct rows *tasks)
{
    struct tr_task task;

    for (size_t i = 0; i < tasks->count; i++)
        if (!tr_task_find(router->work, router->workspace->id,
                          ((const struct tr_task *)tasks->at)[i].id, &task) ||
            !on_journey(router, &task, journey_settle))
            return false;
    return true;
}

/* ---- who waits ---- */

/* As much of a waiting task as says when its turn is. */
struct waiting {
    uid id, queue_id, target_worker_id;
    int64_t priority;
    const char *channel;
    bool ignore_capacity;
    instant since;
};

static const struct column columns_of_waiting[] = {
    COLUMN(waiting, id, NOT_NULL),
    COLUMN(waiting, queue_id, NULLABLE),
    COLUMN(waiting, target_worker_id, NULLABLE),
    COLUMN(waiting, priority, NOT_NULL),
    COLUMN(waiting, channel, NOT_NULL),
    COLUMN(waiting, ignore_capacity, NOT_NULL),
    COLUMN(waiting, since, NOT_NULL),
};

static const struct entity waiting_entity =
    ENTITY(waiting, "waiting task", NULL, columns_of_waiting);

/* The more urgent, then the older, or the younger where the workspace says so; not those whose time
 * is up and who are to be looked at in the next round. */
static bool find_waiting(struct router *router, struct rows *waiting)
{
    struct work *work = router->work;
    const char *way = strcmp(router->workspace->prioritize_queue_order, "LIFO") == 0 ? "DESC" : "";
    const char *sql = arena_format(
        &work->arena,
        "SELECT id, queue_id, target_worker_id, priority, channel, ignore_capacity,"
        " COALESCE(virtual_start_at, created_at) AS since FROM tr_tasks WHERE tenant_id = ?"
        " AND workspace_id = ? AND assignment_status = 'pending' AND deleted_at IS NULL"
        " AND (wake_at IS NULL OR wake_at > ?) ORDER BY priority DESC, since %s, id %s",
        way, way);
    const struct param params[] = {PARAM(work->tenant), PARAM(router->workspace->id),
                                   PARAM(router->now)};

    return db_select(work, sql, params, COUNT(params), &waiting_entity, waiting);
}

/* The places that tasks of one queue and one urgency have among the others, the other way round. */
static void turn_round(struct waiting *all, size_t from, size_t end, uid queue)
{
    size_t first = from, last = end;

    for (;;) {
        struct waiting held;

        while (first < last && !uid_equal(all[first].queue_id, queue))
            first++;
        while (first < last && !uid_equal(all[last - 1].queue_id, queue))
            last--;
        if (first + 1 >= last)
            return;
        held = all[first];
        all[first++] = all[--last];
        all[last] = held;
    }
}

/* Every queue that takes its tasks in another order than the workspace, once for each urgency. */
static bool arrange_group(struct router *router, struct waiting *all, size_t from, size_t end)
{
    const char *order = router->workspace->prioritize_queue_order;
    struct line *line;

    for (size_t i = from; i < end; i++) {
        if (uid_is_none(all[i].queue_id))
            continue;
        if (!router_line(router, all[i].queue_id, &line))
            return false;
        if (!line || line->turned == end || strcmp(line->queue.task_order, order) == 0)
            continue;
        line->turned = end;
        turn_round(all, from, end, all[i].queue_id);
    }
    return true;
}

static bool arrange(struct router *router, struct waiting *all, size_t count)
{
    size_t from = 0;

    for (size_t i = 1; i <= count; i++)
        if (i == count || all[i].priority != all[from].priority) {
            if (!arrange_group(router, all, from, i))
                return false;
            from = i;
        }
    return true;
}

/* ---- handing out ---- */

static bool could_go_to_worker(const struct router *router, const struct waiting *waiting)
{
    size_t channel = channel_index(waiting->channel), member;

    if (!router_member(router, waiting->target_worker_id, &member))
        return false;
    if (waiting->ignore_capacity)
        return true;
    for (size_t i = 0; i < router->nfree[channel]; i++)
        if (router->free[channel][i] == member)
            return true;
    return false;
}

/* Most tasks find nobody: that is told without looking at the task itself. */
static bool could_go(struct router *router, const struct waiting *waiting, bool *could)
{
    size_t channel = channel_index(waiting->channel);
    struct line *line = NULL;

    *could = !uid_is_none(waiting->target_worker_id) && could_go_to_worker(router, waiting);
    if (!uid_is_none(waiting->target_worker_id) || uid_is_none(waiting->queue_id))
        return true;
    if (!router_line(router, waiting->queue_id, &line))
        return false;
    for (size_t i = 0; line && i < router->nfree[channel] && !*could; i++)
        *could = line_matches(router, line, router->free[channel][i]);
    return true;
}

static bool offer_again(struct journey *journey)
{
    bool offered;

    return journey_offer(journey, journey_target(journey), &offered);
}

static bool hand_out_one(struct router *router, const struct waiting *waiting)
{
    struct tr_task task;
    bool could;

    if (!could_go(router, waiting, &could))
        return false;
    if (!could)
        return true;
    return tr_task_find(router->work, router->workspace->id, waiting->id, &task) &&
           on_journey(router, &task, offer_again);
}

static bool hand_out(struct router *router)
{
    struct rows waiting;
    struct waiting *all;

    if (!find_waiting(router, &waiting))
        return false;
    if (!waiting.count)
        return true;
    if (!router_load(router))
        return false;
    all = waiting.at;
    if (!router->nmembers)
        return true;
    if (!arrange(router, all, waiting.count))
        return false;
    for (size_t i = 0; i < waiting.count; i++)
        if (!hand_out_one(router, &all[i]))
            return false;
    return true;
}

/* ---- what others call ---- */

bool tr_route(struct work *work, const struct tr_workspace *workspace, struct tr_task *task)
{
    struct router router;
    bool ok;

    router_begin(&router, work, workspace);
    ok = on_journey(&router, task, journey_start);
    router_end(&router);
    return ok;
}

bool tr_route_all(struct work *work, const struct tr_workspace *workspace, struct rows *tasks)
{
    struct router router;
    bool ok = true;

    router_begin(&router, work, workspace);
    for (size_t i = 0; i < tasks->count && ok; i++)
        ok = on_journey(&router, (struct tr_task *)tasks->at + i, journey_start_later);
    ok = ok && hand_out(&router) && settle(&router, tasks);
    router_end(&router);
    return ok;
}

bool tr_assign(struct work *work, const struct tr_workspace *workspace)
{
    struct router router;
    struct rows stepped;
    bool ok;

    router_begin(&router, work, workspace);
    ok = end_offers(&router) && end_tasks(&router) && take_steps(&router, &stepped) &&
         hand_out(&router) && settle(&router, &stepped);
    router_end(&router);
    return ok;
}

static bool assign_step(struct work *work, void *with)
{
    struct tr_workspace workspace;

    return tr_workspace_hold(work, *(const uid *)with, &workspace) && tr_assign(work, &workspace);
}

bool tr_assign_now(struct work *work, uid workspace)
{
    return db_transaction(work, assign_step, &workspace);
}

static const struct column columns_of_due[] = {
    COLUMN(tr_due, tenant_id, NOT_NULL),
    COLUMN(tr_due, workspace_id, NOT_NULL),
};

static const struct entity due_entity = ENTITY(tr_due, "workspace", NULL, columns_of_due);

bool tr_find_due(struct work *work, int64_t limit, struct rows *due)
{
    static const char sql[] =
        "SELECT tenant_id, workspace_id FROM tr_tasks WHERE wake_at <= ? AND deleted_at IS NULL"
        " UNION SELECT tenant_id, workspace_id FROM tr_reservations WHERE status = 'pending'"
        " AND expires_at <= ? LIMIT ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &due_entity, due);
}
