/*
 * tests/unit/routing.h - a workspace with a queue of everybody, a workflow that leads there, and
 * short words for what happens in it.
 */
#ifndef TESTS_UNIT_ROUTING_H
#define TESTS_UNIT_ROUTING_H

#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/reservations.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workers.h"
#include "domain/taskrouter/workflows.h"
#include "domain/taskrouter/workspaces.h"
#include "world.h"

struct routing_world {
    struct world world;
    struct work *work;
    struct tr_workspace workspace;
    uid offline, available, unavailable;
    struct tr_queue everyone;
    struct tr_workflow workflow; /* to everyone */
};

/* The clock stands still from here on. "alone": in a database of its own. */
void routing_begin(struct routing_world *r, bool alone);
void routing_end(struct routing_world *r);

uid activity_named(struct routing_world *r, const char *name);

/* A worker in the activity, with attributes (NULL: {}). */
uid worker_in(struct routing_world *r, uid activity, const char *name, const char *attributes);

struct tr_worker worker_now(struct routing_world *r, uid worker);
void put_worker(struct routing_world *r, uid worker, uid activity);

struct tr_queue queue_of(struct routing_world *r, const char *name, const char *target);

/* A workflow of those rules; in it %1, %2 … are the SIDs of the queues. */
struct tr_workflow workflow_of(struct routing_world *r, const char *rules,
                               const struct tr_queue *queues, size_t nqueues);

/* A task of a workflow (NO_UID: to everyone) with attributes (NULL: {}). */
struct tr_task task_of(struct routing_world *r, uid workflow, const char *attributes);
struct tr_task task_now(struct routing_world *r, uid task);

/* Those of a task, the oldest first. */
struct rows reservations_of(struct routing_world *r, uid task);

/* The only pending reservation of a task. */
struct tr_reservation pending_of(struct routing_world *r, uid task);

/* Whether the task is offered to that worker. */
bool offered_to(struct routing_world *r, uid task, uid worker);

/* Moves a reservation; false: refused. */
bool decide(struct routing_world *r, uid reservation, const char *status);

/* Moves a task by its client. */
bool end_task_as(struct routing_world *r, uid task, const char *status, const char *reason);

/* The job of the outbox runs, for this tenant, until nothing is owed but errands of a kind that is
 * put off (NULL: none); each is carried out twice, as may happen. */
void carry_out_owed(struct routing_world *r, const char *put_off);

/* A SID in the arena. */
const char *sid_of(struct routing_world *r, const char *letters, uid id);

/* Time passes, and the job runs. */
void pass_seconds(struct routing_world *r, int64_t seconds);

#endif
