/*
 * stream/tools.h - what the agent can do besides talking (openai-realtime.md 5.8).
 *
 * A tool runs beside the call: the loop never waits for one.  Each is a row and two events,
 * tool.started and tool.finished.
 */
#ifndef STREAM_TOOLS_H
#define STREAM_TOOLS_H

#include "core/config.h"
#include "stream/live.h"
#include "stream/tools/run.h"
#include "stream/tools/toolbox.h"

/*
 * Starts the threads that tools need; the configuration must outlive them.  False when one cannot
 * be started, and the log says so.
 */
bool tools_start(const struct config *config);
void tools_stop(void);

/* The call was claimed: what its agent may do.  "webhooks": the tenant's, may be NULL. */
void tools_open(struct live *live, const struct agent_version *version, const struct call *call,
                const struct tool_definition *webhooks, size_t count);

/* Adds the list of its tools, as a service wants it. */
void tools_write(const struct live *live, struct text *text, enum tools_shape shape);

/*
 * The model calls a tool: runs it, once for each "call_ref", and answers.  An unknown name,
 * arguments that are no JSON object, and arguments that do not fit the tool's schema are answered
 * with an error, so that the model can recover.
 */
void tool_call(struct live *live, const char *name, const char *call_ref, const char *arguments);

/* The same for a command in what the model said: it is told in words what did not work. */
void tool_command(struct live *live, const char *name, const char *ref, const char *arguments);

/* Somebody else does what takes time, for replays; NULL: nobody does. */
void tools_by(void (*take)(struct tool_run *run));

/* From the tick: phrases while a tool runs, and tools that took too long. */
void tools_tick(struct live *live);

/* The call is over: what still runs is written down as such and given up. */
void tools_end(struct live *live);

#endif
