/*
 * stream/tools/errands.h - the built-in tools that need the database: each adds its result as JSON,
 * or fails with a message that the model may be told.  See stream/tools/builtins.h.
 */
#ifndef STREAM_TOOLS_ERRANDS_H
#define STREAM_TOOLS_ERRANDS_H

#include "stream/tools/builtins.h"

/*
 * Passes the caller on: to a number, to a department of the version's transfer_settings, or to a
 * human.
 */
bool errand_transfer(struct work *work, const struct errand *errand, struct text *result);

/* To a human, when one can be reached now; otherwise a callback task. */
bool errand_escalate(struct work *work, const struct errand *errand, struct text *result);

/* A text message, to the caller unless it says to whom. */
bool errand_sms(struct work *work, const struct errand *errand, struct text *result);

/* A task for a human to call back. */
bool errand_callback(struct work *work, const struct errand *errand, struct text *result);

/* Whether the business is open now, and when that changes. */
bool errand_hours(struct work *work, const struct errand *errand, struct text *result);

/* One of the program's functions (domain/functions.h), for the call's customer. */
bool errand_function(struct work *work, const struct errand *errand, struct text *result);

#endif
