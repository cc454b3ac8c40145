/*
 * openai/chat_check.h - a request for a chat completion, checked as strictly as the service does.
 */
#ifndef SIM_OPENAI_CHAT_CHECK_H
#define SIM_OPENAI_CHAT_CHECK_H

#include <json-c/json.h>

/* The error that answers a bad request, to be put; NULL when the request is good. */
struct json_object *chat_check(struct json_object *body);

#endif
