/*
 * openai/settings.h - the configuration of a session and of a response, checked as strictly as the
 * service does: all or nothing, unknown names refused.
 */
#ifndef SIM_OPENAI_SETTINGS_H
#define SIM_OPENAI_SETTINGS_H

#include <json-c/json.h>
#include <stdbool.h>

struct session;

/* The client's event. */
void session_update(struct session *session, struct json_object *event);

/* Checks the "response" of a response.create; sends the error and returns false when it is bad. */
bool settings_check_response(struct session *session, struct json_object *event);

/* Checks that an object has no members but these, separated by blanks; sends the error. */
bool settings_only(struct session *session, struct json_object *event, struct json_object *object,
                   const char *prefix, const char *allowed);

#endif
