/*
 * openai/audio.h - formats of audio and base64.
 */
#ifndef SIM_OPENAI_AUDIO_H
#define SIM_OPENAI_AUDIO_H

#include <json-c/json.h>
#include <stddef.h>

/* Bytes for one sample of 8 kHz audio in a format object: 1, or 6 for 24 kHz PCM. */
size_t audio_width(struct json_object *format);

/* mu-law samples in the format, as base64, to be freed. */
char *audio_write(struct json_object *format, const unsigned char *ulaw, size_t samples);

/* The mu-law samples of base64 in the format, to be freed; NULL when it is no base64.
 * "bytes" is what the base64 held. */
unsigned char *audio_read(struct json_object *format, const char *base64, size_t *samples,
                          size_t *bytes);

#endif
