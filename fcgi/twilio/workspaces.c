/*
 * Workspaces: what TaskRouter's other things lie in.
 */
#include "fcgi/twilio/taskrouter.h"

static const struct taskrouter_link links[] = {
    /* clang-format off */
    {"activities",            "/Activities",           NO_MEMBER, ""},
    {"statistics",            "/Statistics",           NO_MEMBER, ""},
    {"real_time_statistics",  "/RealTimeStatistics",   NO_MEMBER, ""},
    {"cumulative_statistics", "/CumulativeStatistics", NO_MEMBER, ""},
    {"task_queues",           "/TaskQueues",           NO_MEMBER, ""},
    {"tasks",                 "/Tasks",                NO_MEMBER, ""},
    {"workers",               "/Workers",              NO_MEMBER, ""},
    {"workflows",             "/Workflows",            NO_MEMBER, ""},
    {"task_channels",         "/TaskChannels",         NO_MEMBER, ""},
    {"events",                "/Events",               NO_MEMBER, ""},
    /* clang-format on */
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire workspace_links = {render_links, NULL, TASKROUTER_LINKS, false};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_workspace, id,                     "sid",                    READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_workspace, tenant_id,              "account_sid",            READ, .wire = &twilio_account_sid),
    FIELD(tr_workspace, friendly_name,          "friendly_name",          READ),
    FIELD(tr_workspace, event_callback_url,     "event_callback_url",     READ),
    FIELD(tr_workspace, events_filter,          "events_filter",          READ),
    FIELD(tr_workspace, multi_task,             "multi_task_enabled",     READ),
    FIELD(tr_workspace, prioritize_queue_order, "prioritize_queue_order", READ),
    FIELD(tr_workspace, default_activity_id,    "default_activity_sid",   READ, .wire = &twilio_sid, .prefix = "WA", .about = "What new workers are doing."),
    FIELD(tr_workspace, default_activity_name,  "default_activity_name",  READ),
    FIELD(tr_workspace, timeout_activity_id,    "timeout_activity_sid",   READ, .wire = &twilio_sid, .prefix = "WA", .about = "What a worker is put to who lets a reservation time out."),
    FIELD(tr_workspace, timeout_activity_name,  "timeout_activity_name",  READ),
    FIELD(tr_workspace, created_at,             "date_created",           READ, .wire = &wire_iso_seconds),
    FIELD(tr_workspace, updated_at,             "date_updated",           READ, .wire = &wire_iso_seconds),
    FIELD(tr_workspace, id,                     "url",                    READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/WS*"),
    FIELD(tr_workspace, id,                     "links",                  READ, .wire = &workspace_links),
    /* clang-format on */
};

const struct view taskrouter_workspace_view = VIEW("Workspace", tr_workspace_entity, fields);

/* ---- what clients say of one ---- */

struct workspace_order {
    struct tr_workspace workspace;
    const char *template;
};

static const struct column order_columns[] = {
    COLUMN(workspace_order, workspace.friendly_name, NOT_NULL),
    COLUMN(workspace_order, workspace.event_callback_url, NULLABLE),
    COLUMN(workspace_order, workspace.events_filter, NULLABLE),
    COLUMN(workspace_order, workspace.multi_task, NOT_NULL),
    COLUMN(workspace_order, workspace.prioritize_queue_order, NOT_NULL),
    COLUMN(workspace_order, workspace.default_activity_id, NOT_NULL),
    COLUMN(workspace_order, workspace.timeout_activity_id, NOT_NULL),
    COLUMN(workspace_order, template, NULLABLE),
};

static const struct entity order_entity = ENTITY(workspace_order, "workspace", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(workspace_order, workspace.friendly_name,          "friendly_name",          CREATE | REQUIRED),
    FIELD(workspace_order, workspace.event_callback_url,     "event_callback_url",     CREATE, .about = "Told of every event that events_filter lets through."),
    FIELD(workspace_order, workspace.events_filter,          "events_filter",          CREATE, .about = "Names of events, with commas; empty: all of them."),
    FIELD(workspace_order, workspace.multi_task,             "multi_task_enabled",     CREATE, .about = "True unless said; cannot be taken back."),
    FIELD(workspace_order, workspace.prioritize_queue_order, "prioritize_queue_order", CREATE, .about = "FIFO or LIFO."),
    FIELD(workspace_order, template,                         "template",               CREATE, .about = "FIFO adds a queue of everybody and a workflow that leads there; NONE."),
    /* clang-format on */
};

const struct view taskrouter_workspace_order_view =
    VIEW("WorkspaceCreate", order_entity, order_fields);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(workspace_order, workspace.friendly_name,          "friendly_name",          CREATE),
    FIELD(workspace_order, workspace.event_callback_url,     "event_callback_url",     CREATE),
    FIELD(workspace_order, workspace.events_filter,          "events_filter",          CREATE),
    FIELD(workspace_order, workspace.multi_task,             "multi_task_enabled",     CREATE),
    FIELD(workspace_order, workspace.prioritize_queue_order, "prioritize_queue_order", CREATE),
    FIELD(workspace_order, workspace.default_activity_id,    "default_activity_sid",   CREATE, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(workspace_order, workspace.timeout_activity_id,    "timeout_activity_sid",   CREATE, .wire = &twilio_sid, .prefix = "WA"),
    /* clang-format on */
};

const struct view taskrouter_workspace_change_view =
    VIEW("WorkspaceUpdate", order_entity, change_fields);

/* ---- operations ---- */

const struct query_parameter taskrouter_workspace_filters[] = {
    {"FriendlyName", "\"type\":\"string\"", NULL, NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

bool taskrouter_list_workspaces(struct request *req)
{
    struct rows workspaces;
    struct page page;

    return twilio_read_page(req, &page) && tr_workspace_ensure(&req->work) &&
           tr_workspaces_list(&req->work, request_query(req, "FriendlyName"), &page, &workspaces) &&
           reply_rows(req, &taskrouter_workspace_view, &page, &workspaces);
}

static bool reply_workspace(struct request *req, int status, const struct tr_workspace *workspace)
{
    return taskrouter_reply(req, status, &taskrouter_workspace_view, workspace, workspace->rev);
}

bool taskrouter_create_workspace(struct request *req)
{
    struct workspace_order order = {.template = NULL};
    columns given;

    tr_workspace_begin(&order.workspace);
    return read_body(req, &taskrouter_workspace_order_view, CREATE, &order, &given) &&
           tr_workspace_ensure(&req->work) &&
           tr_workspace_create(&req->work, &order.workspace, order.template) &&
           reply_workspace(req, 201, &order.workspace);
}

static bool find(struct request *req, struct tr_workspace *workspace)
{
    uid id;

    return taskrouter_path_id(req, "Sid", "WS", &id) && tr_workspace_get(&req->work, id, workspace);
}

bool taskrouter_get_workspace(struct request *req)
{
    struct tr_workspace workspace;

    return find(req, &workspace) && reply_workspace(req, 200, &workspace);
}

bool taskrouter_update_workspace(struct request *req)
{
    struct workspace_order order = {.template = NULL};
    struct tr_workspace workspace;
    int64_t if_rev;
    columns given;

    if (!find(req, &order.workspace) || !taskrouter_if_rev(req, order.workspace.rev, &if_rev) ||
        !read_body(req, &taskrouter_workspace_change_view, CREATE, &order, &given))
        return false;
    given = taskrouter_given(&order_entity, given, &tr_workspace_entity);
    return tr_workspace_update(&req->work, &order.workspace, given, if_rev, &workspace) &&
           reply_workspace(req, 200, &workspace);
}

bool taskrouter_delete_workspace(struct request *req)
{
    struct tr_workspace workspace;
    int64_t if_rev;

    return find(req, &workspace) && taskrouter_if_rev(req, workspace.rev, &if_rev) &&
           tr_workspace_delete(&req->work, workspace.id, if_rev) && reply_empty(req, 204);
}
