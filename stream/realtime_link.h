/*
 * stream/realtime_link.h - the connection to OpenAI Realtime, as a mind.
 */
#ifndef STREAM_REALTIME_LINK_H
#define STREAM_REALTIME_LINK_H

#include "stream/mind.h"

extern const struct mind realtime_mind;

/* Opens another connection like the call's own, for stream/rollover.h, which hears of it. */
void realtime_open_beside(struct live *live);

#endif
