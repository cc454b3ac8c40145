/*
 * twilio/dial.h - <Dial>: legs to other people, and the bridge between them and the call.
 */
#ifndef SIM_TWILIO_DIAL_H
#define SIM_TWILIO_DIAL_H

#include "twilio/program.h"

void dial_run(struct call *call, xmlNode *node);

/* The <Dial> of a call is cut off: its legs end. */
void dial_abort(struct call *call);

/* A call with a <Dial>, or a leg of one, has ended. */
void dial_parent_ended(struct call *call);
void dial_leg_ended(struct call *call);

#endif
