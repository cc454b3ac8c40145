/*
 * domain/taskrouter/queued_calls.h - callers who wait in a queue of the carrier's until a worker
 * takes them (reference, twilio 8.6).
 *
 * A customer's <Enqueue workflowSid="WW…"> that names a workflow of ours becomes a queue of this
 * one caller, whose waitUrl is ours (a hook of kind "enqueue").  When it is asked first the task is
 * made: on the channel voice, with what the carrier says of the call and what <Task> says.  While
 * the task lives, the caller hears what the customer's own waitUrl answers, or that it waits.  Once
 * the task is over the answer is <Leave>, and the carrier goes on with the customer's action, or
 * with the next verb.
 *
 * The instructions dequeue and conference call the worker, who takes the caller out of the queue.
 * A live call without an agent that is in no queue is put into one first.
 */
#ifndef DOMAIN_TASKROUTER_QUEUED_CALLS_H
#define DOMAIN_TASKROUTER_QUEUED_CALLS_H

#include "core/uid.h"
#include "core/work.h"

struct call;
struct customer_hook;
struct form;
struct human_wish;
struct tr_task;

/* Whether the text is the SID of a workflow of the tenant's. */
bool tr_has_workflow(struct work *work, const char *sid, bool *has);

/* The name of a caller's queue, in the arena. */
const char *tr_queue_name(struct work *work, uid call);

/* What a document wants of the task; texts are NULL where it says nothing. */
struct tr_enqueue {
    const char *workflow_sid;
    const char *attributes; /* of <Task>: a JSON object */
    const char *priority, *timeout;
    bool silent; /* waitUrl="": nothing is heard */
};

/* As the hook's document, in the arena.  INVALID blaming "attributes", "priority" or "timeout". */
bool tr_enqueue_write(struct work *work, const struct tr_enqueue *wanted, const char **json);

/*
 * The carrier asks what a caller is to hear who waits; "form" has its parameters.  *twiml is a
 * whole document, or NULL where the customer is to be asked.  Asked twice it makes one task.
 */
bool tr_caller_waits(struct work *work, const struct customer_hook *hook, const struct call *call,
                     const struct form *form, const char **twiml);

/* The caller has left the queue, with the carrier's QueueResult: a task that waits is canceled. */
bool tr_caller_left(struct work *work, uid call, const char *result);

/*
 * Calls the worker of a task whose caller waits in a queue, or is put into one now, and notes the
 * leg in the task and its attributes (worker_call_sid).  Fails as customer_redirect() and
 * outbound_order() do; WRONG_STATE when the caller is gone, or when a leg was ordered before of
 * which nobody knows what came of it: a worker is called once.
 */
bool tr_call_worker(struct work *work, const struct tr_task *task, const struct human_wish *wish);

#endif
