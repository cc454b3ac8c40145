/*
 * stream/comeback.h - a session that goes on where another of the same call ended.
 */
#ifndef STREAM_COMEBACK_H
#define STREAM_COMEBACK_H

#include "domain/sessions.h"

struct live;

/* Why there is another: reads it from the session that was claimed. */
void comeback_read(struct live *live, const struct voice_session *session);

/* What the agent is told to say first. */
const char *comeback_words(const struct live *live);

#endif
