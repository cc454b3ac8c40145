/*
 * stream/realtime.h - the model's words: OpenAI Realtime (openai-realtime.md, 3 and 5).
 */
#ifndef STREAM_REALTIME_H
#define STREAM_REALTIME_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/live.h"
#include "stream/scan.h"

/* One message of the model; false when the connection is to be closed for it. */
bool realtime_take(struct live *live, const char *text, size_t length);

/* The caller's base64 audio, in one copy; the first to any session of a model's. */
void realtime_append(struct outlet *outlet, struct slice audio);
void realtime_hear(struct live *live, struct slice audio);

/* Tells the model how to behave; its answer makes the session ready. */
void realtime_configure(struct live *live);

/* Asks the model to speak, now or when it has finished. */
void realtime_speak(struct live *live, const struct speak *speak);

/* Sends the request that waited, when there is one and its time has come. */
void realtime_speak_waiting(struct live *live);

/* What the caller has said so far is all of his turn; it is written down and not answered. */
void realtime_commit(struct live *live);

/*
 * Ends the answer that the model is making; and tells it how much of one the caller heard, so that
 * it knows of no more.
 */
void realtime_cancel(struct live *live);
void realtime_truncate(struct live *live, const struct cut *cut);

/* Adds a message to the conversation, as if it had been said. */
void realtime_tell(struct live *live, enum speaker speaker, const char *text);

/* The answer of a tool. */
void realtime_answer_tool(struct live *live, const char *call_ref, const char *output);

/* Whether an error's code means that trying again is of no use. */
bool realtime_is_fatal(const char *code);

#endif
