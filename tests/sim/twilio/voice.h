/*
 * twilio/voice.h - speech made on a thread, so that espeak-ng never holds up media.
 */
#ifndef SIM_TWILIO_VOICE_H
#define SIM_TWILIO_VOICE_H

#include <stddef.h>

/* The speech, to be freed by whoever is told; NULL and 0 when it could not be made. */
typedef void (*voice_done)(void *user, unsigned char *speech, size_t count);

/* Makes speech with its words hidden in it; done is called in the loop. */
void voice_make(const char *text, const char *voice, voice_done done, void *user);

#endif
