/*
 * twilio/sound.h - two sides of a call as one sound file.
 */
#ifndef SIM_TWILIO_SOUND_H
#define SIM_TWILIO_SOUND_H

#include <stddef.h>

/*
 * A file of two mu-law sides of "count" samples each, mixed for one channel or side by side for
 * two; to be freed by the caller.
 */
typedef unsigned char *(*sound_coder)(const unsigned char *left, const unsigned char *right,
                                      size_t count, int channels, size_t *length);

unsigned char *sound_wav(const unsigned char *left, const unsigned char *right, size_t count,
                         int channels, size_t *length);
unsigned char *sound_mp3(const unsigned char *left, const unsigned char *right, size_t count,
                         int channels, size_t *length);

#endif
