/* Customers of callback tasks are called by themselves. */
#include <string.h>

#include "core/text.h"
#include "domain/calls.h"
#include "domain/numbers.h"
#include "domain/operator_queues.h"
#include "domain/outbound.h"
#include "domain/sweep_frame.h"

enum { RETRY_SECONDS = 15 * 60 };

/* ---- what is due ---- */

static bool select_queues(struct work *work, const struct sweep_order *order, struct rows *queues)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM operator_queues AS q WHERE auto_dispatch_enabled = 1"
        " AND active = 1 AND " SERVED("q") "%s ORDER BY tenant_id, priority",
        store_names(work, &operator_queue_entity, NULL), order->tenant ? " AND tenant_id = ?" : "");
    const struct param params[] = {PARAM(order->tenant)};

    return db_select(work, sql, params, order->tenant ? 1 : 0, &operator_queue_entity, queues);
}

static instant ago(instant now, int64_t seconds, int64_t usual)
{
    return instant_after(now, -1000 * (seconds == NO_INTEGER ? usual : seconds));
}

/* Whose call is still under way or was answered is not called again. */
static bool select_tasks(struct work *work, const struct operator_queue *queue, instant now,
                         int64_t limit, struct rows *tasks)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM callback_tasks FORCE INDEX (ix_dispatch)"
        " WHERE tenant_id = ? AND queue_key = ? AND status = 'open'"
        " AND customer_phone IS NOT NULL AND (due_at IS NULL OR due_at <= ?)"
        " AND (snoozed_until IS NULL OR snoozed_until <= ?) AND created_at <= ?"
        " AND dispatch_attempt_count < ?"
        " AND (last_dispatch_attempted_at IS NULL OR last_dispatch_attempted_at <= ?)"
        " AND COALESCE(last_dispatch_status, '') NOT IN ('initiated', 'unknown', 'completed')"
        " AND (lease_until IS NULL OR lease_until <= ?) ORDER BY priority, sla_due_at, id LIMIT ?",
        store_names(work, &callback_task_entity, NULL));
    instant first = ago(now, queue->auto_dispatch_delay_seconds, 0);
    instant again = ago(now, queue->auto_dispatch_retry_delay_seconds, RETRY_SECONDS);
    const struct param params[] = {
        PARAM(queue->tenant_id),
        PARAM(queue->queue_key),
        PARAM(now),
        PARAM(now),
        PARAM(first),
        PARAM(queue->auto_dispatch_max_attempts),
        PARAM(again),
        PARAM(now),
        PARAM(limit),
    };

    return db_select(work, sql, params, COUNT(params), &callback_task_entity, tasks);
}

static bool find_due(struct work *work, const struct sweep_order *order, struct rows *tasks)
{
    struct callback_task *all =
        arena_new(&work->arena, struct callback_task, (size_t)order->limit + 1);
    instant now = clock_now();
    struct rows queues, found;

    *tasks = (struct rows){all, 0};
    if (!select_queues(work, order, &queues))
        return false;
    for (size_t i = 0; i < queues.count && (int64_t)tasks->count < order->limit; i++) {
        const struct operator_queue *queue = (const struct operator_queue *)queues.at + i;

        if (!operator_queue_is_open(&work->arena, queue, now))
            continue;
        if (!select_tasks(work, queue, now, order->limit - (int64_t)tasks->count, &found))
            return false;
        if (found.count)
            memcpy(all + tasks->count, found.at, found.count * sizeof *all);
        tasks->count += found.count;
    }
    return true;
}

/* ---- calling ---- */

/* The attempt counts from here on, so that a process that dies does not call for ever. */
static bool begin_attempt(struct work *work, const struct sweep *sweep,
                          const struct callback_task *task, bool *ours)
{
    static const char sql[] =
        "UPDATE callback_tasks SET lease_owner = ?, lease_until = ?,"
        " dispatch_attempt_count = dispatch_attempt_count + 1, last_dispatch_attempted_at = ?,"
        " last_dispatch_status = 'dialing', updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND status = 'open' AND rev = ?"
        " AND (lease_until IS NULL OR lease_until <= ?)";
    instant until = instant_after(sweep->now, TASK_LEASE_MS);
    const struct param params[] = {
        PARAM(sweep->order->owner), PARAM(until),    PARAM(sweep->now), PARAM(sweep->now),
        PARAM(work->tenant),        PARAM(task->id), PARAM(task->rev),  PARAM(sweep->now),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *ours = changed == 1;
    return true;
}

/* What came of an attempt, with its event. */
struct attempt {
    const struct sweep *sweep;
    uid task;
    const char *status, *call_sid;
    bool told;
};

/* A call that ended before its order was answered has said already what came of it. */
static bool note_step(struct work *work, void *with)
{
    static const char sql[] =
        "UPDATE callback_tasks SET"
        " last_dispatch_status = IF(last_dispatch_status = 'dialing', ?, last_dispatch_status),"
        " last_dispatch_call_sid = COALESCE(?, last_dispatch_call_sid), lease_owner = NULL,"
        " lease_until = NULL, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND lease_owner = ?";
    struct attempt *attempt = with;
    instant now = clock_now();
    struct callback_task task;
    const struct param params[] = {
        PARAM(attempt->status), PARAM(attempt->call_sid), PARAM(now),
        PARAM(work->tenant),    PARAM(attempt->task),     PARAM(attempt->sweep->order->owner),
    };
    uint64_t changed;

    attempt->told = false;
    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    if (changed == 0 || attempt->sweep->order->silent)
        return true;
    attempt->told = true;
    return store_get(work, &callback_task_entity, attempt->task, &task) &&
           callback_task_tell(work, &task,
                              attempt->call_sid ? "callback_task.dispatched"
                                                : "callback_task.dispatch_failed",
                              NULL);
}

/* The number that the customer knows us by; another of ours when that is gone. */
static bool find_from(struct work *work, const struct callback_task *task, const char **from)
{
    struct phone_number number;
    struct call call;

    *from = NULL;
    if (!uid_is_none(task->call_id) && call_get(work, task->call_id, &call)) {
        *from = strcmp(call.direction, "inbound") == 0 ? call.to_addr : call.from_addr;
        if (*from && !number_owned(work, *from, &number))
            *from = NULL;
    }
    return outbound_from(work, *from, from);
}

static const char *context_of(struct work *work, const struct callback_task *task)
{
    struct text json = {.arena = &work->arena};
    char id[37];

    uid_write_uuid(task->id, id);
    text_add(&json, "{\"callback_task_id\":\"%s\",\"disposition\":", id);
    text_json(&json, task->disposition);
    text_put(&json, ",\"summary\":");
    text_json(&json, task->summary);
    text_put(&json, ",\"notes\":");
    text_json(&json, task->notes);
    text_char(&json, '}');
    return json.at;
}

static bool place(struct work *work, const struct callback_task *task, struct call *call)
{
    struct outbound_order order = {
        .origin = "callback",
        .to = task->customer_phone,
        .callback_task_id = task->id,
    };

    if (!find_from(work, task, &order.from))
        return false;
    order.context_json = context_of(work, task);
    return outbound_order(work, &order, call);
}

/* The failure that is listed stays the call's, whatever is written meanwhile. */
static bool call_customer(struct work *work, const struct sweep *sweep, struct callback_task *task,
                          struct swept_task *item)
{
    struct attempt attempt = {.sweep = sweep, .task = task->id};
    struct error error;
    struct call call;
    bool placed = place(work, task, &call), noted;

    error = work->error;
    attempt.status = placed ? "initiated" : error.what == BUSY ? "unknown" : "failed";
    attempt.call_sid = item->call_sid = placed ? call.call_sid : NULL;
    noted = db_transaction(work, note_step, &attempt);
    item->webhook_enqueued = noted && attempt.told;
    if (!placed)
        work->error = error;
    return placed && noted;
}

static bool dispatch_one(struct work *work, const struct sweep *sweep, struct callback_task *task,
                         struct swept_task *item, enum settled *settled)
{
    bool ours;

    item->dry_run = sweep->order->dry_run;
    if (item->dry_run) {
        *settled = SETTLED;
        return true;
    }
    if (!begin_attempt(work, sweep, task, &ours))
        return false;
    if (!ours)
        return true;
    *settled = SETTLED;
    item->dispatch_attempt_count++;
    return call_customer(work, sweep, task, item);
}

bool sweep_dispatch(struct work *work, const struct sweep_order *order, struct sweep_result *result)
{
    struct rows tasks;

    *result = (struct sweep_result){0};
    if (!find_due(work, order, &tasks))
        return false;
    result->candidate_tasks = (int64_t)tasks.count;
    return sweep_each(work, order, &tasks, dispatch_one, result);
}

/* ---- the end of such a call ---- */

static bool was_spoken_with(const struct call *call)
{
    return strcmp(call->state, "completed") == 0 && call->duration_seconds > 0 &&
           (!call->answered_by || (strncmp(call->answered_by, "machine", 7) != 0 &&
                                   strcmp(call->answered_by, "fax") != 0));
}

bool dispatch_call_ended(struct work *work, const struct call *call)
{
    columns set = NO_COLUMNS;
    struct callback_task task;
    bool spoken = was_spoken_with(call);

    if (uid_is_none(call->callback_task_id) || strcmp(call->origin, "callback") != 0)
        return true;
    if (!callback_task_lock(work, call->callback_task_id, &task))
        return work->error.what == NOT_FOUND;
    task.last_dispatch_status = spoken                                  ? "completed"
                                : strcmp(call->state, "completed") == 0 ? "machine"
                                                                        : call->state;
    set = columns_add(set, &callback_task_entity,
                      offsetof(struct callback_task, last_dispatch_status));
    if (spoken && strcmp(task.status, "open") == 0) {
        task.status = "completed";
        task.completed_at = clock_now();
        set = columns_add(set, &callback_task_entity, offsetof(struct callback_task, status));
        set = columns_add(set, &callback_task_entity, offsetof(struct callback_task, completed_at));
    }
    return store_update(work, &callback_task_entity, &task, set) &&
           store_get(work, &callback_task_entity, task.id, &task) &&
           callback_task_tell(work, &task,
                              spoken && strcmp(task.status, "completed") == 0
                                  ? "callback_task.completed"
                                  : "callback_task.updated",
                              NULL);
}
