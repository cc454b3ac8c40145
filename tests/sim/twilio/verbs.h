/*
 * twilio/verbs.h - what each verb of TwiML does.
 */
#ifndef SIM_TWILIO_VERBS_H
#define SIM_TWILIO_VERBS_H

#include "twilio/program.h"

/* Runs one verb; program_next() follows when it is over. */
void verb_run(struct call *call, xmlNode *node);

/* Ends the verb at hand because the call or its document goes away. */
void verbs_abort(struct call *call);

/* How long the carrier's voice needs for a text or another sound, and lets it be heard. */
int64_t verb_speak(struct call *call, xmlNode *node, int64_t after_ms);

#endif
