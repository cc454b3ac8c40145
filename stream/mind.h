/*
 * stream/mind.h - what listens, thinks and speaks for the agent.
 *
 * A call has one mind at a time: OpenAI Realtime, which hears and speaks itself, or a chain of
 * services that do the same together.  The bridge, the tools and the supervisor's orders know only
 * this interface.  A mind tells of itself by live_ready() when it can be talked to, by
 * bridge_from_model() or the line's words when it speaks, by tool_call() when it wants something
 * done, and by model_lost() when it is of no use any more.
 */
#ifndef STREAM_MIND_H
#define STREAM_MIND_H

#include "stream/live.h"
#include "stream/scan.h"

struct mind {
    const char *name;

    /* Begins to connect; the session is CONNECTING from now on. */
    void (*connect)(struct live *live);

    /* Lets go of every connection, if there is one. */
    void (*close)(struct live *live);

    /* The caller's base64 µ-law; NULL when it gets the caller's words as text. */
    void (*hear)(struct live *live, struct slice audio);

    /* Adds a message to the conversation, as if it had been said. */
    void (*tell)(struct live *live, enum speaker speaker, const char *text);

    /* Speaks, now or when it has finished what it is saying. */
    void (*speak)(struct live *live, const struct speak *speak);

    /* The answer of a tool; it goes on talking only when asked to speak. */
    void (*answer_tool)(struct live *live, const char *call_ref, const char *output);

    /* Stops the running response. */
    void (*cancel)(struct live *live);

    /* Of an item only so much was heard. */
    void (*truncate)(struct live *live, const struct cut *cut);

    /* Its instructions, voice, tools or turn detection changed; NULL when it reads them anew. */
    void (*configure)(struct live *live);

    /* Where else it can be had when it is lost, as the configuration says; NULL: nowhere. */
    const char *(*other)(const struct config *config);
};

/* The same for the call's mind; without one, nothing happens. */
void mind_connect(struct live *live);
void mind_close(struct live *live);
void mind_tell(struct live *live, enum speaker speaker, const char *text);
void mind_speak(struct live *live, const struct speak *speak);
void mind_answer_tool(struct live *live, const char *call_ref, const char *output);
void mind_cancel(struct live *live);
void mind_truncate(struct live *live, const struct cut *cut);

/* Says one sentence as it stands; "purpose" is a constant. */
void mind_say(struct live *live, const char *purpose, const char *sentence);

/* The same of what must be said, whatever is said or asked for before it. */
void mind_insist(struct live *live, const char *purpose, const char *sentence);

#endif
