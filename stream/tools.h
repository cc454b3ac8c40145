/*
 * stream/tools.h - what the agent can do besides talking (openai-realtime.md 5.8).
 */
#ifndef STREAM_TOOLS_H
#define STREAM_TOOLS_H

#include "stream/live.h"

/*
 * The model calls a tool: runs it, once for each "call_ref", and answers.  An unknown name or
 * arguments that are no JSON object are answered with an error, so that the model can recover.
 */
void tool_call(struct live *live, const char *name, const char *call_ref, const char *arguments);

#endif
