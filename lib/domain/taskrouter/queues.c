#include "domain/taskrouter/queues.h"

#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/expression.h"
#include "domain/taskrouter/lists.h"

enum { NAME_LONGEST = 64, EXPRESSION_STORED = 1000 };

static const char *const orders[] = {"FIFO", "LIFO", NULL};

static const struct column columns_of_queue[] = {
    COLUMN(tr_queue, tenant_id, NOT_NULL),
    COLUMN(tr_queue, id, NOT_NULL),
    COLUMN(tr_queue, workspace_id, NOT_NULL),
    COLUMN(tr_queue, friendly_name, NOT_NULL, .max = 4 * NAME_LONGEST),
    COLUMN(tr_queue, target_workers, NOT_NULL, .max = EXPRESSION_STORED),
    COLUMN(tr_queue, max_reserved_workers, NOT_NULL),
    COLUMN(tr_queue, task_order, NOT_NULL, .one_of = orders),
    COLUMN(tr_queue, assignment_activity_id, NULLABLE),
    COLUMN(tr_queue, reservation_activity_id, NULLABLE),
    COLUMN(tr_queue, created_at, NOT_NULL),
    COLUMN(tr_queue, updated_at, NOT_NULL),
    COLUMN(tr_queue, rev, NOT_NULL),
    COLUMN(tr_queue, assignment_activity_name, NULLABLE, .computed = true),
    COLUMN(tr_queue, reservation_activity_name, NULLABLE, .computed = true),
};

const struct entity tr_queue_entity =
    ENTITY(tr_queue, "task queue", "tr_task_queues", columns_of_queue);

static const struct tr_lookup lookups[] = {
    {"assignment_activity_name",
     "SELECT a.friendly_name FROM tr_activities AS a"
     " WHERE a.tenant_id = t.tenant_id AND a.id = t.assignment_activity_id"},
    {"reservation_activity_name",
     "SELECT a.friendly_name FROM tr_activities AS a"
     " WHERE a.tenant_id = t.tenant_id AND a.id = t.reservation_activity_id"},
};

void tr_queue_begin(struct tr_queue *queue)
{
    row_clear(&tr_queue_entity, queue);
    queue->id = uid_new();
    queue->target_workers = "1==1";
    queue->max_reserved_workers = 1;
    queue->task_order = "FIFO";
}

/* ---- reading ---- */

static void begin(struct work *work, struct tr_list *list, const uid *workspace)
{
    tr_list_begin(work, list, &tr_queue_entity, lookups, COUNT(lookups));
    tr_list_where(list, "t.workspace_id = ?", (struct param)PARAM(*workspace));
}

bool tr_queue_get(struct work *work, uid workspace, uid id, struct tr_queue *queue)
{
    struct tr_list list;

    begin(work, &list, &workspace);
    return tr_list_get(work, &list, id, queue);
}

static bool matches(struct work *work, const void *row, void *with)
{
    const struct tr_queue *queue = row;
    const struct expression_scope scope = {NULL, with};
    const struct expression *expression;

    return expression_read(work, "target_workers", queue->target_workers, &expression) &&
           expression_is_true(expression, &scope, 1, clock_now());
}

/* What queues are tried with; NULL: every queue will do. */
static bool find_scope(struct work *work, const struct tr_queue_filter *filter, json_object **scope)
{
    struct tr_worker worker;

    *scope = NULL;
    if (!uid_is_none(filter->worker)) {
        if (tr_worker_get(work, filter->workspace, filter->worker, &worker))
            *scope = tr_worker_scope(&worker);
        else
            return work->error.what == NOT_FOUND &&
                   fail_field(work, "worker", "There is no such worker");
    } else if (filter->worker_attributes) {
        if (!tr_check_attributes(work, filter->worker_attributes))
            return fail_field(work, "evaluate_worker_attributes", "%s",
                              arena_text(&work->arena, work->error.message));
        *scope = json_parse(filter->worker_attributes);
    }
    return true;
}

bool tr_queues_list(struct work *work, const struct tr_queue_filter *filter, struct page *page,
                    struct rows *queues)
{
    static const struct tr_ordering names[] = {{"DateCreated", "created_at"},
                                               {"DateUpdated", "updated_at"},
                                               {"FriendlyName", "friendly_name"}};
    struct tr_list list;
    json_object *scope;
    bool ok;

    begin(work, &list, &filter->workspace);
    if (!tr_ordering_read(work, filter->ordering, names, COUNT(names), &list.order) ||
        !find_scope(work, filter, &scope))
        return false;
    if (filter->friendly_name)
        tr_list_where(&list, "t.friendly_name = ?", (struct param)PARAM(filter->friendly_name));
    list.matches = scope ? matches : NULL;
    list.with = scope;
    ok = tr_list_read(work, &list, page, queues);
    json_object_put(scope);
    return ok;
}

/* ---- writing ---- */

/* An expression that says nothing matches nobody. */
static bool check(struct work *work, struct tr_queue *queue)
{
    const char *target = queue->target_workers = queue->target_workers ? queue->target_workers : "";
    const struct expression *expression;

    if (strlen(target) > EXPRESSION_STORED)
        return fail_field(work, "target_workers", "target_workers is longer than %d bytes",
                          EXPRESSION_STORED);
    return tr_check_name(work, queue->friendly_name, NAME_LONGEST) &&
           expression_read(work, "target_workers", target, &expression) &&
           tr_check_number(work, "max_reserved_workers", queue->max_reserved_workers, 1,
                           TR_RESERVED_MOST) &&
           tr_check_fifo(work, "task_order", queue->task_order) &&
           tr_check_activity(work, queue->workspace_id, "assignment_activity_id",
                             queue->assignment_activity_id) &&
           tr_check_activity(work, queue->workspace_id, "reservation_activity_id",
                             queue->reservation_activity_id);
}

static bool tell(struct work *work, const struct tr_workspace *workspace, const char *type,
                 const struct tr_queue *queue)
{
    return tr_tell(work, &(struct tr_event){.type = type, .workspace = workspace, .queue = queue});
}

static bool create_step(struct work *work, void *with)
{
    struct tr_queue *queue = with;
    struct tr_workspace workspace;

    return tr_workspace_hold(work, queue->workspace_id, &workspace) && check(work, queue) &&
           tr_check_room(work, &tr_queue_entity, workspace.id, TR_QUEUES_MOST) &&
           store_insert(work, &tr_queue_entity, queue, columns_all(&tr_queue_entity)) &&
           tr_queue_get(work, workspace.id, queue->id, queue) &&
           tell(work, &workspace, "task-queue.created", queue);
}

bool tr_queue_create(struct work *work, struct tr_queue *queue)
{
    queue->created_at = queue->updated_at = clock_now();
    return db_transaction(work, create_step, queue);
}

struct changing {
    const struct tr_queue *wanted;
    columns given;
    int64_t if_rev;
    struct tr_queue *queue;
};

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_queue *row = c->queue;
    struct tr_workspace workspace;
    const char *target;

    if (!tr_workspace_hold(work, c->wanted->workspace_id, &workspace) ||
        !tr_queue_get(work, workspace.id, c->wanted->id, row) ||
        !tr_check_rev(work, row->rev, c->if_rev))
        return false;
    target = row->target_workers;
    tr_row_merge(&tr_queue_entity, row, c->wanted, c->given);
    if (!check(work, row) || !store_update(work, &tr_queue_entity, row, c->given) ||
        !tr_queue_get(work, workspace.id, row->id, row))
        return false;
    return (strcmp(target, row->target_workers) == 0 ||
            tell(work, &workspace, "task-queue.expression.updated", row)) &&
           tr_assign(work, &workspace);
}

bool tr_queue_update(struct work *work, const struct tr_queue *wanted, columns given,
                     int64_t if_rev, struct tr_queue *queue)
{
    struct changing changing = {wanted, given, if_rev, queue};

    return db_transaction(work, update_step, &changing);
}

/* A document names a queue by its SID, whose digits may be written in either case. */
static bool is_named(struct work *work, uid workspace, uid id, bool *named)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM tr_workflows WHERE tenant_id = ? AND workspace_id = ?"
        " AND LOCATE(LOWER(?), LOWER(configuration)) > 0";
    char buffer[SID_SIZE];
    const char *sid = buffer;
    const struct param params[] = {PARAM(work->tenant), PARAM(workspace), PARAM(sid)};
    int64_t count;

    sid_write("WQ", id, buffer);
    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *named = count > 0;
    return true;
}

static bool check_unused(struct work *work, uid workspace, uid id)
{
    static const char tasks[] =
        "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ? AND workspace_id = ?"
        " AND ? IN (queue_id, target_queue_id) AND finished_at IS NULL AND deleted_at IS NULL";
    bool named, used;

    if (!is_named(work, workspace, id, &named) || !tr_any(work, tasks, workspace, id, &used))
        return false;
    if (named)
        return fail(work, WRONG_STATE, "A workflow leads to the task queue");
    return !used || fail(work, WRONG_STATE, "There are tasks in the task queue");
}

static bool delete_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_workspace workspace;
    struct tr_queue row;

    return tr_workspace_hold(work, c->wanted->workspace_id, &workspace) &&
           tr_queue_get(work, workspace.id, c->wanted->id, &row) &&
           tr_check_rev(work, row.rev, c->if_rev) && check_unused(work, workspace.id, row.id) &&
           tell(work, &workspace, "task-queue.deleted", &row) &&
           store_delete(work, &tr_queue_entity, row.id);
}

bool tr_queue_delete(struct work *work, uid workspace, uid id, int64_t if_rev)
{
    struct tr_queue wanted = {.id = id, .workspace_id = workspace};
    struct changing changing = {.wanted = &wanted, .if_rev = if_rev};

    return db_transaction(work, delete_step, &changing);
}
