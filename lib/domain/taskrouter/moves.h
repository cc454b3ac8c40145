/*
 * domain/taskrouter/moves.h - what follows from what, among tasks, reservations and workers.
 *
 * Private to the folder.  All of it happens inside a transaction that holds the workspace.
 */
#ifndef DOMAIN_TASKROUTER_MOVES_H
#define DOMAIN_TASKROUTER_MOVES_H

#include "domain/taskrouter/reservations.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workspaces.h"

/* workers.c: moves a worker to an activity and tells of it; it stays for NO_UID, and where the
 * activity was deleted meanwhile. */
bool tr_worker_put_into(struct work *work, const struct tr_workspace *workspace, uid id,
                        uid activity);

/* workers.c: a task has just left the worker. */
bool tr_worker_idle(struct work *work, uid id);

/* tasks.c: the row whatever its state, unless it was deleted; NOT_FOUND. */
bool tr_task_find(struct work *work, uid workspace, uid id, struct tr_task *task);

/* tasks.c: deletes a task in any state and tells of it by that event. */
bool tr_task_remove(struct work *work, const struct tr_workspace *workspace, struct tr_task *task,
                    const char *event);

/*
 * reservations.c: ends a pending reservation with "rejected", "timeout" or "canceled"; the task
 * waits again unless it is offered to somebody else too.
 */
bool tr_reservation_give_back(struct work *work, const struct tr_workspace *workspace,
                              struct tr_reservation *reservation, const char *status);

#endif
