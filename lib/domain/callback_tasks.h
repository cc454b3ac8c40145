/*
 * domain/callback_tasks.h - what a human still has to do for a caller (reference 1.14).
 *
 * open -> in_progress -> completed | canceled.
 */
#ifndef DOMAIN_CALLBACK_TASKS_H
#define DOMAIN_CALLBACK_TASKS_H

#include "db/store.h"

struct callback_task {
    int64_t tenant_id;
    uid id, call_id;
    const char *stream_sid, *call_sid, *queue_key;
    const char *status;      /* open, in_progress, completed, canceled */
    const char *disposition; /* callback_requested, human_follow_up_required, … */
    int64_t priority;        /* smaller is more urgent */
    const char *customer_phone, *agent_name, *summary, *notes, *assigned_to, *created_by;
    instant due_at, sla_due_at;
    document metadata;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity callback_task_entity;

/* Every member at its nothing, a new key, open, disposition callback_requested. */
void callback_task_begin(struct callback_task *task);

/*
 * Writes a new one.  Without a queue it goes to the tenant's default queue, if there is one; the
 * queue says by when it must be done (unless the task does).  A key that is there already is no
 * error: the first one stands.  INVALID blaming "queue_key" for a queue that does not exist.
 */
bool callback_task_create(struct work *work, struct callback_task *task);

#endif
