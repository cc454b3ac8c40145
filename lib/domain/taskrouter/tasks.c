#include "domain/taskrouter/tasks.h"

#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/expression.h"
#include "domain/taskrouter/links.h"
#include "domain/taskrouter/lists.h"
#include "domain/taskrouter/moves.h"
#include "domain/taskrouter/workflow.h"

enum { USUAL_TIMEOUT_SECONDS = 86400 };

static const char *const statuses[] = {"pending",   "reserved", "assigned", "wrapping",
                                       "completed", "canceled", NULL};

static const struct column columns_of_task[] = {
    COLUMN(tr_task, tenant_id, NOT_NULL),
    COLUMN(tr_task, id, NOT_NULL),
    COLUMN(tr_task, workspace_id, NOT_NULL),
    COLUMN(tr_task, workflow_id, NOT_NULL),
    COLUMN(tr_task, queue_id, NULLABLE),
    COLUMN(tr_task, attributes, NOT_NULL, .max = 4 * TR_ATTRIBUTES_LONGEST),
    COLUMN(tr_task, assignment_status, NOT_NULL, .one_of = statuses),
    COLUMN(tr_task, priority, NOT_NULL),
    COLUMN(tr_task, reason, NULLABLE, .max = 2000),
    COLUMN(tr_task, timeout, NOT_NULL),
    COLUMN(tr_task, channel, NOT_NULL, .one_of = tr_channels),
    COLUMN(tr_task, call_id, NULLABLE),
    COLUMN(tr_task, callback_task_id, NULLABLE),
    COLUMN(tr_task, queued, NOT_NULL),
    COLUMN(tr_task, worker_call_id, NULLABLE),
    COLUMN(tr_task, queue_entered_at, NULLABLE),
    COLUMN(tr_task, expires_at, NOT_NULL),
    COLUMN(tr_task, wake_at, NULLABLE),
    COLUMN(tr_task, virtual_start_at, NULLABLE),
    COLUMN(tr_task, target_worker_id, NULLABLE),
    COLUMN(tr_task, target_queue_id, NULLABLE),
    COLUMN(tr_task, ignore_capacity, NOT_NULL),
    COLUMN(tr_task, step_filter, NULLABLE),
    COLUMN(tr_task, step_target, NULLABLE),
    COLUMN(tr_task, step_until, NULLABLE),
    COLUMN(tr_task, offers, NOT_NULL),
    COLUMN(tr_task, assigned_at, NULLABLE),
    COLUMN(tr_task, finished_at, NULLABLE),
    COLUMN(tr_task, deleted_at, NULLABLE),
    COLUMN(tr_task, created_at, NOT_NULL),
    COLUMN(tr_task, updated_at, NOT_NULL),
    COLUMN(tr_task, rev, NOT_NULL),
    COLUMN(tr_task, workflow_name, NULLABLE, .computed = true),
    COLUMN(tr_task, queue_name, NULLABLE, .computed = true),
};

const struct entity tr_task_entity = ENTITY(tr_task, "task", "tr_tasks", columns_of_task);

static const struct tr_lookup lookups[] = {
    {"workflow_name", "SELECT w.friendly_name FROM tr_workflows AS w"
                      " WHERE w.tenant_id = t.tenant_id AND w.id = t.workflow_id"},
    {"queue_name", "SELECT q.friendly_name FROM tr_task_queues AS q"
                   " WHERE q.tenant_id = t.tenant_id AND q.id = t.queue_id"},
};

void tr_task_begin(struct tr_task *task)
{
    row_clear(&tr_task_entity, task);
    task->id = uid_new();
    task->attributes.json = "{}";
    task->assignment_status = "pending";
    task->priority = 0;
    task->timeout = USUAL_TIMEOUT_SECONDS;
    task->channel = tr_channels[0];
    task->offers = 0;
}

int64_t tr_task_age_seconds(const struct tr_task *task)
{
    int64_t age_ms = clock_now().ms - task->created_at.ms;

    return age_ms > 0 ? age_ms / 1000 : 0;
}

const char *tr_task_routing_target(struct work *work, const struct tr_task *task)
{
    char sid[SID_SIZE];

    if (!uid_is_none(task->target_worker_id))
        sid_write("WK", task->target_worker_id, sid);
    else if (!uid_is_none(task->target_queue_id))
        sid_write("WQ", task->target_queue_id, sid);
    else
        return NULL;
    return arena_text(&work->arena, sid);
}

/* ---- reading ---- */

static void begin(struct work *work, struct tr_list *list, const uid *workspace)
{
    tr_list_begin(work, list, &tr_task_entity, lookups, COUNT(lookups));
    tr_list_where(list, "t.workspace_id = ?", (struct param)PARAM(*workspace));
    tr_list_only(list, "t.deleted_at IS NULL");
}

/* Until when a task must have ended to be seen no longer. */
static instant seen_since(void)
{
    return instant_after(clock_now(), -(int64_t)TR_TASK_SEEN_MS);
}

static void only_seen(struct tr_list *list, const instant *since)
{
    tr_list_where(list, "(t.finished_at IS NULL OR t.finished_at > ?)",
                  (struct param)PARAM(*since));
}

bool tr_task_find(struct work *work, uid workspace, uid id, struct tr_task *task)
{
    struct tr_list list;

    begin(work, &list, &workspace);
    return tr_list_get(work, &list, id, task);
}

bool tr_task_get(struct work *work, uid workspace, uid id, struct tr_task *task)
{
    instant since = seen_since();
    struct tr_list list;

    begin(work, &list, &workspace);
    only_seen(&list, &since);
    return tr_list_get(work, &list, id, task);
}

static bool matches(struct work *work, const void *row, void *with)
{
    const struct tr_task *task = row;
    json_object *attributes = json_parse(task->attributes.json);
    const struct expression_scope scope = {NULL, attributes};
    bool ok = expression_is_true(with, &scope, 1, clock_now());

    (void)work;
    json_object_put(attributes);
    return ok;
}

static bool is_status(const char *word)
{
    for (size_t i = 0; statuses[i]; i++)
        if (strcmp(statuses[i], word) == 0)
            return true;
    return false;
}

/* The words are our own once they were found among the states. */
static bool narrow_statuses(struct work *work, struct tr_list *list, const char *const *words)
{
    struct text among = {.arena = &work->arena};

    for (; words && *words; words++) {
        if (!is_status(*words))
            return fail_field(work, "assignment_status", "There is no such assignment_status");
        text_add(&among, "%s'%s'", among.length ? ", " : "", *words);
    }
    if (among.length)
        tr_list_only(list, arena_format(&work->arena, "t.assignment_status IN (%s)", among.at));
    return true;
}

static bool narrow_target(struct work *work, struct tr_list *list, const char *sid, uid *target)
{
    if (!sid)
        return true;
    if (tr_sid_read(sid, "WK", target))
        tr_list_where(list, "t.target_worker_id = ?", (struct param)PARAM(*target));
    else if (tr_sid_read(sid, "WQ", target))
        tr_list_where(list, "t.target_queue_id = ?", (struct param)PARAM(*target));
    else if (tr_sid_read(sid, "WW", target))
        tr_list_where(list, "t.workflow_id = ?", (struct param)PARAM(*target));
    else
        return fail_field(work, "routing_target", "routing_target must be a SID");
    return true;
}

static void narrow(struct tr_list *list, const struct tr_task_filter *filter)
{
    if (filter->priority != NO_INTEGER)
        tr_list_where(list, "t.priority = ?", (struct param)PARAM(filter->priority));
    if (!uid_is_none(filter->workflow_id))
        tr_list_where(list, "t.workflow_id = ?", (struct param)PARAM(filter->workflow_id));
    if (!uid_is_none(filter->queue_id))
        tr_list_where(list, "t.queue_id = ?", (struct param)PARAM(filter->queue_id));
    if (filter->workflow_name)
        tr_list_where(list,
                      "EXISTS (SELECT 1 FROM tr_workflows AS w WHERE w.tenant_id = t.tenant_id"
                      " AND w.id = t.workflow_id AND w.friendly_name = ?)",
                      (struct param)PARAM(filter->workflow_name));
    if (filter->queue_name)
        tr_list_where(list,
                      "EXISTS (SELECT 1 FROM tr_task_queues AS q WHERE q.tenant_id = t.tenant_id"
                      " AND q.id = t.queue_id AND q.friendly_name = ?)",
                      (struct param)PARAM(filter->queue_name));
}

/* An order by both kinds of age would be an order by the first. */
static bool read_ordering(struct work *work, const char *text, const char **sql)
{
    static const struct tr_ordering names[] = {{"DateCreated", "created_at"},
                                               {"Priority", "priority"},
                                               {"VirtualStartTime", "virtual_start_at"}};

    if (text && strstr(text, "DateCreated") && strstr(text, "VirtualStartTime"))
        return fail_field(work, "ordering",
                          "ordering takes DateCreated or VirtualStartTime, not both");
    return tr_ordering_read(work, text, names, COUNT(names), sql);
}

bool tr_tasks_list(struct work *work, const struct tr_task_filter *filter, struct page *page,
                   struct rows *tasks)
{
    const struct expression *expression = NULL;
    instant since = seen_since();
    struct tr_list list;
    uid target;

    begin(work, &list, &filter->workspace);
    only_seen(&list, &since);
    if (!narrow_statuses(work, &list, filter->statuses) ||
        !narrow_target(work, &list, filter->routing_target, &target) ||
        !read_ordering(work, filter->ordering, &list.order) ||
        (filter->expression &&
         !expression_read(work, "evaluate_task_attributes", filter->expression, &expression)))
        return false;
    narrow(&list, filter);
    list.matches = expression ? matches : NULL;
    list.with = (void *)(uintptr_t)expression;
    page->oldest_first = !page->oldest_first; /* a page read backwards goes the other way */
    return tr_list_read(work, &list, page, tasks);
}

/* ---- making ---- */

struct making {
    struct tr_task *task;
    const struct tr_task_order *order;
};

/* The oldest workflow, and how many there are (not more than two). */
static bool first_workflow(struct work *work, uid workspace, struct tr_workflow *first,
                           size_t *count)
{
    struct page page = {.size = 2, .oldest_first = true};
    struct rows rows;

    if (!tr_workflows_list(work, workspace, NULL, &page, &rows))
        return false;
    *count = rows.count;
    if (rows.count)
        *first = *(const struct tr_workflow *)rows.at;
    return true;
}

/* Who sends a task past the rules need not say by which it would have gone. */
static bool choose_workflow(struct work *work, struct tr_task *task)
{
    bool past = !uid_is_none(task->target_queue_id) || !uid_is_none(task->target_worker_id);
    struct tr_workflow workflow;
    size_t count;

    if (!uid_is_none(task->workflow_id))
        return tr_workflow_get(work, task->workspace_id, task->workflow_id, &workflow) ||
               (work->error.what == NOT_FOUND &&
                fail_field(work, "workflow_id", "There is no such workflow in the workspace"));
    if (!first_workflow(work, task->workspace_id, &workflow, &count))
        return false;
    if (count == 0 || (count > 1 && !past))
        return fail_field(work, "workflow_id", "workflow_id is required");
    task->workflow_id = workflow.id;
    return true;
}

static bool read_target(struct work *work, struct tr_task *task, const struct tr_task_order *order)
{
    const char *sid = order->routing_target;

    if (!sid || !*sid || tr_sid_read(sid, "WQ", &task->target_queue_id) ||
        tr_sid_read(sid, "WW", &task->workflow_id))
        return true;
    if (!tr_sid_read(sid, "WK", &task->target_worker_id))
        return fail_field(work, "routing_target",
                          "routing_target must be the SID of a worker, a queue or a workflow");
    if (!order->has_ignore_capacity)
        task->ignore_capacity = true;
    return true;
}

static bool check_target(struct work *work, const struct tr_task *task)
{
    struct tr_worker worker;
    struct tr_queue queue;

    if (!uid_is_none(task->target_queue_id) &&
        !tr_queue_get(work, task->workspace_id, task->target_queue_id, &queue))
        return work->error.what == NOT_FOUND &&
               fail_field(work, "target_queue_id", "There is no such queue in the workspace");
    if (!uid_is_none(task->target_worker_id) &&
        !tr_worker_get(work, task->workspace_id, task->target_worker_id, &worker))
        return work->error.what == NOT_FOUND &&
               fail_field(work, "routing_target", "There is no such worker in the workspace");
    return true;
}

static bool check_values(struct work *work, const struct tr_task *task)
{
    if (!task->channel)
        return fail_field(work, "channel", "There is no such task channel");
    if (!instant_is_none(task->virtual_start_at) && task->virtual_start_at.ms > clock_now().ms)
        return fail_field(work, "virtual_start_at", "virtual_start_at lies in the future");
    return tr_check_attributes(work, task->attributes.json) &&
           tr_check_number(work, "timeout", task->timeout, 1, TR_TASK_TIMEOUT_MOST) &&
           tr_check_number(work, "priority", task->priority, 0, INT32_MAX);
}

static bool tell(struct work *work, const struct tr_workspace *workspace,
                 const struct tr_task *task, const char *type)
{
    return tr_tell(work, &(struct tr_event){.type = type, .workspace = workspace, .task = task});
}

static bool create_step(struct work *work, void *with)
{
    const struct making *making = with;
    struct tr_workspace workspace;
    struct tr_task task = *making->task;

    if (!tr_workspace_hold(work, task.workspace_id, &workspace) ||
        !read_target(work, &task, making->order) || !check_target(work, &task) ||
        !choose_workflow(work, &task) || !tr_link_find_call(work, &task) ||
        !store_insert(work, &tr_task_entity, &task, columns_all(&tr_task_entity)) ||
        !tr_task_find(work, workspace.id, task.id, &task) ||
        !tell(work, &workspace, &task, "task.created") || !tr_route(work, &workspace, &task))
        return false;
    return tr_task_find(work, workspace.id, task.id, making->task);
}

bool tr_task_create(struct work *work, struct tr_task *task, const struct tr_task_order *order)
{
    static const struct tr_task_order plain = {.routing_target = NULL};
    struct making making = {task, order ? order : &plain};

    if (uid_is_none(task->id))
        task->id = uid_new();
    if (!task->attributes.json || !*task->attributes.json)
        task->attributes.json = "{}";
    task->created_at = task->updated_at = clock_now();
    if (!check_values(work, task))
        return false;
    if (instant_is_none(task->virtual_start_at))
        task->virtual_start_at = task->created_at;
    task->expires_at = task->wake_at = instant_after(task->created_at, task->timeout * 1000);
    return db_transaction(work, create_step, &making);
}

/* ---- moving ---- */

/* Reference 8.2, row by row. */
static const struct {
    const char *from, *to;
} ways[] = {
    {"pending", "reserved"},   {"pending", "canceled"},   {"reserved", "pending"},
    {"reserved", "assigned"},  {"reserved", "canceled"},  {"assigned", "wrapping"},
    {"assigned", "completed"}, {"wrapping", "completed"},
};

bool tr_task_may(const char *from, const char *to)
{
    for (size_t i = 0; i < COUNT(ways); i++)
        if (strcmp(ways[i].from, from) == 0 && strcmp(ways[i].to, to) == 0)
            return true;
    return false;
}

/* What goes with a state: its times, what becomes of reservations, what is told. */
static const struct way_in {
    const char *status;
    bool finished;
    const char *states, *become; /* reservations in these states become that */
    const char *event;           /* NULL: none */
} ways_in[] = {
    {"pending", false, NULL, NULL, NULL},
    {"reserved", false, NULL, NULL, NULL},
    {"assigned", false, "'pending'", "rescinded", NULL},
    {"wrapping", false, "'accepted'", "wrapping", "task.wrapup"},
    {"completed", true, "'accepted', 'wrapping'", "completed", "task.completed"},
    {"canceled", true, "'pending'", "canceled", "task.canceled"},
};

static const struct way_in *way_into(const char *status)
{
    size_t i = 0;

    while (strcmp(ways_in[i].status, status) != 0)
        i++;
    return &ways_in[i];
}

static instant earlier(instant a, instant b)
{
    return instant_is_none(b) || a.ms < b.ms ? a : b;
}

static columns enter(struct tr_task *task, const struct way_in *way)
{
    columns given = TR_WITH(TR_WITH(NO_COLUMNS, tr_task, assignment_status), tr_task, wake_at);
    instant now = clock_now();

    task->assignment_status = way->status;
    task->wake_at = NO_INSTANT;
    if (way->finished) {
        task->finished_at = now;
        given = TR_WITH(given, tr_task, finished_at);
    } else if (strcmp(way->status, "assigned") == 0) {
        task->assigned_at = now;
        task->wake_at = instant_after(now, TR_TASK_ASSIGNED_MS);
        given = TR_WITH(given, tr_task, assigned_at);
    } else if (strcmp(way->status, "reserved") == 0) {
        task->wake_at = task->expires_at;
        task->offers++;
        given = TR_WITH(given, tr_task, offers);
    } else if (strcmp(way->status, "pending") == 0) {
        task->wake_at = earlier(task->expires_at, task->step_until);
    }
    return given;
}

static bool move_reservations(struct work *work, const struct tr_workspace *workspace,
                              const struct tr_task *task, const char *states, const char *become)
{
    struct rows rows;

    if (!states)
        return true;
    if (!tr_reservations_of(work, task->id, states, &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!tr_reservation_set(work, workspace, task, (struct tr_reservation *)rows.at + i,
                                become))
            return false;
    return true;
}

bool tr_task_move(struct work *work, const struct tr_workspace *workspace, struct tr_task *task,
                  const char *status, const char *reason)
{
    const struct way_in *way;
    columns given;

    if (!tr_task_may(task->assignment_status, status))
        return fail(work, WRONG_STATE, "A task that is %s cannot become %s",
                    task->assignment_status, status);
    way = way_into(status);
    given = enter(task, way);
    if (reason) {
        task->reason = reason;
        given = TR_WITH(given, tr_task, reason);
    }
    if (!store_update(work, &tr_task_entity, task, given) ||
        !tr_task_find(work, workspace->id, task->id, task) ||
        !move_reservations(work, workspace, task, way->states, way->become))
        return false;
    return (!way->event || tell(work, workspace, task, way->event)) &&
           (!way->finished || tr_link_over(work, task, way->status));
}

/* ---- changing ---- */

struct changing {
    const struct tr_task_change *change;
    struct tr_task *task;
};

static bool check_change(struct work *work, const struct tr_task_change *change)
{
    bool ends = TR_GIVEN(change->given, tr_task, assignment_status);
    const char *status = change->wanted.assignment_status;

    if (ends && (!status || !is_status(status) || strcmp(status, "pending") == 0 ||
                 strcmp(status, "reserved") == 0 || strcmp(status, "assigned") == 0))
        return fail_field(work, "assignment_status",
                          "assignment_status must be canceled, wrapping or completed");
    if (ends && TR_GIVEN(change->given, tr_task, attributes))
        return fail_field(work, "attributes",
                          "assignment_status and attributes cannot be changed at once");
    return ends || !TR_GIVEN(change->given, tr_task, reason) ||
           fail_field(work, "reason", "reason goes with an assignment_status");
}

/* The members that are set by themselves. */
static columns plain(columns given)
{
    static const size_t others[] = {offsetof(struct tr_task, assignment_status),
                                    offsetof(struct tr_task, reason)};

    for (size_t i = 0; i < COUNT(others); i++)
        given = columns_without(
            given, (size_t)(column_at(&tr_task_entity, others[i]) - tr_task_entity.columns));
    return given;
}

static bool set_members(struct work *work, const struct tr_workspace *workspace,
                        const struct tr_task_change *change, struct tr_task *task)
{
    columns given = plain(change->given);

    if (columns_empty(given))
        return true;
    if (!instant_is_none(task->finished_at))
        return fail(work, WRONG_STATE, "The task is %s", task->assignment_status);
    tr_row_merge(&tr_task_entity, task, &change->wanted, given);
    if (instant_is_none(task->virtual_start_at))
        task->virtual_start_at = task->created_at;
    return check_values(work, task) && store_update(work, &tr_task_entity, task, given) &&
           tr_task_find(work, workspace->id, task->id, task) &&
           tell(work, workspace, task, "task.updated");
}

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    const struct tr_task_change *change = c->change;
    struct tr_workspace workspace;
    instant since = seen_since();

    if (!tr_workspace_hold(work, change->wanted.workspace_id, &workspace) ||
        !tr_task_find(work, workspace.id, change->wanted.id, c->task))
        return false;
    if (!instant_is_none(c->task->finished_at) && c->task->finished_at.ms <= since.ms)
        return fail(work, NOT_FOUND, "The task does not exist");
    if (!tr_check_rev(work, c->task->rev, change->if_rev) ||
        !set_members(work, &workspace, change, c->task))
        return false;
    if (TR_GIVEN(change->given, tr_task, assignment_status) &&
        !tr_task_move(work, &workspace, c->task, change->wanted.assignment_status,
                      change->wanted.reason))
        return false;
    return tr_assign(work, &workspace) && tr_task_find(work, workspace.id, c->task->id, c->task);
}

bool tr_task_update(struct work *work, const struct tr_task_change *change, struct tr_task *task)
{
    struct changing changing = {change, task};

    return check_change(work, change) && db_transaction(work, update_step, &changing);
}

/* ---- the end ---- */

bool tr_task_remove(struct work *work, const struct tr_workspace *workspace, struct tr_task *task,
                    const char *event)
{
    columns given = TR_WITH(TR_WITH(NO_COLUMNS, tr_task, deleted_at), tr_task, wake_at);
    bool open = instant_is_none(task->finished_at);

    if ((open && !tr_link_removed(work, task)) || /* while it is seen who has accepted it */
        !move_reservations(work, workspace, task, "'pending', 'accepted', 'wrapping'", "canceled"))
        return false;
    task->deleted_at = clock_now();
    task->wake_at = NO_INSTANT;
    return store_update(work, &tr_task_entity, task, given) && tell(work, workspace, task, event);
}

struct leaving {
    uid workspace, id;
    int64_t if_rev;
};

static bool delete_step(struct work *work, void *with)
{
    const struct leaving *leaving = with;
    struct tr_workspace workspace;
    struct tr_task task;

    return tr_workspace_hold(work, leaving->workspace, &workspace) &&
           tr_task_get(work, workspace.id, leaving->id, &task) &&
           tr_check_rev(work, task.rev, leaving->if_rev) &&
           tr_task_remove(work, &workspace, &task, "task.deleted") && tr_assign(work, &workspace);
}

bool tr_task_delete(struct work *work, uid workspace, uid id, int64_t if_rev)
{
    struct leaving leaving = {workspace, id, if_rev};

    return db_transaction(work, delete_step, &leaving);
}
