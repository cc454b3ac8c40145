/*
 * stream/clarification.h - a question of the agent's to its supervisor while the caller holds
 * (semantics.md 4.3).
 *
 * The agent asks by the tool request_user; whoever follows the call is told by the event
 * supervisor.question, and answers by the order "clarify".  The caller is told to hold on, if the
 * agent has not said so itself, and is not asked meanwhile whether they are still there.  A
 * question that nobody answers within CLARIFICATION_MS, and one that a supervisor settles by
 * speaking to the caller, is dropped.
 */
#ifndef STREAM_CLARIFICATION_H
#define STREAM_CLARIFICATION_H

#include <stdint.h>

#include "core/json.h"

struct live;

enum { CLARIFICATION_MS = 90 * 1000 };

struct clarification {
    const char *question; /* NULL: none is open */
    int64_t asked_us;
    bool was_held; /* the caller was told to hold on, or need not be */
};

/* The tool request_user {"question"}. */
const char *clarification_tool(struct live *live, json_object *arguments, const char **fault);

/* The order "clarify" {"text"}; COMMAND_NO_QUESTION when none is open. */
const char *clarification_answer(struct live *live, json_object *args);

/* The supervisor has spoken to the caller: no answer is awaited any more. */
void clarification_drop(struct live *live);

/* From the loop's tick: the caller is told to hold on, and at last the agent goes on without it. */
void clarification_tick(struct live *live);

#endif
