/*
 * stream/audio.h - µ-law audio as both sides of a call send it: 8,000 bytes a second, in base64.
 */
#ifndef STREAM_AUDIO_H
#define STREAM_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUDIO_BYTES_PER_MS = 8,
    AUDIO_FRAME_BYTES = 160, /* 20 ms, as the carrier sends them */
    AUDIO_FRAME_BASE64 = 216,
    AUDIO_SILENCE = 0xff,
};

/* Whether the text is base64 with its padding and nothing else; an empty one is not. */
bool audio_is_base64(const char *text, size_t length);

/* How many bytes such a text stands for. */
size_t audio_bytes(const char *text, size_t length);

/* Decodes such a text; "out" holds length / 4 * 3.  Returns how many there are. */
size_t audio_decode(const char *text, size_t length, unsigned char *out);

/* Writes base64 of "count" bytes; "text" holds (count + 2) / 3 * 4.  Returns its length. */
size_t audio_encode(const unsigned char *in, size_t count, char *text);

/* Whether such a text is louder than a quiet line: a voice, or a noise that may be one. */
bool audio_is_voice(const char *text, size_t length);

/* The sample that a µ-law byte stands for (ITU-T G.711). */
int16_t audio_sample(unsigned char byte);

#endif
