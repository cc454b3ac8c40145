/*
 * stream/recording_pause.h - the recording of a call stands still while nobody may keep what is
 * said: on a supervisor's order, while the agent asks for card data, and while the caller types.
 *
 * The last is an agent's own wish: "recording": {"pause_for_cards": true}; for the second it has
 * the tools pause_recording and resume_recording.
 */
#ifndef STREAM_RECORDING_PAUSE_H
#define STREAM_RECORDING_PAUSE_H

#include <json-c/json.h>

#include "stream/live.h"

/* Orders, as a command of that kind runs them: what went wrong, or NULL. */
const char *recording_order_pause(struct live *live, json_object *args);
const char *recording_order_resume(struct live *live, json_object *args);

/* Tools that an agent may have: what they answer, as JSON. */
const char *recording_tool_pause(struct live *live, json_object *args, const char **fault);
const char *recording_tool_resume(struct live *live, json_object *args, const char **fault);

/* The caller began to type, and what was typed was taken in. */
void recording_keys_begin(struct live *live);
void recording_keys_end(struct live *live);

#endif
