/*
 * twilio/callee.h - the people behind the numbers that are called: whether they answer, and what
 * they do then.
 */
#ifndef SIM_TWILIO_CALLEE_H
#define SIM_TWILIO_CALLEE_H

#include <json-c/json.h>
#include <stdint.h>

struct call;

/*
 * Sets how calls to a number go: {"number","answer_after_ms","result","script","answered_by",
 * "max_seconds","sms_result","sms_error","unsubscribed"}.  A number whose result is "refused"
 * cannot even be ordered.  NULL, or what is wrong with it.
 */
const char *callee_set(struct json_object *order);

/* Forgets all that was set. */
void callees_clear(void);

/* What was set for a number, or NULL. */
struct json_object *callee_of(const char *number);

/*
 * Lets it ring at a call's "to": initiated, ringing, and then answered (told to the caller's
 * function) or ended.  "timeout_seconds" is how long it rings at most.
 */
void callee_ring(struct call *call, int64_t timeout_seconds, void (*answered)(struct call *call));

/* The verdict of machine detection about who answered, in one of its two modes. */
const char *callee_verdict(const struct call *call, const char *mode);

#endif
