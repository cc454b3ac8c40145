/*
 * domain/tool_calls.h - calling a tenant's own tool outside of any call, and waiting for it.
 */
#ifndef DOMAIN_TOOL_CALLS_H
#define DOMAIN_TOOL_CALLS_H

#include "core/json.h"
#include "core/text.h"
#include "domain/tool_definitions.h"

/* The tenant's enabled tool of that name; NOT_FOUND. */
bool tool_named(struct work *work, const char *name, struct tool_definition *tool);

/*
 * Checks the arguments against the tool's schema, asks its address, and writes the invocation down.
 * What is posted and how it is signed is what a call's agent would post, with "call" null.  Adds
 * the answer, or the part of it that counts, as JSON.  INVALID for arguments that do not fit,
 * UPSTREAM when the tool gave no good answer.  Not inside a transaction.
 */
bool tool_call_alone(struct work *work, const struct tool_definition *tool, const char *via,
                     json_object *arguments, struct text *result);

#endif
