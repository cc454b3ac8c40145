/*
 * What humans still owe callers, and the operators' hands on it.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/callback_state.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

/* The operator sees rows of all tenants; a tenant only its own. */
static void render_tenant(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    const struct callback_task *task = row;
    struct tenant tenant;

    (void)field, (void)cell;
    if (req->tenant && req->tenant->id == task->tenant_id)
        text_json(out, req->tenant->tenant_key);
    else
        text_json(out, tenant_by_id(&req->work, task->tenant_id, &tenant) ? tenant.tenant_key : "");
}

static const struct wire tenant_of_row = {
    .render = render_tenant,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

/* A state is one of four words. */
static void render_status(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_json(out, *(const char *const *)cell);
}

const struct wire stateset_task_status = {
    .render = render_status,
    .schema = TASK_STATUS_SCHEMA,
};

static const struct field task_fields[] = {
    /* clang-format off */
    FIELD(callback_task, id,                        "id",                        READ, .wire = &wire_uuid),
    FIELD(callback_task, tenant_id,                 "tenant_id",                 READ, .wire = &tenant_of_row),
    FIELD(callback_task, stream_sid,                "stream_sid",                READ),
    FIELD(callback_task, call_sid,                  "call_sid",                  READ),
    FIELD(callback_task, queue_key,                 "queue_key",                 READ),
    FIELD(callback_task, status,                    "status",                    READ),
    FIELD(callback_task, disposition,               "disposition",               READ),
    FIELD(callback_task, priority,                  "priority",                  READ, .about = "A smaller one is more urgent."),
    FIELD(callback_task, customer_phone,            "customer_phone",            READ),
    FIELD(callback_task, agent_name,                "agent_name",                READ),
    FIELD(callback_task, summary,                   "summary",                   READ),
    FIELD(callback_task, notes,                     "notes",                     READ),
    FIELD(callback_task, assigned_to,               "assigned_to",               READ),
    FIELD(callback_task, created_by,                "created_by",                READ),
    FIELD(callback_task, due_at,                    "due_at",                    READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, sla_due_at,                "sla_due_at",                READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, metadata,                  "metadata",                  READ, .wire = &wire_json),
    FIELD(callback_task, last_sla_alert_due_at,     "last_sla_alert_due_at",     READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, last_sla_alerted_at,       "last_sla_alerted_at",       READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, dispatch_attempt_count,    "dispatch_attempt_count",    READ),
    FIELD(callback_task, last_dispatch_attempted_at, "last_dispatch_attempted_at", READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, last_dispatch_call_sid,    "last_dispatch_call_sid",    READ),
    FIELD(callback_task, last_dispatch_status,      "last_dispatch_status",      READ),
    FIELD(callback_task, claimed_at,                "claimed_at",                READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, completed_at,              "completed_at",              READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, acknowledged_at,           "acknowledged_at",           READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, acknowledged_by,           "acknowledged_by",           READ),
    FIELD(callback_task, snoozed_until,             "snoozed_until",             READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, snooze_reason,             "snooze_reason",             READ),
    FIELD(callback_task, created_at,                "created_at",                READ, .wire = &wire_iso_shortest),
    FIELD(callback_task, updated_at,                "updated_at",                READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_task_view = VIEW("CallbackTask", callback_task_entity, task_fields);

/* ---- bodies ---- */

/* What a client says of a task; null of what cannot be nothing means that it is not said. */
struct task_body {
    const char *stream_sid, *call_sid, *queue_key, *status, *disposition;
    int64_t priority;
    const char *customer_phone, *agent_name, *summary, *notes, *assigned_to, *created_by;
    instant due_at, sla_due_at;
    document metadata;
};

static const char *const states[] = {"open", "in_progress", "completed", "canceled", NULL};
static const char *const dispositions[] = {"human_follow_up_required",
                                           "callback_requested",
                                           "callback_scheduled",
                                           "transferred",
                                           "resolved",
                                           "voicemail_follow_up",
                                           "customer_abandoned",
                                           NULL};

static const struct column body_columns[] = {
    COLUMN(task_body, stream_sid, NULLABLE, .max = 64),
    COLUMN(task_body, call_sid, NULLABLE, .max = 64),
    COLUMN(task_body, queue_key, NULLABLE, .max = 80),
    COLUMN(task_body, status, NULLABLE, .one_of = states),
    COLUMN(task_body, disposition, NULLABLE, .one_of = dispositions),
    COLUMN(task_body, priority, NULLABLE, .least = INT32_MIN, .most = INT32_MAX),
    COLUMN(task_body, customer_phone, NULLABLE, .max = 32),
    COLUMN(task_body, agent_name, NULLABLE, .max = 190),
    COLUMN(task_body, summary, NULLABLE, .max = 16000),
    COLUMN(task_body, notes, NULLABLE, .max = 16000),
    COLUMN(task_body, assigned_to, NULLABLE, .max = 190),
    COLUMN(task_body, created_by, NULLABLE, .max = 190),
    COLUMN(task_body, due_at, NULLABLE),
    COLUMN(task_body, sla_due_at, NULLABLE),
    COLUMN(task_body, metadata, NULLABLE, .max = 16000),
};

static const struct entity body_entity = ENTITY(task_body, "callback task", NULL, body_columns);

static const struct field create_fields[] = {
    /* clang-format off */
    FIELD(task_body, stream_sid,     "stream_sid",     CREATE),
    FIELD(task_body, call_sid,       "call_sid",       CREATE, .about = "The call it is about; what is not said of the customer is taken from it."),
    FIELD(task_body, queue_key,      "queue_key",      CREATE, .about = "The tenant's default queue when it is not given."),
    FIELD(task_body, status,         "status",         CREATE, .about = "open when it is not given."),
    FIELD(task_body, disposition,    "disposition",    CREATE | REQUIRED),
    FIELD(task_body, priority,       "priority",       CREATE),
    FIELD(task_body, customer_phone, "customer_phone", CREATE, .wire = &stateset_phone),
    FIELD(task_body, agent_name,     "agent_name",     CREATE),
    FIELD(task_body, summary,        "summary",        CREATE),
    FIELD(task_body, notes,          "notes",          CREATE),
    FIELD(task_body, assigned_to,    "assigned_to",    CREATE),
    FIELD(task_body, created_by,     "created_by",     CREATE),
    FIELD(task_body, due_at,         "due_at",         CREATE, .wire = &wire_iso_shortest),
    FIELD(task_body, sla_due_at,     "sla_due_at",     CREATE, .wire = &wire_iso_shortest, .about = "sla_seconds of the queue from now when it is not given."),
    FIELD(task_body, metadata,       "metadata",       CREATE, .wire = &wire_json, .about = "external.source and external.reference_id link it with a ticket."),
    /* clang-format on */
};

static const struct view create_view =
    VIEW("CreateCallbackTaskRequest", body_entity, create_fields);

static const struct field update_fields[] = {
    /* clang-format off */
    FIELD(task_body, queue_key,   "queue_key",   UPDATE),
    FIELD(task_body, status,      "status",      UPDATE),
    FIELD(task_body, disposition, "disposition", UPDATE),
    FIELD(task_body, priority,    "priority",    UPDATE),
    FIELD(task_body, summary,     "summary",     UPDATE),
    FIELD(task_body, notes,       "notes",       UPDATE),
    FIELD(task_body, assigned_to, "assigned_to", UPDATE),
    FIELD(task_body, due_at,      "due_at",      UPDATE, .wire = &wire_iso_shortest),
    FIELD(task_body, sla_due_at,  "sla_due_at",  UPDATE, .wire = &wire_iso_shortest),
    FIELD(task_body, metadata,    "metadata",    UPDATE, .wire = &wire_json),
    /* clang-format on */
};

static const struct view update_view =
    VIEW("UpdateCallbackTaskRequest", body_entity, update_fields);

static const struct field assign_fields[] = {
    FIELD(task_body, assigned_to, "assigned_to", CREATE | REQUIRED),
    FIELD(task_body, priority, "priority", CREATE),
    FIELD(task_body, due_at, "due_at", CREATE, .wire = &wire_iso_shortest),
    FIELD(task_body, sla_due_at, "sla_due_at", CREATE, .wire = &wire_iso_shortest),
};

static const struct view assign_view =
    VIEW("AssignCallbackTaskRequest", body_entity, assign_fields);

#define BODY_HAS(given, member)                                                                    \
    columns_have(given, &body_entity, offsetof(struct task_body, member))
#define TAKE(order, body, set, member)                                                             \
    do {                                                                                           \
        if (BODY_HAS(set, member)) {                                                               \
            (order)->wanted.member = (body)->member;                                               \
            (order)->given = columns_add((order)->given, &callback_task_entity,                    \
                                         offsetof(struct callback_task, member));                  \
        }                                                                                          \
    } while (0)

/* What a body sets in a task. */
static void take(struct task_order *order, const struct task_body *body, columns given)
{
    if (body->status)
        TAKE(order, body, given, status);
    if (body->disposition)
        TAKE(order, body, given, disposition);
    if (body->priority != NO_INTEGER)
        TAKE(order, body, given, priority);
    TAKE(order, body, given, queue_key);
    TAKE(order, body, given, summary);
    TAKE(order, body, given, notes);
    TAKE(order, body, given, assigned_to);
    TAKE(order, body, given, due_at);
    TAKE(order, body, given, sla_due_at);
    TAKE(order, body, given, metadata);
    if (!order->wanted.metadata.json)
        order->wanted.metadata.json = "{}";
}

/* ---- the tenant's own ---- */

static bool create(struct request *req)
{
    struct callback_task task;
    struct task_body body;
    columns given;

    row_clear(&body_entity, &body);
    if (!read_body(req, &create_view, CREATE, &body, &given))
        return false;
    if (!body.disposition)
        return fail_field(&req->work, "disposition", "disposition must not be null");
    callback_task_begin(&task);
    task.stream_sid = body.stream_sid;
    task.call_sid = body.call_sid;
    task.queue_key = body.queue_key;
    task.disposition = body.disposition;
    task.customer_phone = body.customer_phone;
    task.agent_name = body.agent_name;
    task.summary = body.summary;
    task.notes = body.notes;
    task.assigned_to = body.assigned_to;
    task.created_by = body.created_by;
    task.due_at = body.due_at;
    task.sla_due_at = body.sla_due_at;
    if (body.status)
        task.status = body.status;
    if (body.priority != NO_INTEGER)
        task.priority = body.priority;
    if (body.metadata.json)
        task.metadata = body.metadata;
    return callback_task_create(&req->work, &task) && reply_row(req, 201, &admin_task_view, &task);
}

/* A word of a vocabulary, or nothing. */
static bool read_word(struct request *req, const char *name, const char *const *words,
                      const char **word)
{
    *word = request_query(req, name);
    for (; *word && *words; words++)
        if (strcmp(*word, *words) == 0)
            return true;
    return !*word || fail_field(&req->work, name, "%s must be one of the documented values", name);
}

static bool read_filter(struct request *req, struct task_filter *filter)
{
    const char *overdue = request_query(req, "overdue_only");

    filter->stream_sid = request_query(req, "stream_sid");
    filter->queue_key = request_query(req, "queue_key");
    filter->overdue_only = overdue && strcmp(overdue, "true") == 0;
    return read_word(req, "status", states, &filter->status) &&
           read_word(req, "disposition", dispositions, &filter->disposition);
}

static bool list_tasks(struct request *req)
{
    struct task_filter filter = {.everybody = false};
    struct rows tasks;
    struct page page;

    return read_page(req, &page) && read_filter(req, &filter) &&
           callback_tasks_list(&req->work, &filter, &page, &tasks) &&
           reply_rows(req, &admin_task_view, &page, &tasks);
}

bool admin_list_tasks(struct request *req)
{
    const struct page page = stateset_page_without_refusal(req);
    struct task_filter filter = {.everybody = true};
    struct rows tasks = {NULL, 0};
    bool known;

    if (!read_filter(req, &filter) || !stateset_narrow_to_tenant(req, &filter.tenant, &known))
        return false;
    filter.queue_key = NULL;
    filter.overdue_only = false;
    return (!known || callback_tasks_list(&req->work, &filter, &page, &tasks)) &&
           reply_rows(req, &admin_task_view, &page, &tasks);
}

static bool name_task(struct request *req, uid *id)
{
    return uid_read_uuid(request_path(req, "id"), id) ||
           fail(&req->work, NOT_FOUND, "There is no such callback task");
}

static bool get_task(struct request *req)
{
    struct callback_task task;
    uid id;

    return name_task(req, &id) && store_get(&req->work, &callback_task_entity, id, &task) &&
           reply_row(req, 200, &admin_task_view, &task);
}

/* ---- moves ---- */

static bool make_move(struct request *req, struct task_order *order)
{
    struct callback_task task;

    return name_task(req, &order->task) && callback_task_move(&req->work, order, &task) &&
           reply_row(req, 200, &admin_task_view, &task);
}

static bool update(struct request *req)
{
    struct task_order order = {.move = TASK_CHANGE};
    struct task_body body;
    columns given;

    row_clear(&body_entity, &body);
    if (!read_body(req, &update_view, UPDATE, &body, &given))
        return false;
    take(&order, &body, given);
    return make_move(req, &order);
}

static bool assign(struct request *req)
{
    struct task_order order = {.move = TASK_ASSIGN};
    struct task_body body;
    columns given;

    row_clear(&body_entity, &body);
    if (!read_body(req, &assign_view, CREATE, &body, &given))
        return false;
    if (!body.assigned_to || !*body.assigned_to)
        return fail_field(&req->work, "assigned_to", "assigned_to must name somebody");
    take(&order, &body, given);
    return make_move(req, &order);
}

struct move_body {
    const char *operator_name, *note, *reason;
    instant until;
    bool clear_assignee;
};

static const struct column move_columns[] = {
    COLUMN(move_body, operator_name, NULLABLE, .max = 190),
    COLUMN(move_body, note, NULLABLE, .max = 4000),
    COLUMN(move_body, reason, NULLABLE, .max = 500),
    COLUMN(move_body, until, NULLABLE),
    COLUMN(move_body, clear_assignee, NOT_NULL),
};

static const struct entity move_entity = ENTITY(move_body, "move", NULL, move_columns);

static const struct field claim_fields[] = {
    FIELD(move_body, operator_name, "operator", CREATE | REQUIRED),
};

static const struct field note_fields[] = {
    FIELD(move_body, operator_name, "operator", CREATE | REQUIRED),
    FIELD(move_body, note, "note", CREATE, .about = "Appended to the task's notes."),
};

static const struct field snooze_fields[] = {
    FIELD(move_body, operator_name, "operator", CREATE | REQUIRED),
    FIELD(move_body, until, "snoozed_until", CREATE | REQUIRED, .wire = &wire_iso_shortest,
          .about = "In the future, at most 90 days from now."),
    FIELD(move_body, reason, "reason", CREATE),
};

static const struct field release_fields[] = {
    FIELD(move_body, clear_assignee, "clear_assignee", CREATE,
          .about = "Whether it is nobody's then; true when it is not given."),
};

static const struct view claim_view = VIEW("ClaimCallbackTaskRequest", move_entity, claim_fields);
static const struct view acknowledge_view =
    VIEW("AcknowledgeCallbackTaskRequest", move_entity, note_fields);
static const struct view unsnooze_view =
    VIEW("UnsnoozeCallbackTaskRequest", move_entity, note_fields);
static const struct view snooze_view =
    VIEW("SnoozeCallbackTaskRequest", move_entity, snooze_fields);
static const struct view release_view =
    VIEW("ReleaseCallbackTaskRequest", move_entity, release_fields);

static bool move_by_body(struct request *req, enum task_move move)
{
    struct task_order order = {.move = move};
    struct move_body body;
    columns given;

    row_clear(&move_entity, &body);
    body.clear_assignee = true;
    if (!read_body(req, req->route->in, CREATE, &body, &given))
        return false;
    if (move != TASK_RELEASE && (!body.operator_name || !*body.operator_name))
        return fail_field(&req->work, "operator", "operator must name somebody");
    if (move == TASK_SNOOZE && instant_is_none(body.until))
        return fail_field(&req->work, "snoozed_until", "snoozed_until must not be null");
    order.operator_name = body.operator_name;
    order.note = body.note;
    order.reason = body.reason;
    order.until = body.until;
    order.keeps_assignee = !body.clear_assignee;
    return make_move(req, &order);
}

static bool claim(struct request *req)
{
    return move_by_body(req, TASK_CLAIM);
}

static bool release(struct request *req)
{
    return move_by_body(req, TASK_RELEASE);
}

static bool snooze(struct request *req)
{
    return move_by_body(req, TASK_SNOOZE);
}

static bool unsnooze(struct request *req)
{
    return move_by_body(req, TASK_UNSNOOZE);
}

static bool acknowledge(struct request *req)
{
    return move_by_body(req, TASK_ACKNOWLEDGE);
}

/* ---- the dialect's part ---- */

static const struct query_parameter filters[] = {
    {"status", TASK_STATUS_SCHEMA, "Only in this state."},
    {"disposition", TASK_DISPOSITION_SCHEMA, "Only with this one."},
    {"stream_sid", "\"type\":\"string\"", "Only of this stream."},
    {"queue_key", "\"type\":\"string\"", "Only of this queue."},
    {"overdue_only", "\"type\":\"boolean\"",
     "Only those that are not finished though sla_due_at or due_at is past."},
    {NULL, NULL, NULL, NULL},
};

#define TASK "/api/v1/callback-tasks/{id}"

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/v1/callback-tasks",  "key", list_tasks, NULL, &admin_task_view, "List Callback Tasks",
     .flags = LIST | PAGED, .answers = "400 401 500 503", .query = filters, .operation = "list_callback_tasks"},
    {"POST /api/v1/callback-tasks", "key", create, &create_view, &admin_task_view, "Create Callback Task",
     .flags = IDEMPOTENT, .success = 201, .answers = "400 401 500 503", .operation = "create_callback_task"},
    {"GET " TASK,                   "key", get_task, NULL, &admin_task_view, "Get Callback Task",
     .answers = "401 404 500 503", .operation = "get_callback_task"},
    {"PATCH " TASK,                 "key", update, &update_view, &admin_task_view, "Update Callback Task",
     .answers = "400 401 404 500 503", .operation = "update_callback_task",
     .about = "null clears what may be nothing. Of a completed or canceled task only metadata and notes may change."},
    {"POST " TASK "/acknowledge",   "key", acknowledge, &acknowledge_view, &admin_task_view, "Acknowledge Callback Task",
     .answers = "400 401 404 500 503", .operation = "acknowledge_callback_task", .about = "The first one is kept."},
    {"POST " TASK "/assign",        "key", assign, &assign_view, &admin_task_view, "Assign Callback Task",
     .answers = "400 401 404 500 503", .operation = "assign_callback_task", .about = "Without claiming it: an open task stays open."},
    {"POST " TASK "/claim",         "key", claim, &claim_view, &admin_task_view, "Claim Callback Task",
     .answers = "400 401 404 500 503", .operation = "claim_callback_task",
     .about = "Of two who claim at once one gets it and the other a 400; claiming again what is one's own is no failure."},
    {"POST " TASK "/release",       "key", release, &release_view, &admin_task_view, "Release Callback Task",
     .answers = "400 401 404 500 503", .operation = "release_callback_task"},
    {"POST " TASK "/snooze",        "key", snooze, &snooze_view, &admin_task_view, "Snooze Callback Task",
     .answers = "400 401 404 500 503", .operation = "snooze_callback_task",
     .about = "Nobody is called automatically, nobody can claim it and nobody is reminded before."},
    {"POST " TASK "/unsnooze",      "key", unsnooze, &unsnooze_view, &admin_task_view, "Unsnooze Callback Task",
     .answers = "400 401 404 500 503", .operation = "unsnooze_callback_task"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/v1/callback-tasks", NULL};

const struct dialect stateset_tasks = {
    STATESET_FOR_TENANTS,      .prefixes = prefixes,  .body_limit = 64 * 1024,
    STATESET_PAGES(200),       .item = stateset_item, .list = stateset_list,
    .refuse = stateset_refuse, .routes = routes,      .nroutes = COUNT(routes),
};
