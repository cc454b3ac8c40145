/*
 * stream/tools/posts.h - requests to tenants' tools, many under way at once, on a thread of their
 * own: one that hangs keeps neither the loop nor another one waiting.
 */
#ifndef STREAM_TOOLS_POSTS_H
#define STREAM_TOOLS_POSTS_H

#include "core/config.h"
#include "stream/tools/run.h"

/* Starts the thread; the configuration must outlive it.  False when it cannot be started. */
bool posts_start(const struct config *config);

/* Gives up what is under way and ends the thread. */
void posts_stop(void);

/* Hands over a webhook's run; it comes back by its task.  False when too many are under way. */
bool posts_give(struct tool_run *run);

/* Something was cancelled: it ends now. */
void posts_wake(void);

#endif
