/*
 * domain/operator_queues.h - where callback tasks wait for somebody, and when customers may be
 * called back (reference 1.14).
 */
#ifndef DOMAIN_OPERATOR_QUEUES_H
#define DOMAIN_OPERATOR_QUEUES_H

#include "db/store.h"

struct operator_queue {
    int64_t tenant_id;
    uid id;
    const char *queue_key, *name, *description;
    bool is_default, active;
    int64_t priority; /* smaller is more urgent */
    const char *default_assignee;
    int64_t sla_seconds;
    bool auto_dispatch_enabled;
    int64_t auto_dispatch_delay_seconds, auto_dispatch_retry_delay_seconds;
    int64_t auto_dispatch_max_attempts;
    document dispatch_schedule;    /* opening hours as domain/business_hours.h reads them */
    const char *dispatch_timezone; /* of the schedule; NULL: UTC */
    int64_t dispatch_window_start_hour_utc, dispatch_window_end_hour_utc;
    int64_t follow_up_escalation_seconds;
    const char *follow_up_escalation_assignee;
    int64_t follow_up_escalation_priority;
    const char *follow_up_escalation_queue_key;
    uid tr_queue_id; /* where its tasks go through TaskRouter, as metadata say; NO_UID: nowhere */
    document metadata;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity operator_queue_entity;

/* Every member as it is where nobody says otherwise; a new key. */
void operator_queue_begin(struct operator_queue *queue);

/*
 * Makes the queue of queue->queue_key or replaces it; the answer is in the row.  A new default
 * takes that from the other queues in the same transaction.  INVALID for a reserved or malformed
 * key, an unknown time zone, a schedule that cannot be read, half a window, and metadata whose
 * taskrouter.task_queue_sid is none.
 */
bool operator_queue_put(struct work *work, struct operator_queue *queue);

/* The active queue of that key; NULL: the tenant's default one.  NOT_FOUND. */
bool operator_queue_for(struct work *work, const char *queue_key, struct operator_queue *queue);

/* By priority and name: an array of struct operator_queue. */
bool operator_queues_list(struct work *work, struct rows *queues);

/* Whether its schedule and its window let customers be called at that moment. */
bool operator_queue_is_open(struct arena *arena, const struct operator_queue *queue, instant now);

struct queue_stats {
    const char *queue_key, *name;
    int64_t priority, sla_seconds;
    int64_t open_tasks, in_progress_tasks, overdue_tasks, unassigned_tasks, total_tasks;
    double oldest_task_age_secs; /* of those that are not finished; NaN: there are none */
};

extern const struct entity queue_stats_entity;

/*
 * Of each queue, in the order of the list, and, when there are tasks without one, of those under
 * the key "unassigned": an array of struct queue_stats.
 */
bool operator_queues_stats(struct work *work, struct rows *stats);

#endif
