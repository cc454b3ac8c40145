/*
 * domain/callback_tasks.h - what a human still has to do for a caller (reference 1.14).
 *
 * open <-> in_progress -> completed | canceled; how a task moves is in domain/callback_state.h.
 */
#ifndef DOMAIN_CALLBACK_TASKS_H
#define DOMAIN_CALLBACK_TASKS_H

#include "db/store.h"

struct callback_task {
    int64_t tenant_id;
    uid id, call_id;
    uid tr_task_id; /* its TaskRouter task; NO_UID: none */
    const char *stream_sid, *call_sid, *queue_key;
    const char *status;      /* open, in_progress, completed, canceled */
    const char *disposition; /* callback_requested, human_follow_up_required, … */
    int64_t priority;        /* smaller is more urgent */
    const char *customer_phone, *agent_name, *summary, *notes, *assigned_to, *created_by;
    instant due_at, sla_due_at, claimed_at, completed_at, acknowledged_at;
    const char *acknowledged_by;
    instant snoozed_until; /* nobody is reminded and nothing dialled before */
    const char *snooze_reason;
    instant last_sla_alert_due_at; /* the sla_due_at that was alerted about last */
    instant last_sla_alerted_at;
    int64_t dispatch_attempt_count;
    instant last_dispatch_attempted_at;
    const char *last_dispatch_call_sid;
    const char *last_dispatch_status; /* dialing, initiated, unknown, failed, or the call's end */
    instant follow_up_escalated_at, last_notified_at;
    const char *external_source, *external_reference_id; /* the ticket it is linked with */
    const char *lease_owner;
    instant lease_until;
    document metadata;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity callback_task_entity;

/* Every member at its nothing, a new key, open, disposition callback_requested. */
void callback_task_begin(struct callback_task *task);

/*
 * Writes a new one and owes its event.  Without a queue it goes to the tenant's default queue, if
 * there is one; the queue says by when it must be done (unless the task does).  What the task does
 * not say of the caller is taken from the call of its call_sid.  A key that is there already is no
 * error: the first one stands.  INVALID blaming "queue_key" for a queue that does not exist.
 */
bool callback_task_create(struct work *work, struct callback_task *task);

/* The ticket that a task's metadata names ("external": {"source", "reference_id"}), into the row.
 */
void callback_task_link(struct work *work, struct callback_task *task);

/* The row, held against others until the transaction's end; NOT_FOUND. */
bool callback_task_lock(struct work *work, uid id, struct callback_task *task);

struct task_filter {
    bool everybody; /* tasks of all tenants, or of "tenant" when that is not 0 */
    int64_t tenant; /* else work->tenant counts */
    const char *status, *disposition, *stream_sid, *queue_key; /* NULL: any */
    bool overdue_only; /* its SLA or its due time is past and it is not finished */
};

/* Newest first: an array of struct callback_task. */
bool callback_tasks_list(struct work *work, const struct task_filter *filter,
                         const struct page *page, struct rows *tasks);

/*
 * Owes the tenant's receivers an event about the task ("callback_task.claimed"), in the caller's
 * transaction; "more" are further members of its data (",\"operator\":…") or NULL.  Once for each
 * event and revision of the task.
 */
bool callback_task_tell(struct work *work, const struct callback_task *task, const char *event,
                        const char *more);

#endif
