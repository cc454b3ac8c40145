/*
 * fcgi/idempotency.h - a request that is sent twice under one Idempotency-Key happens once.
 */
#ifndef FCGI_IDEMPOTENCY_H
#define FCGI_IDEMPOTENCY_H

#include "fcgi/request.h"

/*
 * Runs the route's handler.  Where the route honours keys and one was sent, the first answer is
 * kept and given again.  Effect and answer are one transaction, but for routes that wait for
 * others: these keep their answer afterwards, and their domain must know a repetition.  Answers of
 * 429 and 5xx are not kept.
 */
bool handle_once(struct request *req);

#endif
