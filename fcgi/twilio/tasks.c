/*
 * Tasks: items of work and their way to somebody.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/tasks.h"
#include "fcgi/twilio/taskrouter.h"

/* ---- how one is shown ---- */

static const struct taskrouter_link links[] = {
    /* clang-format off */
    {"task_queue",   "/TaskQueues/WQ", offsetof(struct tr_task, queue_id),    ""},
    {"workflow",     "/Workflows/WW",  offsetof(struct tr_task, workflow_id), ""},
    {"workspace",    "",               NO_MEMBER,                             ""},
    {"reservations", "/Tasks/WT",      offsetof(struct tr_task, id),          "/Reservations"},
    /* clang-format on */
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire task_links = {render_links, NULL, TASKROUTER_LINKS, false};

static void render_age(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell;
    text_integer(out, tr_task_age_seconds(row));
}

static const struct wire task_age = {render_age, NULL, "\"type\":\"integer\"", false};

static void render_channel_sid(struct request *req, struct text *out, const struct field *field,
                               const void *cell, const void *row)
{
    const struct tr_task *task = row;
    uid channel = tr_channel_id(task->workspace_id, task->channel);

    (void)cell;
    twilio_sid.render(req, out, field, &channel, row);
}

static const struct wire channel_sid = {render_channel_sid, NULL, "\"type\":\"string\"", false};

static void render_target(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)field, (void)cell;
    text_json(out, tr_task_routing_target(&req->work, row));
}

static const struct wire routing_target = {render_target, NULL, "\"type\":[\"string\",\"null\"]",
                                           true};

/* Nobody adds anything to tasks here. */
static void render_addons(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "\"{}\"");
}

static const struct wire addons = {render_addons, NULL, "\"type\":\"string\"", true};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_task, id,                "sid",                      READ, .wire = &twilio_sid, .prefix = "WT"),
    FIELD(tr_task, tenant_id,         "account_sid",              READ, .wire = &twilio_account_sid),
    FIELD(tr_task, workspace_id,      "workspace_sid",            READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_task, attributes,        "attributes",               READ, .wire = &twilio_json_text),
    FIELD(tr_task, attributes,        "addons",                   READ, .wire = &addons),
    FIELD(tr_task, assignment_status, "assignment_status",        READ),
    FIELD(tr_task, reason,            "reason",                   READ),
    FIELD(tr_task, priority,          "priority",                 READ),
    FIELD(tr_task, created_at,        "age",                      READ, .wire = &task_age, .about = "Seconds since it was made."),
    FIELD(tr_task, timeout,           "timeout",                  READ, .about = "Seconds until it is canceled, unless somebody accepts it."),
    FIELD(tr_task, workflow_id,       "workflow_sid",             READ, .wire = &twilio_sid, .prefix = "WW"),
    FIELD(tr_task, workflow_name,     "workflow_friendly_name",   READ),
    FIELD(tr_task, queue_id,          "task_queue_sid",           READ, .wire = &twilio_sid, .prefix = "WQ"),
    FIELD(tr_task, queue_name,        "task_queue_friendly_name", READ),
    FIELD(tr_task, queue_id,          "queue_sid",                READ, .wire = &twilio_sid, .prefix = "WQ", .about = "The same as task_queue_sid."),
    FIELD(tr_task, queue_name,        "queue_friendly_name",      READ),
    FIELD(tr_task, queue_entered_at,  "task_queue_entered_date",  READ, .wire = &wire_iso_seconds),
    FIELD(tr_task, workspace_id,      "task_channel_sid",         READ, .wire = &channel_sid, .prefix = "TC"),
    FIELD(tr_task, channel,           "task_channel_unique_name", READ),
    FIELD(tr_task, virtual_start_at,  "virtual_start_time",       READ, .wire = &wire_iso_seconds),
    FIELD(tr_task, ignore_capacity,   "ignore_capacity",          READ),
    FIELD(tr_task, target_worker_id,  "routing_target",           READ, .wire = &routing_target),
    FIELD(tr_task, created_at,        "date_created",             READ, .wire = &wire_iso_seconds),
    FIELD(tr_task, updated_at,        "date_updated",             READ, .wire = &wire_iso_seconds),
    FIELD(tr_task, id,                "url",                      READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/{WorkspaceSid}/Tasks/WT*"),
    FIELD(tr_task, workspace_id,      "links",                    READ, .wire = &task_links),
    /* clang-format on */
};

const struct view taskrouter_task_view = VIEW("Task", tr_task_entity, fields);

/* ---- what clients say of one ---- */

struct task_order {
    struct tr_task task;
    const char *routing_target;
};

static const struct column order_columns[] = {
    COLUMN(task_order, task.attributes, NOT_NULL),
    COLUMN(task_order, task.workflow_id, NOT_NULL),
    COLUMN(task_order, task.timeout, NOT_NULL),
    COLUMN(task_order, task.priority, NOT_NULL),
    COLUMN(task_order, task.channel, NOT_NULL),
    COLUMN(task_order, task.virtual_start_at, NOT_NULL),
    COLUMN(task_order, task.target_queue_id, NOT_NULL),
    COLUMN(task_order, task.ignore_capacity, NOT_NULL),
    COLUMN(task_order, task.assignment_status, NOT_NULL),
    COLUMN(task_order, task.reason, NULLABLE),
    COLUMN(task_order, routing_target, NOT_NULL),
};

static const struct entity order_entity = ENTITY(task_order, "task", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(task_order, task.attributes,       "attributes",         CREATE, .wire = &twilio_json_text, .about = "The JSON of an object; {} unless said."),
    FIELD(task_order, task.workflow_id,      "workflow_sid",       CREATE, .wire = &twilio_sid, .prefix = "WW", .about = "May be left out where there is only one."),
    FIELD(task_order, task.timeout,          "timeout",            CREATE, .about = "Seconds, 86400 unless said."),
    FIELD(task_order, task.priority,         "priority",           CREATE),
    FIELD(task_order, task.channel,          "task_channel",       CREATE, .about = "default, voice, sms, chat, video or email, or its SID."),
    FIELD(task_order, task.virtual_start_at, "virtual_start_time", CREATE, .wire = &wire_iso_seconds, .about = "Whence its age counts; not in the future."),
    FIELD(task_order, task.target_queue_id,  "task_queue_sid",     CREATE, .wire = &twilio_sid, .prefix = "WQ", .about = "Sends it straight to this queue."),
    FIELD(task_order, routing_target,        "routing_target",     CREATE, .about = "SID of the worker, queue or workflow it is sent to."),
    FIELD(task_order, task.ignore_capacity,  "ignore_capacity",    CREATE, .wire = &taskrouter_truth, .about = "Whether it is offered to a worker who has enough to do; true for a worker in routing_target unless said."),
    /* clang-format on */
};

const struct view taskrouter_task_order_view = VIEW("TaskCreate", order_entity, order_fields);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(task_order, task.attributes,        "attributes",         CREATE, .wire = &twilio_json_text),
    FIELD(task_order, task.assignment_status, "assignment_status",  CREATE, .about = "canceled (from pending or reserved), wrapping (from assigned) or completed (from assigned or wrapping)."),
    FIELD(task_order, task.reason,            "reason",             CREATE, .about = "Why it was ended."),
    FIELD(task_order, task.priority,          "priority",           CREATE),
    FIELD(task_order, task.channel,           "task_channel",       CREATE),
    FIELD(task_order, task.virtual_start_at,  "virtual_start_time", CREATE, .wire = &wire_iso_seconds),
    /* clang-format on */
};

const struct view taskrouter_task_change_view = VIEW("TaskUpdate", order_entity, change_fields);

/* Clients call a channel by its name or its SID. */
static bool read_channel(struct request *req, struct tr_task *task)
{
    const char *channel = tr_channel_read(task->workspace_id, task->channel);

    task->channel = channel;
    return channel || fail_field(&req->work, "TaskChannel",
                                 "TaskChannel must be the name or the SID of a task channel");
}

/* ---- lists ---- */

const struct query_parameter taskrouter_task_filters[] = {
    /* clang-format off */
    {"Priority",               "\"type\":\"integer\"", NULL, NULL},
    {"AssignmentStatus",       "\"type\":\"array\",\"items\":{\"type\":\"string\"}", "Any of these; repeated, or with commas.", NULL},
    {"WorkflowSid",            "\"type\":\"string\"", NULL, NULL},
    {"WorkflowName",           "\"type\":\"string\"", NULL, NULL},
    {"TaskQueueSid",           "\"type\":\"string\"", NULL, NULL},
    {"TaskQueueName",          "\"type\":\"string\"", NULL, NULL},
    {"EvaluateTaskAttributes", "\"type\":\"string\"", "An expression over the tasks' attributes.", NULL},
    {"RoutingTarget",          "\"type\":\"string\"", NULL, NULL},
    {"Ordering",               "\"type\":\"string\"", "DateCreated, Priority or VirtualStartTime, with :asc or :desc, several with commas; DateCreated:asc unless said.", NULL},
    {"HasAddons",              "\"type\":\"boolean\"", "No task has any.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

enum { STATES = 6 };

/* Whatever is no state is for the domain to refuse. */
static bool add_statuses(struct request *req, const char *value, const char **list, size_t *count)
{
    char *rest = arena_text(&req->work.arena, value), *one;

    while ((one = strsep(&rest, ","))) {
        if (*count == STATES)
            return fail_field(&req->work, "AssignmentStatus",
                              "AssignmentStatus has too many values");
        list[(*count)++] = one;
    }
    return true;
}

static bool read_statuses(struct request *req, struct tr_task_filter *filter)
{
    const char **list = arena_new(&req->work.arena, const char *, STATES + 1);
    size_t count = 0;

    for (size_t i = 0; i < req->query.count; i++)
        if (strcmp(req->query.at[i].name, "AssignmentStatus") == 0 &&
            !add_statuses(req, req->query.at[i].value, list, &count))
            return false;
    filter->statuses = count ? list : NULL;
    return true;
}

static bool read_priority(struct request *req, int64_t *priority)
{
    const char *text = request_query(req, "Priority");

    *priority = NO_INTEGER;
    if (!text)
        return true;
    if (!*text || strlen(text) > 10 || text[strspn(text, "0123456789")])
        return fail_field(&req->work, "Priority", "Priority must be an integer");
    *priority = strtoll(text, NULL, 10);
    return true;
}

static bool read_filter(struct request *req, struct tr_task_filter *filter)
{
    *filter = (struct tr_task_filter){
        .workflow_name = request_query(req, "WorkflowName"),
        .queue_name = request_query(req, "TaskQueueName"),
        .expression = request_query(req, "EvaluateTaskAttributes"),
        .routing_target = request_query(req, "RoutingTarget"),
        .ordering = request_query(req, "Ordering"),
    };
    return taskrouter_here(req, &filter->workspace) &&
           taskrouter_query_id(req, "WorkflowSid", "WW", &filter->workflow_id) &&
           taskrouter_query_id(req, "TaskQueueSid", "WQ", &filter->queue_id) &&
           read_priority(req, &filter->priority) && read_statuses(req, filter);
}

static bool wants_addons(struct request *req)
{
    const char *wanted = request_query(req, "HasAddons");

    return wanted && tr_word_is_yes(wanted);
}

bool taskrouter_list_tasks(struct request *req)
{
    struct tr_task_filter filter;
    struct rows tasks = {.count = 0};
    struct page page;

    if (!twilio_read_page(req, &page) || !read_filter(req, &filter))
        return false;
    if (filter.ordering)
        taskrouter_own_order(&page);
    return (wants_addons(req) || tr_tasks_list(&req->work, &filter, &page, &tasks)) &&
           reply_rows(req, &taskrouter_task_view, &page, &tasks);
}

/* ---- one task ---- */

static bool reply_task(struct request *req, int status, const struct tr_task *task)
{
    return taskrouter_reply(req, status, &taskrouter_task_view, task, task->rev);
}

bool taskrouter_create_task(struct request *req)
{
    struct task_order order = {.routing_target = NULL};
    struct tr_task_order routing = {.routing_target = NULL};
    columns given;

    tr_task_begin(&order.task);
    if (!taskrouter_here(req, &order.task.workspace_id) ||
        !read_body(req, &taskrouter_task_order_view, CREATE, &order, &given) ||
        !read_channel(req, &order.task))
        return false;
    routing.routing_target = order.routing_target;
    routing.has_ignore_capacity =
        columns_have(given, &order_entity, offsetof(struct task_order, task.ignore_capacity));
    return tr_task_create(&req->work, &order.task, &routing) && reply_task(req, 201, &order.task);
}

static bool find(struct request *req, struct tr_task *task)
{
    uid workspace, id;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", &workspace) &&
           taskrouter_path_id(req, "Sid", "WT", &id) &&
           tr_task_get(&req->work, workspace, id, task);
}

bool taskrouter_get_task(struct request *req)
{
    struct tr_task task;

    return find(req, &task) && reply_task(req, 200, &task);
}

bool taskrouter_update_task(struct request *req)
{
    struct task_order order = {.routing_target = NULL};
    struct tr_task_change change;
    struct tr_task task;
    columns given;

    if (!find(req, &order.task) || !taskrouter_if_rev(req, order.task.rev, &change.if_rev) ||
        !read_body(req, &taskrouter_task_change_view, CREATE, &order, &given) ||
        !read_channel(req, &order.task))
        return false;
    change.wanted = order.task;
    change.given = taskrouter_given(&order_entity, given, &tr_task_entity);
    return tr_task_update(&req->work, &change, &task) && reply_task(req, 200, &task);
}

bool taskrouter_delete_task(struct request *req)
{
    struct tr_task task;
    int64_t if_rev;

    return find(req, &task) && taskrouter_if_rev(req, task.rev, &if_rev) &&
           tr_task_delete(&req->work, task.workspace_id, task.id, if_rev) && reply_empty(req, 204);
}
