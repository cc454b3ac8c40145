/*
 * domain/taskrouter/links.h - tasks that stand for something of ours: a callback task of an
 * operator queue, a caller who waits for a human.
 *
 * An operator queue whose metadata say {"taskrouter": {"task_queue_sid": "WQ…"}} sends its callback
 * tasks through TaskRouter: whoever accepts claims the callback task, and its completion completes
 * it.  A handoff to "taskrouter:WW…" or "taskrouter:WQ…" makes a
 * task of the call; who accepts is called under the worker's attribute contact_uri and joins the
 * caller.
 *
 * Neither waits for the other in a transaction: what is to follow is a row of the outbox (topic
 * "taskrouter") that a job carries out, as often as it takes.
 */
#ifndef DOMAIN_TASKROUTER_LINKS_H
#define DOMAIN_TASKROUTER_LINKS_H

#include "core/uid.h"
#include "core/work.h"
#include "domain/taskrouter/instructions.h"

struct call;
struct handoff;
struct outbox_row;
struct tr_reservation;
struct tr_task;

/* ---- from TaskRouter, in the transaction of what happened ---- */

/* Owes what follows for what the task stands for when somebody accepted it. */
bool tr_link_accepted(struct work *work, const struct tr_task *task,
                      const struct tr_reservation *reservation,
                      const struct tr_instruction *instruction);

/* … and when it is over: completed, canceled or deleted. */
bool tr_link_over(struct work *work, const struct tr_task *task, const char *how);

/* An unfinished task is deleted: "deleted" once somebody has accepted it, else "canceled". */
bool tr_link_removed(struct work *work, const struct tr_task *task);

/* The same for every unfinished task of a workspace that is deleted. */
bool tr_links_end_all(struct work *work, uid workspace);

/* Owes the telephone's part of "call" and "redirect". */
bool tr_link_instruct(struct work *work, const struct tr_reservation *reservation,
                      const struct tr_instruction *instruction);

/* The live call that a new task's attributes name ("call_sid") becomes the task's. */
bool tr_link_find_call(struct work *work, struct tr_task *task);

/* ---- to TaskRouter ---- */

/*
 * The task queue that an operator queue's metadata name, NO_UID for none.  INVALID blaming
 * "metadata" when the tenant has no such queue.
 */
bool tr_link_queue(struct work *work, const char *metadata, uid *queue);

/* A new callback task owes a task, if its queue leads to one; in the transaction that writes it. */
bool tr_link_callback(struct work *work, uid callback_task, uid queue);

/* A callback task was completed or canceled: so is its task, later. */
bool tr_link_callback_over(struct work *work, uid callback_task, uid tr_task, const char *how);

/* Whether a handoff's target is TaskRouter's. */
bool tr_is_target(const char *target);

/*
 * The task of a handoff to TaskRouter, made now unless it was made before.  NOT_FOUND when the
 * target names no workflow or queue of the tenant.
 */
bool tr_link_handoff(struct work *work, const struct call *call, const struct handoff *handoff);

/* A handoff that has a task is over: the task, too, later. */
bool tr_link_handoff_over(struct work *work, const struct handoff *handoff, const char *how);

/*
 * A call has ended: so do, later, the tasks of its handoffs, that for which it waited in a queue,
 * and that whose worker was called on it.  In the transaction that ends the call.
 */
bool tr_link_call_over(struct work *work, const struct call *call);

/* A caller has left a queue ("why"): a task that nobody has accepted is canceled, later. */
bool tr_link_left(struct work *work, uid call, const char *why);

/* ---- the job ---- */

/* Carries out a row of the outbox; repeating it does no harm.  Never BUSY, so that one tenant's
 * errand does not hold up the others'. */
bool tr_link_carry_out(struct work *work, const struct outbox_row *row);

#endif
