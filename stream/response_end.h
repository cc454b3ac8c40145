/*
 * stream/response_end.h - what follows when the model has ended a response
 * (openai-realtime.md 5.11).
 *
 * A caller is never left in silence.  A response that failed is asked for again, up to three times,
 * a moment later each time, and then another connection.  One that ended without a sound, a tool's
 * call or words for another voice is asked for once more.  A model that says words then, but has no
 * sound, has lost its voice, and another connection takes over; one without words is silent on
 * purpose and keeps its own (pace.h looks after a caller who hears nothing).  Where the provider
 * withheld what the model was about to say, the agent says that it cannot help with that.
 */
#ifndef STREAM_RESPONSE_END_H
#define STREAM_RESPONSE_END_H

#include <json-c/json.h>

struct live;

/* The model's event response.done. */
void response_ended(struct live *live, json_object *event);

/* What was asked for last was refused or failed: again in a moment, or with another connection. */
void response_retry(struct live *live, const char *code);

/*
 * The call has moved on: something else is said or answered.  What failed before is not asked for
 * once more, unless it must be said.
 */
void response_drop_retry(struct live *live);

#endif
