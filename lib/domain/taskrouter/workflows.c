#include "domain/taskrouter/workflows.h"

#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/lists.h"
#include "domain/taskrouter/workflow.h"

enum { NAME_LONGEST = 255, WORKFLOWS_MOST = 5000, USUAL_TIMEOUT_SECONDS = 120 };

static const struct column columns_of_workflow[] = {
    COLUMN(tr_workflow, tenant_id, NOT_NULL),
    COLUMN(tr_workflow, id, NOT_NULL),
    COLUMN(tr_workflow, workspace_id, NOT_NULL),
    COLUMN(tr_workflow, friendly_name, NOT_NULL, .max = 4 * NAME_LONGEST),
    COLUMN(tr_workflow, configuration, NOT_NULL, .max = ROUTING_LONGEST),
    COLUMN(tr_workflow, assignment_callback_url, NULLABLE, .max = 500),
    COLUMN(tr_workflow, fallback_assignment_callback_url, NULLABLE, .max = 500),
    COLUMN(tr_workflow, task_reservation_timeout, NOT_NULL),
    COLUMN(tr_workflow, created_at, NOT_NULL),
    COLUMN(tr_workflow, updated_at, NOT_NULL),
    COLUMN(tr_workflow, rev, NOT_NULL),
};

const struct entity tr_workflow_entity =
    ENTITY(tr_workflow, "workflow", "tr_workflows", columns_of_workflow);

void tr_workflow_begin(struct tr_workflow *workflow)
{
    row_clear(&tr_workflow_entity, workflow);
    workflow->id = uid_new();
    workflow->task_reservation_timeout = USUAL_TIMEOUT_SECONDS;
}

/* ---- reading ---- */

bool tr_workflow_get(struct work *work, uid workspace, uid id, struct tr_workflow *workflow)
{
    struct tr_list list;

    tr_list_begin(work, &list, &tr_workflow_entity, NULL, 0);
    tr_list_where(&list, "t.workspace_id = ?", (struct param)PARAM(workspace));
    return tr_list_get(work, &list, id, workflow);
}

bool tr_workflows_list(struct work *work, uid workspace, const char *friendly_name,
                       struct page *page, struct rows *workflows)
{
    struct tr_list list;

    tr_list_begin(work, &list, &tr_workflow_entity, NULL, 0);
    tr_list_where(&list, "t.workspace_id = ?", (struct param)PARAM(workspace));
    if (friendly_name)
        tr_list_where(&list, "t.friendly_name = ?", (struct param)PARAM(friendly_name));
    return tr_list_read(work, &list, page, workflows);
}

/* ---- writing ---- */

static bool has_queue(struct work *work, uid queue, void *with)
{
    const uid *workspace = with;
    struct tr_queue row;

    return tr_queue_get(work, *workspace, queue, &row) ||
           (work->error.what == NOT_FOUND &&
            fail_field(work, "configuration",
                       "The configuration names a task queue that the workspace does not have"));
}

static bool check_routing(struct work *work, const struct tr_workflow *workflow)
{
    uid workspace = workflow->workspace_id;
    struct routing routing;

    return routing_read(work, workflow->configuration.json, &routing) &&
           routing_queues(work, &routing, has_queue, &workspace);
}

static bool check(struct work *work, const struct tr_workflow *workflow)
{
    return tr_check_name(work, workflow->friendly_name, NAME_LONGEST) &&
           check_routing(work, workflow) &&
           tr_check_url(work, "assignment_callback_url", workflow->assignment_callback_url) &&
           tr_check_url(work, "fallback_assignment_callback_url",
                        workflow->fallback_assignment_callback_url) &&
           tr_check_number(work, "task_reservation_timeout", workflow->task_reservation_timeout, 1,
                           TR_RESERVATION_LONGEST_SECONDS);
}

static bool tell(struct work *work, const struct tr_workspace *workspace, const char *type,
                 const struct tr_workflow *workflow)
{
    return tr_tell(work,
                   &(struct tr_event){.type = type, .workspace = workspace, .workflow = workflow});
}

static bool create_step(struct work *work, void *with)
{
    struct tr_workflow *workflow = with;
    struct tr_workspace workspace;

    return tr_workspace_hold(work, workflow->workspace_id, &workspace) && check(work, workflow) &&
           tr_check_room(work, &tr_workflow_entity, workspace.id, WORKFLOWS_MOST) &&
           store_insert(work, &tr_workflow_entity, workflow, columns_all(&tr_workflow_entity)) &&
           tr_workflow_get(work, workspace.id, workflow->id, workflow) &&
           tell(work, &workspace, "workflow.created", workflow);
}

bool tr_workflow_create(struct work *work, struct tr_workflow *workflow)
{
    workflow->created_at = workflow->updated_at = clock_now();
    return db_transaction(work, create_step, workflow);
}

struct changing {
    const struct tr_workflow *wanted;
    columns given;
    bool re_evaluate;
    int64_t if_rev;
    struct tr_workflow *workflow;
};

/* Those that wait begin anew, the oldest first. */
static bool route_again(struct work *work, const struct tr_workspace *workspace, uid workflow)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM tr_tasks WHERE tenant_id = ? AND workflow_id = ?"
        " AND assignment_status = 'pending' AND deleted_at IS NULL AND target_queue_id IS NULL"
        " AND target_worker_id IS NULL ORDER BY priority DESC, id",
        store_names(work, &tr_task_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(workflow)};
    struct rows tasks;

    return db_select(work, sql, params, COUNT(params), &tr_task_entity, &tasks) &&
           tr_route_all(work, workspace, &tasks);
}

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_workflow *row = c->workflow;
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, c->wanted->workspace_id, &workspace) ||
        !tr_workflow_get(work, workspace.id, c->wanted->id, row) ||
        !tr_check_rev(work, row->rev, c->if_rev))
        return false;
    tr_row_merge(&tr_workflow_entity, row, c->wanted, c->given);
    return check(work, row) && store_update(work, &tr_workflow_entity, row, c->given) &&
           tr_workflow_get(work, workspace.id, row->id, row) &&
           tell(work, &workspace, "workflow.updated", row) &&
           (!c->re_evaluate || route_again(work, &workspace, row->id));
}

bool tr_workflow_update(struct work *work, const struct tr_workflow *wanted, columns given,
                        bool re_evaluate, int64_t if_rev, struct tr_workflow *workflow)
{
    struct changing changing = {wanted, given, re_evaluate, if_rev, workflow};

    return db_transaction(work, update_step, &changing);
}

static bool check_unused(struct work *work, uid workspace, uid id)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ? AND workspace_id = ?"
        " AND workflow_id = ? AND finished_at IS NULL AND deleted_at IS NULL";
    bool used;

    return tr_any(work, sql, workspace, id, &used) &&
           (!used || fail(work, WRONG_STATE, "There are tasks that follow the workflow"));
}

static bool delete_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_workspace workspace;
    struct tr_workflow row;

    return tr_workspace_hold(work, c->wanted->workspace_id, &workspace) &&
           tr_workflow_get(work, workspace.id, c->wanted->id, &row) &&
           tr_check_rev(work, row.rev, c->if_rev) && check_unused(work, workspace.id, row.id) &&
           tell(work, &workspace, "workflow.deleted", &row) &&
           store_delete(work, &tr_workflow_entity, row.id);
}

bool tr_workflow_delete(struct work *work, uid workspace, uid id, int64_t if_rev)
{
    struct tr_workflow wanted = {.id = id, .workspace_id = workspace};
    struct changing changing = {.wanted = &wanted, .if_rev = if_rev};

    return db_transaction(work, delete_step, &changing);
}
