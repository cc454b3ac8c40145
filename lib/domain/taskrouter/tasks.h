/*
 * domain/taskrouter/tasks.h - items of work and their way (reference, twilio 8.2).
 *
 *   pending <-> reserved -> assigned -> (wrapping ->) completed
 *   pending, reserved -> canceled
 *
 * A finished task is seen for five minutes more, then it does not exist (the row stays for the
 * retention time); so does one that was deleted.
 */
#ifndef DOMAIN_TASKROUTER_TASKS_H
#define DOMAIN_TASKROUTER_TASKS_H

#include <json-c/json.h>

#include "db/store.h"

enum {
    TR_TASK_SEEN_MS = 5 * 60 * 1000,           /* after its end */
    TR_TASK_ASSIGNED_MS = 24 * 60 * 60 * 1000, /* longer it stays with nobody */
    TR_TASK_OFFERS_MOST = 1000,                /* moves from pending to reserved */
    TR_TASK_TIMEOUT_MOST = 1209600             /* seconds */
};

struct tr_task {
    int64_t tenant_id;
    uid id, workspace_id, workflow_id, queue_id; /* queue NO_UID: not routed yet, or nowhere */
    document attributes;                         /* as the client gave them */
    const char *assignment_status; /* pending, reserved, assigned, wrapping, completed, canceled */
    int64_t priority;              /* greater is more urgent */
    const char *reason;            /* of its end */
    int64_t timeout;               /* seconds until a waiting task is canceled */
    const char *channel;           /* one of tr_channels */
    uid call_id, callback_task_id; /* what it is about; NO_UID: none of ours */
    bool queued;                   /* its caller waits in a queue of the carrier's */
    uid worker_call_id;            /* the leg on which a worker is called for that caller */
    instant queue_entered_at, expires_at;
    instant wake_at;          /* when the router must look at it again */
    instant virtual_start_at; /* its age counts from here; the creation, unless given */
    uid target_worker_id, target_queue_id; /* routed past the workflow; NO_UID: not */
    bool ignore_capacity;                  /* of the worker it is routed to */
    int64_t step_filter, step_target;      /* where in the workflow; filter -1: the default one */
    instant step_until;                    /* when the next step is taken; NO_INSTANT: never */
    int64_t offers;                        /* how often it was reserved */
    instant assigned_at, finished_at, deleted_at, created_at, updated_at;
    int64_t rev;
    const char *workflow_name, *queue_name; /* computed */
};

extern const struct entity tr_task_entity;

/* Every member at its nothing, a new key, pending, {}, a day, channel default. */
void tr_task_begin(struct tr_task *task);

/* What a task is to be routed to past the rules: a SID of a worker (WK), queue (WQ), workflow (WW).
 */
struct tr_task_order {
    const char *routing_target; /* NULL: none */
    bool has_ignore_capacity;   /* task->ignore_capacity was given; else true for a worker */
};

/*
 * Writes a new task and routes it in the same transaction: the answer may be reserved, or canceled
 * when no rule takes it.  task->workflow_id may be NO_UID when the workspace has exactly one.
 * target_queue_id (the client's TaskQueueSid) sends it straight there.  INVALID: workflow_id,
 * attributes, timeout, priority, channel, virtual_start_at (in the future), target_queue_id,
 * routing_target.
 */
bool tr_task_create(struct work *work, struct tr_task *task, const struct tr_task_order *order);

struct tr_task_change {
    struct tr_task wanted; /* wanted.id and wanted.workspace_id say of which */
    columns given; /* assignment_status, attributes, reason, priority, channel, virtual_start_at */
    int64_t if_rev;
};

/*
 * Changes it and answers the row.  assignment_status: canceled (from pending or reserved), wrapping
 * (from assigned), completed (from assigned or wrapping); WRONG_STATE otherwise.  A status and
 * attributes in one change are INVALID, and so is a reason without an end.
 */
bool tr_task_update(struct work *work, const struct tr_task_change *change, struct tr_task *task);

/* In any state; its open reservations are canceled. */
bool tr_task_delete(struct work *work, uid workspace, uid id, int64_t if_rev);

bool tr_task_get(struct work *work, uid workspace, uid id, struct tr_task *task);

struct tr_task_filter {
    uid workspace;
    const char *const *statuses; /* NULL-ended; NULL: any */
    int64_t priority;            /* NO_INTEGER: any */
    uid workflow_id, queue_id;   /* NO_UID: any */
    const char *workflow_name, *queue_name;
    const char *expression;     /* over task attributes; NULL: any */
    const char *routing_target; /* a SID; NULL: any */
    const char *ordering;       /* DateCreated, Priority, VirtualStartTime; NULL: DateCreated */
};

/*
 * An array of struct tr_task, oldest first unless an ordering says otherwise.  INVALID blaming
 * "evaluate_task_attributes", "assignment_status", "ordering" (also for DateCreated together with
 * VirtualStartTime).
 */
bool tr_tasks_list(struct work *work, const struct tr_task_filter *filter, struct page *page,
                   struct rows *tasks);

/* Whole seconds since it was made. */
int64_t tr_task_age_seconds(const struct tr_task *task);

/* "WK…", "WQ…" or "WW…" of a task that was routed past the rules, in the arena; NULL. */
const char *tr_task_routing_target(struct work *work, const struct tr_task *task);

/* ---- for the other modules, inside a transaction that holds the workspace ---- */

struct tr_workspace;

/* The state a task may be moved to from another; the table of reference 8.2. */
bool tr_task_may(const char *from, const char *to);

/*
 * Moves it to a state with everything that follows for its reservations, and owes the events.
 * WRONG_STATE where the table does not allow it.
 */
bool tr_task_move(struct work *work, const struct tr_workspace *workspace, struct tr_task *task,
                  const char *status, const char *reason);

#endif
