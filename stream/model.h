/*
 * stream/model.h - the connection to the model: opened, repaired once, given up.
 */
#ifndef STREAM_MODEL_H
#define STREAM_MODEL_H

#include "stream/live.h"
#include "stream/socket.h"

extern const struct role model_role;

/* Begins to connect; the session is CONNECTING from now on. */
void model_connect(struct live *live);

/*
 * The model is of no use as it is: another connection is tried once, which learns what was said so
 * far; then the session ends, and the carrier goes on with the next verb.
 */
void model_lost(struct live *live, const char *why);

/* Tells a model that knows nothing what was said so far. */
void model_tell_history(struct live *live);

/* Closes the connection, if there is one. */
void model_close(struct live *live);

#endif
