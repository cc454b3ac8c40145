/*
 * Task queues: work that waits for a kind of worker.
 */
#include "domain/taskrouter/queues.h"
#include "fcgi/twilio/taskrouter.h"

static const struct taskrouter_link links[] = {
    /* clang-format off */
    {"assignment_activity",       "/Activities/WA",                 offsetof(struct tr_queue, assignment_activity_id),  ""},
    {"reservation_activity",      "/Activities/WA",                 offsetof(struct tr_queue, reservation_activity_id), ""},
    {"workspace",                 "",                               NO_MEMBER,                                          ""},
    {"statistics",                "/TaskQueues/WQ",                 offsetof(struct tr_queue, id),                      "/Statistics"},
    {"real_time_statistics",      "/TaskQueues/WQ",                 offsetof(struct tr_queue, id),                      "/RealTimeStatistics"},
    {"cumulative_statistics",     "/TaskQueues/WQ",                 offsetof(struct tr_queue, id),                      "/CumulativeStatistics"},
    {"list_statistics",           "/TaskQueues/Statistics",         NO_MEMBER,                                          ""},
    {"bulk_real_time_statistics", "/TaskQueues/RealTimeStatistics", NO_MEMBER,                                          ""},
    /* clang-format on */
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire queue_links = {render_links, NULL, TASKROUTER_LINKS, false};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_queue, id,                        "sid",                       READ, .wire = &twilio_sid, .prefix = "WQ"),
    FIELD(tr_queue, tenant_id,                 "account_sid",               READ, .wire = &twilio_account_sid),
    FIELD(tr_queue, workspace_id,              "workspace_sid",             READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_queue, friendly_name,             "friendly_name",             READ),
    FIELD(tr_queue, target_workers,            "target_workers",            READ),
    FIELD(tr_queue, max_reserved_workers,      "max_reserved_workers",      READ),
    FIELD(tr_queue, task_order,                "task_order",                READ),
    FIELD(tr_queue, reservation_activity_id,   "reservation_activity_sid",  READ, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(tr_queue, reservation_activity_name, "reservation_activity_name", READ),
    FIELD(tr_queue, assignment_activity_id,    "assignment_activity_sid",   READ, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(tr_queue, assignment_activity_name,  "assignment_activity_name",  READ),
    FIELD(tr_queue, created_at,                "date_created",              READ, .wire = &wire_iso_seconds),
    FIELD(tr_queue, updated_at,                "date_updated",              READ, .wire = &wire_iso_seconds),
    FIELD(tr_queue, id,                        "url",                       READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/{WorkspaceSid}/TaskQueues/WQ*"),
    FIELD(tr_queue, workspace_id,              "links",                     READ, .wire = &queue_links),
    /* clang-format on */
};

const struct view taskrouter_queue_view = VIEW("TaskQueue", tr_queue_entity, fields);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(tr_queue, friendly_name,           "friendly_name",            CREATE | REQUIRED),
    FIELD(tr_queue, target_workers,          "target_workers",           CREATE, .about = "An expression over the attributes of workers: \"languages HAS 'en' AND level >= 3\". Everybody unless said; empty: nobody."),
    FIELD(tr_queue, max_reserved_workers,    "max_reserved_workers",     CREATE, .about = "To how many workers a task is offered at once, 1 to 50."),
    FIELD(tr_queue, task_order,              "task_order",               CREATE, .about = "FIFO or LIFO."),
    FIELD(tr_queue, reservation_activity_id, "reservation_activity_sid", CREATE, .wire = &twilio_sid, .prefix = "WA", .about = "Whereto a worker is moved who is offered a task."),
    FIELD(tr_queue, assignment_activity_id,  "assignment_activity_sid",  CREATE, .wire = &twilio_sid, .prefix = "WA", .about = "Whereto a worker is moved who accepted one."),
    /* clang-format on */
};

const struct view taskrouter_queue_order_view =
    VIEW("TaskQueueCreate", tr_queue_entity, order_fields);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(tr_queue, friendly_name,           "friendly_name",            CREATE),
    FIELD(tr_queue, target_workers,          "target_workers",           CREATE),
    FIELD(tr_queue, max_reserved_workers,    "max_reserved_workers",     CREATE),
    FIELD(tr_queue, task_order,              "task_order",               CREATE),
    FIELD(tr_queue, reservation_activity_id, "reservation_activity_sid", CREATE, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(tr_queue, assignment_activity_id,  "assignment_activity_sid",  CREATE, .wire = &twilio_sid, .prefix = "WA"),
    /* clang-format on */
};

const struct view taskrouter_queue_change_view =
    VIEW("TaskQueueUpdate", tr_queue_entity, change_fields);

const struct query_parameter taskrouter_queue_filters[] = {
    /* clang-format off */
    {"FriendlyName",             "\"type\":\"string\"", NULL, NULL},
    {"EvaluateWorkerAttributes", "\"type\":\"string\"", "JSON of a worker's attributes: queues whose expression matches it.", NULL},
    {"WorkerSid",                "\"type\":\"string\"", "Queues whose expression matches this worker.", NULL},
    {"Ordering",                 "\"type\":\"string\"", "DateCreated, DateUpdated or FriendlyName, with :asc or :desc.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

bool taskrouter_list_queues(struct request *req)
{
    struct tr_queue_filter filter = {
        .friendly_name = request_query(req, "FriendlyName"),
        .worker_attributes = request_query(req, "EvaluateWorkerAttributes"),
        .ordering = request_query(req, "Ordering"),
    };
    struct rows queues;
    struct page page;

    if (!twilio_read_page(req, &page) || !taskrouter_here(req, &filter.workspace) ||
        !taskrouter_query_id(req, "WorkerSid", "WK", &filter.worker))
        return false;
    if (filter.ordering)
        taskrouter_own_order(&page);
    return tr_queues_list(&req->work, &filter, &page, &queues) &&
           reply_rows(req, &taskrouter_queue_view, &page, &queues);
}

static bool reply_queue(struct request *req, int status, const struct tr_queue *queue)
{
    return taskrouter_reply(req, status, &taskrouter_queue_view, queue, queue->rev);
}

bool taskrouter_create_queue(struct request *req)
{
    struct tr_queue queue;
    columns given;

    tr_queue_begin(&queue);
    return taskrouter_here(req, &queue.workspace_id) &&
           read_body(req, &taskrouter_queue_order_view, CREATE, &queue, &given) &&
           tr_queue_create(&req->work, &queue) && reply_queue(req, 201, &queue);
}

static bool find(struct request *req, struct tr_queue *queue)
{
    uid workspace, id;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", &workspace) &&
           taskrouter_path_id(req, "Sid", "WQ", &id) &&
           tr_queue_get(&req->work, workspace, id, queue);
}

bool taskrouter_get_queue(struct request *req)
{
    struct tr_queue queue;

    return find(req, &queue) && reply_queue(req, 200, &queue);
}

bool taskrouter_update_queue(struct request *req)
{
    struct tr_queue wanted, queue;
    int64_t if_rev;
    columns given;

    return find(req, &wanted) && taskrouter_if_rev(req, wanted.rev, &if_rev) &&
           read_body(req, &taskrouter_queue_change_view, CREATE, &wanted, &given) &&
           tr_queue_update(&req->work, &wanted, given, if_rev, &queue) &&
           reply_queue(req, 200, &queue);
}

bool taskrouter_delete_queue(struct request *req)
{
    struct tr_queue queue;
    int64_t if_rev;

    return find(req, &queue) && taskrouter_if_rev(req, queue.rev, &if_rev) &&
           tr_queue_delete(&req->work, queue.workspace_id, queue.id, if_rev) &&
           reply_empty(req, 204);
}
