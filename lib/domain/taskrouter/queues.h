/*
 * domain/taskrouter/queues.h - work that waits for a kind of worker.
 */
#ifndef DOMAIN_TASKROUTER_QUEUES_H
#define DOMAIN_TASKROUTER_QUEUES_H

#include "db/store.h"

enum { TR_QUEUES_MOST = 5000, TR_RESERVED_MOST = 50 };

struct tr_queue {
    int64_t tenant_id;
    uid id, workspace_id;
    const char *friendly_name;
    const char *target_workers;   /* expression; empty: nobody */
    int64_t max_reserved_workers; /* to how many a task is offered at once, 1 to 50 */
    const char *task_order;       /* FIFO, LIFO */
    uid assignment_activity_id;   /* a worker is moved to it who accepted; NO_UID: stays */
    uid reservation_activity_id;  /* … who was offered a task */
    instant created_at, updated_at;
    int64_t rev;
    const char *assignment_activity_name, *reservation_activity_name; /* computed */
};

extern const struct entity tr_queue_entity;

/* Every member at its nothing, a new key, everybody (1==1), one worker, FIFO. */
void tr_queue_begin(struct tr_queue *queue);

/*
 * Writes a new one.  INVALID: friendly_name, target_workers (with the position of what cannot be
 * read), max_reserved_workers, task_order, the activities; CONFLICT for a name that is taken.
 */
bool tr_queue_create(struct work *work, struct tr_queue *queue);

/* Sets the members "given" and looks again for workers for what waits. */
bool tr_queue_update(struct work *work, const struct tr_queue *wanted, columns given,
                     int64_t if_rev, struct tr_queue *queue);

/* WRONG_STATE while a workflow names it or unfinished tasks are in it. */
bool tr_queue_delete(struct work *work, uid workspace, uid id, int64_t if_rev);

bool tr_queue_get(struct work *work, uid workspace, uid id, struct tr_queue *queue);

struct tr_queue_filter {
    uid workspace;
    const char *friendly_name;     /* NULL: any */
    const char *worker_attributes; /* JSON: queues whose expression matches it; NULL: any */
    uid worker;                    /* queues that match this worker; NO_UID: any */
    const char *ordering;          /* DateCreated, DateUpdated, FriendlyName; NULL: by key */
};

/* An array of struct tr_queue.  INVALID blaming "evaluate_worker_attributes" or "ordering". */
bool tr_queues_list(struct work *work, const struct tr_queue_filter *filter, struct page *page,
                    struct rows *queues);

#endif
