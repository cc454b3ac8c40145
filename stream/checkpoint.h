/*
 * stream/checkpoint.h - how far the caller has listened, for the case that this process is killed.
 *
 * A turn is written down when its text is there, but it is heard later, and a process that dies has
 * no time to say what was cut short by it.  So it is written down beforehand how each item is going
 * to be heard: from when on, and how much of it was sent.  Together with the time of death
 * (pulse.h) that says how far it came.  A line is due when the last one does not foretell any more
 * what happens: when the text grew, the audio runs out, a mark came at another time than expected,
 * the agent is held, or the turn itself was written in between; and once a second, since the
 * spool removes old files.  These lines count only when they are found after a death: the store
 * never sees them otherwise.
 */
#ifndef STREAM_CHECKPOINT_H
#define STREAM_CHECKPOINT_H

#include <stdint.h>

#include "stream/playback.h"

struct live;
struct slot;

enum {
    CHECKPOINT_ITEMS = 4,
    CHECKPOINT_US = 150 * 1000,      /* between two lines of a text that grows */
    CHECKPOINT_LONGEST_US = 1000000, /* between any two */
    CHECKPOINT_DRIFT_US = 40 * 1000, /* so far off may be what was foretold */
    CHECKPOINT_LEAD_MS = 300,        /* of what was sent, as the last line says it */
};

/* What the last line said of an item that was not heard to its end yet. */
struct foretold {
    const struct slot *slot;
    int64_t written_us;
    int64_t begin_us; /* when it would have begun without a pause; NOT_HEARD: it stands still */
    int64_t sent_ms;
    size_t length; /* of the text */
    bool is_stale; /* the turn was written since */
};

struct checkpoint {
    struct foretold items[CHECKPOINT_ITEMS];
    size_t count;
};

/* The turn was written as if it had been heard to its end. */
void checkpoint_turned(struct live *live, const struct slot *slot);

/* Writes what is due; from the tick, and after turns were written. */
void checkpoint_write(struct live *live);

#endif
