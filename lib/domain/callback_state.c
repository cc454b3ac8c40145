#include "domain/callback_state.h"

#include <string.h>

#include "core/text.h"
#include "domain/operator_queues.h"
#include "domain/taskrouter/links.h"

enum { OPEN = 1, IN_PROGRESS = 2, COMPLETED = 4, CANCELED = 8 };

#define UNFINISHED (OPEN | IN_PROGRESS)
#define ANY_STATE (UNFINISHED | COMPLETED | CANCELED)
#define SNOOZE_MOST_MS (INT64_C(90) * 86400 * 1000)

/* A move under way on a locked row. */
struct moving {
    const struct task_order *order;
    struct callback_task *task;
    columns changed;
    instant now;
};

#define SET(moving, member, value)                                                                 \
    ((moving)->task->member = (value),                                                             \
     (moving)->changed = columns_add((moving)->changed, &callback_task_entity,                     \
                                     offsetof(struct callback_task, member)))

#define GIVEN(order, member)                                                                       \
    columns_have((order)->given, &callback_task_entity, offsetof(struct callback_task, member))

static unsigned state_of(const char *status)
{
    static const char *const words[] = {"open", "in_progress", "completed", "canceled"};

    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(status, words[i]) == 0)
            return 1U << i;
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool is_snoozed(const struct moving *m)
{
    return !instant_is_none(m->task->snoozed_until) && m->task->snoozed_until.ms > m->now.ms;
}

static void wake(struct moving *m)
{
    SET(m, snoozed_until, NO_INSTANT);
    SET(m, snooze_reason, NULL);
}

/* The times that go with a status follow it. */
static void enter(struct moving *m, const char *status)
{
    unsigned state = state_of(status);

    SET(m, status, status);
    if (state == IN_PROGRESS)
        SET(m, claimed_at, m->now);
    if (state == OPEN)
        SET(m, claimed_at, NO_INSTANT);
    if (state == COMPLETED)
        SET(m, completed_at, m->now);
    if (!(state & UNFINISHED) && !instant_is_none(m->task->snoozed_until))
        wake(m);
}

static void append_note(struct work *work, struct moving *m)
{
    const char *notes = m->task->notes, *note = m->order->note;

    if (note && *note)
        SET(m, notes, notes && *notes ? arena_format(&work->arena, "%s\n%s", notes, note) : note);
}

/* ---- the moves ---- */

static bool claim(struct work *work, struct moving *m)
{
    if (state_of(m->task->status) == IN_PROGRESS)
        return same(m->task->assigned_to, m->order->operator_name) ||
               fail(work, WRONG_STATE, "The task is already claimed");
    if (is_snoozed(m))
        return fail(work, WRONG_STATE, "The task is snoozed");
    enter(m, "in_progress");
    SET(m, assigned_to, m->order->operator_name);
    return true;
}

static bool assign(struct work *work, struct moving *m)
{
    const struct callback_task *wanted = &m->order->wanted;

    (void)work;
    SET(m, assigned_to, wanted->assigned_to);
    if (GIVEN(m->order, priority))
        SET(m, priority, wanted->priority);
    if (GIVEN(m->order, due_at))
        SET(m, due_at, wanted->due_at);
    if (GIVEN(m->order, sla_due_at))
        SET(m, sla_due_at, wanted->sla_due_at);
    return true;
}

static bool release(struct work *work, struct moving *m)
{
    (void)work;
    if (state_of(m->task->status) == IN_PROGRESS)
        enter(m, "open");
    if (!m->order->keeps_assignee && m->task->assigned_to)
        SET(m, assigned_to, NULL);
    return true;
}

static bool snooze(struct work *work, struct moving *m)
{
    int64_t ahead_ms = m->order->until.ms - m->now.ms;

    if (ahead_ms <= 0 || ahead_ms > SNOOZE_MOST_MS)
        return fail_field(work, "snoozed_until",
                          "snoozed_until must be in the future, at most 90 days from now");
    SET(m, snoozed_until, m->order->until);
    SET(m, snooze_reason, m->order->reason);
    return true;
}

static bool unsnooze(struct work *work, struct moving *m)
{
    if (instant_is_none(m->task->snoozed_until))
        return true;
    wake(m);
    append_note(work, m);
    return true;
}

static bool acknowledge(struct work *work, struct moving *m)
{
    if (!instant_is_none(m->task->acknowledged_at))
        return true;
    SET(m, acknowledged_at, m->now);
    SET(m, acknowledged_by, m->order->operator_name);
    append_note(work, m);
    return true;
}

static bool check_queue(struct work *work, const char *queue_key)
{
    struct operator_queue queue;

    if (!queue_key || operator_queue_for(work, queue_key, &queue))
        return true;
    return work->error.what == NOT_FOUND ? fail_field(work, "queue_key", "There is no such queue")
                                         : false;
}

static void change_words(struct work *work, struct moving *m)
{
    const struct task_order *order = m->order;

    if (GIVEN(order, notes))
        SET(m, notes, order->wanted.notes);
    if (!GIVEN(order, metadata))
        return;
    SET(m, metadata, order->wanted.metadata);
    callback_task_link(work, m->task);
    SET(m, external_source, m->task->external_source);
    SET(m, external_reference_id, m->task->external_reference_id);
}

/* What may change only while it is not finished; false when nothing of that was given. */
static bool change_rest(struct moving *m)
{
    const struct task_order *order = m->order;
    const struct callback_task *wanted = &order->wanted;
    columns before = m->changed;

    if (GIVEN(order, disposition))
        SET(m, disposition, wanted->disposition);
    if (GIVEN(order, priority))
        SET(m, priority, wanted->priority);
    if (GIVEN(order, queue_key))
        SET(m, queue_key, wanted->queue_key);
    if (GIVEN(order, summary))
        SET(m, summary, wanted->summary);
    if (GIVEN(order, assigned_to))
        SET(m, assigned_to, wanted->assigned_to);
    if (GIVEN(order, due_at))
        SET(m, due_at, wanted->due_at);
    if (GIVEN(order, sla_due_at))
        SET(m, sla_due_at, wanted->sla_due_at);
    if (GIVEN(order, status) && !same(wanted->status, m->task->status))
        enter(m, wanted->status);
    return memcmp(&before, &m->changed, sizeof before) != 0;
}

static bool change(struct work *work, struct moving *m)
{
    const char *status = m->task->status;

    if (GIVEN(m->order, queue_key) && !check_queue(work, m->order->wanted.queue_key))
        return false;
    change_words(work, m);
    if (change_rest(m) && !(state_of(status) & UNFINISHED))
        return fail(work, WRONG_STATE, "The task is %s: only its metadata and notes may change",
                    status);
    return true;
}

/* From which states each move may be made, and what is told of it. */
static const struct {
    unsigned from;
    bool (*make)(struct work *work, struct moving *m);
    const char *event;
} moves[TASK_MOVES] = {
    [TASK_CLAIM] = {UNFINISHED, claim, "callback_task.claimed"},
    [TASK_ASSIGN] = {UNFINISHED, assign, "callback_task.assigned"},
    [TASK_RELEASE] = {UNFINISHED, release, "callback_task.released"},
    [TASK_SNOOZE] = {UNFINISHED, snooze, "callback_task.snoozed"},
    [TASK_UNSNOOZE] = {ANY_STATE, unsnooze, "callback_task.unsnoozed"},
    [TASK_ACKNOWLEDGE] = {UNFINISHED, acknowledge, "callback_task.acknowledged"},
    [TASK_CHANGE] = {ANY_STATE, change, "callback_task.updated"},
};

static const char *event_of(const struct moving *m, unsigned before)
{
    unsigned after = state_of(m->task->status);

    if (after != before && after == COMPLETED)
        return "callback_task.completed";
    if (after != before && after == CANCELED)
        return "callback_task.canceled";
    return moves[m->order->move].event;
}

static const char *who(struct work *work, const struct task_order *order)
{
    struct text more = {.arena = &work->arena};

    if (!order->operator_name)
        return NULL;
    text_put(&more, ",\"operator\":");
    text_json(&more, order->operator_name);
    return more.at;
}

struct step {
    const struct task_order *order;
    struct callback_task *task;
};

/* Into a queue that leads to TaskRouter, or at its end: then its task there is looked after. */
static bool tell_router(struct work *work, const struct task_order *order,
                        const struct callback_task *task)
{
    struct operator_queue queue;

    if (!(state_of(task->status) & UNFINISHED))
        return tr_link_callback_over(work, task->id, task->tr_task_id, task->status);
    if (!GIVEN(order, queue_key) || !task->queue_key || !uid_is_none(task->tr_task_id))
        return true;
    return operator_queue_for(work, task->queue_key, &queue)
               ? tr_link_callback(work, task->id, queue.tr_queue_id)
               : work->error.what == NOT_FOUND;
}

static bool move_step(struct work *work, void *with)
{
    const struct step *step = with;
    struct moving m = {.order = step->order, .task = step->task, .now = clock_now()};
    unsigned before;

    if (!callback_task_lock(work, step->order->task, step->task))
        return false;
    before = state_of(step->task->status);
    if (!(moves[step->order->move].from & before))
        return fail(work, WRONG_STATE, "The task is %s", step->task->status);
    if (!moves[step->order->move].make(work, &m))
        return false;
    if (columns_empty(m.changed))
        return true;
    return store_update(work, &callback_task_entity, step->task, m.changed) &&
           store_get(work, &callback_task_entity, step->order->task, step->task) &&
           tell_router(work, step->order, step->task) &&
           (step->order->silent ||
            callback_task_tell(work, step->task, event_of(&m, before), who(work, step->order)));
}

bool callback_task_move(struct work *work, const struct task_order *order,
                        struct callback_task *task)
{
    struct step step = {order, task};

    return db_transaction(work, move_step, &step);
}
