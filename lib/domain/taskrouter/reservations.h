/*
 * domain/taskrouter/reservations.h - work that is offered to a worker (reference, twilio 8.3).
 *
 *   pending -> accepted -> (wrapping ->) completed
 *   pending -> rejected, timeout, canceled, rescinded
 *   accepted, wrapping -> canceled    with a task that is deleted
 *
 * Only the router makes them.  Two unique keys keep any two who run it at once, on whatever node,
 * from offering too much: a worker has one pending reservation of a channel, and its open
 * reservations of a channel stand in different slots, which are as many as its capacity.
 */
#ifndef DOMAIN_TASKROUTER_RESERVATIONS_H
#define DOMAIN_TASKROUTER_RESERVATIONS_H

#include "db/store.h"
#include "domain/taskrouter/instructions.h"

struct tr_reservation {
    int64_t tenant_id;
    uid id, workspace_id, task_id, worker_id;
    const char *worker_name; /* as it was called when the reservation was made */
    const char *channel;
    int64_t slot;       /* 0 to the worker's capacity - 1, beyond that where it is ignored */
    const char *status; /* pending, accepted, rejected, timeout, canceled, rescinded, wrapping,
                           completed */
    instant expires_at; /* when a pending one times out */
    uid post_work_activity_id; /* the worker is moved to it at the end; NO_UID: stays */
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity tr_reservation_entity;

/* Whose reservations are meant: those of a task or of a worker (the other is NO_UID). */
struct tr_reservation_place {
    uid workspace, task, worker;
};

bool tr_reservation_get(struct work *work, const struct tr_reservation_place *place, uid id,
                        struct tr_reservation *reservation);

struct tr_reservation_filter {
    struct tr_reservation_place place;
    const char *status; /* NULL: any */
    uid worker;         /* NO_UID: any */
};

/* An array of struct tr_reservation; NOT_FOUND when there is no such task or worker. */
bool tr_reservations_list(struct work *work, const struct tr_reservation_filter *filter,
                          struct page *page, struct rows *reservations);

struct tr_reservation_order {
    struct tr_reservation_place place;
    uid id;
    const char *status; /* accepted, rejected, wrapping, completed; NULL: by the instruction */
    const struct tr_instruction *instruction; /* NULL: none */
    uid worker_activity_id;                   /* whereto a worker goes who rejects; NO_UID: stays */
    int64_t if_rev;
};

/*
 * Moves it and answers the row, with what follows for its task and its siblings, and looks again
 * for work for the worker.  WRONG_STATE when it is no longer in a state that allows it; INVALID for
 * an unknown status, an order without either, an activity that is none, an instruction that lacks
 * what it needs or that the task's call does not allow.  What an instruction does on the telephone
 * is owed in the same transaction and done by a job.
 */
bool tr_reservation_update(struct work *work, const struct tr_reservation_order *order,
                           struct tr_reservation *reservation);

/* ---- for the other modules, inside a transaction that holds the workspace ---- */

struct tr_task;
struct tr_workspace;

/* The state a reservation may be moved to from another; the table of reference 8.3. */
bool tr_reservation_may(const char *from, const char *to);

/*
 * Moves one row and owes its event; nothing else follows.  The worker is idle from now on when the
 * reservation leaves the open states.
 */
bool tr_reservation_set(struct work *work, const struct tr_workspace *workspace,
                        const struct tr_task *task, struct tr_reservation *reservation,
                        const char *status);

/* Those of a task that are in one of the states of a SQL list ("'pending', 'accepted'"). */
bool tr_reservations_of(struct work *work, uid task, const char *states, struct rows *reservations);

/* Who has accepted a task, as its reservation calls the worker; NULL for nobody. */
bool tr_accepted_by(struct work *work, uid task, const char **who);

#endif
