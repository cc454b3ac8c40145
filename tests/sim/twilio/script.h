/*
 * twilio/script.h - what a person on the phone does, step by step.
 *
 *   {"say":"text","voice":"en-us+f3"}    speaks; waits until somebody listens; "lang" is the
 * language that is spoken, for whoever detects it
 *   {"wait_agent":true}                  until the other side has begun a new turn and has then
 * been silent for N ms (600 for true), at most "timeout_ms"
 *   {"wait_text":"words"}                until the other side was heard to say that
 *   {"pause_ms":500}
 *   {"barge":"text","after_ms":700}      speaks over a new turn of the other side, so long after it
 * began
 *   {"dtmf":"12#"}
 *   {"hangup":true}
 *
 * A script without a hangup ends with waiting for the other side's answer, and then with one.
 */
#ifndef SIM_TWILIO_SCRIPT_H
#define SIM_TWILIO_SCRIPT_H

#include <json-c/json.h>

struct call;
struct script;

/* A script for a call; "steps" may be NULL.  Speech is made on a thread from now on. */
struct script *script_new(struct call *call, struct json_object *steps, int64_t max_seconds);

/* 20 ms of the person's life. */
void script_step(struct call *call);

/* The call has ended. */
void script_end(struct call *call);

/* NULL when the steps are good, or what is wrong with them. */
const char *script_fault(struct json_object *steps);

#endif
