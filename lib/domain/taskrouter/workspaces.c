#include "domain/taskrouter/workspaces.h"

#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/links.h"
#include "domain/taskrouter/lists.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/workflow.h"
#include "domain/taskrouter/workflows.h"
#include "domain/tenants.h"

enum { NAME_LONGEST = 190, FILTER_LONGEST = 500 };

static const char *const orders[] = {"FIFO", "LIFO", NULL};

static const struct column columns_of_workspace[] = {
    COLUMN(tr_workspace, tenant_id, NOT_NULL),
    COLUMN(tr_workspace, id, NOT_NULL),
    COLUMN(tr_workspace, friendly_name, NOT_NULL, .max = 4 * NAME_LONGEST),
    COLUMN(tr_workspace, event_callback_url, NULLABLE, .max = 500),
    COLUMN(tr_workspace, events_filter, NULLABLE, .max = FILTER_LONGEST),
    COLUMN(tr_workspace, multi_task, NOT_NULL),
    COLUMN(tr_workspace, default_activity_id, NULLABLE),
    COLUMN(tr_workspace, timeout_activity_id, NULLABLE),
    COLUMN(tr_workspace, prioritize_queue_order, NOT_NULL, .one_of = orders),
    COLUMN(tr_workspace, created_at, NOT_NULL),
    COLUMN(tr_workspace, updated_at, NOT_NULL),
    COLUMN(tr_workspace, rev, NOT_NULL),
    COLUMN(tr_workspace, default_activity_name, NULLABLE, .computed = true),
    COLUMN(tr_workspace, timeout_activity_name, NULLABLE, .computed = true),
};

const struct entity tr_workspace_entity =
    ENTITY(tr_workspace, "workspace", "tr_workspaces", columns_of_workspace);

static const struct tr_lookup lookups[] = {
    {"default_activity_name", "SELECT a.friendly_name FROM tr_activities AS a"
                              " WHERE a.tenant_id = t.tenant_id AND a.id = t.default_activity_id"},
    {"timeout_activity_name", "SELECT a.friendly_name FROM tr_activities AS a"
                              " WHERE a.tenant_id = t.tenant_id AND a.id = t.timeout_activity_id"},
};

void tr_workspace_begin(struct tr_workspace *workspace)
{
    row_clear(&tr_workspace_entity, workspace);
    workspace->id = uid_new();
    workspace->multi_task = true;
    workspace->prioritize_queue_order = "FIFO";
}

/* ---- reading ---- */

bool tr_workspace_get(struct work *work, uid id, struct tr_workspace *workspace)
{
    struct tr_list list;

    tr_list_begin(work, &list, &tr_workspace_entity, lookups, COUNT(lookups));
    tr_list_only(&list, "t.deleted_at IS NULL");
    return tr_list_get(work, &list, id, workspace);
}

bool tr_workspaces_list(struct work *work, const char *friendly_name, struct page *page,
                        struct rows *workspaces)
{
    struct tr_list list;

    tr_list_begin(work, &list, &tr_workspace_entity, lookups, COUNT(lookups));
    tr_list_only(&list, "t.deleted_at IS NULL");
    if (friendly_name)
        tr_list_where(&list, "t.friendly_name = ?", (struct param)PARAM(friendly_name));
    return tr_list_read(work, &list, page, workspaces);
}

bool tr_workspace_hold(struct work *work, uid id, struct tr_workspace *workspace)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_workspaces WHERE tenant_id = ? AND id = ?"
                                   " AND deleted_at IS NULL FOR UPDATE",
                                   store_names(work, &tr_workspace_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &tr_workspace_entity, workspace) ||
           (work->error.what == NOT_FOUND && fail(work, NOT_FOUND, "The workspace does not exist"));
}

static bool tell(struct work *work, const struct tr_workspace *workspace, const char *type)
{
    return tr_tell(work, &(struct tr_event){.type = type, .workspace = workspace});
}

/* ---- making ---- */

struct making {
    struct tr_workspace *workspace;
    bool with_queue;
    const char *queue_name, *workflow_name;
};

static bool make_activity(struct work *work, uid workspace, uid id, const char *name,
                          bool available)
{
    struct tr_activity activity;

    row_clear(&tr_activity_entity, &activity);
    activity.id = id;
    activity.workspace_id = workspace;
    activity.friendly_name = name;
    activity.available = available;
    return tr_activity_create(work, &activity);
}

/* A queue of everybody and a workflow that leads there. */
static bool make_queue(struct work *work, const struct making *making)
{
    char sid[SID_SIZE];
    struct tr_queue queue;
    struct tr_workflow workflow;

    tr_queue_begin(&queue);
    queue.workspace_id = making->workspace->id;
    queue.friendly_name = making->queue_name;
    sid_write("WQ", queue.id, sid);
    tr_workflow_begin(&workflow);
    workflow.workspace_id = making->workspace->id;
    workflow.friendly_name = making->workflow_name;
    workflow.configuration.json = arena_format(
        &work->arena, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%s\"}}}", sid);
    return tr_queue_create(work, &queue) && tr_workflow_create(work, &workflow);
}

static bool make_step(struct work *work, void *with)
{
    const struct making *making = with;
    struct tr_workspace *workspace = making->workspace;
    uid offline = uid_new();

    workspace->default_activity_id = workspace->timeout_activity_id = offline;
    return store_insert(work, &tr_workspace_entity, workspace, columns_all(&tr_workspace_entity)) &&
           tell(work, workspace, "workspace.created") &&
           make_activity(work, workspace->id, offline, "Offline", false) &&
           make_activity(work, workspace->id, uid_new(), "Available", true) &&
           make_activity(work, workspace->id, uid_new(), "Unavailable", false) &&
           (!making->with_queue || make_queue(work, making)) &&
           tr_workspace_get(work, workspace->id, workspace);
}

static bool check(struct work *work, const struct tr_workspace *workspace)
{
    const char *filter = workspace->events_filter;

    if (filter && strlen(filter) > FILTER_LONGEST)
        return fail_field(work, "events_filter", "events_filter is longer than %d bytes",
                          FILTER_LONGEST);
    return tr_check_name(work, workspace->friendly_name, NAME_LONGEST) &&
           tr_check_url(work, "event_callback_url", workspace->event_callback_url) &&
           tr_check_fifo(work, "prioritize_queue_order", workspace->prioritize_queue_order);
}

bool tr_workspace_create(struct work *work, struct tr_workspace *workspace,
                         const char *template_name)
{
    bool fifo = template_name && strcasecmp(template_name, "FIFO") == 0;
    struct making making = {workspace, fifo, "Sample Queue", "Default Fifo Workflow"};

    if (template_name && *template_name && !fifo && strcasecmp(template_name, "NONE") != 0)
        return fail_field(work, "template", "template must be NONE or FIFO");
    workspace->created_at = workspace->updated_at = clock_now();
    return check(work, workspace) && db_transaction(work, make_step, &making);
}

/* ---- the first one ---- */

static bool has_any(struct work *work, bool *any)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM (SELECT 1 FROM tr_workspaces WHERE tenant_id = ? LIMIT 1) AS one";
    const struct param params[] = {PARAM(work->tenant)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *any = count > 0;
    return true;
}

/* Those of a tenant who come at once wait for each other; on two nodes the key makes one of it. */
static bool ensure_step(struct work *work, void *with)
{
    static const char hold[] = "SELECT id FROM tenants WHERE id = ? FOR UPDATE";
    const struct param params[] = {PARAM(work->tenant)};
    int64_t id;
    bool any;

    return db_number(work, hold, params, COUNT(params), 0, &id) && has_any(work, &any) &&
           (any || make_step(work, with));
}

bool tr_workspace_ensure(struct work *work)
{
    struct tr_workspace workspace;
    struct making making = {&workspace, true, "Everyone", "Default Workflow"};
    struct tenant tenant;
    bool any;

    if (!has_any(work, &any))
        return false;
    if (any)
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    tr_workspace_begin(&workspace);
    workspace.id = tenant.public_id;
    workspace.friendly_name = "Default Workspace";
    workspace.created_at = workspace.updated_at = clock_now();
    return db_transaction(work, ensure_step, &making) ||
           (work->error.what == CONFLICT && has_any(work, &any) && any);
}

/* ---- changing ---- */

struct changing {
    const struct tr_workspace *wanted;
    columns given;
    int64_t if_rev;
    struct tr_workspace *workspace;
};

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_workspace *row = c->workspace;
    bool multi_task;

    if (!tr_workspace_hold(work, c->wanted->id, row) || !tr_check_rev(work, row->rev, c->if_rev))
        return false;
    multi_task = row->multi_task;
    tr_row_merge(&tr_workspace_entity, row, c->wanted, c->given);
    if (multi_task && !row->multi_task)
        return fail_field(work, "multi_task", "Multitasking cannot be turned off again");
    return check(work, row) &&
           tr_check_activity(work, row->id, "default_activity_id", row->default_activity_id) &&
           tr_check_activity(work, row->id, "timeout_activity_id", row->timeout_activity_id) &&
           store_update(work, &tr_workspace_entity, row, c->given) &&
           tr_workspace_get(work, row->id, row) && tell(work, row, "workspace.updated");
}

bool tr_workspace_update(struct work *work, const struct tr_workspace *wanted, columns given,
                         int64_t if_rev, struct tr_workspace *workspace)
{
    struct changing changing = {wanted, given, if_rev, workspace};

    return db_transaction(work, update_step, &changing);
}

static bool empty(struct work *work, uid workspace)
{
    static const char *const tables[] = {"tr_reservations", "tr_tasks",       "tr_workers",
                                         "tr_workflows",    "tr_task_queues", "tr_activities"};
    const struct param params[] = {PARAM(work->tenant), PARAM(workspace)};

    for (size_t i = 0; i < COUNT(tables); i++)
        if (!db_execute(work,
                        arena_format(&work->arena,
                                     "DELETE FROM %s WHERE tenant_id = ? AND workspace_id = ?",
                                     tables[i]),
                        params, COUNT(params), NULL))
            return false;
    return true;
}

static bool delete_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE tr_workspaces SET deleted_at = ?, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    const struct changing *c = with;
    struct tr_workspace row;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant),
                                   PARAM(c->wanted->id)};

    return tr_workspace_hold(work, c->wanted->id, &row) && tr_check_rev(work, row.rev, c->if_rev) &&
           tell(work, &row, "workspace.deleted") && tr_links_end_all(work, row.id) &&
           empty(work, row.id) && db_execute(work, sql, params, COUNT(params), NULL);
}

bool tr_workspace_delete(struct work *work, uid id, int64_t if_rev)
{
    struct tr_workspace wanted = {.id = id};
    struct changing changing = {.wanted = &wanted, .if_rev = if_rev};

    return db_transaction(work, delete_step, &changing);
}
