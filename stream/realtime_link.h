/*
 * stream/realtime_link.h - the connection to OpenAI Realtime, as a mind.
 */
#ifndef STREAM_REALTIME_LINK_H
#define STREAM_REALTIME_LINK_H

#include "stream/mind.h"

extern const struct mind realtime_mind;

#endif
