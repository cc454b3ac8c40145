/*
 * stream/mix.h - voices that are heard at once: one µ-law voice under another, and the buffer in
 * which a voice that arrives unevenly waits for its turn.
 *
 * Everything is µ-law at 8,000 bytes a second, usually in frames of AUDIO_FRAME_BYTES (20 ms).
 * A listener is served at the pace of its own line: each frame that it sends us asks for one frame
 * to it, so that no clock of ours can drift from the carrier's.
 */
#ifndef STREAM_MIX_H
#define STREAM_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/scan.h" /* struct slice */

enum { MIX_FULL = 100 }; /* a level is a percentage of the original loudness */

/* The µ-law byte for a sample (ITU-T G.711), the opposite of audio_sample(). */
unsigned char mix_byte(int16_t sample);

/* Adds a voice at a level (0 … MIX_FULL) to a frame, in place; what is too loud is clipped. */
void mix_under(unsigned char *frame, const unsigned char *voice, size_t count, int level);

/*
 * A jitter buffer: a voice waits in it until "lead" bytes have gathered, then flows.  A voice that
 * runs dry gathers again.  It never holds more than "most" bytes: the oldest give way, so that a
 * listener who is served late does not fall behind for good.
 */
struct jitter {
    unsigned char *bytes; /* a ring of "most" */
    size_t most, lead;
    size_t first, count;
    bool flows;
    size_t dropped; /* bytes that gave way */
};

/* False when there is no memory.  "most" and "lead" are milliseconds. */
bool jitter_open(struct jitter *jitter, int most_ms, int lead_ms);
void jitter_close(struct jitter *jitter);

/* Adds voice that came, µ-law of 8 kHz; of what is too much the oldest is dropped, and counted. */
void jitter_put(struct jitter *jitter, const unsigned char *ulaw, size_t count);

/* The same with base64 as carriers send it; what is not base64, or too long, is left out. */
void jitter_put_base64(struct jitter *jitter, struct slice audio);

/*
 * Takes the next "count" bytes, silence where there are none; says how many are speech (0: nothing
 * flows).
 */
size_t jitter_take(struct jitter *jitter, unsigned char *ulaw, size_t count);

/* Forgets what waits. */
void jitter_clear(struct jitter *jitter);

#endif
