/*
 * stream/media.h - the carrier's side of a call: Twilio Media Streams (twilio.md, 4).
 */
#ifndef STREAM_MEDIA_H
#define STREAM_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/line.h"
#include "stream/scan.h"
#include "stream/socket.h"

/* Sockets below /media-stream and /n/{node}/media-stream. */
extern const struct role media_role;

/* The configuration that new sessions get; set once at the start. */
void media_configure(const struct config *config);

/* One message of the carrier; false when the connection is to be closed for it. */
bool media_take(struct live *live, const char *text, size_t length);

/* The same as a call's line. */
extern const struct line media_line;

/*
 * Finds the token in "/media-stream/{token}" and "/n/{node}/media-stream/{token}"; an empty token
 * when there is none.  False when the path is another.
 */
bool media_path(const char *path, char token[TOKEN_LIMIT + 1]);

#endif
