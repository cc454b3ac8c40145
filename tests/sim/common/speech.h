/*
 * common/speech.h - real speech for the stand-ins: espeak-ng, brought to 8 kHz mu-law, with its
 * words hidden in it (common/watermark.h).
 *
 * Pauses inside the speech are shortened to SPEECH_PAUSE_MS, so that a voice activity detector
 * with an ordinary silence window takes an utterance for one turn.
 */
#ifndef SIM_SPEECH_H
#define SIM_SPEECH_H

#include <stddef.h>
#include <stdint.h>

enum { SPEECH_RATE = 8000, SPEECH_PAUSE_MS = 160 };

/*
 * The text as spoken mu-law samples, to be freed by the caller; "voice" is a voice of espeak-ng
 * ("en-us+f3"), or NULL for the ordinary one.  NULL when espeak-ng cannot be run or the text is
 * too long to be hidden.  What was made once is kept for the next call.  Blocks for as long as
 * espeak-ng needs (some 50 ms for a sentence); may be called by several threads at once.
 */
unsigned char *speech_ulaw(const char *text, const char *voice, size_t *count);

/* Between one 16 bit sample and its mu-law code (ITU-T G.711). */
unsigned char speech_encode(int16_t sample);
int16_t speech_decode(unsigned char code);

#endif
