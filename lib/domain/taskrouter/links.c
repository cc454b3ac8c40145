#include "domain/taskrouter/links.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/handoffs.h"
#include "domain/outbox.h"
#include "domain/taskrouter/link_words.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/reservations.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workflow.h"
#include "domain/taskrouter/workflows.h"
#include "domain/words.h"

#define TARGET "taskrouter:"

enum { HANDOFF_PRIORITY = 0, SUMMARY_LONGEST = 500 };

static bool is_linked(const struct tr_task *task)
{
    return !uid_is_none(task->call_id) || !uid_is_none(task->callback_task_id);
}

/* ---- from TaskRouter ---- */

/* One row of the outbox about a task; "more" are further members of the payload. */
static bool owe(struct work *work, uid subject, uid workspace, const char *what, const char *more,
                const char *dedupe)
{
    char hex[33], id[33];

    uid_write_hex(workspace, hex);
    uid_write_hex(subject, id);
    return outbox_put(work, "taskrouter", subject, what,
                      arena_format(&work->arena, "{\"workspace\":\"%s\"%s}", hex, more ? more : ""),
                      arena_format(&work->arena, "%s:%s", what, dedupe ? dedupe : id));
}

/* How the worker is to be called. */
static void add_wishes(struct text *more, const struct tr_instruction *instruction)
{
    const char *const texts[][2] = {{"to", instruction->to}, {"from", instruction->from}};

    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i][1]) {
            text_add(more, ",\"%s\":", texts[i][0]);
            text_json(more, texts[i][1]);
        }
    if (instruction->timeout_seconds != NO_INTEGER)
        text_add(more, ",\"ring_seconds\":%lld", (long long)instruction->timeout_seconds);
    if (instruction->record)
        text_put(more, ",\"record\":true");
}

bool tr_link_accepted(struct work *work, const struct tr_task *task,
                      const struct tr_reservation *reservation,
                      const struct tr_instruction *instruction)
{
    struct text more = {.arena = &work->arena};
    char id[33];

    if (!is_linked(task))
        return true;
    uid_write_hex(reservation->id, id);
    text_add(&more, ",\"reservation\":\"%s\",\"connect\":%s", id,
             instruction && tr_instruction_connects(instruction) ? "true" : "false");
    if (instruction)
        add_wishes(&more, instruction);
    return owe(work, task->id, task->workspace_id, LINK_ACCEPTED, more.at, id);
}

/* The row of the task may be gone when the errand is run, so that it says what it needs. */
bool tr_link_over(struct work *work, const struct tr_task *task, const char *how)
{
    struct text more = {.arena = &work->arena};
    const char *who;
    char hex[33];

    if (!is_linked(task))
        return true;
    if (!tr_accepted_by(work, task->id, &who))
        return false;
    text_add(&more, ",\"how\":\"%s\"", how);
    if (!uid_is_none(task->callback_task_id) && who) {
        uid_write_hex(task->callback_task_id, hex);
        text_add(&more, ",\"callback\":\"%s\",\"who\":", hex);
        text_json(&more, who);
    }
    return owe(work, task->id, task->workspace_id, LINK_OVER, more.at, NULL);
}

/* What nobody had accepted is nobody's to give back. */
bool tr_link_removed(struct work *work, const struct tr_task *task)
{
    bool accepted = strcmp(task->assignment_status, "assigned") == 0 ||
                    strcmp(task->assignment_status, "wrapping") == 0;

    return tr_link_over(work, task, accepted ? "deleted" : "canceled");
}

bool tr_links_end_all(struct work *work, uid workspace)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM tr_tasks WHERE tenant_id = ? AND workspace_id = ?"
        " AND assignment_status IN ('pending', 'reserved', 'assigned', 'wrapping')"
        " AND deleted_at IS NULL AND (call_id IS NOT NULL OR callback_task_id IS NOT NULL)",
        store_names(work, &tr_task_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(workspace)};
    struct rows rows;

    if (!db_select(work, sql, params, COUNT(params), &tr_task_entity, &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!tr_link_removed(work, (const struct tr_task *)rows.at + i))
            return false;
    return true;
}

/* Every instruction is its own: the second one of a reservation is followed, too. */
bool tr_link_instruct(struct work *work, const struct tr_reservation *reservation,
                      const struct tr_instruction *instruction)
{
    char id[33];

    if (instruction->kind != TR_CALL && instruction->kind != TR_REDIRECT)
        return true; /* connecting the task's call follows from its acceptance */
    uid_write_hex(uid_new(), id);
    return owe(work, reservation->id, reservation->workspace_id, LINK_INSTRUCTION,
               arena_format(&work->arena, ",\"do\":%s", tr_instruction_write(work, instruction)),
               id);
}

/* A call that is over, or is not the tenant's, is just an attribute. */
bool tr_link_find_call(struct work *work, struct tr_task *task)
{
    json_object *attributes = json_parse(task->attributes.json);
    const char *sid = json_text(attributes, "call_sid");
    bool ok = true;
    struct call call;

    if (uid_is_none(task->call_id) && sid && *sid) {
        if (!call_by_sid(work, sid, &call))
            ok = work->error.what == NOT_FOUND;
        else if (!call_state_is_terminal(call.state))
            task->call_id = call.id;
    }
    json_object_put(attributes);
    return ok;
}

/* ---- from operator queues ---- */

bool tr_link_queue(struct work *work, const char *metadata, uid *queue)
{
    json_object *tree = json_parse(metadata);
    const char *sid = json_text(json_member(tree, "taskrouter"), "task_queue_sid");
    bool named = sid && *sid, read = tr_sid_read(sid, "WQ", queue);
    struct tr_queue row;

    json_object_put(tree);
    if (!named)
        *queue = NO_UID;
    if (!named || (read && store_get(work, &tr_queue_entity, *queue, &row)))
        return true;
    return (!read || work->error.what == NOT_FOUND) &&
           fail_field(work, "metadata", "There is no such TaskRouter queue");
}

bool tr_link_callback(struct work *work, uid callback_task, uid queue)
{
    char hex[33];

    if (uid_is_none(queue))
        return true;
    uid_write_hex(queue, hex);
    return owe(work, callback_task, NO_UID, LINK_CALLBACK,
               arena_format(&work->arena, ",\"queue\":\"%s\"", hex), NULL);
}

bool tr_link_callback_over(struct work *work, uid callback_task, uid tr_task, const char *how)
{
    char id[33];

    if (uid_is_none(tr_task))
        return true;
    uid_write_hex(callback_task, id);
    return owe(work, tr_task, NO_UID, LINK_SUBJECT_OVER,
               arena_format(&work->arena, ",\"how\":\"%s\"", how), id);
}

/* ---- from handoffs ---- */

bool tr_is_target(const char *target)
{
    return target && strncmp(target, TARGET, strlen(TARGET)) == 0;
}

/* The workflow or the queue that the target names. */
static bool find_target(struct work *work, const char *target, struct tr_task *task)
{
    const char *sid = target + strlen(TARGET);
    struct tr_workflow workflow;
    struct tr_queue queue;
    uid id;

    if (tr_sid_read(sid, "WW", &id)) {
        if (!store_get(work, &tr_workflow_entity, id, &workflow))
            return false;
        task->workspace_id = workflow.workspace_id;
        task->workflow_id = id;
        return true;
    }
    if (!tr_sid_read(sid, "WQ", &id))
        return fail(work, NOT_FOUND, "The target is no workflow and no task queue");
    if (!store_get(work, &tr_queue_entity, id, &queue))
        return false;
    task->workspace_id = queue.workspace_id;
    task->target_queue_id = id;
    return true;
}

static void add_attribute(struct text *text, const char *name, const char *value, size_t most)
{
    struct arena *arena = text->arena;

    if (!value || !*value)
        return;
    text_add(text, "%s\"%s\":", text->length > 1 ? "," : "", name);
    text_json(text, word_text(arena, value, most));
}

static const char *attributes_of(struct work *work, const struct call *call,
                                 const struct handoff *handoff)
{
    struct text text = {.arena = &work->arena};
    char id[37];

    uid_write_uuid(handoff->id, id);
    text_char(&text, '{');
    add_attribute(&text, "type", "escalation", 20);
    add_attribute(&text, "handoff_id", id, 36);
    add_attribute(&text, "call_sid", call->call_sid, 34);
    add_attribute(&text, "from", call->from_addr, 128);
    add_attribute(&text, "to", call->to_addr, 128);
    add_attribute(&text, "phone", call->customer_phone, 32);
    add_attribute(&text, "agent_name", call->agent_name, 190);
    add_attribute(&text, "language", call->language, 16);
    add_attribute(&text, "reason", handoff->reason, SUMMARY_LONGEST);
    add_attribute(&text, "summary", handoff->briefing, SUMMARY_LONGEST);
    text_char(&text, '}');
    return text.at;
}

struct linking {
    const struct handoff *handoff;
    struct tr_task task;
};

static bool link_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE handoffs SET tr_task_id = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND tr_task_id IS NULL";
    struct linking *linking = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(linking->handoff->id), PARAM(now), PARAM(work->tenant),
                                   PARAM(linking->handoff->id)};

    return tr_task_create(work, &linking->task, NULL) &&
           db_execute(work, sql, params, COUNT(params), NULL);
}

/* The task has the handoff's key, so that there is never a second one. */
bool tr_link_handoff(struct work *work, const struct call *call, const struct handoff *handoff)
{
    struct linking linking = {.handoff = handoff};

    if (!uid_is_none(handoff->tr_task_id))
        return true;
    tr_task_begin(&linking.task);
    linking.task.id = handoff->id;
    linking.task.call_id = call->id;
    linking.task.channel = "voice";
    linking.task.priority = HANDOFF_PRIORITY;
    linking.task.attributes.json = attributes_of(work, call, handoff);
    return find_target(work, handoff->target, &linking.task) &&
           (db_transaction(work, link_step, &linking) || work->error.what == CONFLICT);
}

bool tr_link_handoff_over(struct work *work, const struct handoff *handoff, const char *how)
{
    char id[33];

    if (uid_is_none(handoff->tr_task_id))
        return true;
    uid_write_hex(handoff->id, id);
    return owe(work, handoff->tr_task_id, NO_UID, LINK_SUBJECT_OVER,
               arena_format(&work->arena, ",\"how\":\"%s\"", how), id);
}

/* ---- from calls ---- */

/* The unfinished tasks that a condition on a call's key finds. */
static bool tasks_of(struct work *work, const char *condition, uid call, struct rows *tasks)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM tr_tasks AS t WHERE t.tenant_id = ? AND %s AND t.finished_at IS NULL"
        " AND t.deleted_at IS NULL",
        store_names(work, &tr_task_entity, "t"), condition);
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_select(work, sql, params, COUNT(params), &tr_task_entity, tasks);
}

/* "reason" is that of a task which waits still. */
static bool owe_ends(struct work *work, const struct rows *tasks, uid call, const char *how,
                     const char *reason)
{
    struct text more = {.arena = &work->arena};
    char task_hex[33], call_hex[33];

    text_add(&more, ",\"how\":\"%s\",\"reason\":", how);
    text_json(&more, reason);
    uid_write_hex(call, call_hex);
    for (size_t i = 0; i < tasks->count; i++) {
        const struct tr_task *task = (const struct tr_task *)tasks->at + i;

        uid_write_hex(task->id, task_hex);
        if (!owe(work, task->id, task->workspace_id, LINK_SUBJECT_OVER, more.at,
                 arena_format(&work->arena, "%s:%s:%s", task_hex, call_hex, reason)))
            return false;
    }
    return true;
}

bool tr_link_call_over(struct work *work, const struct call *call)
{
    static const char waits[] =
        "t.call_id = ? AND (t.queued = 1 OR EXISTS (SELECT 1 FROM handoffs AS h WHERE"
        " h.tenant_id = t.tenant_id AND h.call_id = t.call_id AND h.tr_task_id = t.id))";
    const char *how = call_state_is_terminal(call->state) ? call->state : "completed";
    struct rows callers, workers;

    return tasks_of(work, waits, call->id, &callers) &&
           owe_ends(work, &callers, call->id, "completed", "hangup") &&
           tasks_of(work, "t.worker_call_id = ?", call->id, &workers) &&
           owe_ends(work, &workers, call->id, how, "hangup");
}

bool tr_link_left(struct work *work, uid call, const char *why)
{
    static const char waits[] =
        "t.call_id = ? AND t.queued = 1 AND t.assignment_status IN ('pending', 'reserved')";
    struct rows tasks;

    return tasks_of(work, waits, call, &tasks) &&
           owe_ends(work, &tasks, call, "canceled", word_text(&work->arena, why, 60));
}
