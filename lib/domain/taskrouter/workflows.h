/*
 * domain/taskrouter/workflows.h - rules that sort work into queues.
 */
#ifndef DOMAIN_TASKROUTER_WORKFLOWS_H
#define DOMAIN_TASKROUTER_WORKFLOWS_H

#include "db/store.h"

enum { TR_RESERVATION_LONGEST_SECONDS = 86400 };

struct tr_workflow {
    int64_t tenant_id;
    uid id, workspace_id;
    const char *friendly_name;
    document configuration; /* as the client gave it; domain/taskrouter/workflow.h reads it */
    const char *assignment_callback_url, *fallback_assignment_callback_url;
    int64_t task_reservation_timeout; /* seconds a worker has to decide, 1 to 86400 */
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity tr_workflow_entity;

/* Every member at its nothing, a new key, 120 seconds. */
void tr_workflow_begin(struct tr_workflow *workflow);

/*
 * Writes a new one.  INVALID: friendly_name, configuration (see routing_read(); also for a queue
 * that the workspace does not have), the URLs, task_reservation_timeout; CONFLICT for a name.
 */
bool tr_workflow_create(struct work *work, struct tr_workflow *workflow);

/* With "re_evaluate" the pending tasks of the workflow begin anew by its (new) rules. */
bool tr_workflow_update(struct work *work, const struct tr_workflow *wanted, columns given,
                        bool re_evaluate, int64_t if_rev, struct tr_workflow *workflow);

/* WRONG_STATE while unfinished tasks follow it. */
bool tr_workflow_delete(struct work *work, uid workspace, uid id, int64_t if_rev);

bool tr_workflow_get(struct work *work, uid workspace, uid id, struct tr_workflow *workflow);

/* An array of struct tr_workflow; friendly_name NULL: any. */
bool tr_workflows_list(struct work *work, uid workspace, const char *friendly_name,
                       struct page *page, struct rows *workflows);

#endif
