/*
 * domain/taskrouter/events.h - what a customer's program is told (reference, twilio 8.6 and 8.8).
 *
 * Event callbacks are owed in the transaction of what happened, when the workspace has a URL for
 * them and its filter lets them through.  Assignment callbacks are owed with each reservation.  A
 * job posts both.
 */
#ifndef DOMAIN_TASKROUTER_EVENTS_H
#define DOMAIN_TASKROUTER_EVENTS_H

#include "core/work.h"
#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/reservations.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workers.h"
#include "domain/taskrouter/workflows.h"
#include "domain/taskrouter/workspaces.h"

/* What an event is about; NULL: not. */
struct tr_event {
    const char *type; /* "reservation.accepted" */
    const struct tr_workspace *workspace;
    const struct tr_activity *activity;
    const struct tr_worker *worker;
    const struct tr_worker *worker_before; /* of worker.activity.update */
    const struct tr_queue *queue;
    const struct tr_workflow *workflow;
    const struct tr_task *task;
    const struct tr_reservation *reservation;
};

/* Owes it, or does nothing when nobody wants to hear of it.  Inside the caller's transaction. */
bool tr_tell(struct work *work, const struct tr_event *event);

/* Whether a filter ("task.created,reservation.accepted"; NULL or empty: all) lets a type through.
 */
bool tr_event_wanted(const char *filter, const char *type);

#endif
