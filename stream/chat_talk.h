/*
 * stream/chat_talk.h - a conversation as a chat model is told of it: kept for one call, bounded,
 * the oldest messages going first.
 *
 * Answers of tools are kept with the calls that they answer, so that a call is always followed by
 * its answer, whatever was said meanwhile.  Everything lives in the call's arena.
 */
#ifndef STREAM_CHAT_TALK_H
#define STREAM_CHAT_TALK_H

#include "remote/openai.h"
#include "stream/playback.h" /* ID_SIZE */

enum { TALK_BYTES = 96 * 1024 }; /* some 25000 tokens; older messages are left out */

struct talk_call {
    struct chat_call call;
    const char *output; /* NULL: it still runs */
};

struct talk_message {
    struct talk_message *next;
    enum chat_role role;
    char item[ID_SIZE]; /* of the turn that it is; "" for what is no turn */
    const char *text;
    struct talk_call *calls;
    size_t ncalls;
};

struct talk {
    struct arena *arena;
    struct talk_message *first, *last;
    size_t count, bytes;
};

/* Adds a message at the end; what makes the talk too long goes, oldest first. */
struct talk_message *talk_add(struct talk *talk, enum chat_role role, const char *item,
                              const char *text);

/* The tools that an assistant's message calls; an id that was used before gets another. */
void talk_add_calls(struct talk *talk, struct talk_message *message,
                    const struct chat_call_read *calls, size_t count);

/* Of an item only so much was heard; "" leaves its calls alone. */
void talk_cut(struct talk *talk, const char *item, const char *text);

/* The answer of a tool; false when nobody called it. */
bool talk_answer(struct talk *talk, const char *call_ref, const char *output);

/* How many calls of the latest message with calls are not answered yet. */
size_t talk_open(const struct talk *talk);

/*
 * The messages of a request: "system" first, the conversation, and "wish", what is wanted now, last
 * (NULL: an answer).
 */
size_t talk_list(const struct talk *talk, struct arena *arena, const char *system, const char *wish,
                 struct chat_message **messages);

#endif
