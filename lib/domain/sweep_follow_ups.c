/* Deadlines of callback tasks: alerts, ends of snoozes, reminders, escalations. */
#include <ctype.h>
#include <string.h>

#include "core/e164.h"
#include "core/text.h"
#include "domain/operator_queues.h"
#include "domain/outbound.h"
#include "domain/sms_orders.h"
#include "domain/sweep_frame.h"

#define ADD(set, member)                                                                           \
    ((set) = columns_add(set, &callback_task_entity, offsetof(struct callback_task, member)))

static bool is_past(instant when, instant now)
{
    return !instant_is_none(when) && when.ms <= now.ms;
}

static bool is_unfinished(const struct callback_task *task)
{
    return strcmp(task->status, "open") == 0 || strcmp(task->status, "in_progress") == 0;
}

/* One task, looked at again under its lock. */
struct look {
    const struct sweep *sweep;
    struct callback_task *task;
    struct swept_task *item;
    enum settled *settled;
    struct swept_task begun; /* the item as it was before, for a step that runs again */
    uid message;
};

static bool look_again(struct work *work, const struct sweep *sweep, struct callback_task *task,
                       struct swept_task *item, enum settled *settled,
                       bool (*step)(struct work *work, void *with))
{
    struct look look = {.sweep = sweep, .task = task, .item = item, .settled = settled};

    look.begun = *item;
    look.message = uid_new();
    return db_transaction(work, step, &look);
}

static bool write_and_tell(struct work *work, struct look *look, columns set, const char *event,
                           const char *more)
{
    struct callback_task *task = look->task;

    *look->settled = SETTLED;
    if (!store_update(work, &callback_task_entity, task, set))
        return false;
    if (look->sweep->order->silent)
        return true;
    look->item->webhook_enqueued = true;
    return store_get(work, &callback_task_entity, task->id, task) &&
           callback_task_tell(work, task, event, more);
}

/* ---- SLA ---- */

static bool alert_step(struct work *work, void *with)
{
    struct look *look = with;
    struct callback_task *task = look->task;
    columns set = NO_COLUMNS;

    *look->item = look->begun;
    *look->settled = SOMEBODY_ELSES;
    if (!callback_task_lock(work, task->id, task))
        return false;
    if (!is_unfinished(task) || !is_past(task->sla_due_at, look->sweep->now) ||
        task->last_sla_alert_due_at.ms == task->sla_due_at.ms)
        return true;
    task->last_sla_alert_due_at = task->sla_due_at;
    task->last_sla_alerted_at = look->sweep->now;
    ADD(set, last_sla_alert_due_at);
    ADD(set, last_sla_alerted_at);
    return write_and_tell(work, look, set, "callback_task.sla_breached", NULL);
}

static bool alert_one(struct work *work, const struct sweep *sweep, struct callback_task *task,
                      struct swept_task *item, enum settled *settled)
{
    return look_again(work, sweep, task, item, settled, alert_step);
}

static bool count_overdue(struct work *work, const struct sweep_order *order, instant now,
                          int64_t *overdue)
{
    const char *sql =
        arena_format(&work->arena,
                     "SELECT COUNT(*) FROM callback_tasks AS t WHERE t.status IN"
                     " ('open', 'in_progress') AND t.sla_due_at <= ? AND " SERVED("t") "%s",
                     order->tenant ? " AND t.tenant_id = ?" : "");
    const struct param params[] = {PARAM(now), PARAM(order->tenant)};

    return db_number(work, sql, params, order->tenant ? 2 : 1, 0, overdue);
}

bool sweep_sla(struct work *work, const struct sweep_order *order, struct sweep_result *result)
{
    static const char condition[] = "t.sla_due_at <= ? AND (t.last_sla_alert_due_at IS NULL"
                                    " OR t.last_sla_alert_due_at <> t.sla_due_at)";
    instant now = clock_now();
    const struct param params[] = {PARAM(now)};
    struct rows tasks;

    *result = (struct sweep_result){0};
    return count_overdue(work, order, now, &result->candidate_tasks) &&
           sweep_find(work, order, condition, params, COUNT(params), "sla_due_at", &tasks) &&
           sweep_each(work, order, &tasks, alert_one, result);
}

/* ---- reminders ---- */

/* The deadlines that passed; NO_INSTANT when none has. */
struct deadlines {
    instant first, last;
};

static struct deadlines deadlines_of(const struct callback_task *task, instant now)
{
    instant sla = is_past(task->sla_due_at, now) ? task->sla_due_at : NO_INSTANT;
    instant due = is_past(task->due_at, now) ? task->due_at : NO_INSTANT;

    if (instant_is_none(sla) || instant_is_none(due))
        sla = due = instant_is_none(sla) ? due : sla;
    return sla.ms < due.ms ? (struct deadlines){sla, due} : (struct deadlines){due, sla};
}

static const char *message_for(struct work *work, const struct look *look)
{
    const struct callback_task *task = look->task;

    return arena_format(&work->arena, "Callback task %s: %s%s%s%.200s",
                        strcmp(look->item->reason, "snooze_expired") == 0 ? "is due again"
                                                                          : "is overdue",
                        task->customer_phone ? task->customer_phone : "no number",
                        task->queue_key ? ", queue " : "", task->queue_key ? task->queue_key : "",
                        task->summary ? arena_format(&work->arena, ". %s", task->summary) : "");
}

/*
 * Whoever is a telephone number gets a text message; others are reminded through the tenant's
 * receivers, which hear of every task here.  A message that may not be sent holds up nothing.
 */
static bool remind(struct work *work, struct look *look)
{
    struct swept_task *item = look->item;
    const char *target = look->task->assigned_to;
    struct sms_order order = {.id = look->message, .origin = "system"};
    char number[E164_SIZE];

    if (!target || !e164_read(target, NULL, number))
        return true;
    item->notification_channel = "sms";
    item->notification_target = target;
    order.to = number;
    order.body = message_for(work, look);
    item->notification_sent = outbound_from(work, NULL, &order.from) && sms_order(work, &order);
    if (item->notification_sent)
        return true;
    item->problem = arena_text(&work->arena, work->error.message);
    return work->error.what != BUSY && work->error.what != INTERNAL && work->error.what != CONFLICT;
}

static bool escalate(struct work *work, struct look *look, instant deadline, columns *set)
{
    struct callback_task *task = look->task;
    struct operator_queue queue, next;

    if (!task->queue_key || !instant_is_none(task->follow_up_escalated_at))
        return true;
    if (!operator_queue_for(work, task->queue_key, &queue))
        return work->error.what == NOT_FOUND;
    if (queue.follow_up_escalation_seconds == NO_INTEGER ||
        !is_past(instant_after(deadline, queue.follow_up_escalation_seconds * 1000),
                 look->sweep->now))
        return true;
    task->follow_up_escalated_at = look->sweep->now;
    ADD(*set, follow_up_escalated_at);
    if (queue.follow_up_escalation_assignee) {
        task->assigned_to = queue.follow_up_escalation_assignee;
        ADD(*set, assigned_to);
    }
    if (queue.follow_up_escalation_priority != NO_INTEGER) {
        task->priority = queue.follow_up_escalation_priority;
        ADD(*set, priority);
    }
    if (queue.follow_up_escalation_queue_key &&
        operator_queue_for(work, queue.follow_up_escalation_queue_key, &next)) {
        task->queue_key = next.queue_key;
        ADD(*set, queue_key);
        look->item->escalation_queue_key = next.queue_key;
    }
    look->item->escalated = true;
    look->item->escalation_assignee = queue.follow_up_escalation_assignee;
    return true;
}

static void wake(struct look *look, columns *set)
{
    struct callback_task *task = look->task;

    if (!is_past(task->snoozed_until, look->sweep->now))
        return;
    task->snoozed_until = NO_INSTANT;
    task->snooze_reason = NULL;
    ADD(*set, snoozed_until);
    ADD(*set, snooze_reason);
    look->item->snooze_expired = true;
    look->item->reason = "snooze_expired";
}

static const char *data_of(struct work *work, const struct look *look)
{
    const struct swept_task *item = look->item;

    return arena_format(&work->arena,
                        ",\"reason\":\"%s\",\"escalated\":%s,\"snooze_expired\":%s,"
                        "\"notification_sent\":%s",
                        item->reason, item->escalated ? "true" : "false",
                        item->snooze_expired ? "true" : "false",
                        item->notification_sent ? "true" : "false");
}

static const char *event_of(const struct swept_task *item)
{
    return item->escalated        ? "callback_task.escalated"
           : item->snooze_expired ? "callback_task.unsnoozed"
                                  : "callback_task.follow_up_required";
}

static bool follow_up_step(struct work *work, void *with)
{
    struct look *look = with;
    struct callback_task *task = look->task;
    const struct sweep *sweep = look->sweep;
    columns set = NO_COLUMNS;
    struct deadlines past;
    bool breached, unheard;

    *look->item = look->begun;
    *look->settled = SOMEBODY_ELSES;
    if (!callback_task_lock(work, task->id, task))
        return false;
    if (!is_unfinished(task))
        return true;
    wake(look, &set);
    past = deadlines_of(task, sweep->now);
    breached = !instant_is_none(past.first) && instant_is_none(task->acknowledged_at) &&
               instant_is_none(task->snoozed_until);
    unheard = instant_is_none(task->last_notified_at) ||
              (breached && task->last_notified_at.ms < past.last.ms);
    if (breached)
        look->item->reason = "unacknowledged_deadline_breached";
    if (breached && !escalate(work, look, past.first, &set))
        return false;
    look->item->assigned_to = task->assigned_to;
    if (!sweep->order->without_notifications &&
        ((breached && unheard) || look->item->escalated || look->item->snooze_expired)) {
        task->last_notified_at = sweep->now;
        ADD(set, last_notified_at);
        if (!remind(work, look))
            return false;
    }
    return columns_empty(set) ||
           write_and_tell(work, look, set, event_of(look->item), data_of(work, look));
}

static bool follow_up_one(struct work *work, const struct sweep *sweep, struct callback_task *task,
                          struct swept_task *item, enum settled *settled)
{
    return look_again(work, sweep, task, item, settled, follow_up_step);
}

#define UNHEARD(due)                                                                               \
    "t." due " <= ? AND t.acknowledged_at IS NULL"                                                 \
    " AND (t.snoozed_until IS NULL OR t.snoozed_until <= ?)"                                       \
    " AND (t.last_notified_at IS NULL OR t.last_notified_at < t." due                              \
    " OR (t.follow_up_escalated_at IS NULL AND EXISTS (SELECT 1 FROM operator_queues AS q"         \
    " WHERE q.tenant_id = t.tenant_id AND q.queue_key = t.queue_key AND q.active = 1"              \
    " AND q.follow_up_escalation_seconds IS NOT NULL"                                              \
    " AND t." due " <= ? - INTERVAL q.follow_up_escalation_seconds SECOND)))"

/* Why a task is looked at, each by an index of its own; what two find is settled by the first. */
static const struct {
    const char *condition, *ordered_by;
    size_t nows; /* how often the moment is asked for */
} causes[] = {
    {"t.snoozed_until <= ?", "snoozed_until", 1},
    {UNHEARD("sla_due_at"), "sla_due_at", 3},
    {UNHEARD("due_at"), "due_at", 3},
};

static bool is_listed(const struct rows *tasks, uid id)
{
    const struct callback_task *task = tasks->at;

    for (size_t i = 0; i < tasks->count; i++)
        if (uid_equal(task[i].id, id))
            return true;
    return false;
}

bool sweep_follow_ups(struct work *work, const struct sweep_order *order,
                      struct sweep_result *result)
{
    struct callback_task *all =
        arena_new(&work->arena, struct callback_task, COUNT(causes) * (size_t)order->limit + 1);
    struct rows tasks = {all, 0}, found;
    instant now = clock_now();
    const struct param nows[] = {PARAM(now), PARAM(now), PARAM(now)};

    *result = (struct sweep_result){0};
    for (size_t i = 0; i < COUNT(causes); i++) {
        if (!sweep_find(work, order, causes[i].condition, nows, causes[i].nows,
                        causes[i].ordered_by, &found))
            return false;
        for (size_t j = 0; j < found.count && (int64_t)tasks.count < order->limit; j++) {
            const struct callback_task *task = (const struct callback_task *)found.at + j;

            if (!is_listed(&tasks, task->id))
                all[tasks.count++] = *task;
        }
    }
    result->candidate_tasks = (int64_t)tasks.count;
    return sweep_each(work, order, &tasks, follow_up_one, result);
}
