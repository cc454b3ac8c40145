/*
 * fcgi/callback/twiml.h - TwiML: what a plan is in the carrier's words.
 */
#ifndef FCGI_CALLBACK_TWIML_H
#define FCGI_CALLBACK_TWIML_H

#include "core/text.h"
#include "domain/call_plan.h"

/* Writes a whole document for a call. */
void twiml_write_plan(struct text *out, const struct call_plan *plan);

/* Writes a whole document that answers a text message; NULL: no answer. */
void twiml_write_message(struct text *out, const char *message);

#endif
