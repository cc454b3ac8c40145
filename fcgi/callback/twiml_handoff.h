/*
 * fcgi/callback/twiml_handoff.h - conferences, and questions that are answered with a key
 * (twilio.md 3).
 */
#ifndef FCGI_CALLBACK_TWIML_HANDOFF_H
#define FCGI_CALLBACK_TWIML_HANDOFF_H

#include "core/text.h"
#include "domain/call_plan.h"

/* <Dial><Conference>: whoever is alone in it hears music; when one leaves it is over. */
void twiml_write_conference(struct text *out, const struct call_plan *plan);

/* <Gather> of one key around what is said; without one the same URL is asked. */
void twiml_write_question(struct text *out, const struct call_plan *plan);

#endif
