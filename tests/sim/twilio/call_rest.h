/* twilio/call_rest.h - the call resource: create, list, fetch, change, delete. */
#ifndef SIM_TWILIO_CALL_REST_H
#define SIM_TWILIO_CALL_REST_H

#include "twilio/rest.h"

void calls_create(struct rest *rest);
void calls_list(struct rest *rest);
void calls_fetch(struct rest *rest);
void calls_update(struct rest *rest);
void calls_delete(struct rest *rest);

#endif
