/*
 * stream/checkpoint.h - how far the caller has listened, for the case that this process is killed.
 *
 * A turn is written down when its text is there, but it is heard later, and a process that dies has
 * no time to say what was cut short by it.  So while the agent is heard, what was heard so far goes
 * to the spool, five times a second.  These lines count only when they are found after a death: the
 * store never sees them otherwise.
 */
#ifndef STREAM_CHECKPOINT_H
#define STREAM_CHECKPOINT_H

#include <stdint.h>

#include "stream/playback.h"

struct live;

enum { CHECKPOINT_ITEMS = 4, CHECKPOINT_US = 150 * 1000 };

struct checkpoint {
    int64_t written_us;
    char items[CHECKPOINT_ITEMS][ID_SIZE]; /* that were not heard to their end yet */
    size_t count;
};

/* From the tick: writes what is due. */
void checkpoint_write(struct live *live);

#endif
