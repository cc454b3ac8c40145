/*
 * fcgi/callback/twiml_relay.h - <ConversationRelay> (twilio.md 3.2).
 */
#ifndef FCGI_CALLBACK_TWIML_RELAY_H
#define FCGI_CALLBACK_TWIML_RELAY_H

#include "core/text.h"
#include "domain/call_plan.h"

/*
 * Writes <Connect action=…><ConversationRelay …> for a plan with a relay: unlike a stream's, its
 * end is told to the action's URL.
 */
void twiml_write_relay(struct text *out, const struct call_plan *plan);

#endif
