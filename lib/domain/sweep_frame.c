#include "domain/sweep_frame.h"

#include <string.h>

#include "core/log.h"
#include "core/text.h"

static const struct column columns_of_item[] = {
    COLUMN(swept_task, tenant_key, NOT_NULL),
    COLUMN(swept_task, task_id, NOT_NULL),
    COLUMN(swept_task, queue_key, NULLABLE),
    COLUMN(swept_task, customer_phone, NULLABLE),
    COLUMN(swept_task, stream_sid, NULLABLE),
    COLUMN(swept_task, assigned_to, NULLABLE),
    COLUMN(swept_task, call_sid, NULLABLE),
    COLUMN(swept_task, dispatch_attempt_count, NOT_NULL),
    COLUMN(swept_task, dry_run, NOT_NULL),
    COLUMN(swept_task, webhook_enqueued, NOT_NULL),
    COLUMN(swept_task, escalated, NOT_NULL),
    COLUMN(swept_task, snooze_expired, NOT_NULL),
    COLUMN(swept_task, notification_sent, NOT_NULL),
    COLUMN(swept_task, sla_due_at, NOT_NULL),
    COLUMN(swept_task, reason, NOT_NULL),
    COLUMN(swept_task, notification_channel, NULLABLE),
    COLUMN(swept_task, notification_target, NULLABLE),
    COLUMN(swept_task, escalation_assignee, NULLABLE),
    COLUMN(swept_task, escalation_queue_key, NULLABLE),
    COLUMN(swept_task, source, NOT_NULL),
    COLUMN(swept_task, external_reference_id, NOT_NULL),
    COLUMN(swept_task, external_status, NULLABLE),
    COLUMN(swept_task, external_assignee, NULLABLE),
    COLUMN(swept_task, previous_status, NOT_NULL),
    COLUMN(swept_task, status, NOT_NULL),
    COLUMN(swept_task, previous_assigned_to, NULLABLE),
};

const struct entity swept_task_entity =
    ENTITY(swept_task, "swept callback task", NULL, columns_of_item);

static const struct column columns_of_failure[] = {
    COLUMN(unswept_task, tenant_key, NULLABLE),
    COLUMN(unswept_task, task_id, NOT_NULL),
    COLUMN(unswept_task, external_reference_id, NULLABLE),
    COLUMN(unswept_task, error, NOT_NULL),
};

const struct entity unswept_task_entity = ENTITY(unswept_task, "failure", NULL, columns_of_failure);

/* ---- finding ---- */

static bool find_in_state(struct work *work, const struct sweep_order *order, const char *status,
                          const char *condition, const struct param *params, size_t nparams,
                          const char *ordered_by, struct rows *tasks)
{
    struct text sql = {.arena = &work->arena};
    struct param all[12];
    size_t count = 0;

    text_add(&sql,
             "SELECT %s FROM callback_tasks AS t WHERE t.status = ? AND %s"
             " AND " SERVED("t"),
             store_names(work, &callback_task_entity, "t"), condition);
    all[count++] = (struct param)PARAM(status);
    for (size_t i = 0; i < nparams; i++)
        all[count++] = params[i];
    if (order->tenant) {
        text_put(&sql, " AND t.tenant_id = ?");
        all[count++] = (struct param)PARAM(order->tenant);
    }
    if (ordered_by)
        text_add(&sql, " ORDER BY t.%s", ordered_by);
    text_put(&sql, " LIMIT ?");
    all[count++] = (struct param)PARAM(order->limit);
    return db_select(work, sql.at, all, count, &callback_task_entity, tasks);
}

bool sweep_find(struct work *work, const struct sweep_order *order, const char *condition,
                const struct param *params, size_t nparams, const char *ordered_by,
                struct rows *tasks)
{
    struct callback_task *both;
    struct rows open, taken;
    size_t most = (size_t)order->limit;

    if (!find_in_state(work, order, "open", condition, params, nparams, ordered_by, &open) ||
        !find_in_state(work, order, "in_progress", condition, params, nparams, ordered_by, &taken))
        return false;
    both = arena_new(&work->arena, struct callback_task, open.count + taken.count);
    if (open.count)
        memcpy(both, open.at, open.count * sizeof *both);
    if (taken.count)
        memcpy(both + open.count, taken.at, taken.count * sizeof *both);
    *tasks = (struct rows){both, open.count + taken.count};
    if (tasks->count > most)
        tasks->count = most;
    return true;
}

/* ---- settling ---- */

/* The tenants that were met, so that each is counted and read once. */
struct met {
    struct tenant *tenants;
    size_t count;
};

static bool meet(struct work *work, struct met *met, int64_t id, struct sweep_result *result,
                 const struct tenant **tenant)
{
    size_t i = 0;

    while (i < met->count && met->tenants[i].id != id)
        i++;
    *tenant = &met->tenants[i];
    if (i < met->count)
        return tenant_is_served(*tenant);
    result->attempted_tenants++;
    if (!tenant_by_id(work, id, &met->tenants[i]))
        return false;
    met->count++;
    result->evaluated_tenants += tenant_is_served(*tenant);
    return tenant_is_served(*tenant);
}

static void list_failure(struct work *work, const struct tenant *tenant,
                         const struct callback_task *task, const char *error,
                         struct sweep_result *result)
{
    struct unswept_task *failures = result->failures.at;

    failures[result->failures.count++] = (struct unswept_task){
        .tenant_key = tenant->tenant_key,
        .task_id = task->id,
        .external_reference_id = task->external_reference_id,
        .error = arena_text(&work->arena, error),
    };
}

static void begin_item(struct swept_task *item, const struct tenant *tenant,
                       const struct callback_task *task)
{
    row_clear(&swept_task_entity, item);
    item->problem = NULL;
    item->tenant_key = tenant->tenant_key;
    item->task_id = task->id;
    item->queue_key = task->queue_key;
    item->customer_phone = task->customer_phone;
    item->stream_sid = task->stream_sid;
    item->assigned_to = task->assigned_to;
    item->sla_due_at = task->sla_due_at;
    item->dispatch_attempt_count = task->dispatch_attempt_count;
}

static void count(const struct swept_task *item, enum settled settled, struct sweep_result *result)
{
    if (settled == UNCHANGED)
        result->unchanged_tasks++;
    if (settled != SETTLED)
        return;
    result->items.count++;
    result->settled_tasks += !item->dry_run;
    result->dry_run_tasks += item->dry_run;
    result->snoozes_expired += item->snooze_expired;
    result->escalations_applied += item->escalated;
    result->notifications_sent += item->notification_sent;
    result->webhooks_enqueued += item->webhook_enqueued;
}

static void settle_one(struct work *work, struct sweep *sweep, struct callback_task *task,
                       settler *settle, struct sweep_result *result)
{
    struct swept_task *item = (struct swept_task *)result->items.at + result->items.count;
    enum settled settled = SOMEBODY_ELSES;

    begin_item(item, sweep->tenant, task);
    if (!settle(work, sweep, task, item, &settled)) {
        log_warning(work, "task_sweep.failed", "code=%s text=\"%s\"",
                    failure_code(work->error.what), work->error.message);
        list_failure(work, sweep->tenant, task, work->error.message, result);
        return;
    }
    if (item->problem)
        list_failure(work, sweep->tenant, task, item->problem, result);
    count(item, settled, result);
}

bool sweep_each(struct work *work, const struct sweep_order *order, const struct rows *tasks,
                settler *settle, struct sweep_result *result)
{
    struct met met = {.tenants = arena_new(&work->arena, struct tenant, tasks->count + 1)};
    int64_t tenant = work->tenant;

    result->items.at = arena_new(&work->arena, struct swept_task, tasks->count + 1);
    result->failures.at = arena_new(&work->arena, struct unswept_task, tasks->count + 1);
    for (size_t i = 0; i < tasks->count; i++) {
        struct callback_task *task = (struct callback_task *)tasks->at + i;
        struct sweep sweep = {.order = order, .now = clock_now()};

        if (order->until_us && clock_monotonic_us() >= order->until_us)
            break;
        if (!meet(work, &met, task->tenant_id, result, &sweep.tenant))
            continue;
        work->tenant = task->tenant_id;
        settle_one(work, &sweep, task, settle, result);
    }
    work->tenant = tenant;
    return true;
}

/* ---- leases ---- */

bool sweep_lease(struct work *work, const struct sweep *sweep, const struct callback_task *task,
                 bool *taken)
{
    static const char sql[] =
        "UPDATE callback_tasks SET lease_owner = ?, lease_until = ? WHERE tenant_id = ? AND id = ?"
        " AND rev = ? AND (lease_until IS NULL OR lease_until <= ?)";
    instant until = instant_after(sweep->now, TASK_LEASE_MS);
    const struct param params[] = {PARAM(sweep->order->owner), PARAM(until),
                                   PARAM(work->tenant),        PARAM(task->id),
                                   PARAM(task->rev),           PARAM(sweep->now)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *taken = changed == 1;
    return true;
}

/* When it was had last is remembered by the moment. */
bool sweep_give_back(struct work *work, const struct sweep *sweep, uid task)
{
    static const char sql[] = "UPDATE callback_tasks SET lease_owner = NULL, lease_until = ?"
                              " WHERE tenant_id = ? AND id = ? AND lease_owner = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(task),
                                   PARAM(sweep->order->owner)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
