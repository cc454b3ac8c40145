/*
 * stream/coalesce.h - several of the caller's frames in one message, while the loop is pressed.
 *
 * Each message to the model costs a wake-up there and back.  As long as the loop keeps up, every
 * frame of 20 ms leaves by itself; when its turns get long and it has little time between them, two
 * or three leave together, so that delay gives way and not calls.  One rule for all calls of the
 * process, but which frame ends a message goes by the call's own count, so that calls which began
 * at different times do not all send at once.
 */
#ifndef STREAM_COALESCE_H
#define STREAM_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/audio.h"
#include "stream/scan.h"

enum { COALESCE_MOST = 3 };

/* Frames of a call that wait for others. */
struct coalesced {
    unsigned char bytes[COALESCE_MOST * AUDIO_FRAME_BYTES];
    size_t length;
    unsigned count; /* frames so far */
};

/* Notes a turn of the loop that ended at "now_us" (monotonic clock). */
void coalesce_note_turn(int64_t turn_us, int64_t now_us);

/* How many frames make a message now: 1 to COALESCE_MOST. */
unsigned coalesce_frames(void);

/*
 * Adds a frame of base64; every frame of the call is to pass here.  True when it is time for a
 * message: "audio" is then everything that waited and the frame itself, valid until the next call.
 */
bool coalesce_add(struct coalesced *held, struct slice *audio);

/* How many frames of the call make its next message whole: 1 to COALESCE_MOST. */
unsigned coalesce_awaited(const struct coalesced *held);

/* For replays: so many from now on, until the loop is judged again. */
void coalesce_force(unsigned frames);

/* For tests: as if the process had just begun. */
void coalesce_reset(void);

#endif
