#include "domain/taskrouter/reservations.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/links.h"
#include "domain/taskrouter/lists.h"
#include "domain/taskrouter/moves.h"

static const char *const statuses[] = {"pending",   "accepted", "rejected",  "timeout", "canceled",
                                       "rescinded", "wrapping", "completed", NULL};

static const struct column columns_of_reservation[] = {
    COLUMN(tr_reservation, tenant_id, NOT_NULL),
    COLUMN(tr_reservation, id, NOT_NULL),
    COLUMN(tr_reservation, workspace_id, NOT_NULL),
    COLUMN(tr_reservation, task_id, NOT_NULL),
    COLUMN(tr_reservation, worker_id, NOT_NULL),
    COLUMN(tr_reservation, worker_name, NOT_NULL, .max = 256),
    COLUMN(tr_reservation, channel, NOT_NULL, .one_of = tr_channels),
    COLUMN(tr_reservation, slot, NULLABLE),
    COLUMN(tr_reservation, status, NOT_NULL, .one_of = statuses),
    COLUMN(tr_reservation, expires_at, NOT_NULL),
    COLUMN(tr_reservation, post_work_activity_id, NULLABLE),
    COLUMN(tr_reservation, created_at, NOT_NULL),
    COLUMN(tr_reservation, updated_at, NOT_NULL),
    COLUMN(tr_reservation, rev, NOT_NULL),
};

const struct entity tr_reservation_entity =
    ENTITY(tr_reservation, "reservation", "tr_reservations", columns_of_reservation);

/* ---- reading ---- */

static void begin(struct work *work, struct tr_list *list, const struct tr_reservation_place *place)
{
    tr_list_begin(work, list, &tr_reservation_entity, NULL, 0);
    tr_list_where(list, "t.workspace_id = ?", (struct param)PARAM(place->workspace));
    if (!uid_is_none(place->task))
        tr_list_where(list, "t.task_id = ?", (struct param)PARAM(place->task));
    if (!uid_is_none(place->worker))
        tr_list_where(list, "t.worker_id = ?", (struct param)PARAM(place->worker));
}

bool tr_reservation_get(struct work *work, const struct tr_reservation_place *place, uid id,
                        struct tr_reservation *reservation)
{
    struct tr_list list;

    begin(work, &list, place);
    return tr_list_get(work, &list, id, reservation);
}

static bool check_place(struct work *work, const struct tr_reservation_place *place)
{
    struct tr_worker worker;
    struct tr_task task;

    return (uid_is_none(place->task) || tr_task_get(work, place->workspace, place->task, &task)) &&
           (uid_is_none(place->worker) ||
            tr_worker_get(work, place->workspace, place->worker, &worker));
}

bool tr_reservations_list(struct work *work, const struct tr_reservation_filter *filter,
                          struct page *page, struct rows *reservations)
{
    struct tr_list list;

    if (!check_place(work, &filter->place))
        return false;
    begin(work, &list, &filter->place);
    if (filter->status)
        tr_list_where(&list, "t.status = ?", (struct param)PARAM(filter->status));
    if (!uid_is_none(filter->worker))
        tr_list_where(&list, "t.worker_id = ?", (struct param)PARAM(filter->worker));
    return tr_list_read(work, &list, page, reservations);
}

bool tr_reservations_of(struct work *work, uid task, const char *states, struct rows *reservations)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_reservations WHERE tenant_id = ?"
                                   " AND task_id = ? AND status IN (%s) ORDER BY id",
                                   store_names(work, &tr_reservation_entity, NULL), states);
    const struct param params[] = {PARAM(work->tenant), PARAM(task)};

    return db_select(work, sql, params, COUNT(params), &tr_reservation_entity, reservations);
}

bool tr_accepted_by(struct work *work, uid task, const char **who)
{
    struct rows accepted;

    if (!tr_reservations_of(work, task, "'accepted', 'wrapping', 'completed'", &accepted))
        return false;
    *who = accepted.count ? ((const struct tr_reservation *)accepted.at)->worker_name : NULL;
    return true;
}

/* ---- moving ---- */

/* Reference 8.3, row by row. */
static const struct {
    const char *from, *to;
} ways[] = {
    {"pending", "accepted"},   {"pending", "rejected"},  {"pending", "timeout"},
    {"pending", "canceled"},   {"pending", "rescinded"}, {"accepted", "wrapping"},
    {"accepted", "completed"}, {"accepted", "canceled"}, {"wrapping", "completed"},
    {"wrapping", "canceled"},
};

bool tr_reservation_may(const char *from, const char *to)
{
    for (size_t i = 0; i < COUNT(ways); i++)
        if (strcmp(ways[i].from, from) == 0 && strcmp(ways[i].to, to) == 0)
            return true;
    return false;
}

static const char *event_of(struct work *work, const char *status)
{
    return strcmp(status, "wrapping") == 0 ? "reservation.wrapup"
                                           : arena_format(&work->arena, "reservation.%s", status);
}

static bool is_open(const char *status)
{
    return strcmp(status, "pending") == 0 || strcmp(status, "accepted") == 0 ||
           strcmp(status, "wrapping") == 0;
}

static bool tell(struct work *work, const struct tr_workspace *workspace,
                 const struct tr_task *task, const struct tr_reservation *reservation)
{
    struct tr_event event = {.type = event_of(work, reservation->status),
                             .workspace = workspace,
                             .task = task,
                             .reservation = reservation};
    struct tr_worker worker;

    if (tr_worker_get(work, workspace->id, reservation->worker_id, &worker))
        event.worker = &worker;
    else if (work->error.what != NOT_FOUND)
        return false;
    return tr_tell(work, &event);
}

/* The conversation is over, though there may be something left to write down. */
static bool goes_home(const char *before, const char *after)
{
    return strcmp(before, "accepted") == 0 &&
           (strcmp(after, "wrapping") == 0 || strcmp(after, "completed") == 0);
}

bool tr_reservation_set(struct work *work, const struct tr_workspace *workspace,
                        const struct tr_task *task, struct tr_reservation *reservation,
                        const char *status)
{
    const char *before = reservation->status;

    if (!tr_reservation_may(before, status))
        return fail(work, WRONG_STATE, "A reservation that is %s cannot become %s", before, status);
    reservation->status = status;
    if (!store_update(work, &tr_reservation_entity, reservation,
                      TR_WITH(NO_COLUMNS, tr_reservation, status)) ||
        !store_get(work, &tr_reservation_entity, reservation->id, reservation))
        return false;
    return (is_open(status) || tr_worker_idle(work, reservation->worker_id)) &&
           tell(work, workspace, task, reservation) &&
           (!goes_home(before, status) ||
            tr_worker_put_into(work, workspace, reservation->worker_id,
                               reservation->post_work_activity_id));
}

/* A task that nobody is asked about any more waits again, but not for ever. */
static bool release(struct work *work, const struct tr_workspace *workspace, struct tr_task *task)
{
    struct rows left;

    if (!tr_reservations_of(work, task->id, "'pending'", &left))
        return false;
    if (left.count || strcmp(task->assignment_status, "reserved") != 0)
        return true;
    return task->offers >= TR_TASK_OFFERS_MOST
               ? tr_task_move(work, workspace, task, "canceled",
                              "Task TTL Exceeded or Max assignment count exceeded")
               : tr_task_move(work, workspace, task, "pending", NULL);
}

bool tr_reservation_give_back(struct work *work, const struct tr_workspace *workspace,
                              struct tr_reservation *reservation, const char *status)
{
    struct tr_task task;

    return tr_task_find(work, workspace->id, reservation->task_id, &task) &&
           tr_reservation_set(work, workspace, &task, reservation, status) &&
           release(work, workspace, &task);
}

/* ---- what a client orders ---- */

struct ordering {
    const struct tr_reservation_order *order;
    struct tr_reservation *reservation;
    struct tr_workspace workspace;
    struct tr_task task;
};

static bool accept(struct work *work, struct ordering *o)
{
    struct tr_queue queue = {.assignment_activity_id = NO_UID};

    if (!tr_reservation_set(work, &o->workspace, &o->task, o->reservation, "accepted") ||
        !tr_task_move(work, &o->workspace, &o->task, "assigned", NULL))
        return false;
    if (!uid_is_none(o->task.queue_id) &&
        !tr_queue_get(work, o->workspace.id, o->task.queue_id, &queue) &&
        work->error.what != NOT_FOUND)
        return false;
    return tr_worker_put_into(work, &o->workspace, o->reservation->worker_id,
                              queue.assignment_activity_id) &&
           tr_link_accepted(work, &o->task, o->reservation, o->order->instruction);
}

static bool reject(struct work *work, struct ordering *o)
{
    uid activity = o->order->worker_activity_id;

    if (uid_is_none(activity) && o->order->instruction)
        activity = o->order->instruction->activity_id;
    return tr_check_activity(work, o->workspace.id, "worker_activity_id", activity) &&
           tr_reservation_set(work, &o->workspace, &o->task, o->reservation, "rejected") &&
           tr_worker_put_into(work, &o->workspace, o->reservation->worker_id, activity) &&
           release(work, &o->workspace, &o->task);
}

/* What becomes of the reservation becomes of the task. */
static bool finish(struct work *work, struct ordering *o, const char *status)
{
    const char *now = o->reservation->status;

    if (!tr_reservation_may(now, status) || strcmp(now, "pending") == 0)
        return fail(work, WRONG_STATE, "A reservation that is %s cannot become %s", now, status);
    return tr_task_move(work, &o->workspace, &o->task, status, NULL);
}

static bool follow(struct work *work, struct ordering *o)
{
    const char *status = o->order->status;

    if (!status)
        return true;
    if (strcmp(status, "accepted") == 0)
        return accept(work, o);
    if (strcmp(status, "rejected") == 0)
        return reject(work, o);
    return finish(work, o, status);
}

/* Whereto the worker goes afterwards is written down before anything else happens. */
static bool note_post_work(struct work *work, struct ordering *o)
{
    uid activity = o->order->instruction->post_work_activity_id;

    if (uid_is_none(activity))
        return true;
    o->reservation->post_work_activity_id = activity;
    return tr_check_activity(work, o->workspace.id, "post_work_activity_id", activity) &&
           store_update(work, &tr_reservation_entity, o->reservation,
                        TR_WITH(NO_COLUMNS, tr_reservation, post_work_activity_id)) &&
           store_get(work, &tr_reservation_entity, o->reservation->id, o->reservation);
}

static bool instruct(struct work *work, struct ordering *o)
{
    const struct tr_instruction *instruction = o->order->instruction;

    switch (instruction->kind) {
    case TR_NO_INSTRUCTION:
        return true;
    case TR_ACCEPT:
        return accept(work, o);
    case TR_REJECT:
        return reject(work, o);
    default:
        if (strcmp(o->reservation->status, "pending") != 0)
            return fail(work, WRONG_STATE, "The reservation is %s", o->reservation->status);
        return tr_instruction_check(work, &o->task, instruction) && note_post_work(work, o) &&
               (!tr_instruction_accepts(instruction) || accept(work, o)) &&
               tr_link_instruct(work, o->reservation, instruction);
    }
}

static bool update_step(struct work *work, void *with)
{
    struct ordering *o = with;
    const struct tr_reservation_order *order = o->order;

    if (!tr_workspace_hold(work, order->place.workspace, &o->workspace) ||
        !tr_reservation_get(work, &order->place, order->id, o->reservation) ||
        !tr_check_rev(work, o->reservation->rev, order->if_rev))
        return false;
    if (!tr_task_get(work, o->workspace.id, o->reservation->task_id, &o->task))
        return false;
    return (order->instruction && order->instruction->kind != TR_NO_INSTRUCTION
                ? instruct(work, o)
                : follow(work, o)) &&
           tr_assign(work, &o->workspace) &&
           tr_reservation_get(work, &order->place, order->id, o->reservation);
}

static bool check_order(struct work *work, const struct tr_reservation_order *order)
{
    static const char *const words[] = {"accepted", "rejected", "wrapping", "completed"};

    if (!order->status)
        return order->instruction ||
               fail_field(work, "status", "An order needs a status or an instruction");
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(words[i], order->status) == 0)
            return true;
    return fail_field(work, "status",
                      "The status must be accepted, rejected, wrapping or completed");
}

bool tr_reservation_update(struct work *work, const struct tr_reservation_order *order,
                           struct tr_reservation *reservation)
{
    struct ordering ordering = {.order = order, .reservation = reservation};

    return check_order(work, order) && db_transaction(work, update_step, &ordering);
}
