#include "domain/callback_tasks.h"

static const char *const task_states[] = {"open", "in_progress", "completed", "canceled", NULL};
static const char *const dispositions[] = {"human_follow_up_required",
                                           "callback_requested",
                                           "callback_scheduled",
                                           "transferred",
                                           "resolved",
                                           "voicemail_follow_up",
                                           "customer_abandoned",
                                           NULL};

static const struct column columns_of_task[] = {
    COLUMN(callback_task, tenant_id, NOT_NULL),
    COLUMN(callback_task, id, NOT_NULL),
    COLUMN(callback_task, call_id, NULLABLE),
    COLUMN(callback_task, stream_sid, NULLABLE, .max = 64),
    COLUMN(callback_task, call_sid, NULLABLE, .max = 64),
    COLUMN(callback_task, queue_key, NULLABLE, .max = 80),
    COLUMN(callback_task, status, NOT_NULL, .one_of = task_states),
    COLUMN(callback_task, disposition, NOT_NULL, .one_of = dispositions),
    COLUMN(callback_task, priority, NOT_NULL),
    COLUMN(callback_task, customer_phone, NULLABLE, .max = 32),
    COLUMN(callback_task, agent_name, NULLABLE, .max = 760),
    COLUMN(callback_task, summary, NULLABLE, .max = 16000),
    COLUMN(callback_task, notes, NULLABLE, .max = 16000),
    COLUMN(callback_task, assigned_to, NULLABLE, .max = 760),
    COLUMN(callback_task, created_by, NULLABLE, .max = 760),
    COLUMN(callback_task, due_at, NULLABLE),
    COLUMN(callback_task, sla_due_at, NULLABLE),
    COLUMN(callback_task, metadata, NOT_NULL),
    COLUMN(callback_task, created_at, NOT_NULL),
    COLUMN(callback_task, updated_at, NOT_NULL),
    COLUMN(callback_task, rev, NOT_NULL),
};

const struct entity callback_task_entity =
    ENTITY(callback_task, "callback task", "callback_tasks", columns_of_task);

void callback_task_begin(struct callback_task *task)
{
    row_clear(&callback_task_entity, task);
    task->id = uid_new();
    task->status = "open";
    task->disposition = "callback_requested";
    task->priority = 0;
    task->metadata.json = "{}";
}

/* What a task takes from its queue. */
struct queue {
    const char *queue_key, *default_assignee;
    int64_t sla_seconds;
};

static const struct column columns_of_queue[] = {
    COLUMN(queue, queue_key, NOT_NULL),
    COLUMN(queue, default_assignee, NULLABLE),
    COLUMN(queue, sla_seconds, NULLABLE),
};

static const struct entity queue_entity = ENTITY(queue, "queue", NULL, columns_of_queue);

static bool apply_queue(struct work *work, struct callback_task *task)
{
    static const char sql[] =
        "SELECT queue_key, default_assignee, sla_seconds FROM operator_queues WHERE tenant_id = ?"
        " AND active = 1 AND (queue_key = ? OR (? IS NULL AND is_default = 1))"
        " ORDER BY priority, id LIMIT 1";
    const struct param params[] = {PARAM(work->tenant), PARAM(task->queue_key),
                                   PARAM(task->queue_key)};
    struct queue queue;

    if (!db_find(work, sql, params, COUNT(params), &queue_entity, &queue)) {
        if (work->error.what != NOT_FOUND)
            return false;
        return !task->queue_key || fail_field(work, "queue_key", "There is no such queue");
    }
    task->queue_key = queue.queue_key;
    if (!task->assigned_to)
        task->assigned_to = queue.default_assignee;
    if (instant_is_none(task->sla_due_at) && queue.sla_seconds != NO_INTEGER)
        task->sla_due_at = instant_after(task->created_at, queue.sla_seconds * 1000);
    return true;
}

static bool create_step(struct work *work, void *with)
{
    struct callback_task *task = with, there;

    if (store_get(work, &callback_task_entity, task->id, &there)) {
        *task = there;
        return true;
    }
    return work->error.what == NOT_FOUND && apply_queue(work, task) &&
           store_insert(work, &callback_task_entity, task, columns_all(&callback_task_entity));
}

bool callback_task_create(struct work *work, struct callback_task *task)
{
    task->created_at = task->updated_at = clock_now();
    return db_transaction(work, create_step, task);
}
