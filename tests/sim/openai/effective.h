/*
 * openai/effective.h - the configuration of a session as session.created and session.updated show
 * it: what was asked for, and defaults for the rest.
 */
#ifndef SIM_OPENAI_EFFECTIVE_H
#define SIM_OPENAI_EFFECTIVE_H

#include <json-c/json.h>
#include <stdint.h>

/* What holds before the first session.update. */
struct json_object *effective_default(const char *id, const char *model_name, int64_t expires_at);

/* Applies an update that was found good. */
void effective_merge(struct json_object *settings, struct json_object *update);

#endif
