#include "domain/taskrouter/queued_calls.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/human_legs.h"
#include "domain/outbound.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/links.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workflow.h"
#include "domain/taskrouter/workflows.h"
#include "domain/taskrouter/workspaces.h"

enum { RING_SECONDS = 60, CHECK_SECONDS = 5 };

/* How much later than it did a caller may seem to have come: the carrier tells whole seconds, by
 * its own clock, in requests that take their time. */
enum { LATE_MS = 10 * 1000, LATE_AFTER_END_MS = 3 * 1000 };

static const char leaves[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                             "<Response><Leave></Leave></Response>\n";

/* ---- what a document wants ---- */

bool tr_has_workflow(struct work *work, const char *sid, bool *has)
{
    struct tr_workflow workflow;
    uid id;

    *has = tr_sid_read(sid, "WW", &id) && store_get(work, &tr_workflow_entity, id, &workflow);
    return *has || !tr_sid_read(sid, "WW", &id) || work->error.what == NOT_FOUND;
}

const char *tr_queue_name(struct work *work, uid call)
{
    char hex[33];

    uid_write_hex(call, hex);
    return arena_format(&work->arena, "task-%s", hex);
}

static bool read_number(struct work *work, const char *field, const char *text, int64_t usual,
                        int64_t *number)
{
    char *end;

    *number = usual;
    if (!text || !*text)
        return true;
    *number = strtoll(text, &end, 10);
    return *end == '\0' || fail_field(work, field, "%s must be a whole number", field);
}

bool tr_enqueue_write(struct work *work, const struct tr_enqueue *wanted, const char **json)
{
    const char *given = wanted->attributes && *wanted->attributes ? wanted->attributes : "{}";
    struct text text = {.arena = &work->arena};
    int64_t priority, timeout;
    json_object *attributes;

    if (!read_number(work, "priority", wanted->priority, 0, &priority) ||
        !read_number(work, "timeout", wanted->timeout, NO_INTEGER, &timeout))
        return false;
    if (!json_read(work, given, strlen(given), NULL, &attributes))
        return fail_field(work, "attributes", "The task's attributes are no JSON");
    if (!json_object_is_type(attributes, json_type_object)) {
        json_object_put(attributes);
        return fail_field(work, "attributes", "The task's attributes are no JSON object");
    }
    text_put(&text, "{\"workflow\":");
    text_json(&text, wanted->workflow_sid);
    text_add(&text, ",\"attributes\":%s,\"priority\":%lld", json_write(&work->arena, attributes),
             (long long)priority);
    if (timeout != NO_INTEGER)
        text_add(&text, ",\"timeout\":%lld", (long long)timeout);
    text_put(&text, wanted->silent ? ",\"silent\":true}" : "}");
    json_object_put(attributes);
    *json = text.at;
    return true;
}

/* ---- the task ---- */

/* What the carrier says of a call, by the names that its own tasks have. */
static const char *const said[][2] = {
    {"AccountSid", "account_sid"},
    {"ApiVersion", "api_version"},
    {"CallStatus", "call_status"},
    {"Called", "called"},
    {"CalledCity", "called_city"},
    {"CalledCountry", "called_country"},
    {"CalledState", "called_state"},
    {"CalledZip", "called_zip"},
    {"Caller", "caller"},
    {"CallerCity", "caller_city"},
    {"CallerCountry", "caller_country"},
    {"CallerState", "caller_state"},
    {"CallerZip", "caller_zip"},
    {"Direction", "direction"},
    {"From", "from"},
    {"FromCity", "from_city"},
    {"FromCountry", "from_country"},
    {"FromState", "from_state"},
    {"FromZip", "from_zip"},
    {"To", "to"},
    {"ToCity", "to_city"},
    {"ToCountry", "to_country"},
    {"ToState", "to_state"},
    {"ToZip", "to_zip"},
};

/* What the document says of the task goes before what the carrier says of the call, but for which
 * call it is. */
static bool write_attributes(struct work *work, json_object *wanted, const struct call *call,
                             const struct form *theirs, const char **attributes)
{
    json_object *tree = json_member(wanted, "attributes");
    struct form form;

    if (!customer_form(work, theirs, &form))
        return false;
    for (size_t i = 0; i < COUNT(said); i++) {
        const char *value = form_text(&form, said[i][0]);

        if (value && !json_member(tree, said[i][1]))
            json_object_object_add(tree, said[i][1], json_object_new_string(value));
    }
    json_object_object_add(tree, "call_sid", json_object_new_string(call->call_sid));
    *attributes = json_write(&work->arena, tree);
    return true;
}

/* A caller on the way to its task. */
struct waiting {
    const struct call *call;
    struct tr_task wanted; /* the task to be made */
    instant since;         /* when the caller came into the queue; NO_INSTANT: nobody says */
    struct tr_task task;   /* its task */
};

static bool prepare(struct work *work, json_object *wanted, const struct call *call,
                    const struct form *form, struct waiting *waiting)
{
    const char *sid = json_text(wanted, "workflow");
    int64_t seconds = form_integer(form, "QueueTime");
    struct tr_task *task = &waiting->wanted;
    struct tr_workflow workflow;

    *waiting = (struct waiting){.call = call};
    waiting->since = seconds < 0 ? NO_INSTANT : instant_after(clock_now(), -seconds * 1000);
    tr_task_begin(task);
    if (!sid || !tr_sid_read(sid, "WW", &task->workflow_id))
        return fail(work, NOT_FOUND, "There is no such workflow");
    if (!store_get(work, &tr_workflow_entity, task->workflow_id, &workflow))
        return false;
    task->workspace_id = workflow.workspace_id;
    task->channel = "voice";
    task->call_id = call->id;
    task->queued = true;
    task->priority = json_integer(wanted, "priority", 0);
    task->timeout = json_integer(wanted, "timeout", task->timeout);
    return write_attributes(work, wanted, call, form, &task->attributes.json);
}

/* The caller's task, the newest; NOT_FOUND. */
static bool latest(struct work *work, uid call, struct tr_task *task)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_tasks WHERE tenant_id = ? AND call_id = ?"
                                   " AND queued = 1 ORDER BY id DESC LIMIT 1",
                                   store_names(work, &tr_task_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_find(work, sql, params, COUNT(params), &tr_task_entity, task);
}

/* Whether the caller came after the task was made, or was over already, beyond doubt. */
static bool came_again(const struct waiting *waiting)
{
    const struct tr_task *task = &waiting->task;

    if (instant_is_none(waiting->since))
        return false;
    return waiting->since.ms >= task->created_at.ms + LATE_MS ||
           (!instant_is_none(task->finished_at) &&
            waiting->since.ms >= task->finished_at.ms + LATE_AFTER_END_MS);
}

/* Who comes into the queue again has left it before, though nobody may have told. */
static bool enter_step(struct work *work, void *with)
{
    struct waiting *waiting = with;
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, waiting->wanted.workspace_id, &workspace))
        return false;
    if (latest(work, waiting->call->id, &waiting->task)) {
        if (!came_again(waiting))
            return true;
        if (!tr_link_left(work, waiting->call->id, "redirected"))
            return false;
    } else if (work->error.what != NOT_FOUND) {
        return false;
    }
    waiting->task = waiting->wanted;
    return tr_task_create(work, &waiting->task, NULL);
}

/* Told once, then only asked about every few seconds. */
static const char *wait_for(struct work *work, json_object *wanted, const struct form *form)
{
    bool told = form_integer(form, "QueueTime") >= CHECK_SECONDS;

    return arena_format(&work->arena,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>%s"
                        "<Pause length=\"%d\"></Pause></Response>\n",
                        told || json_boolean(wanted, "silent", false)
                            ? ""
                            : "<Say>Please hold. You will be connected.</Say>",
                        CHECK_SECONDS);
}

/* A task that cannot be made is none, and the caller goes on. */
static bool enter(struct work *work, json_object *wanted, const struct call *call,
                  const struct form *form, bool *waits)
{
    struct waiting waiting;

    *waits = false;
    if (prepare(work, wanted, call, form, &waiting) && db_transaction(work, enter_step, &waiting)) {
        *waits =
            instant_is_none(waiting.task.finished_at) && instant_is_none(waiting.task.deleted_at);
        return true;
    }
    if (work->error.what == BUSY || work->error.what == INTERNAL)
        return false;
    log_warning(work, "taskrouter.not_enqueued", "call=%s text=\"%s\"", call->call_sid,
                work->error.message);
    return true;
}

bool tr_caller_waits(struct work *work, const struct customer_hook *hook, const struct call *call,
                     const struct form *form, const char **twiml)
{
    json_object *wanted = json_parse(hook->document);
    bool waits = false;
    bool ok = call_state_is_terminal(call->state) || enter(work, wanted, call, form, &waits);

    *twiml = !waits ? leaves : hook->url ? NULL : wait_for(work, wanted, form);
    json_object_put(wanted);
    return ok;
}

bool tr_caller_left(struct work *work, uid call, const char *result)
{
    return strncmp(result, "bridg", 5) == 0 || strcmp(result, "redirected-from-bridged") == 0 ||
           tr_link_left(work, call, result);
}

/* ---- the worker ---- */

static bool put_into_queue(struct work *work, struct call *caller, const char *queue)
{
    const struct customer_wishes wishes = {
        .twiml = arena_format(&work->arena, "<Response><Enqueue>%s</Enqueue></Response>", queue)};

    return customer_redirect(work, caller, &wishes, 0);
}

struct noting {
    const struct tr_task *task;
    const struct call *leg;
};

static const char *with_worker(struct work *work, const struct tr_task *task, const char *sid)
{
    json_object *attributes = json_parse(task->attributes.json);
    const char *text;

    json_object_object_add(attributes, "worker_call_sid", json_object_new_string(sid));
    text = json_write(&work->arena, attributes);
    json_object_put(attributes);
    return text;
}

/* The leg, and its SID among the attributes, where the carrier's own tasks have it. */
static bool note_step(struct work *work, void *with)
{
    const columns given =
        TR_WITH(TR_WITH(NO_COLUMNS, tr_task, worker_call_id), tr_task, attributes);
    const struct noting *noting = with;
    struct tr_workspace workspace;
    struct tr_task task;

    if (!tr_workspace_hold(work, noting->task->workspace_id, &workspace) ||
        !store_get(work, &tr_task_entity, noting->task->id, &task))
        return false;
    task.worker_call_id = noting->leg->id;
    task.attributes.json = with_worker(work, &task, noting->leg->call_sid);
    return store_update(work, &tr_task_entity, &task, given);
}

/* One that has ended before it was noted has told nobody. */
static bool note(struct work *work, const struct tr_task *task, struct call *leg)
{
    struct noting noting = {task, leg};

    return db_transaction(work, note_step, &noting) && call_get(work, leg->id, leg) &&
           (!call_state_is_terminal(leg->state) || tr_link_call_over(work, leg));
}

/* Whether a leg was ordered since the worker has accepted: its row is older than the order. */
static bool check_uncalled(struct work *work, const struct tr_task *task)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM calls WHERE tenant_id = ? AND parent_call_id = ?"
        " AND leg_role = 'human' AND origin = 'twilio' AND created_at >= ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(task->call_id),
                                   PARAM(task->assigned_at)};
    int64_t legs;

    return db_number(work, sql, params, COUNT(params), 0, &legs) &&
           (legs == 0 || fail(work, WRONG_STATE, "The worker was called before"));
}

bool tr_call_worker(struct work *work, const struct tr_task *task, const struct human_wish *wish)
{
    const char *queue = tr_queue_name(work, task->call_id);
    const struct customer_wishes wishes = {
        .twiml = arena_format(&work->arena, "<Response><Dial><Queue>%s</Queue></Dial></Response>",
                              queue)};
    struct outbound_order order = {
        .origin = "twilio",
        .to = wish->to,
        .parent_call_id = task->call_id,
        .leg_role = "human",
        .ring_seconds = wish->ring_seconds == NO_INTEGER ? RING_SECONDS : wish->ring_seconds,
        .customer = &wishes,
        .record = wish->record,
        .transfer = true,
    };
    struct call caller, leg;

    if (!call_get(work, task->call_id, &caller))
        return false;
    if (call_state_is_terminal(caller.state))
        return fail(work, WRONG_STATE, "The caller is gone");
    order.from = strcmp(caller.direction, "inbound") == 0 ? caller.to_addr : caller.from_addr;
    if (wish->from)
        order.from = wish->from;
    return check_uncalled(work, task) && (task->queued || put_into_queue(work, &caller, queue)) &&
           outbound_order(work, &order, &leg) && note(work, task, &leg);
}
