/*
 * Workers: who can take work.
 */
#include "domain/taskrouter/workers.h"
#include "fcgi/twilio/taskrouter.h"

static const struct taskrouter_link links[] = {
    /* clang-format off */
    {"channels",              "/Workers/WK",                   offsetof(struct tr_worker, id),          "/Channels"},
    {"activity",              "/Activities/WA",                offsetof(struct tr_worker, activity_id), ""},
    {"workspace",             "",                              NO_MEMBER,                               ""},
    {"statistics",            "/Workers/Statistics",           NO_MEMBER,                               ""},
    {"real_time_statistics",  "/Workers/RealTimeStatistics",   NO_MEMBER,                               ""},
    {"cumulative_statistics", "/Workers/CumulativeStatistics", NO_MEMBER,                               ""},
    {"worker_statistics",     "/Workers/WK",                   offsetof(struct tr_worker, id),          "/Statistics"},
    {"worker_channels",       "/Workers/WK",                   offsetof(struct tr_worker, id),          "/Channels"},
    {"reservations",          "/Workers/WK",                   offsetof(struct tr_worker, id),          "/Reservations"},
    /* clang-format on */
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire worker_links = {render_links, NULL, TASKROUTER_LINKS, false};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_worker, id,                "sid",                 READ, .wire = &twilio_sid, .prefix = "WK"),
    FIELD(tr_worker, tenant_id,         "account_sid",         READ, .wire = &twilio_account_sid),
    FIELD(tr_worker, workspace_id,      "workspace_sid",       READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_worker, friendly_name,     "friendly_name",       READ),
    FIELD(tr_worker, attributes,        "attributes",          READ, .wire = &twilio_json_text),
    FIELD(tr_worker, activity_id,       "activity_sid",        READ, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(tr_worker, activity_name,     "activity_name",       READ),
    FIELD(tr_worker, available,         "available",           READ, .about = "As the activity says."),
    FIELD(tr_worker, status_changed_at, "date_status_changed", READ, .wire = &wire_iso_seconds),
    FIELD(tr_worker, created_at,        "date_created",        READ, .wire = &wire_iso_seconds),
    FIELD(tr_worker, updated_at,        "date_updated",        READ, .wire = &wire_iso_seconds),
    FIELD(tr_worker, id,                "url",                 READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/{WorkspaceSid}/Workers/WK*"),
    FIELD(tr_worker, workspace_id,      "links",               READ, .wire = &worker_links),
    /* clang-format on */
};

const struct view taskrouter_worker_view = VIEW("Worker", tr_worker_entity, fields);

/* ---- what clients say of one ---- */

struct worker_order {
    struct tr_worker worker;
    bool reject_pending;
};

static const struct column order_columns[] = {
    COLUMN(worker_order, worker.friendly_name, NOT_NULL),
    COLUMN(worker_order, worker.activity_id, NOT_NULL),
    COLUMN(worker_order, worker.attributes, NOT_NULL),
    COLUMN(worker_order, reject_pending, NOT_NULL),
};

static const struct entity order_entity = ENTITY(worker_order, "worker", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(worker_order, worker.friendly_name, "friendly_name", CREATE | REQUIRED, .about = "Unlike any other worker's, whatever its case."),
    FIELD(worker_order, worker.activity_id,   "activity_sid",  CREATE, .wire = &twilio_sid, .prefix = "WA", .about = "The workspace's default unless said."),
    FIELD(worker_order, worker.attributes,    "attributes",    CREATE, .wire = &twilio_json_text, .about = "The JSON of an object; {} unless said."),
    /* clang-format on */
};

const struct view taskrouter_worker_order_view = VIEW("WorkerCreate", order_entity, order_fields);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(worker_order, worker.friendly_name, "friendly_name", CREATE),
    FIELD(worker_order, worker.activity_id,   "activity_sid",  CREATE, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(worker_order, worker.attributes,    "attributes",    CREATE, .wire = &twilio_json_text),
    FIELD(worker_order, reject_pending,       "reject_pending_reservations", CREATE, .about = "Only together with an activity that is not available."),
    /* clang-format on */
};

const struct view taskrouter_worker_change_view = VIEW("WorkerUpdate", order_entity, change_fields);

/* ---- operations ---- */

const struct query_parameter taskrouter_worker_filters[] = {
    /* clang-format off */
    {"ActivityName",            "\"type\":\"string\"", NULL, NULL},
    {"ActivitySid",             "\"type\":\"string\"", NULL, NULL},
    {"Available",               "\"type\":\"string\"", "true, 1 or yes; any other word means not.", NULL},
    {"FriendlyName",            "\"type\":\"string\"", NULL, NULL},
    {"TargetWorkersExpression", "\"type\":\"string\"", "An expression over the workers' attributes.", NULL},
    {"TaskQueueName",           "\"type\":\"string\"", "Workers whom that queue's expression matches.", NULL},
    {"TaskQueueSid",            "\"type\":\"string\"", NULL, NULL},
    {"Ordering",                "\"type\":\"string\"", "DateStatusChanged, DateCreated or FriendlyName, with :asc or :desc.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

static bool read_filter(struct request *req, struct tr_worker_filter *filter)
{
    *filter = (struct tr_worker_filter){
        .activity_name = request_query(req, "ActivityName"),
        .queue_name = request_query(req, "TaskQueueName"),
        .friendly_name = request_query(req, "FriendlyName"),
        .available = request_query(req, "Available"),
        .expression = request_query(req, "TargetWorkersExpression"),
        .ordering = request_query(req, "Ordering"),
    };
    return taskrouter_here(req, &filter->workspace) &&
           taskrouter_query_id(req, "ActivitySid", "WA", &filter->activity_id) &&
           taskrouter_query_id(req, "TaskQueueSid", "WQ", &filter->queue_id);
}

bool taskrouter_list_workers(struct request *req)
{
    struct tr_worker_filter filter;
    struct rows workers;
    struct page page;

    if (!twilio_read_page(req, &page) || !read_filter(req, &filter))
        return false;
    if (filter.ordering)
        taskrouter_own_order(&page);
    return tr_workers_list(&req->work, &filter, &page, &workers) &&
           reply_rows(req, &taskrouter_worker_view, &page, &workers);
}

static bool reply_worker(struct request *req, int status, const struct tr_worker *worker)
{
    return taskrouter_reply(req, status, &taskrouter_worker_view, worker, worker->rev);
}

bool taskrouter_create_worker(struct request *req)
{
    struct worker_order order = {.reject_pending = false};
    columns given;

    row_clear(&tr_worker_entity, &order.worker);
    return taskrouter_here(req, &order.worker.workspace_id) &&
           read_body(req, &taskrouter_worker_order_view, CREATE, &order, &given) &&
           tr_worker_create(&req->work, &order.worker) && reply_worker(req, 201, &order.worker);
}

static bool find(struct request *req, struct tr_worker *worker)
{
    uid workspace, id;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", &workspace) &&
           taskrouter_path_id(req, "Sid", "WK", &id) &&
           tr_worker_get(&req->work, workspace, id, worker);
}

bool taskrouter_get_worker(struct request *req)
{
    struct tr_worker worker;

    return find(req, &worker) && reply_worker(req, 200, &worker);
}

bool taskrouter_update_worker(struct request *req)
{
    struct worker_order order = {.reject_pending = false};
    struct tr_worker_change change;
    struct tr_worker worker;
    columns given;

    if (!find(req, &order.worker) || !taskrouter_if_rev(req, order.worker.rev, &change.if_rev) ||
        !read_body(req, &taskrouter_worker_change_view, CREATE, &order, &given))
        return false;
    change.wanted = order.worker;
    change.given = taskrouter_given(&order_entity, given, &tr_worker_entity);
    change.reject_pending = order.reject_pending;
    return tr_worker_update(&req->work, &change, &worker) && reply_worker(req, 200, &worker);
}

bool taskrouter_delete_worker(struct request *req)
{
    struct tr_worker worker;
    int64_t if_rev;

    return find(req, &worker) && taskrouter_if_rev(req, worker.rev, &if_rev) &&
           tr_worker_delete(&req->work, worker.workspace_id, worker.id, if_rev) &&
           reply_empty(req, 204);
}
