/*
 * twilio/gather.h - the verbs that listen to the person: <Gather> and <Record>.
 */
#ifndef SIM_TWILIO_GATHER_H
#define SIM_TWILIO_GATHER_H

#include "twilio/program.h"

void gather_run(struct call *call, xmlNode *node);
void gather_record(struct call *call, xmlNode *node);
void gather_abort(struct call *call);

#endif
