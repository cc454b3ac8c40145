/*
 * stream/tones.h - keys that the agent presses: dual tones in the audio that the caller's side
 * hears (ITU-T Q.23), because anything else would break the carrier's stream (twilio.md 4.5).
 *
 * Each key sounds for 100 ms and is followed by 100 ms of silence.  While the agent's speech flows,
 * the tones are mixed into what is sent from then on, the speech lowered under them; when none
 * flows they are sent by themselves.  What the carrier had to forget before it was heard is sent
 * again.
 */
#ifndef STREAM_TONES_H
#define STREAM_TONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/scan.h"

struct live;

enum { TONES_MOST = 64 };

/* Keys under way in one call. */
struct tones {
    char keys[TONES_MOST + 1]; /* with their pauses */
    size_t sent;               /* samples of them */
    int64_t heard_us;          /* since when they are heard, or will be */
    bool is_flowing;           /* an item of the agent's speech is being sent */
};

/*
 * Presses keys: 0-9, *, #, A-D; "w" and "," wait half a second, "W" a second.  On a line that takes
 * words they are handed to it.  False when there is nothing to press, too much, or another sign.
 */
bool digits_send(struct live *live, const char *digits);

/* Whether all keys were sent and heard. */
bool tones_are_idle(const struct live *live);

/* The agent's audio on its way to the caller: the same, or with tones in it, in the scratch. */
struct slice tones_mix(struct live *live, struct slice audio);

/* The agent's item has ended: what is left of the tones is sent by itself. */
void tones_flush(struct live *live);

/* The carrier forgot what it had queued: keys that were not heard are pressed again. */
void tones_were_cleared(struct live *live);

/* From the tick: tones do not wait for speech that does not come. */
void tones_tick(struct live *live);

#endif
