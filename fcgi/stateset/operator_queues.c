/*
 * Where callback tasks wait, by when they must be done, and when customers may be called back.
 */
#include "domain/operator_queues.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

#define SAID (CREATE | UPDATE)

static const struct field queue_fields[] = {
    /* clang-format off */
    FIELD(operator_queue, id,                                "id",                                READ, .wire = &wire_uuid),
    FIELD(operator_queue, tenant_id,                         "tenant_id",                         READ, .wire = &stateset_tenant_key),
    FIELD(operator_queue, queue_key,                         "queue_key",                         READ),
    FIELD(operator_queue, name,                              "name",                              READ),
    FIELD(operator_queue, description,                       "description",                       READ),
    FIELD(operator_queue, is_default,                        "is_default",                        READ),
    FIELD(operator_queue, active,                            "active",                            READ),
    FIELD(operator_queue, priority,                          "priority",                          READ),
    FIELD(operator_queue, default_assignee,                  "default_assignee",                  READ),
    FIELD(operator_queue, sla_seconds,                       "sla_seconds",                       READ),
    FIELD(operator_queue, auto_dispatch_enabled,             "auto_dispatch_enabled",             READ),
    FIELD(operator_queue, auto_dispatch_delay_seconds,       "auto_dispatch_delay_seconds",       READ),
    FIELD(operator_queue, auto_dispatch_retry_delay_seconds, "auto_dispatch_retry_delay_seconds", READ),
    FIELD(operator_queue, auto_dispatch_max_attempts,        "auto_dispatch_max_attempts",        READ),
    FIELD(operator_queue, dispatch_schedule,                 "dispatch_schedule",                 READ, .wire = &wire_json),
    FIELD(operator_queue, dispatch_timezone,                 "dispatch_timezone",                 READ),
    FIELD(operator_queue, dispatch_window_start_hour_utc,    "dispatch_window_start_hour_utc",    READ),
    FIELD(operator_queue, dispatch_window_end_hour_utc,      "dispatch_window_end_hour_utc",      READ),
    FIELD(operator_queue, follow_up_escalation_seconds,      "follow_up_escalation_seconds",      READ),
    FIELD(operator_queue, follow_up_escalation_assignee,     "follow_up_escalation_assignee",     READ),
    FIELD(operator_queue, follow_up_escalation_priority,     "follow_up_escalation_priority",     READ),
    FIELD(operator_queue, follow_up_escalation_queue_key,    "follow_up_escalation_queue_key",    READ),
    FIELD(operator_queue, metadata,                          "metadata",                          READ, .wire = &wire_json),
    FIELD(operator_queue, created_at,                        "created_at",                        READ, .wire = &wire_iso_shortest),
    FIELD(operator_queue, updated_at,                        "updated_at",                        READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view queue_view = VIEW("OperatorQueue", operator_queue_entity, queue_fields);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(operator_queue, name,                              "name",                              SAID | REQUIRED),
    FIELD(operator_queue, description,                       "description",                       SAID),
    FIELD(operator_queue, is_default,                        "is_default",                        SAID, .about = "Takes it from the queue that was the default one."),
    FIELD(operator_queue, active,                            "active",                            SAID, .about = "true when it is not given."),
    FIELD(operator_queue, priority,                          "priority",                          SAID),
    FIELD(operator_queue, default_assignee,                  "default_assignee",                  SAID),
    FIELD(operator_queue, sla_seconds,                       "sla_seconds",                       SAID),
    FIELD(operator_queue, auto_dispatch_enabled,             "auto_dispatch_enabled",             SAID),
    FIELD(operator_queue, auto_dispatch_delay_seconds,       "auto_dispatch_delay_seconds",       SAID, .about = "From the task's creation to the first call."),
    FIELD(operator_queue, auto_dispatch_retry_delay_seconds, "auto_dispatch_retry_delay_seconds", SAID, .about = "From one call to the next; 900 when it is not given."),
    FIELD(operator_queue, auto_dispatch_max_attempts,        "auto_dispatch_max_attempts",        SAID, .about = "3 when it is not given."),
    FIELD(operator_queue, dispatch_schedule,                 "dispatch_schedule",                 SAID, .wire = &wire_document, .about = "Hours of each weekday, {\"monday\":\"09:00-17:00\"}, with \"holidays\"; {} is always."),
    FIELD(operator_queue, dispatch_timezone,                 "dispatch_timezone",                 SAID, .about = "Of the schedule; UTC when it is not given."),
    FIELD(operator_queue, dispatch_window_start_hour_utc,    "dispatch_window_start_hour_utc",    SAID),
    FIELD(operator_queue, dispatch_window_end_hour_utc,      "dispatch_window_end_hour_utc",      SAID, .about = "The first hour that is no longer in the window; a smaller one is of the next day."),
    FIELD(operator_queue, follow_up_escalation_seconds,      "follow_up_escalation_seconds",      SAID, .about = "From the deadline of a task that nobody acknowledged."),
    FIELD(operator_queue, follow_up_escalation_assignee,     "follow_up_escalation_assignee",     SAID),
    FIELD(operator_queue, follow_up_escalation_priority,     "follow_up_escalation_priority",     SAID),
    FIELD(operator_queue, follow_up_escalation_queue_key,    "follow_up_escalation_queue_key",    SAID),
    FIELD(operator_queue, metadata,                          "metadata",                          SAID, .wire = &wire_json),
    /* clang-format on */
};

static const struct view order_view =
    VIEW("UpsertOperatorQueueRequest", operator_queue_entity, order_fields);

static const struct field stats_fields[] = {
    /* clang-format off */
    FIELD(queue_stats, queue_key,            "queue_key",            READ),
    FIELD(queue_stats, name,                 "name",                 READ),
    FIELD(queue_stats, priority,             "priority",             READ),
    FIELD(queue_stats, sla_seconds,          "sla_seconds",          READ),
    FIELD(queue_stats, open_tasks,           "open_tasks",           READ),
    FIELD(queue_stats, in_progress_tasks,    "in_progress_tasks",    READ),
    FIELD(queue_stats, overdue_tasks,        "overdue_tasks",        READ),
    FIELD(queue_stats, unassigned_tasks,     "unassigned_tasks",     READ),
    FIELD(queue_stats, total_tasks,          "total_tasks",          READ, .about = "Finished ones as well."),
    FIELD(queue_stats, oldest_task_age_secs, "oldest_task_age_secs", READ, .about = "Of those that are not finished."),
    /* clang-format on */
};

static const struct view stats_view = VIEW("OperatorQueueStats", queue_stats_entity, stats_fields);

static bool list_queues(struct request *req)
{
    struct rows queues;

    return operator_queues_list(&req->work, &queues) && reply_rows(req, &queue_view, NULL, &queues);
}

static bool list_stats(struct request *req)
{
    struct rows stats;

    return operator_queues_stats(&req->work, &stats) && reply_rows(req, &stats_view, NULL, &stats);
}

/* What is not said of a queue is as it is where nobody says otherwise: a PUT replaces. */
static bool put_queue(struct request *req)
{
    struct operator_queue queue;
    columns given;

    operator_queue_begin(&queue);
    queue.queue_key = request_path(req, "queue_key");
    return read_body(req, &order_view, CREATE, &queue, &given) &&
           operator_queue_put(&req->work, &queue) && reply_row(req, 200, &queue_view, &queue);
}

/* ---- the dialect's part ---- */

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/v1/operator-queues",             "key", list_queues, NULL, &queue_view, "List Operator Queues",
     .flags = LIST, .answers = "401 500 503", .operation = "list_operator_queues"},
    {"GET /api/v1/operator-queues/stats",       "key", list_stats, NULL, &stats_view, "List Operator Queue Stats",
     .flags = LIST, .answers = "401 500 503", .operation = "list_operator_queue_stats",
     .about = "Tasks without a queue are counted under the key unassigned."},
    {"PUT /api/v1/operator-queues/{queue_key}", "key", put_queue, &order_view, &queue_view, "Upsert Operator Queue",
     .answers = "400 401 500 503", .operation = "upsert_operator_queue"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/v1/operator-queues", NULL};

const struct dialect stateset_queues = {
    STATESET_FOR_TENANTS,  .prefixes = prefixes,     .body_limit = 64 * 1024,
    .item = stateset_item, .list = stateset_list,    .refuse = stateset_refuse,
    .routes = routes,      .nroutes = COUNT(routes),
};
