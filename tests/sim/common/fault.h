/*
 * common/fault.h - faults that a test orders through the control port: what to match, what to do,
 * how often.
 *
 *   {"match":{"path":"/v1/","method":"POST"},"do":"status","status":503,"times":2,"ms":0}
 *
 * "match" holds facts to compare: a fact "path" matches when it begins with the given text, any
 * other when its text is the same.  "times" is 1 when missing and -1 for ever.  Any further member
 * of the order stays readable in the fault ("order").
 */
#ifndef SIM_COMMON_FAULT_H
#define SIM_COMMON_FAULT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/web.h"

struct fault {
    const char *act; /* the "do" */
    int ms, status;
    struct json_object *order; /* the whole order */
};

/*
 * The first fault that still has strikes left, knows "act" (any when NULL) and matches the facts
 * (pairs of name and value, NULL at the end).  It is counted as struck.  NULL when there is none.
 * The result lives until the faults are cleared.
 *
 *   fault_strike("close", "event", "response.create", "session", id, NULL)
 */
const struct fault *fault_strike(const char *act, ...) __attribute__((sentinel));

/* Answers GET, POST and DELETE /_fault. */
void fault_control(struct web_request *request);

/*
 * For services marked faulty, called by web: strikes with facts path and method, and one of
 *   delay (ms, then as usual)   drop (close with no answer)   status (status, ms first; an
 *   optional "body" text and "code")   garbage (200 with bytes that are no JSON)   lose (do the
 *   work, then close with no answer)   stall (never answer)
 * Returns true when the request is dealt with; else the handler goes on.
 */
bool fault_http(struct web *web, struct web_request *request, web_handler handler, void *user);

#endif
