#include "domain/callback_tasks.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/call_names.h"
#include "domain/calls.h"
#include "domain/operator_queues.h"
#include "domain/outbox.h"
#include "domain/taskrouter/links.h"
#include "domain/tenants.h"
#include "domain/words.h"

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
    COLUMN(callback_task, tr_task_id, NULLABLE),
    COLUMN(callback_task, stream_sid, NULLABLE, .max = 64),
    COLUMN(callback_task, call_sid, NULLABLE, .max = 64),
    COLUMN(callback_task, queue_key, NULLABLE, .max = 80),
    COLUMN(callback_task, status, NOT_NULL, .one_of = task_states),
    COLUMN(callback_task, disposition, NOT_NULL, .one_of = dispositions),
    COLUMN(callback_task, priority, NOT_NULL, .least = INT32_MIN, .most = INT32_MAX),
    COLUMN(callback_task, customer_phone, NULLABLE, .max = 32),
    COLUMN(callback_task, agent_name, NULLABLE, .max = 190),
    COLUMN(callback_task, summary, NULLABLE, .max = 16000),
    COLUMN(callback_task, notes, NULLABLE, .max = 16000),
    COLUMN(callback_task, assigned_to, NULLABLE, .max = 190),
    COLUMN(callback_task, created_by, NULLABLE, .max = 190),
    COLUMN(callback_task, due_at, NULLABLE),
    COLUMN(callback_task, sla_due_at, NULLABLE),
    COLUMN(callback_task, claimed_at, NULLABLE),
    COLUMN(callback_task, completed_at, NULLABLE),
    COLUMN(callback_task, acknowledged_at, NULLABLE),
    COLUMN(callback_task, acknowledged_by, NULLABLE, .max = 190),
    COLUMN(callback_task, snoozed_until, NULLABLE),
    COLUMN(callback_task, snooze_reason, NULLABLE, .max = 500),
    COLUMN(callback_task, last_sla_alert_due_at, NULLABLE),
    COLUMN(callback_task, last_sla_alerted_at, NULLABLE),
    COLUMN(callback_task, dispatch_attempt_count, NOT_NULL),
    COLUMN(callback_task, last_dispatch_attempted_at, NULLABLE),
    COLUMN(callback_task, last_dispatch_call_sid, NULLABLE),
    COLUMN(callback_task, last_dispatch_status, NULLABLE),
    COLUMN(callback_task, follow_up_escalated_at, NULLABLE),
    COLUMN(callback_task, last_notified_at, NULLABLE),
    COLUMN(callback_task, external_source, NULLABLE, .max = 32),
    COLUMN(callback_task, external_reference_id, NULLABLE, .max = 120),
    COLUMN(callback_task, lease_owner, NULLABLE),
    COLUMN(callback_task, lease_until, NULLABLE),
    COLUMN(callback_task, metadata, NOT_NULL, .max = 16000),
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
    task->dispatch_attempt_count = 0;
    task->metadata.json = "{}";
}

/* ---- a new one ---- */

static bool apply_queue(struct work *work, struct callback_task *task, uid *tr_queue)
{
    struct operator_queue queue;

    *tr_queue = NO_UID;
    if (!operator_queue_for(work, task->queue_key, &queue)) {
        if (work->error.what != NOT_FOUND)
            return false;
        return !task->queue_key || fail_field(work, "queue_key", "There is no such queue");
    }
    *tr_queue = queue.tr_queue_id;
    task->queue_key = queue.queue_key;
    if (!task->assigned_to)
        task->assigned_to = queue.default_assignee;
    if (instant_is_none(task->sla_due_at) && queue.sla_seconds != NO_INTEGER)
        task->sla_due_at = instant_after(task->created_at, queue.sla_seconds * 1000);
    return true;
}

/* A SID that is no call of the tenant's stays as it was given. */
static bool apply_call(struct work *work, struct callback_task *task)
{
    struct call call;

    if (!task->call_sid || !uid_is_none(task->call_id))
        return true;
    if (!call_by_sid(work, task->call_sid, &call))
        return work->error.what == NOT_FOUND;
    task->call_id = call.id;
    if (!task->customer_phone)
        task->customer_phone = call.customer_phone;
    if (!task->agent_name)
        task->agent_name = call.agent_name;
    return true;
}

void callback_task_link(struct work *work, struct callback_task *task)
{
    json_object *metadata = json_parse(task->metadata.json);
    json_object *external = json_member(metadata, "external");

    task->external_source = word_ascii(&work->arena, json_text(external, "source"), 32);
    task->external_reference_id =
        word_ascii(&work->arena, json_text(external, "reference_id"), 120);
    json_object_put(metadata);
}

static bool create_step(struct work *work, void *with)
{
    struct callback_task *task = with, there;
    uid tr_queue;

    if (store_get(work, &callback_task_entity, task->id, &there)) {
        *task = there;
        return true;
    }
    return work->error.what == NOT_FOUND && apply_call(work, task) &&
           apply_queue(work, task, &tr_queue) &&
           store_insert(work, &callback_task_entity, task, columns_all(&callback_task_entity)) &&
           store_get(work, &callback_task_entity, task->id, task) &&
           tr_link_callback(work, task->id, tr_queue) &&
           callback_task_tell(work, task, "callback_task.created", NULL);
}

bool callback_task_create(struct work *work, struct callback_task *task)
{
    task->created_at = task->updated_at = clock_now();
    if (strcmp(task->status, "in_progress") == 0)
        task->claimed_at = task->created_at;
    if (strcmp(task->status, "completed") == 0)
        task->completed_at = task->created_at;
    callback_task_link(work, task);
    return db_transaction(work, create_step, task);
}

bool callback_task_lock(struct work *work, uid id, struct callback_task *task)
{
    const char *sql = arena_format(
        &work->arena, "SELECT %s FROM callback_tasks WHERE tenant_id = ? AND id = ? FOR UPDATE",
        store_names(work, &callback_task_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &callback_task_entity, task);
}

/* ---- lists ---- */

struct list {
    struct text sql;
    struct param params[9];
    size_t count;
};

/* A condition and its value, when there is one. */
static void narrow(struct list *list, const char *condition, struct param value)
{
    text_put(&list->sql, list->count ? " AND " : " WHERE ");
    text_put(&list->sql, condition);
    list->params[list->count++] = value;
}

/* Of all tenants the newest rows are found by their keys, which begin with the time. */
bool callback_tasks_list(struct work *work, const struct task_filter *filter,
                         const struct page *page, struct rows *tasks)
{
    int64_t tenant = filter->everybody ? filter->tenant : work->tenant;
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;
    struct list list = {.sql.arena = &work->arena};
    instant now = clock_now();

    text_add(&list.sql, "SELECT %s FROM callback_tasks",
             store_names(work, &callback_task_entity, NULL));
    if (tenant || !filter->everybody)
        narrow(&list, "tenant_id = ?", (struct param)PARAM(tenant));
    if (filter->status)
        narrow(&list, "status = ?", (struct param)PARAM(filter->status));
    if (filter->disposition)
        narrow(&list, "disposition = ?", (struct param)PARAM(filter->disposition));
    if (filter->stream_sid)
        narrow(&list, "stream_sid = ?", (struct param)PARAM(filter->stream_sid));
    if (filter->queue_key)
        narrow(&list, "queue_key = ?", (struct param)PARAM(filter->queue_key));
    if (filter->overdue_only) {
        narrow(&list, "status IN ('open', 'in_progress') AND (sla_due_at < ? OR due_at < ?)",
               (struct param)PARAM(now));
        list.params[list.count++] = (struct param)PARAM(now);
    }
    if (filter->everybody && !tenant)
        text_add(&list.sql, "%s" OF_LIVING_TENANT("callback_tasks"),
                 list.count ? " AND " : " WHERE ");
    text_put(&list.sql, " ORDER BY id DESC LIMIT ? OFFSET ?");
    list.params[list.count++] = (struct param)PARAM(size);
    list.params[list.count++] = (struct param)PARAM(skip);
    return db_select(work, list.sql.at, list.params, list.count, &callback_task_entity, tasks);
}

/* ---- events ---- */

/* What is ours alone and nobody else's business. */
static bool is_told(const char *name)
{
    static const char *const hidden[] = {"tenant_id",
                                         "call_id",
                                         "tr_task_id",
                                         "external_source",
                                         "lease_owner",
                                         "lease_until",
                                         "external_reference_id",
                                         "follow_up_escalated_at",
                                         "last_notified_at",
                                         "rev"};

    for (size_t i = 0; i < COUNT(hidden); i++)
        if (strcmp(name, hidden[i]) == 0)
            return false;
    return true;
}

static void add_value(struct text *out, enum type type, const void *cell)
{
    char text[40];

    if (cell_is_none(type, cell)) {
        text_put(out, "null");
    } else if (type == INTEGER) {
        text_integer(out, *(const int64_t *)cell);
    } else if (type == DOCUMENT) {
        text_put(out, ((const document *)cell)->json);
    } else if (type == INSTANT) {
        instant_write_iso(*(const instant *)cell, ISO_SHORTEST, text);
        text_json(out, text);
    } else if (type == UID) {
        uid_write_uuid(*(const uid *)cell, text);
        text_json(out, text);
    } else {
        text_json(out, *(const char *const *)cell);
    }
}

static const char *data_of(struct work *work, const struct callback_task *task, const char *more)
{
    struct text out = {.arena = &work->arena};

    text_put(&out, "{\"task\":{");
    for (size_t i = 0, told = 0; i < callback_task_entity.ncolumns; i++) {
        const struct column *column = &callback_task_entity.columns[i];

        if (!is_told(column->name))
            continue;
        text_add(&out, "%s\"%s\":", told++ ? "," : "", column->name);
        add_value(&out, column->type, cell_of(column, task));
    }
    text_add(&out, "}%s}", more ? more : "");
    return out.at;
}

bool callback_task_tell(struct work *work, const struct callback_task *task, const char *event,
                        const char *more)
{
    char id[37];

    uid_write_uuid(task->id, id);
    return outbox_put(work, "webhook", task->id, event, data_of(work, task, more),
                      arena_format(&work->arena, "%s:%s:%lld", event, id, (long long)task->rev));
}
