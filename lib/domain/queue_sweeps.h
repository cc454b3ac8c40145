/*
 * domain/queue_sweeps.h - what happens to callback tasks by itself (reference 1.14).
 *
 * A sweep looks for tasks of all tenants, or of one, and settles each on its own: what goes wrong
 * with one is listed and holds up no other.  It may run anywhere and at any time; whatever two find
 * at once only one of them does.
 */
#ifndef DOMAIN_QUEUE_SWEEPS_H
#define DOMAIN_QUEUE_SWEEPS_H

#include "domain/callback_tasks.h"

enum { SWEEP_LIMIT = 100, SWEEP_MOST = 1000, TASK_LEASE_MS = 60 * 1000 };

struct sweep_order {
    int64_t tenant;    /* 0: all tenants */
    int64_t limit;     /* tasks at most */
    const char *owner; /* who sweeps, for leases; at most 48 bytes */
    bool silent;       /* no events */
    bool dry_run;      /* dispatch: say what would be called, change nothing */
    bool without_notifications;
    int64_t until_us; /* monotonic: nothing new is begun afterwards; 0: no end */
};

/* What was done to one task; members that the sweep has nothing to say of are nothing. */
struct swept_task {
    const char *tenant_key;
    uid task_id;
    const char *queue_key, *customer_phone, *stream_sid, *assigned_to, *call_sid;
    int64_t dispatch_attempt_count;
    bool dry_run, webhook_enqueued, escalated, snooze_expired, notification_sent;
    instant sla_due_at;
    const char *reason, *notification_channel, *notification_target;
    const char *escalation_assignee, *escalation_queue_key;
    const char *source, *external_reference_id, *external_status, *external_assignee;
    const char *previous_status, *status, *previous_assigned_to;
    const char *problem; /* of a part that failed while the rest was done */
};

struct unswept_task {
    const char *tenant_key;
    uid task_id;
    const char *external_reference_id, *error;
};

extern const struct entity swept_task_entity, unswept_task_entity;

struct sweep_result {
    int64_t attempted_tenants; /* that have tasks which are due */
    int64_t evaluated_tenants; /* … and are served */
    int64_t candidate_tasks;   /* that are due */
    int64_t settled_tasks;     /* that something was done to */
    int64_t dry_run_tasks, unchanged_tasks;
    int64_t snoozes_expired, escalations_applied, notifications_sent, webhooks_enqueued;
    struct rows items, failures; /* struct swept_task, struct unswept_task */
};

/* Calls the customers of open, due tasks of queues that are open; the gate says who may be called.
 */
bool sweep_dispatch(struct work *work, const struct sweep_order *order,
                    struct sweep_result *result);

/* Alerts once for each sla_due_at that is past. */
bool sweep_sla(struct work *work, const struct sweep_order *order, struct sweep_result *result);

/* Wakes tasks whose snooze is over, reminds of and escalates what nobody acknowledged in time. */
bool sweep_follow_ups(struct work *work, const struct sweep_order *order,
                      struct sweep_result *result);

/* Asks ticket systems what became of the tickets that tasks are linked with. */
bool sweep_tickets(struct work *work, const struct sweep_order *order, struct sweep_result *result);

/*
 * A call that sweep_dispatch() ordered is over: the task says how, and is completed when somebody
 * was spoken with.  In the transaction that finalises the call.
 */
struct call;
bool dispatch_call_ended(struct work *work, const struct call *call);

#endif
