/*
 * receiver/deliveries.h - what arrived: the latest in memory, and those who wait for more.
 */
#ifndef SIM_RECEIVER_DELIVERIES_H
#define SIM_RECEIVER_DELIVERIES_H

#include "common/web.h"

/* Remembers a request and logs it; wakes whoever waits for it. */
void deliveries_add(struct web_request *request, const char *signature);

/* Answers GET /_log?after=N&wait_ms=M[&path=PREFIX]: {"entries":[...],"next":N}.  With wait_ms it
 * waits until there is an entry that fits. */
void deliveries_answer(struct web *web, struct web_request *request);

/* How many ever came. */
int64_t deliveries_count(void);

void deliveries_free(void);

#endif
