/*
 * domain/follow_ups.h - what we owe a caller whom nobody could help: a callback task for a human.
 */
#ifndef DOMAIN_FOLLOW_UPS_H
#define DOMAIN_FOLLOW_UPS_H

#include "core/work.h"

struct call;

/*
 * Makes an open callback task for the call, unless it has one; "disposition" is one of
 * callback_tasks.disposition, "summary" says why, for people.
 */
bool follow_up_put(struct work *work, const struct call *call, const char *disposition,
                   const char *summary);

#endif
