/*
 * stream/tools/webhook.h - a tenant's own tool: what is posted to it, and what its answer says.
 * The request itself is the same wherever it comes from (domain/tool_requests.h).
 */
#ifndef STREAM_TOOLS_WEBHOOK_H
#define STREAM_TOOLS_WEBHOOK_H

#include "stream/tools/run.h"

/* In the thread: makes the request; false when a secret cannot be opened, the run has failed. */
bool webhook_request(struct tool_run *run);

/* In the thread: whether the answer sends us elsewhere, and we go; the request is changed. */
bool webhook_follows(struct tool_run *run);

/* In the thread: the outcome, as the answer has it. */
void webhook_answer(struct tool_run *run);

#endif
