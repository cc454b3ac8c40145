/*
 * fcgi/phony/calls.h - the Phony dialect's parts that concern calls.
 */
#ifndef FCGI_PHONY_CALLS_H
#define FCGI_PHONY_CALLS_H

#include "fcgi/phony/phony.h"

/* Calls under way and ended, their context, and the two websockets (calls.c). */
extern const struct dialect phony_calls;

/* What supervisors do to calls (overrides.c). */
extern const struct dialect phony_overrides;

/* Figures (analytics.c). */
extern const struct dialect phony_analytics;

/* POST /api/agents/{agent_id}/call, a row of the dialect's main part. */
extern const struct view phony_call_order_view, phony_ordered_call_view;
bool phony_order_call(struct request *req);

#endif
