/* A task's way through the steps of its workflow (reference, twilio 8.4). */
#include <string.h>

#include "core/json.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/router.h"

enum { DEFAULT_FILTER = -1 };

/* Why another step is looked for: only who never got into a filter, or was skipped out of one, has
 * the default filter left. */
enum why { BEGINS, SKIPPED, TIMED_OUT };

static bool tell(struct journey *journey, const char *type, const struct line *line)
{
    const struct router *router = journey->router;

    return tr_tell(router->work, &(struct tr_event){.type = type,
                                                    .workspace = router->workspace,
                                                    .task = journey->task,
                                                    .queue = line ? &line->queue : NULL});
}

/* What happens to a task in its workflow; where it follows none, nothing does. */
static bool tell_workflow(struct journey *journey, const char *type)
{
    const struct router *router = journey->router;
    const struct tr_event event = {
        .type = type,
        .workspace = router->workspace,
        .task = journey->task,
        .workflow = journey->rules ? &journey->rules->workflow : NULL,
    };

    return !journey->rules || tr_tell(router->work, &event);
}

/* ---- where it is ---- */

static const struct routing_target *target_at(const struct journey *journey, int64_t filter,
                                              int64_t target)
{
    const struct routing *routing = journey->rules ? &journey->rules->routing : NULL;

    if (!routing || target < 0)
        return NULL;
    if (filter == DEFAULT_FILTER)
        return target == 0 && !uid_is_none(routing->otherwise.queue) ? &routing->otherwise : NULL;
    if (filter < 0 || (uint64_t)filter >= routing->nfilters ||
        (uint64_t)target >= routing->filters[filter].ntargets)
        return NULL;
    return &routing->filters[filter].targets[target];
}

const struct routing_target *journey_target(const struct journey *journey)
{
    const struct tr_task *task = journey->task;
    const struct routing_target *target =
        task->step_filter == NO_INTEGER ? NULL
                                        : target_at(journey, task->step_filter, task->step_target);

    return target && uid_equal(target->queue, task->queue_id) ? target : NULL;
}

/* ---- entering a step ---- */

static bool change_queue(struct journey *journey, uid queue, columns *given, bool *changed)
{
    struct tr_task *task = journey->task;

    *changed = !uid_equal(task->queue_id, queue);
    if (!*changed)
        return true;
    task->queue_id = queue;
    task->queue_entered_at = journey->router->now;
    *given = TR_WITH(TR_WITH(*given, tr_task, queue_id), tr_task, queue_entered_at);
    return true;
}

static columns set_step(struct journey *journey, int64_t filter, int64_t target_index,
                        const struct routing_target *target)
{
    columns given =
        TR_WITH(TR_WITH(TR_WITH(TR_WITH(NO_COLUMNS, tr_task, step_filter), tr_task, step_target),
                        tr_task, step_until),
                tr_task, wake_at);
    struct tr_task *task = journey->task;

    task->step_filter = filter;
    task->step_target = target_index;
    task->step_until = NO_INSTANT;
    task->wake_at = task->expires_at;
    if (target && target->timeout_seconds != NO_INTEGER) {
        task->step_until = instant_after(journey->router->now, target->timeout_seconds * 1000);
        if (task->step_until.ms < task->wake_at.ms)
            task->wake_at = task->step_until;
    }
    if (target && target->priority != NO_INTEGER) {
        task->priority = target->priority;
        given = TR_WITH(given, tr_task, priority);
    }
    return given;
}

static bool write(struct journey *journey, columns given)
{
    struct work *work = journey->router->work;
    struct tr_task *task = journey->task;

    return store_update(work, &tr_task_entity, task, given) &&
           tr_task_get(work, task->workspace_id, task->id, task);
}

/* Into a queue, with what is to be told of it. */
static bool enter(struct journey *journey, int64_t filter, int64_t index,
                  const struct routing_target *target, uid queue)
{
    columns given = set_step(journey, filter, index, target);
    bool first = uid_is_none(journey->task->queue_id), changed;
    struct line *line = NULL;

    if (!change_queue(journey, queue, &given, &changed) || !write(journey, given))
        return false;
    if (uid_is_none(queue) || !changed)
        return true;
    return router_line(journey->router, queue, &line) &&
           (first || tell(journey, "task-queue.moved", line)) &&
           tell(journey, "task-queue.entered", line);
}

/* ---- from step to step ---- */

/* The first filter from there on that matches; the number of filters when none does. */
static int64_t next_filter(const struct journey *journey, int64_t from)
{
    const struct expression_scope scopes[] = {{NULL, journey->attributes}};
    const struct routing *routing = &journey->rules->routing;
    size_t at = (size_t)from;

    while (at < routing->nfilters && !expression_is_true(routing->filters[at].expression, scopes,
                                                         COUNT(scopes), journey->router->now))
        at++;
    return (int64_t)at;
}

static bool is_skipped(struct journey *journey, const struct routing_target *target, bool *skipped)
{
    struct router *router = journey->router;
    json_object *counts = NULL;
    struct line *line;

    *skipped = false;
    if (!target->skip_if)
        return true;
    if (!router_line(router, target->queue, &line) || (line && !line_counts(router, line, &counts)))
        return false;
    const struct expression_scope scopes[] = {
        {"task", journey->attributes}, {"workers", counts}, {NULL, journey->attributes}};
    *skipped = expression_is_true(target->skip_if, scopes, COUNT(scopes), router->now);
    json_object_put(counts);
    return true;
}

/* "stays" when it found a worker there, or waits. */
static bool ask_there(struct journey *journey, const struct routing_target *target, bool *stays)
{
    bool offered, skipped = false;

    if (!journey_offer(journey, target, &offered) ||
        (!offered && !is_skipped(journey, target, &skipped)))
        return false;
    *stays = offered || !skipped;
    return *stays || tell_workflow(journey, "workflow.skipped");
}

static bool try_step(struct journey *journey, int64_t filter, int64_t index,
                     const struct routing_target *target, bool *stays)
{
    *stays = journey->defers;
    return tell_workflow(journey, "workflow.target-matched") &&
           enter(journey, filter, index, target, target->queue) &&
           (journey->defers || ask_there(journey, target, stays));
}

/* Nobody is left who could be asked. */
static bool give_up(struct journey *journey)
{
    struct router *router = journey->router;

    return tell_workflow(journey, "workflow.timeout") &&
           tr_task_move(router->work, router->workspace, journey->task, "canceled",
                        "Task canceled on Workflow timeout.");
}

static bool walk(struct journey *journey, int64_t filter, int64_t index, enum why why)
{
    const struct routing_target *target;
    bool stays = false, was_default = filter == DEFAULT_FILTER;

    while (!stays) {
        target = target_at(journey, filter, index);
        if (!target && !was_default) {
            filter = next_filter(journey, filter + 1);
            index = 0;
            target = target_at(journey, filter, index);
        }
        if (!target && !was_default && why != TIMED_OUT) {
            filter = DEFAULT_FILTER;
            was_default = true;
            target = target_at(journey, filter, index);
        }
        if (!target)
            return give_up(journey);
        if (!try_step(journey, filter, index, target, &stays))
            return false;
        why = SKIPPED;
        index++;
    }
    return true;
}

/* Sent past the rules: to a queue, or straight to a worker. */
static bool start_past(struct journey *journey)
{
    bool offered;

    return enter(journey, NO_INTEGER, NO_INTEGER, NULL, journey->task->target_queue_id) &&
           (journey->defers || journey_offer(journey, NULL, &offered));
}

bool journey_start(struct journey *journey)
{
    const struct tr_task *task = journey->task;
    int64_t first;

    if (!uid_is_none(task->target_queue_id) || !uid_is_none(task->target_worker_id))
        return start_past(journey);
    if (!journey->rules)
        return give_up(journey);
    first = next_filter(journey, 0);
    return tell_workflow(journey, "workflow.entered") && walk(journey, first, 0, BEGINS);
}

bool journey_start_later(struct journey *journey)
{
    journey->defers = true;
    return journey_start(journey);
}

bool journey_settle(struct journey *journey)
{
    const struct routing_target *target = journey_target(journey);
    const struct tr_task *task = journey->task;
    bool stays = true;

    if (!target || strcmp(task->assignment_status, "pending") != 0)
        return true;
    return ask_there(journey, target, &stays) &&
           (stays || walk(journey, task->step_filter, task->step_target + 1, SKIPPED));
}

bool journey_go_on(struct journey *journey)
{
    const struct tr_task *task = journey->task;
    struct line *line = NULL;

    journey->defers = true;
    if (!uid_is_none(task->queue_id) && !router_line(journey->router, task->queue_id, &line))
        return false;
    return tell(journey, "task-queue.timeout", line) &&
           (journey->rules ? walk(journey, task->step_filter, task->step_target + 1, TIMED_OUT)
                           : give_up(journey));
}
