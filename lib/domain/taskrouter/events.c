#include "domain/taskrouter/events.h"

#include <string.h>

#include "core/text.h"
#include "domain/call_names.h"
#include "domain/callbacks.h"
#include "domain/customer_requests.h"
#include "domain/taskrouter/event_fields.h"
#include "domain/tenants.h"

bool tr_event_wanted(const char *filter, const char *type)
{
    size_t length = strlen(type);

    if (!filter || !filter[strspn(filter, " ,")])
        return true;
    while (*filter) {
        size_t skipped = strspn(filter, " ,"), word;

        filter += skipped;
        word = strcspn(filter, " ,");
        if (word == length && strncmp(filter, type, length) == 0)
            return true;
        filter += word;
    }
    return false;
}

/* ---- fields ---- */

void fields_begin(struct fields *fields, struct work *work)
{
    *fields = (struct fields){.work = work};
}

/* What has nothing to say is left out; the program's own events never have so many fields. */
void fields_text(struct fields *fields, const char *name, const char *value)
{
    if (value && fields->count < COUNT(fields->at))
        fields->at[fields->count++] = (struct twilio_field){name, value};
}

void fields_number(struct fields *fields, const char *name, int64_t value)
{
    fields_text(fields, name, arena_format(&fields->work->arena, "%lld", (long long)value));
}

void fields_sid(struct fields *fields, const char *name, const char letters[2], uid id)
{
    char sid[SID_SIZE];

    if (uid_is_none(id))
        return;
    sid_write(letters, id, sid);
    fields_text(fields, name, arena_text(&fields->work->arena, sid));
}

void fields_task(struct fields *fields, const struct tr_task *task)
{
    bool canceled = strcmp(task->assignment_status, "canceled") == 0;

    fields_sid(fields, "TaskSid", "WT", task->id);
    fields_text(fields, "TaskAttributes", task->attributes.json);
    fields_number(fields, "TaskAge", tr_task_age_seconds(task));
    fields_number(fields, "TaskPriority", task->priority);
    fields_text(fields, "TaskAssignmentStatus", task->assignment_status);
    fields_text(fields, canceled ? "TaskCanceledReason" : "TaskCompletedReason", task->reason);
    fields_sid(fields, "TaskChannelSid", "TC", tr_channel_id(task->workspace_id, task->channel));
    fields_text(fields, "TaskChannelUniqueName", task->channel);
    fields_sid(fields, "WorkflowSid", "WW", task->workflow_id);
    fields_text(fields, "WorkflowName", task->workflow_name);
}

void fields_worker(struct fields *fields, const struct tr_worker *worker)
{
    fields_sid(fields, "WorkerSid", "WK", worker->id);
    fields_text(fields, "WorkerName", worker->friendly_name);
    fields_text(fields, "WorkerAttributes", worker->attributes.json);
    fields_sid(fields, "WorkerActivitySid", "WA", worker->activity_id);
    fields_text(fields, "WorkerActivityName", worker->activity_name);
    fields_number(fields, "WorkerVersion", worker->rev);
}

/* How long a worker was in the activity before. */
static void fields_before(struct fields *fields, const struct tr_event *event)
{
    const struct tr_worker *before = event->worker_before;
    int64_t ms;

    if (!before || !event->worker)
        return;
    ms = event->worker->status_changed_at.ms - before->status_changed_at.ms;
    fields_sid(fields, "WorkerPreviousActivitySid", "WA", before->activity_id);
    fields_text(fields, "WorkerPreviousActivityName", before->activity_name);
    fields_number(fields, "WorkerTimeInPreviousActivity", ms / 1000);
    fields_number(fields, "WorkerTimeInPreviousActivityMs", ms);
}

/* The queue of a task is told once, be it as the event's own or as the task's. */
static void fields_queue(struct fields *fields, const struct tr_event *event)
{
    if (event->queue) {
        fields_sid(fields, "TaskQueueSid", "WQ", event->queue->id);
        fields_text(fields, "TaskQueueName", event->queue->friendly_name);
        fields_text(fields, "TaskQueueTargetExpression", event->queue->target_workers);
    } else if (event->task) {
        fields_sid(fields, "TaskQueueSid", "WQ", event->task->queue_id);
        fields_text(fields, "TaskQueueName", event->task->queue_name);
    }
}

static void fields_rest(struct fields *fields, const struct tr_event *event)
{
    if (event->activity) {
        fields_sid(fields, "ActivitySid", "WA", event->activity->id);
        fields_text(fields, "ActivityName", event->activity->friendly_name);
        fields_text(fields, "ActivityAvailable", event->activity->available ? "true" : "false");
    }
    if (event->workflow && !event->task) { /* with a task, they are among its own */
        fields_sid(fields, "WorkflowSid", "WW", event->workflow->id);
        fields_text(fields, "WorkflowName", event->workflow->friendly_name);
    }
    if (event->reservation)
        fields_sid(fields, "ReservationSid", "WR", event->reservation->id);
}

/* ---- events ---- */

/* What the first word of a type is about. */
static void find_resource(const struct tr_event *event, const char **type, const char **letters,
                          uid *id)
{
    struct {
        const char *word, *type, *letters;
        uid id;
    } families[] = {
        {"task-queue.", "TaskQueue", "WQ", event->queue ? event->queue->id : NO_UID},
        {"task.", "Task", "WT", event->task ? event->task->id : NO_UID},
        {"reservation.", "Reservation", "WR", event->reservation ? event->reservation->id : NO_UID},
        {"worker.", "Worker", "WK", event->worker ? event->worker->id : NO_UID},
        {"activity.", "Activity", "WA", event->activity ? event->activity->id : NO_UID},
        {"workflow.", "Workflow", "WW", event->workflow ? event->workflow->id : NO_UID},
        {"workspace.", "Workspace", "WS", event->workspace->id},
    };
    size_t i = 0;

    while (i + 1 < COUNT(families) &&
           strncmp(event->type, families[i].word, strlen(families[i].word)) != 0)
        i++;
    if (i == 0 && event->task) /* a task enters and leaves queues */
        i = 1;
    *type = families[i].type;
    *letters = families[i].letters;
    *id = families[i].id;
}

static void fields_head(struct fields *fields, const struct tr_event *event,
                        const struct tenant *tenant, uid id)
{
    const char *type, *letters, *word = strchr(event->type, '.');
    instant now = clock_now();
    char sid[SID_SIZE];
    uid resource;

    find_resource(event, &type, &letters, &resource);
    sid_write(letters, resource, sid);
    fields_text(fields, "EventType", event->type);
    fields_sid(fields, "Sid", "EV", id);
    fields_text(fields, "AccountSid", tenant->account_sid);
    fields_sid(fields, "WorkspaceSid", "WS", event->workspace->id);
    fields_text(fields, "WorkspaceName", event->workspace->friendly_name);
    fields_text(
        fields, "EventDescription",
        arena_format(&fields->work->arena, "%s %s %s", type, sid, word ? word + 1 : event->type));
    fields_text(fields, "ResourceType", type);
    fields_sid(fields, "ResourceSid", letters, resource);
    fields_number(fields, "Timestamp", now.ms / 1000);
    fields_number(fields, "TimestampMs", now.ms);
}

bool tr_tell(struct work *work, const struct tr_event *event)
{
    const char *url = event->workspace->event_callback_url;
    uid id = uid_new();
    struct tenant tenant;
    struct fields fields;

    if (!url || !*url || !tr_event_wanted(event->workspace->events_filter, event->type))
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    fields_begin(&fields, work);
    fields_head(&fields, event, &tenant, id);
    if (event->task)
        fields_task(&fields, event->task);
    fields_queue(&fields, event);
    if (event->worker)
        fields_worker(&fields, event->worker);
    fields_before(&fields, event);
    fields_rest(&fields, event);
    const struct form form = {fields.at, fields.count};
    const struct customer_delivery delivery = {
        .url = url, .event_type = event->type, .form = &form, .event = id};
    return customer_deliver(work, &delivery);
}
