/*
 * Workflows: rules that sort work into queues.
 */
#include "domain/taskrouter/workflows.h"
#include "fcgi/twilio/taskrouter.h"

static const struct taskrouter_link links[] = {
    /* clang-format off */
    {"statistics",            "/Workflows/WW", offsetof(struct tr_workflow, id), "/Statistics"},
    {"real_time_statistics",  "/Workflows/WW", offsetof(struct tr_workflow, id), "/RealTimeStatistics"},
    {"cumulative_statistics", "/Workflows/WW", offsetof(struct tr_workflow, id), "/CumulativeStatistics"},
    /* clang-format on */
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire workflow_links = {render_links, NULL, TASKROUTER_LINKS, false};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_workflow, id,                               "sid",                              READ, .wire = &twilio_sid, .prefix = "WW"),
    FIELD(tr_workflow, tenant_id,                        "account_sid",                      READ, .wire = &twilio_account_sid),
    FIELD(tr_workflow, workspace_id,                     "workspace_sid",                    READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_workflow, friendly_name,                    "friendly_name",                    READ),
    FIELD(tr_workflow, configuration,                    "configuration",                    READ, .wire = &twilio_json_text),
    FIELD(tr_workflow, configuration,                    "document_content_type",            READ, .wire = &taskrouter_content_type),
    FIELD(tr_workflow, assignment_callback_url,          "assignment_callback_url",          READ),
    FIELD(tr_workflow, fallback_assignment_callback_url, "fallback_assignment_callback_url", READ),
    FIELD(tr_workflow, task_reservation_timeout,         "task_reservation_timeout",         READ),
    FIELD(tr_workflow, created_at,                       "date_created",                     READ, .wire = &wire_iso_seconds),
    FIELD(tr_workflow, updated_at,                       "date_updated",                     READ, .wire = &wire_iso_seconds),
    FIELD(tr_workflow, id,                               "url",                              READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/{WorkspaceSid}/Workflows/WW*"),
    FIELD(tr_workflow, workspace_id,                     "links",                            READ, .wire = &workflow_links),
    /* clang-format on */
};

const struct view taskrouter_workflow_view = VIEW("Workflow", tr_workflow_entity, fields);

/* ---- what clients say of one ---- */

struct workflow_order {
    struct tr_workflow workflow;
    bool re_evaluate;
};

static const struct column order_columns[] = {
    COLUMN(workflow_order, workflow.friendly_name, NOT_NULL),
    COLUMN(workflow_order, workflow.configuration, NOT_NULL),
    COLUMN(workflow_order, workflow.assignment_callback_url, NULLABLE),
    COLUMN(workflow_order, workflow.fallback_assignment_callback_url, NULLABLE),
    COLUMN(workflow_order, workflow.task_reservation_timeout, NOT_NULL),
    COLUMN(workflow_order, re_evaluate, NOT_NULL),
};

static const struct entity order_entity = ENTITY(workflow_order, "workflow", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(workflow_order, workflow.friendly_name,                    "friendly_name",                    CREATE | REQUIRED),
    FIELD(workflow_order, workflow.configuration,                    "configuration",                    CREATE | REQUIRED, .wire = &twilio_json_text,
          .about = "JSON: {\"task_routing\": {\"filters\": [{\"filter_friendly_name\", \"expression\", \"targets\": [{\"queue\", \"expression\", \"priority\", \"timeout\", \"skip_if\", \"order_by\", \"known_worker_sid\"}]}], \"default_filter\": {\"queue\"}}}."),
    FIELD(workflow_order, workflow.assignment_callback_url,          "assignment_callback_url",          CREATE, .about = "Asked what to do with each reservation."),
    FIELD(workflow_order, workflow.fallback_assignment_callback_url, "fallback_assignment_callback_url", CREATE),
    FIELD(workflow_order, workflow.task_reservation_timeout,         "task_reservation_timeout",         CREATE, .about = "Seconds a worker has to decide, 1 to 86400; 120 unless said."),
    /* clang-format on */
};

const struct view taskrouter_workflow_order_view =
    VIEW("WorkflowCreate", order_entity, order_fields);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(workflow_order, workflow.friendly_name,                    "friendly_name",                    CREATE),
    FIELD(workflow_order, workflow.configuration,                    "configuration",                    CREATE, .wire = &twilio_json_text),
    FIELD(workflow_order, workflow.assignment_callback_url,          "assignment_callback_url",          CREATE),
    FIELD(workflow_order, workflow.fallback_assignment_callback_url, "fallback_assignment_callback_url", CREATE),
    FIELD(workflow_order, workflow.task_reservation_timeout,         "task_reservation_timeout",         CREATE),
    FIELD(workflow_order, re_evaluate,                               "re_evaluate_tasks",                CREATE, .wire = &taskrouter_truth, .about = "True: pending tasks begin anew by the rules."),
    /* clang-format on */
};

const struct view taskrouter_workflow_change_view =
    VIEW("WorkflowUpdate", order_entity, change_fields);

/* ---- operations ---- */

const struct query_parameter taskrouter_workflow_filters[] = {
    {"FriendlyName", "\"type\":\"string\"", NULL, NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

bool taskrouter_list_workflows(struct request *req)
{
    struct rows workflows;
    struct page page;
    uid workspace;

    return twilio_read_page(req, &page) && taskrouter_here(req, &workspace) &&
           tr_workflows_list(&req->work, workspace, request_query(req, "FriendlyName"), &page,
                             &workflows) &&
           reply_rows(req, &taskrouter_workflow_view, &page, &workflows);
}

static bool reply_workflow(struct request *req, int status, const struct tr_workflow *workflow)
{
    return taskrouter_reply(req, status, &taskrouter_workflow_view, workflow, workflow->rev);
}

bool taskrouter_create_workflow(struct request *req)
{
    struct workflow_order order = {.re_evaluate = false};
    columns given;

    tr_workflow_begin(&order.workflow);
    return taskrouter_here(req, &order.workflow.workspace_id) &&
           read_body(req, &taskrouter_workflow_order_view, CREATE, &order, &given) &&
           tr_workflow_create(&req->work, &order.workflow) &&
           reply_workflow(req, 201, &order.workflow);
}

static bool find(struct request *req, struct tr_workflow *workflow)
{
    uid workspace, id;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", &workspace) &&
           taskrouter_path_id(req, "Sid", "WW", &id) &&
           tr_workflow_get(&req->work, workspace, id, workflow);
}

bool taskrouter_get_workflow(struct request *req)
{
    struct tr_workflow workflow;

    return find(req, &workflow) && reply_workflow(req, 200, &workflow);
}

bool taskrouter_update_workflow(struct request *req)
{
    struct workflow_order order = {.re_evaluate = false};
    struct tr_workflow workflow;
    int64_t if_rev;
    columns given;

    if (!find(req, &order.workflow) || !taskrouter_if_rev(req, order.workflow.rev, &if_rev) ||
        !read_body(req, &taskrouter_workflow_change_view, CREATE, &order, &given))
        return false;
    given = taskrouter_given(&order_entity, given, &tr_workflow_entity);
    return tr_workflow_update(&req->work, &order.workflow, given, order.re_evaluate, if_rev,
                              &workflow) &&
           reply_workflow(req, 200, &workflow);
}

bool taskrouter_delete_workflow(struct request *req)
{
    struct tr_workflow workflow;
    int64_t if_rev;

    return find(req, &workflow) && taskrouter_if_rev(req, workflow.rev, &if_rev) &&
           tr_workflow_delete(&req->work, workflow.workspace_id, workflow.id, if_rev) &&
           reply_empty(req, 204);
}
