/*
 * domain/taskrouter/assignment.h - who gets what (reference, twilio 8.4 and 8.6).
 *
 * For the step a task is in, candidates are the workers that the queue and the step's expression
 * match, whose activity is available, who have room on the task's channel and nothing pending
 * there, those who have not just refused the task before the others, in the step's order, else who
 * is idle longest.  Among tasks the more urgent comes first, then the older (the younger where LIFO
 * is asked for).
 *
 * It runs inside the transaction of whatever changed something, and as a job for what time brings:
 * reservations and steps that are over, tasks whose time is up.
 */
#ifndef DOMAIN_TASKROUTER_ASSIGNMENT_H
#define DOMAIN_TASKROUTER_ASSIGNMENT_H

#include "db/store.h"

struct tr_workspace;
struct tr_task;

/*
 * Routes a pending task from the beginning of its workflow, or of what it was sent to past it, and
 * reserves workers if there are any; it is canceled where no rule takes it.  The row must have been
 * written; the answer is in it.  Inside a transaction that holds the workspace.
 */
bool tr_route(struct work *work, const struct tr_workspace *workspace, struct tr_task *task);

/* The same for many at once, an array of struct tr_task: the more urgent are looked after first. */
bool tr_route_all(struct work *work, const struct tr_workspace *workspace, struct rows *tasks);

/*
 * Looks for workers for every pending task of the workspace, and takes the steps whose time is
 * over.  Inside a transaction that holds the workspace; ends every change that may free a worker or
 * a task.
 */
bool tr_assign(struct work *work, const struct tr_workspace *workspace);

/* The same as a transaction of its own. */
bool tr_assign_now(struct work *work, uid workspace);

/* A workspace in which a reservation, a step or a task is over its time. */
struct tr_due {
    int64_t tenant_id;
    uid workspace_id;
};

/* Those of all tenants, at most "limit": an array of struct tr_due for tr_assign_now(). */
bool tr_find_due(struct work *work, int64_t limit, struct rows *due);

#endif
