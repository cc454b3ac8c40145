#include "fcgi/twilio/taskrouter.h"

#include <stdlib.h>
#include <string.h>

#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/workflow.h"

enum { BAD_PARAMETER = 20001, BAD_INSTRUCTION = 40001 };

/* ---- which row ---- */

/* Another thing's SID, or a word, names nothing of this kind. */
bool taskrouter_path_id(struct request *req, const char *name, const char *letters, uid *id)
{
    const char *sid = request_path(req, name);

    return (sid && tr_sid_read(sid, letters, id)) ||
           fail(&req->work, NOT_FOUND, "There is nothing at this path");
}

bool taskrouter_here(struct request *req, uid *workspace)
{
    struct tr_workspace here;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", workspace) &&
           tr_workspace_get(&req->work, *workspace, &here);
}

bool taskrouter_query_id(struct request *req, const char *name, const char *letters, uid *id)
{
    const char *sid = request_query(req, name);

    *id = NO_UID;
    return !sid || tr_sid_read(sid, letters, id) ||
           fail_field(&req->work, name, "%s must be a SID that begins with %s", name, letters);
}

void taskrouter_own_order(struct page *page)
{
    page->order = "created_at"; /* any will do: the domain has its own */
}

columns taskrouter_given(const struct entity *order, columns given, const struct entity *of)
{
    columns set = NO_COLUMNS;

    for (size_t i = 0; i < order->ncolumns; i++)
        if (columns_has(given, i) && column_at(of, order->columns[i].offset))
            set = columns_add(set, of, order->columns[i].offset);
    return set;
}

/* ---- revisions ---- */

static const char *etag_of(struct request *req, int64_t rev)
{
    return arena_format(&req->work.arena, "\"%lld\"", (long long)rev);
}

/* Whether a list of quoted tags, or "*", holds this one; a weak tag is never the same. */
static bool is_listed(const char *header, const char *etag)
{
    for (size_t length; *header; header += length + strspn(header + length, ", \t")) {
        length = strcspn(header, ", \t");
        if ((length == 1 && *header == '*') ||
            (length == strlen(etag) && strncmp(header, etag, length) == 0))
            return true;
    }
    return false;
}

bool taskrouter_if_rev(struct request *req, int64_t rev, int64_t *if_rev)
{
    const char *wanted = request_header(req, "If-Match");

    *if_rev = NO_INTEGER;
    if (!wanted || strcmp(wanted, "*") == 0)
        return true;
    *if_rev = rev;
    return is_listed(wanted, etag_of(req, rev)) ||
           fail(&req->work, PRECONDITION, "The ETag of If-Match is not that of the resource");
}

bool taskrouter_reply(struct request *req, int status, const struct view *view, const void *row,
                      int64_t rev)
{
    const char *etag = etag_of(req, rev), *known = request_header(req, "If-None-Match");

    reply_header(req, "ETag", etag);
    if (known && strcmp(req->method, "GET") == 0 && is_listed(known, etag))
        return reply_empty(req, 304);
    return reply_row(req, status, view, row);
}

/* ---- links ---- */

static const char *link_of(struct request *req, uid workspace, const struct taskrouter_link *link,
                           const void *row)
{
    struct text path = {.arena = &req->work.arena};
    const uid *member = link->member == NO_MEMBER
                            ? NULL
                            : (const uid *)(const void *)((const char *)row + link->member);
    char digits[33];

    if (member && uid_is_none(*member))
        return NULL;
    uid_write_hex(workspace, digits);
    text_add(&path, "/v1/Workspaces/WS%s%s", digits, link->path);
    if (member) {
        uid_write_hex(*member, digits);
        text_put(&path, digits);
    }
    text_put(&path, link->rest);
    return twilio_absolute(req, path.at);
}

void taskrouter_put_links(struct request *req, struct text *out, uid workspace,
                          const struct taskrouter_link *links, size_t count, const void *row)
{
    for (size_t i = 0; i < count; i++) {
        text_add(out, "%s\"%s\":", i ? "," : "{", links[i].name);
        text_json(out, link_of(req, workspace, &links[i], row));
    }
    text_char(out, '}');
}

/* ---- words ---- */

static void render_truth(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_put(out, *(const bool *)cell ? "true" : "false");
}

/* Any word is one: what does not say yes says no. */
static const char *parse_yes(struct request *req, const struct field *field, json_object *in,
                             void *cell)
{
    (void)req, (void)field;
    if (!in || json_object_is_type(in, json_type_array) ||
        json_object_is_type(in, json_type_object))
        return "must be a word";
    *(bool *)cell = tr_word_is_yes(json_object_get_string(in));
    return NULL;
}

const struct wire taskrouter_yes = {render_truth, parse_yes, "\"type\":\"boolean\"", false};

static const char *parse_truth(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    const char *word = json_object_get_string(in);

    (void)req, (void)field;
    *(bool *)cell = strcmp(word, "true") == 0;
    return *(bool *)cell || strcmp(word, "false") == 0 ? NULL : "true or false";
}

const struct wire taskrouter_truth = {render_truth, parse_truth, "\"type\":\"string\"", false};

static void render_content_type(struct request *req, struct text *out, const struct field *field,
                                const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "\"application/json\"");
}

const struct wire taskrouter_content_type = {render_content_type, NULL, "\"type\":\"string\"",
                                             true};

/* ---- refusals ---- */

/* Columns that clients know by another name than their own in PascalCase. */
static const char *const other_names[][2] = {
    {"channel", "task_channel"},
    {"multi_task", "multi_task_enabled"},
    {"virtual_start_at", "virtual_start_time"},
    {"target_queue_id", "task_queue_sid"},
    {"status", "reservation_status"},
};

/* "activity_id" is the client's ActivitySid. */
static const char *client_name(struct request *req, const char *column)
{
    struct arena *arena = &req->work.arena;
    size_t length = strlen(column);

    for (size_t i = 0; i < COUNT(other_names); i++)
        if (strcmp(column, other_names[i][0]) == 0)
            return input_name(arena, req->dialect, other_names[i][1]);
    if (length > 3 && strcmp(column + length - 3, "_id") == 0)
        column = arena_format(arena, "%.*s_sid", (int)length - 3, column);
    return input_name(arena, req->dialect, column);
}

/* The rules name fields as the columns are called; clients call them otherwise. */
static void name_field(struct request *req)
{
    struct error error = req->work.error;
    const char *name, *found;

    if (!*error.field || (*error.field >= 'A' && *error.field <= 'Z'))
        return;
    name = client_name(req, error.field);
    found = strstr(error.message, error.field);
    if (found)
        fail_field(&req->work, name, "%.*s%s%s", (int)(found - error.message), error.message, name,
                   found + strlen(error.field));
    else
        fail_field(&req->work, name, "%s: %s", name, error.message);
    req->work.error.what = error.what;
    req->work.error.detail = error.detail;
}

/*
 * Here a wrong state, and a thing too many, are parameters that do not fit; an instruction is a
 * parameter like others.
 */
static void refuse(struct request *req)
{
    struct error *error = &req->work.error;

    name_field(req);
    if (error->what == LIMIT_REACHED)
        error->what = WRONG_STATE;
    if (error->what == WRONG_STATE || error->detail == BAD_INSTRUCTION)
        error->detail = BAD_PARAMETER;
    twilio_refuse(req);
}

/* ---- routes ---- */

static const struct query_parameter change[] = {TASKROUTER_IF_MATCH, {NULL, NULL, NULL, NULL}};

static const struct query_parameter get[] = {
    {"If-None-Match", "\"type\":\"string\"", "An ETag; while it is the row's, the answer is 304.",
     "header"},
    {NULL, NULL, NULL, NULL},
};

#define SPACE "/v1/Workspaces/{WorkspaceSid}"

#define LISTS(line, handler, view, filters, name, summary)                                         \
    {                                                                                              \
        "GET " line, "account", handler, NULL, &(view), summary,                                   \
            .flags = LIST | PAGED, .answers = "400 401 404 429", .query = (filters),               \
            .operation = (name)                                                                    \
    }
#define CREATES(line, handler, order, view, name, summary)                                         \
    {                                                                                              \
        "POST " line, "account", handler, &(order), &(view), summary,                              \
            .flags = IDEMPOTENT, .success = 201, .answers = "400 401 404 429", .operation = (name) \
    }
#define GETS(line, handler, view, name, summary)                                                   \
    {                                                                                              \
        "GET " line, "account", handler, NULL, &(view), summary,                                   \
            .also = "304", .answers = "401 404 429", .query = get, .operation = (name)             \
    }
#define UPDATES(line, handler, order, view, name, summary)                                         \
    {                                                                                              \
        "POST " line, "account", handler, &(order), &(view), summary,                              \
            .answers = "400 401 404 412 429", .query = change, .operation = (name)                 \
    }
#define DELETES(line, handler, failures, name, summary)                                            \
    {                                                                                              \
        "DELETE " line, "account", handler, NULL, NULL, summary,                                   \
            .success = 204, .answers = (failures), .query = change, .operation = (name)            \
    }

static const struct route routes[] = {
    /* clang-format off */
    {"GET /v1/Workspaces", "account", taskrouter_list_workspaces, NULL, &taskrouter_workspace_view, "List workspaces",
     .flags = LIST | PAGED, .answers = "400 401 429", .query = taskrouter_workspace_filters, .operation = "ListWorkspace",
     .about = "An account's first look makes its first workspace, with a queue of everybody and a workflow that leads there."},
    {"POST /v1/Workspaces", "account", taskrouter_create_workspace, &taskrouter_workspace_order_view, &taskrouter_workspace_view, "Create a workspace",
     .flags = IDEMPOTENT, .success = 201, .answers = "400 401 429", .operation = "CreateWorkspace"},
    GETS   ("/v1/Workspaces/{Sid}",  taskrouter_get_workspace,    taskrouter_workspace_view, "FetchWorkspace", "Fetch a workspace"),
    UPDATES("/v1/Workspaces/{Sid}",  taskrouter_update_workspace, taskrouter_workspace_change_view, taskrouter_workspace_view, "UpdateWorkspace", "Change a workspace"),
    DELETES("/v1/Workspaces/{Sid}",  taskrouter_delete_workspace, "401 404 412 429", "DeleteWorkspace", "Delete a workspace and everything in it"),

    LISTS  (SPACE "/Activities",       taskrouter_list_activities, taskrouter_activity_view, taskrouter_activity_filters, "ListActivity", "List activities"),
    CREATES(SPACE "/Activities",       taskrouter_create_activity, taskrouter_activity_order_view, taskrouter_activity_view, "CreateActivity", "Create an activity"),
    GETS   (SPACE "/Activities/{Sid}", taskrouter_get_activity,    taskrouter_activity_view, "FetchActivity", "Fetch an activity"),
    UPDATES(SPACE "/Activities/{Sid}", taskrouter_update_activity, taskrouter_activity_change_view, taskrouter_activity_view, "UpdateActivity", "Rename an activity"),
    DELETES(SPACE "/Activities/{Sid}", taskrouter_delete_activity, "400 401 404 412 429", "DeleteActivity", "Delete an activity that nobody is in and nothing uses"),

    LISTS  (SPACE "/Workers",       taskrouter_list_workers,  taskrouter_worker_view, taskrouter_worker_filters, "ListWorker", "List workers"),
    CREATES(SPACE "/Workers",       taskrouter_create_worker, taskrouter_worker_order_view, taskrouter_worker_view, "CreateWorker", "Create a worker"),
    GETS   (SPACE "/Workers/{Sid}", taskrouter_get_worker,    taskrouter_worker_view, "FetchWorker", "Fetch a worker"),
    UPDATES(SPACE "/Workers/{Sid}", taskrouter_update_worker, taskrouter_worker_change_view, taskrouter_worker_view, "UpdateWorker", "Change a worker"),
    DELETES(SPACE "/Workers/{Sid}", taskrouter_delete_worker, "400 401 404 412 429", "DeleteWorker", "Delete a worker who has no accepted work"),

    LISTS  (SPACE "/TaskQueues",       taskrouter_list_queues,  taskrouter_queue_view, taskrouter_queue_filters, "ListTaskQueue", "List task queues"),
    CREATES(SPACE "/TaskQueues",       taskrouter_create_queue, taskrouter_queue_order_view, taskrouter_queue_view, "CreateTaskQueue", "Create a task queue"),
    GETS   (SPACE "/TaskQueues/{Sid}", taskrouter_get_queue,    taskrouter_queue_view, "FetchTaskQueue", "Fetch a task queue"),
    UPDATES(SPACE "/TaskQueues/{Sid}", taskrouter_update_queue, taskrouter_queue_change_view, taskrouter_queue_view, "UpdateTaskQueue", "Change a task queue"),
    DELETES(SPACE "/TaskQueues/{Sid}", taskrouter_delete_queue, "400 401 404 412 429", "DeleteTaskQueue", "Delete a task queue that nothing uses"),

    LISTS  (SPACE "/Workflows",       taskrouter_list_workflows,  taskrouter_workflow_view, taskrouter_workflow_filters, "ListWorkflow", "List workflows"),
    CREATES(SPACE "/Workflows",       taskrouter_create_workflow, taskrouter_workflow_order_view, taskrouter_workflow_view, "CreateWorkflow", "Create a workflow"),
    GETS   (SPACE "/Workflows/{Sid}", taskrouter_get_workflow,    taskrouter_workflow_view, "FetchWorkflow", "Fetch a workflow"),
    UPDATES(SPACE "/Workflows/{Sid}", taskrouter_update_workflow, taskrouter_workflow_change_view, taskrouter_workflow_view, "UpdateWorkflow", "Change a workflow"),
    DELETES(SPACE "/Workflows/{Sid}", taskrouter_delete_workflow, "400 401 404 412 429", "DeleteWorkflow", "Delete a workflow that no unfinished task follows"),

    LISTS  (SPACE "/Tasks",       taskrouter_list_tasks,  taskrouter_task_view, taskrouter_task_filters, "ListTask", "List tasks"),
    CREATES(SPACE "/Tasks",       taskrouter_create_task, taskrouter_task_order_view, taskrouter_task_view, "CreateTask", "Create a task, and route it"),
    GETS   (SPACE "/Tasks/{Sid}", taskrouter_get_task,    taskrouter_task_view, "FetchTask", "Fetch a task"),
    UPDATES(SPACE "/Tasks/{Sid}", taskrouter_update_task, taskrouter_task_change_view, taskrouter_task_view, "UpdateTask", "Change a task, or end it"),
    DELETES(SPACE "/Tasks/{Sid}", taskrouter_delete_task, "401 404 412 429", "DeleteTask", "Delete a task; what was offered of it is canceled"),

    LISTS  (SPACE "/Tasks/{TaskSid}/Reservations",       taskrouter_list_reservations,  taskrouter_reservation_view, taskrouter_task_reservation_filters, "ListTaskReservation", "List a task's reservations"),
    GETS   (SPACE "/Tasks/{TaskSid}/Reservations/{Sid}", taskrouter_get_reservation,    taskrouter_reservation_view, "FetchTaskReservation", "Fetch a task's reservation"),
    UPDATES(SPACE "/Tasks/{TaskSid}/Reservations/{Sid}", taskrouter_update_reservation, taskrouter_reservation_change_view, taskrouter_reservation_view, "UpdateTaskReservation", "Accept, reject or end a task's reservation"),
    LISTS  (SPACE "/Workers/{WorkerSid}/Reservations",       taskrouter_list_reservations,  taskrouter_reservation_view, taskrouter_worker_reservation_filters, "ListWorkerReservation", "List a worker's reservations"),
    GETS   (SPACE "/Workers/{WorkerSid}/Reservations/{Sid}", taskrouter_get_reservation,    taskrouter_reservation_view, "FetchWorkerReservation", "Fetch a worker's reservation"),
    UPDATES(SPACE "/Workers/{WorkerSid}/Reservations/{Sid}", taskrouter_update_reservation, taskrouter_reservation_change_view, taskrouter_reservation_view, "UpdateWorkerReservation", "Accept, reject or end a worker's reservation"),
    /* clang-format on */
};

static const char *const prefixes[] = {"/v1/Workspaces", NULL};

const struct dialect twilio_taskrouter = {
    TWILIO_V1, .refuse = refuse, .prefixes = prefixes, .routes = routes, .nroutes = COUNT(routes),
};
