/*
 * The operator sets going what otherwise happens by itself to callback tasks.
 */
#include <string.h>

#include "domain/keys.h"
#include "domain/queue_sweeps.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

enum { LONGEST_US = 20 * 1000 * 1000 };

static const struct column result_columns[] = {
    COLUMN(sweep_result, attempted_tenants, NOT_NULL),
    COLUMN(sweep_result, evaluated_tenants, NOT_NULL),
    COLUMN(sweep_result, candidate_tasks, NOT_NULL),
    COLUMN(sweep_result, settled_tasks, NOT_NULL),
    COLUMN(sweep_result, dry_run_tasks, NOT_NULL),
    COLUMN(sweep_result, unchanged_tasks, NOT_NULL),
    COLUMN(sweep_result, snoozes_expired, NOT_NULL),
    COLUMN(sweep_result, escalations_applied, NOT_NULL),
    COLUMN(sweep_result, notifications_sent, NOT_NULL),
    COLUMN(sweep_result, webhooks_enqueued, NOT_NULL),
};

static const struct entity result_entity =
    ENTITY(sweep_result, "result of a sweep", NULL, result_columns);

#define TENANTS                                                                                    \
    FIELD(sweep_result, attempted_tenants, "attempted_tenants", READ,                              \
          .about = "Tenants with tasks that are due."),                                            \
        FIELD(sweep_result, evaluated_tenants, "evaluated_tenants", READ,                          \
              .about = "Those of them that are served.")
#define FAILED                                                                                     \
    FIELD(unswept_task, tenant_key, "tenant_id", READ),                                            \
        FIELD(unswept_task, task_id, "task_id", READ, .wire = &wire_uuid),                         \
        FIELD(unswept_task, error, "error", READ)
#define OF_TASK                                                                                    \
    FIELD(swept_task, tenant_key, "tenant_id", READ),                                              \
        FIELD(swept_task, task_id, "task_id", READ, .wire = &wire_uuid)
#define FOR_WHOM                                                                                   \
    FIELD(swept_task, queue_key, "queue_key", READ),                                               \
        FIELD(swept_task, customer_phone, "customer_phone", READ)

/* ---- dispatch ---- */

static const struct field dispatched_fields[] = {
    OF_TASK,
    FOR_WHOM,
    FIELD(swept_task, call_sid, "call_sid", READ),
    FIELD(swept_task, dispatch_attempt_count, "dispatch_attempt_count", READ),
    FIELD(swept_task, dry_run, "dry_run", READ),
};

static const struct view dispatched_view =
    VIEW("OperatorCallbackDispatchItem", swept_task_entity, dispatched_fields);

static const struct field undispatched_fields[] = {FAILED};

static const struct view undispatched_view =
    VIEW("OperatorCallbackDispatchFailure", unswept_task_entity, undispatched_fields);

static const struct field dispatch_fields[] = {
    TENANTS,
    FIELD(sweep_result, candidate_tasks, "eligible_tasks", READ),
    FIELD(sweep_result, settled_tasks, "dispatched_tasks", READ),
    FIELD(sweep_result, dry_run_tasks, "dry_run_tasks", READ),
    ROWS(sweep_result, items, "items", dispatched_view, READ),
    ROWS(sweep_result, failures, "failures", undispatched_view, READ),
};

static const struct view dispatch_view =
    VIEW("OperatorCallbackDispatchResult", result_entity, dispatch_fields);

/* ---- SLA ---- */

static const struct field alerted_fields[] = {
    OF_TASK,
    FOR_WHOM,
    FIELD(swept_task, stream_sid, "stream_sid", READ),
    FIELD(swept_task, assigned_to, "assigned_to", READ),
    FIELD(swept_task, sla_due_at, "sla_due_at", READ, .wire = &wire_iso_shortest),
    FIELD(swept_task, webhook_enqueued, "webhook_enqueued", READ),
};

static const struct view alerted_view =
    VIEW("OperatorQueueSweepItem", swept_task_entity, alerted_fields);

static const struct field unalerted_fields[] = {FAILED};

static const struct view unalerted_view =
    VIEW("OperatorQueueSweepFailure", unswept_task_entity, unalerted_fields);

static const struct field sla_fields[] = {
    TENANTS,
    FIELD(sweep_result, candidate_tasks, "overdue_tasks", READ,
          .about = "All that are overdue, also those that were alerted about before."),
    FIELD(sweep_result, settled_tasks, "alerts_recorded", READ),
    FIELD(sweep_result, webhooks_enqueued, "webhooks_enqueued", READ),
    ROWS(sweep_result, items, "items", alerted_view, READ),
    ROWS(sweep_result, failures, "failures", unalerted_view, READ),
};

static const struct view sla_view = VIEW("OperatorQueueSweepResult", result_entity, sla_fields);

/* ---- follow-ups ---- */

static const struct field followed_fields[] = {
    OF_TASK,
    FOR_WHOM,
    FIELD(swept_task, assigned_to, "assigned_to", READ),
    FIELD(swept_task, reason, "reason", READ,
          .about = "snooze_expired or unacknowledged_deadline_breached."),
    FIELD(swept_task, escalated, "escalated", READ),
    FIELD(swept_task, escalation_assignee, "escalation_assignee", READ),
    FIELD(swept_task, escalation_queue_key, "escalation_queue_key", READ),
    FIELD(swept_task, snooze_expired, "snooze_expired", READ),
    FIELD(swept_task, notification_sent, "notification_sent", READ),
    FIELD(swept_task, notification_channel, "notification_channel", READ),
    FIELD(swept_task, notification_target, "notification_target", READ),
    FIELD(swept_task, webhook_enqueued, "webhook_enqueued", READ),
};

static const struct view followed_view =
    VIEW("OperatorFollowUpNotificationItem", swept_task_entity, followed_fields);

static const struct field unfollowed_fields[] = {FAILED};

static const struct view unfollowed_view =
    VIEW("OperatorFollowUpNotificationFailure", unswept_task_entity, unfollowed_fields);

static const struct field follow_up_fields[] = {
    TENANTS,
    FIELD(sweep_result, candidate_tasks, "candidate_tasks", READ),
    FIELD(sweep_result, snoozes_expired, "snoozes_expired", READ),
    FIELD(sweep_result, escalations_applied, "escalations_applied", READ),
    FIELD(sweep_result, notifications_sent, "notifications_sent", READ),
    FIELD(sweep_result, webhooks_enqueued, "webhooks_enqueued", READ),
    ROWS(sweep_result, items, "items", followed_view, READ),
    ROWS(sweep_result, failures, "failures", unfollowed_view, READ),
};

static const struct view follow_up_view =
    VIEW("OperatorFollowUpNotificationResult", result_entity, follow_up_fields);

/* ---- tickets ---- */

static const struct field reconciled_fields[] = {
    OF_TASK,
    FIELD(swept_task, source, "source", READ),
    FIELD(swept_task, external_reference_id, "external_reference_id", READ),
    FIELD(swept_task, external_status, "external_status", READ),
    FIELD(swept_task, external_assignee, "external_assignee", READ),
    FIELD(swept_task, previous_status, "previous_status", READ, .wire = &stateset_task_status),
    FIELD(swept_task, status, "status", READ, .wire = &stateset_task_status),
    FIELD(swept_task, previous_assigned_to, "previous_assigned_to", READ),
    FIELD(swept_task, assigned_to, "assigned_to", READ),
    FIELD(swept_task, webhook_enqueued, "webhook_enqueued", READ),
};

static const struct view reconciled_view =
    VIEW("ExternalCallbackTaskReconciliationItem", swept_task_entity, reconciled_fields);

static const struct field unreconciled_fields[] = {
    FAILED,
    FIELD(unswept_task, external_reference_id, "external_reference_id", READ),
};

static const struct view unreconciled_view =
    VIEW("ExternalCallbackTaskReconciliationFailure", unswept_task_entity, unreconciled_fields);

static const struct field ticket_fields[] = {
    TENANTS,
    FIELD(sweep_result, candidate_tasks, "candidate_tasks", READ),
    FIELD(sweep_result, unchanged_tasks, "unchanged_tasks", READ),
    FIELD(sweep_result, settled_tasks, "reconciled_tasks", READ),
    FIELD(sweep_result, webhooks_enqueued, "webhooks_enqueued", READ),
    ROWS(sweep_result, items, "items", reconciled_view, READ),
    ROWS(sweep_result, failures, "failures", unreconciled_view, READ),
};

static const struct view ticket_view =
    VIEW("ExternalCallbackTaskReconciliationResult", result_entity, ticket_fields);

/* ---- requests ---- */

static bool says(const struct request *req, const char *name, const char *word)
{
    const char *given = request_query(req, name);

    return given && strcmp(given, word) == 0;
}

/* The tenant whose key or name it is; 0 for all when none is given. */
static bool read_tenant(struct request *req, int64_t *id)
{
    const char *given = request_query(req, "auth_token");
    struct tenant tenant;
    struct api_key key;

    *id = 0;
    if (!given || !*given)
        return true;
    if (key_authenticate(&req->work, "stateset", given, req->client_ip, &key, &tenant) ==
        KEY_GOOD) {
        *id = key.tenant_id;
        return true;
    }
    if (!tenant_by_key(&req->work, given, &tenant))
        return req->work.error.what == NOT_FOUND
                   ? fail(&req->work, NOT_FOUND, "auth_token names no tenant")
                   : false;
    *id = tenant.id;
    return true;
}

static bool sweep(struct request *req,
                  bool (*run)(struct work *work, const struct sweep_order *order,
                              struct sweep_result *result))
{
    struct sweep_order order = {
        .limit = (int64_t)stateset_number_in(req, "limit", SWEEP_LIMIT, SWEEP_MOST),
        .silent = says(req, "emit_webhooks", "false"),
        .dry_run = says(req, "dry_run", "true"),
        .without_notifications = says(req, "send_notifications", "false"),
        .until_us = clock_monotonic_us() + LONGEST_US,
    };
    struct sweep_result result;
    char id[37];

    uid_write_uuid(uid_new(), id);
    order.owner = arena_format(&req->work.arena, "api:%s", id);
    return read_tenant(req, &order.tenant) && run(&req->work, &order, &result) &&
           reply_row(req, 200, req->route->out, &result);
}

static bool dispatch_callbacks(struct request *req)
{
    return sweep(req, sweep_dispatch);
}

static bool alert_breaches(struct request *req)
{
    return sweep(req, sweep_sla);
}

static bool follow_up(struct request *req)
{
    return sweep(req, sweep_follow_ups);
}

static bool reconcile(struct request *req)
{
    return sweep(req, sweep_tickets);
}

/* ---- the dialect's part ---- */

static void item(struct request *req, const struct view *view, const void *row)
{
    text_put(&req->reply, "{\"ok\":true,\"result\":");
    view_render(req, &req->reply, view, row);
    text_char(&req->reply, '}');
}

static void item_schema(struct text *out, const char *reference)
{
    text_add(out,
             "{\"type\":\"object\",\"required\":[\"ok\",\"result\"],\"properties\":{"
             "\"ok\":{\"type\":\"boolean\"},\"result\":%s}}",
             reference);
}

/* clang-format off */
#define LIMITS \
    {"auth_token", "\"type\":\"string\"", "Only the tenant whose key or name this is."}, \
    {"limit", "\"type\":\"integer\",\"minimum\":0", "The most tasks; 100 when it is not given."}, \
    {"emit_webhooks", "\"type\":\"boolean\"", "Whether receivers hear of it; true when it is not given."}
/* clang-format on */

static const struct query_parameter of_sweep[] = {LIMITS, {NULL, NULL, NULL, NULL}};

static const struct query_parameter of_dispatch[] = {
    LIMITS,
    {"dry_run", "\"type\":\"boolean\"", "Says who would be called and changes nothing."},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter of_follow_ups[] = {
    LIMITS,
    {"send_notifications", "\"type\":\"boolean\"",
     "Whether assignees are reminded; true when it is not given."},
    {NULL, NULL, NULL, NULL},
};

#define QUEUES "/api/v1/admin/operator-queues"

static const struct route routes[] = {
    /* clang-format off */
    {"POST " QUEUES "/dispatch", "admin", dispatch_callbacks, NULL, &dispatch_view, "Dispatch Operator Callbacks Admin",
     .answers = "401 404 503", .query = of_dispatch, .operation = "dispatch_operator_callbacks_admin",
     .about = "Calls the customers of open tasks whose queue is open now and dispatches by itself. Within 20 seconds; what is left is due at the next."},
    {"POST " QUEUES "/sweep", "admin", alert_breaches, NULL, &sla_view, "Sweep Operator Queues Admin",
     .answers = "401 404 503", .query = of_sweep, .operation = "sweep_operator_queues_admin",
     .about = "One alert for each sla_due_at of a task."},
    {"POST " QUEUES "/follow-up-notifications/sweep", "admin", follow_up, NULL, &follow_up_view, "Sweep Operator Follow Up Notifications Admin",
     .answers = "401 404 503", .query = of_follow_ups, .operation = "sweep_operator_follow_up_notifications_admin",
     .about = "An assignee that is a telephone number is reminded by text message; receivers hear of every task."},
    {"POST " QUEUES "/external-reconciliation/sweep", "admin", reconcile, NULL, &ticket_view, "Sweep External Callback Task Reconciliation Admin",
     .answers = "401 404 503", .query = of_sweep, .operation = "sweep_external_callback_task_reconciliation_admin",
     .about = "Asks gorgias and zendesk, as integrations.<source> of the tenant says."},
    /* clang-format on */
};

static const char *const prefixes[] = {QUEUES, NULL};

/* clang-format off */
const struct dialect stateset_sweeps = {
    STATESET_FOR_OPERATOR,
    .prefixes = prefixes,
    .body_limit = 64 * 1024,
    .item = item,
    .list = stateset_list,
    .item_schema = item_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};
/* clang-format on */
