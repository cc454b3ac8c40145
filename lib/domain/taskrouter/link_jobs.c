/* What links.c has owed is carried out, outside of any transaction. */
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/callback_state.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/handoffs.h"
#include "domain/hang_up.h"
#include "domain/human_legs.h"
#include "domain/outbound.h"
#include "domain/outbox.h"
#include "domain/sessions.h"
#include "domain/supervision.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/link_words.h"
#include "domain/taskrouter/links.h"
#include "domain/taskrouter/moves.h"
#include "domain/taskrouter/queued_calls.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/workers.h"
#include "domain/words.h"

enum { LONGEST_DAYS = 14, TEXT_LONGEST = 500, RING_SECONDS = 60 };

/* A row of the outbox, read. */
struct errand {
    const struct outbox_row *row;
    json_object *payload;
};

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static uid key_of(const struct errand *errand, const char *name)
{
    const char *hex = json_text(errand->payload, name);
    uid id = NO_UID;

    if (hex)
        uid_read_hex(hex, &id);
    return id;
}

/* What is gone needs nothing done any more, and what was done by others stands. */
static bool settled(const struct work *work)
{
    return work->error.what == NOT_FOUND || work->error.what == WRONG_STATE ||
           work->error.what == CONFLICT;
}

static bool end_task(struct work *work, const struct tr_task *task, const char *status,
                     const char *reason)
{
    struct tr_task_change change = {
        .given = TR_WITH(TR_WITH(NO_COLUMNS, tr_task, assignment_status), tr_task, reason),
        .if_rev = NO_INTEGER,
    };
    struct tr_task after;

    change.wanted.id = task->id;
    change.wanted.workspace_id = task->workspace_id;
    change.wanted.assignment_status = status;
    change.wanted.reason = reason;
    return tr_task_update(work, &change, &after) || settled(work);
}

static bool is_waiting(const struct tr_task *task)
{
    return is(task->assignment_status, "pending") || is(task->assignment_status, "reserved");
}

/* ---- callback tasks ---- */

static const char *attributes_of(struct work *work, const struct callback_task *callback)
{
    const struct {
        const char *name, *value;
    } members[] = {
        {"call_sid", callback->call_sid},       {"phone", callback->customer_phone},
        {"reason", callback->disposition},      {"summary", callback->summary},
        {"queue", callback->queue_key},         {"agent_name", callback->agent_name},
        {"assigned_to", callback->assigned_to},
    };
    struct text text = {.arena = &work->arena};
    char id[37];

    uid_write_uuid(callback->id, id);
    text_add(&text, "{\"type\":\"callback\",\"callback_task_id\":\"%s\"", id);
    for (size_t i = 0; i < COUNT(members); i++) {
        if (!members[i].value)
            continue;
        text_add(&text, ",\"%s\":", members[i].name);
        text_json(&text, word_text(&work->arena, members[i].value, TEXT_LONGEST));
    }
    text_char(&text, '}');
    return text.at;
}

struct linking {
    struct tr_task task;
    uid callback;
};

static bool link_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE callback_tasks SET tr_task_id = ? WHERE tenant_id = ?"
                              " AND id = ? AND tr_task_id IS NULL";
    struct linking *linking = with;
    const struct param params[] = {PARAM(linking->task.id), PARAM(work->tenant),
                                   PARAM(linking->callback)};

    return tr_task_create(work, &linking->task, NULL) &&
           db_execute(work, sql, params, COUNT(params), NULL);
}

/* Of a callback task the smaller number is the more urgent; it has its key for the task's. */
static bool make_callback_task(struct work *work, const struct errand *errand)
{
    struct linking linking = {.callback = errand->row->subject_id};
    struct callback_task callback;
    struct tr_queue queue;

    if (!store_get(work, &callback_task_entity, linking.callback, &callback) ||
        !store_get(work, &tr_queue_entity, key_of(errand, "queue"), &queue))
        return settled(work);
    if (is(callback.status, "completed") || is(callback.status, "canceled"))
        return true;
    tr_task_begin(&linking.task);
    linking.task.id = callback.id;
    linking.task.workspace_id = queue.workspace_id;
    linking.task.target_queue_id = queue.id;
    linking.task.callback_task_id = callback.id;
    linking.task.timeout = (int64_t)LONGEST_DAYS * 24 * 3600;
    linking.task.priority = callback.priority < 0 ? -callback.priority : 0;
    linking.task.attributes.json = attributes_of(work, &callback);
    return db_transaction(work, link_step, &linking) || settled(work);
}

static bool move_callback(struct work *work, const struct tr_task *task, enum task_move move,
                          const char *who, const char *status)
{
    struct task_order order = {.move = move, .task = task->callback_task_id, .operator_name = who};
    struct callback_task after;

    if (status) {
        order.wanted.status = status;
        order.given =
            columns_add(NO_COLUMNS, &callback_task_entity, offsetof(struct callback_task, status));
    }
    return callback_task_move(work, &order, &after);
}

static bool let_go_step(struct work *work, void *with)
{
    struct tr_task task = *(const struct tr_task *)with;
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, task.workspace_id, &workspace) ||
        !tr_task_find(work, workspace.id, task.id, &task))
        return false;
    task.callback_task_id = NO_UID;
    return store_update(work, &tr_task_entity, &task,
                        TR_WITH(NO_COLUMNS, tr_task, callback_task_id)) &&
           end_task(work, &task, "completed", "The callback task was taken by somebody else");
}

static bool is_in_hand(const struct tr_task *task)
{
    return is(task->assignment_status, "assigned") || is(task->assignment_status, "wrapping");
}

struct claiming {
    const struct tr_task *task;
    const char *who;
    bool claimed;
};

/* Under the lock of the workspace: a task that ends meanwhile ends before the claim, which is then
 * not made, or after it, and gives it back. */
static bool claim_step(struct work *work, void *with)
{
    struct claiming *c = with;
    struct tr_task task = *c->task;
    struct tr_workspace workspace;

    c->claimed = false;
    if (!tr_workspace_hold(work, task.workspace_id, &workspace) ||
        !tr_task_find(work, workspace.id, task.id, &task))
        return false;
    if (!is_in_hand(&task))
        return true;
    c->claimed = move_callback(work, &task, TASK_CLAIM, c->who, NULL);
    return c->claimed;
}

/* Who was faster outside of TaskRouter keeps the callback task: what becomes of the task here must
 * not reach it any more. */
static bool claim_callback(struct work *work, const struct tr_task *task, const char *who,
                           bool *claimed)
{
    struct claiming c = {.task = task, .who = who};
    bool ok = db_transaction(work, claim_step, &c) ||
              (settled(work) &&
               (db_transaction(work, let_go_step, (void *)(uintptr_t)task) || settled(work)));

    *claimed = c.claimed;
    return ok;
}

struct ending {
    struct tr_task task; /* its callback task alone counts */
    const char *how, *who;
};

/* Only what the task's worker has claimed is completed or given back; one that is still free was to
 * be claimed first. */
static bool end_callback_step(struct work *work, void *with)
{
    const struct ending *e = with;
    bool completed = is(e->how, "completed");
    struct callback_task callback;

    if (!callback_task_lock(work, e->task.callback_task_id, &callback))
        return false;
    if (completed && is(callback.status, "open") &&
        !move_callback(work, &e->task, TASK_CLAIM, e->who, NULL))
        return false;
    if (!is(callback.status, "open") && !is(callback.assigned_to, e->who))
        return true;
    if (completed)
        return move_callback(work, &e->task, TASK_CHANGE, NULL, "completed");
    return !is(callback.status, "in_progress") ||
           move_callback(work, &e->task, TASK_RELEASE, NULL, NULL);
}

/* "task" has its key alone where its row is hidden or gone.  Errands that were owed before they
 * said so themselves do not say whose callback task it is. */
static bool end_callback(struct work *work, const struct errand *errand, const struct tr_task *task)
{
    struct ending e = {
        .task = {.callback_task_id = key_of(errand, "callback")},
        .how = json_text(errand->payload, "how"),
        .who = json_text(errand->payload, "who"),
    };

    if (uid_is_none(e.task.callback_task_id) && !e.who && !uid_is_none(task->callback_task_id)) {
        e.task.callback_task_id = task->callback_task_id;
        if (!tr_accepted_by(work, task->id, &e.who))
            return false;
    }
    if (uid_is_none(e.task.callback_task_id) || !e.who)
        return true; /* nobody had accepted it */
    return db_transaction(work, end_callback_step, &e) || settled(work);
}

/* ---- callers ---- */

static bool handoff_of(struct work *work, uid task, struct handoff *handoff)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM handoffs WHERE tenant_id = ? AND tr_task_id = ?"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &handoff_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(task)};

    return db_find(work, sql, params, COUNT(params), &handoff_entity, handoff);
}

/* Where a worker is reached: as the instruction says, else as the worker does. */
static const char *contact_of(struct work *work, const struct errand *errand,
                              const struct tr_worker *worker)
{
    const char *to = json_text(errand->payload, "to");
    json_object *attributes = json_parse(worker->attributes.json);
    const char *own = json_text(attributes, "contact_uri");

    to = arena_text(&work->arena, to ? to : own);
    json_object_put(attributes);
    return to;
}

/* A live call of an agent that no handoff was planned for: the agent says goodbye and passes it on.
 */
static bool escalate(struct work *work, const struct tr_task *task,
                     const struct voice_session *session, const struct human_wish *wish)
{
    static const char sql[] = "UPDATE handoffs SET tr_task_id = ?, operator = ?, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    const struct supervision wanted = {.action = "escalate",
                                       .origin = "twilio",
                                       .supervisor = wish->who,
                                       .target = wish->to,
                                       .human = wish};
    struct supervised done;
    struct handoff handoff;
    instant now = clock_now();

    if (!supervision_order(work, session, &wanted, &done))
        return false;
    const struct param params[] = {PARAM(task->id), PARAM(wish->who), PARAM(now),
                                   PARAM(work->tenant), PARAM(done.handoff)};
    return db_execute(work, sql, params, COUNT(params), NULL) &&
           store_get(work, &handoff_entity, done.handoff, &handoff) &&
           (instant_is_none(handoff.ended_at) || /* so soon that nobody told the task */
            tr_link_handoff_over(work, &handoff, handoff.state));
}

/* Whom an agent talks to is passed on by the agent; who listens to a customer's TwiML, or waits in
 * a queue, is taken from there. */
static bool connect_live(struct work *work, const struct tr_task *task,
                         const struct human_wish *wish)
{
    struct voice_session session;

    if (!session_of_call(work, task->call_id, &session)) {
        if (work->error.what != NOT_FOUND)
            return false;
    } else if (session_is_live(&session)) {
        return escalate(work, task, &session, wish);
    }
    return !uid_is_none(task->worker_call_id) || tr_call_worker(work, task, wish);
}

/* Whoever accepted and cannot be called has nothing to do with it any more. */
static bool unreachable(struct work *work, const struct tr_task *task)
{
    if (work->error.what == BUSY)
        return false;
    log_warning(work, "taskrouter.unreachable", "text=\"%s\"", work->error.message);
    return end_task(work, task, "completed", "The worker could not be called");
}

/* The handoff goes on without who cannot be called. */
static bool begin_leg(struct work *work, const struct tr_task *task, struct handoff *handoff,
                      const struct human_wish *wish)
{
    bool called;

    if (!instant_is_none(handoff->ended_at))
        return end_task(work, task, "completed", "The caller is gone");
    if (!uid_is_none(handoff->human_call_id))
        return true;
    return human_leg_begin(work, handoff, wish, &called) &&
           (called || end_task(work, task, "completed", "The worker could not be called"));
}

/* How the worker is to be called; by an instruction it rings longer than by a handoff alone. */
static struct human_wish wish_of(struct work *work, const struct errand *errand,
                                 const struct tr_worker *worker)
{
    bool instructed = json_boolean(errand->payload, "connect", false);

    return (struct human_wish){
        .to = contact_of(work, errand, worker),
        .who = worker->friendly_name,
        .from = arena_text(&work->arena, json_text(errand->payload, "from")),
        .ring_seconds =
            json_integer(errand->payload, "ring_seconds", instructed ? RING_SECONDS : NO_INTEGER),
        .record = json_boolean(errand->payload, "record", false),
    };
}

static bool connect_caller(struct work *work, const struct errand *errand,
                           const struct tr_task *task, const struct tr_worker *worker)
{
    const struct human_wish wish = wish_of(work, errand, worker);
    struct handoff handoff;

    if (handoff_of(work, task->id, &handoff))
        return begin_leg(work, task, &handoff, &wish);
    if (work->error.what != NOT_FOUND)
        return false;
    if (!json_boolean(errand->payload, "connect", false))
        return true; /* who accepted looks after the call in another way */
    if (!wish.to)
        fail(work, NOT_FOUND, "The worker has no contact_uri");
    return (wish.to && connect_live(work, task, &wish)) || unreachable(work, task);
}

/* ---- what happened to a task ---- */

static bool was_accepted(struct work *work, const struct errand *errand)
{
    const struct tr_reservation_place place = {.workspace = key_of(errand, "workspace")};
    struct tr_reservation reservation;
    struct tr_worker worker;
    struct tr_task task;
    bool claimed = true;

    if (!tr_task_find(work, place.workspace, errand->row->subject_id, &task) ||
        !tr_reservation_get(work, &place, key_of(errand, "reservation"), &reservation) ||
        !tr_worker_get(work, place.workspace, reservation.worker_id, &worker))
        return settled(work);
    if (!is_in_hand(&task))
        return true; /* what was to follow is done by who ended it */
    if (!uid_is_none(task.callback_task_id) &&
        !claim_callback(work, &task, reservation.worker_name, &claimed))
        return false;
    return !claimed || uid_is_none(task.call_id) || !is(task.assignment_status, "assigned") ||
           connect_caller(work, errand, &task, &worker);
}

/* A worker who is called for a caller who has gone, or who is not to come any more. */
static bool stop_leg(struct work *work, uid call, enum hang_up how)
{
    struct call leg;

    if (uid_is_none(call))
        return true;
    if (!call_get(work, call, &leg))
        return settled(work);
    return call_state_is_terminal(leg.state) || call_hang_up(work, &leg, how, NULL) ||
           work->error.what != BUSY;
}

/* Also of a task whose row is hidden or gone: what it stood for is found by its key. */
static bool was_over(struct work *work, const struct errand *errand)
{
    struct handoff handoff;
    struct tr_task task;

    if (store_get(work, &tr_task_entity, errand->row->subject_id, &task)) {
        if (!stop_leg(work, task.worker_call_id, HANG_UP_UNANSWERED))
            return false;
    } else if (work->error.what != NOT_FOUND) {
        return false;
    } else {
        task = (struct tr_task){.id = errand->row->subject_id};
    }
    if (!end_callback(work, errand, &task))
        return false;
    if (!handoff_of(work, errand->row->subject_id, &handoff))
        return work->error.what == NOT_FOUND;
    return !uid_is_none(handoff.human_call_id) || !instant_is_none(handoff.ended_at) ||
           human_leg_none(work, &handoff, "no_answer");
}

/* What a task stood for came to its end by itself. */
static bool subject_was_over(struct work *work, const struct errand *errand)
{
    const char *how = json_text(errand->payload, "how");
    const char *reason = json_text(errand->payload, "reason");
    struct tr_workspace workspace;
    struct tr_task task;

    if (!store_get(work, &tr_task_entity, errand->row->subject_id, &task) ||
        !tr_workspace_get(work, task.workspace_id, &workspace))
        return settled(work);
    if (!stop_leg(work, task.worker_call_id, HANG_UP_ANY))
        return false;
    if (is_waiting(&task))
        return end_task(work, &task, "canceled",
                        reason ? reason : arena_format(&work->arena, "It is %s", how));
    if (!is(task.assignment_status, "assigned"))
        return true;
    return uid_is_none(task.callback_task_id) && !uid_is_none(task.call_id) &&
                   is(how, "completed") && workspace.multi_task
               ? end_task(work, &task, "wrapping", NULL)
               : end_task(work, &task, "completed", arena_format(&work->arena, "It is %s", how));
}

/* ---- the telephone ---- */

static bool call_worker(struct work *work, const struct tr_instruction *instruction, const char *to)
{
    const struct customer_wishes wishes = {.url = instruction->url,
                                           .status_url = instruction->status_callback_url};
    const struct outbound_order order = {
        .origin = "twilio",
        .from = instruction->from,
        .to = to,
        .ring_seconds = instruction->timeout_seconds == NO_INTEGER ? RING_SECONDS
                                                                   : instruction->timeout_seconds,
        .customer = &wishes,
        .record = instruction->record,
    };
    struct call call;

    return customer_wishes_check(work, &wishes) && outbound_order(work, &order, &call);
}

static bool redirect_call(struct work *work, const struct tr_instruction *instruction)
{
    const struct customer_wishes wishes = {.url = instruction->url};
    struct call call;

    return customer_wishes_check(work, &wishes) &&
           call_by_sid(work, instruction->call_sid, &call) &&
           customer_redirect(work, &call, &wishes, 0);
}

/* A call is ordered once, whatever comes of it: nobody is called twice for one instruction. */
static bool was_instructed(struct work *work, const struct errand *errand)
{
    const struct tr_reservation_place place = {.workspace = key_of(errand, "workspace")};
    const char *text = json_write(&work->arena, json_member(errand->payload, "do"));
    struct tr_instruction instruction;
    struct tr_reservation reservation;
    struct tr_worker worker;
    bool ok;

    if (!tr_instruction_read(work, text, strlen(text), &instruction) ||
        !tr_reservation_get(work, &place, errand->row->subject_id, &reservation) ||
        !tr_worker_get(work, place.workspace, reservation.worker_id, &worker))
        return work->error.what != BUSY;
    if (instruction.kind == TR_CALL && errand->row->attempts > 1)
        return true;
    ok = instruction.kind == TR_CALL
             ? call_worker(work, &instruction,
                           instruction.to ? instruction.to : contact_of(work, errand, &worker))
             : redirect_call(work, &instruction);
    if (!ok)
        log_warning(work, "taskrouter.instruction", "text=\"%s\"", work->error.message);
    return ok || work->error.what != BUSY;
}

bool tr_link_carry_out(struct work *work, const struct outbox_row *row)
{
    static const struct {
        const char *what;
        bool (*carry_out)(struct work *work, const struct errand *errand);
    } errands[] = {
        {LINK_ACCEPTED, was_accepted},         {LINK_OVER, was_over},
        {LINK_INSTRUCTION, was_instructed},    {LINK_CALLBACK, make_callback_task},
        {LINK_SUBJECT_OVER, subject_was_over},
    };
    struct errand errand = {row, json_parse(row->payload.json)};
    bool ok = true;

    for (size_t i = 0; i < COUNT(errands); i++)
        if (is(row->event_type, errands[i].what))
            ok = errands[i].carry_out(work, &errand);
    json_object_put(errand.payload);
    /* The job takes BUSY for a store that is away; an errand that meets it is put off alone. */
    if (!ok && work->error.what == BUSY)
        fail(work, UPSTREAM, "%s", arena_text(&work->arena, work->error.message));
    return ok;
}
