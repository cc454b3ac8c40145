/*
 * twilio/queue.h - queues: calls that wait under a name, and calls that take them out of there.
 */
#ifndef SIM_TWILIO_QUEUE_H
#define SIM_TWILIO_QUEUE_H

#include "twilio/program.h"

/* <Enqueue>: the call waits, and hears what its waitUrl answers again and again. */
void queue_enter(struct call *call, xmlNode *enqueue);

/* <Leave>, in a document of the waitUrl: the call goes on with its action or next verb. */
void queue_leave(struct call *call, xmlNode *leave);

/* <Dial><Queue>: connected with who waits longest there, or with who comes next. */
void queue_take(struct call *call, xmlNode *queue, xmlNode *dial);

/* The call ends or goes elsewhere: whoever it was connected with goes on. */
void queue_abort(struct call *call);

#endif
