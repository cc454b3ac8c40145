/*
 * receiver/tools.h - endpoints that answer what they were told to answer, as tools of a tenant do.
 */
#ifndef SIM_RECEIVER_TOOLS_H
#define SIM_RECEIVER_TOOLS_H

#include <stdbool.h>

#include "common/web.h"

/*
 * Answers POST /_tool {"path":"/tools/x","body":"…","status":200,"type":"application/json",
 * "location":"…","ms":0}: from now on requests to that very path are answered so.
 */
void tools_learn(struct web_request *request);

/* Answers a request to a path that was learnt; false for any other. */
bool tools_answer(struct web *web, struct web_request *request);

void tools_forget_all(void);

#endif
