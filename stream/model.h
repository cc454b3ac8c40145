/*
 * stream/model.h - what is done when the mind of a call is lost: another try, another provider, an
 * end that the caller understands.
 */
#ifndef STREAM_MODEL_H
#define STREAM_MODEL_H

#include "stream/live.h"

/*
 * The mind is of no use as it is: another connection is tried once, which learns what was said so
 * far; then the session ends, and the carrier goes on with the next verb.
 */
void model_lost(struct live *live, const char *why);

/* Tells a mind that knows nothing what was said so far. */
void model_tell_history(struct live *live);

#endif
