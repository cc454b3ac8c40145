/*
 * openai/chat_stream.h - a streamed answer as it leaves a server: event by event, in the time that
 * a model needs, cut where a network likes to cut.
 *
 * Faults are matched against "event":"chat" and "model":
 *   refuse (answered with "status" instead; chat.c)
 *   slow   (the first event comes "ms" later)
 *   hang   (after "count" events nothing comes any more; 0 is none at all)
 *   break  (after "count" events the connection breaks)
 */
#ifndef SIM_OPENAI_CHAT_STREAM_H
#define SIM_OPENAI_CHAT_STREAM_H

#include "common/web.h"

/*
 * Answers with the events of "body", which is taken.  Logs chat_over with the answer's id, and
 * "whole" or "left" (the client went before the end).
 */
void chat_stream(struct web_request *request, char *body, const char *id, const char *model_name);

#endif
