/*
 * openai/chat.h - the HTTP side: GET /v1/models and POST /v1/chat/completions, the latter by the
 * same rules as speech (script.c), whole or as a stream of events.
 */
#ifndef SIM_OPENAI_CHAT_H
#define SIM_OPENAI_CHAT_H

#include "common/web.h"

void chat_handle(struct web_request *request, void *user);

#endif
