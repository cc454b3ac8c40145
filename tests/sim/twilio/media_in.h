/* twilio/media_in.h - messages that a media server sends: checked as the real carrier does. */
#ifndef SIM_TWILIO_MEDIA_IN_H
#define SIM_TWILIO_MEDIA_IN_H

#include <stddef.h>

struct stream;

/* Takes a message; a malformed one is noted (31951, alerted once a stream) and ignored. */
void media_in(struct stream *stream, const char *text, size_t length);

#endif
