/*
 * stream/relay_patience.h - what callers of a relay hear while an answer is long in coming.
 *
 * On a line of sound a tone says that somebody is still there (comfort.h); a relay takes words, so
 * a short sentence is said: when something is owed to the caller, nothing was heard for a while,
 * and the caller is not speaking.  It is a turn of its own and no part of the answer.
 */
#ifndef STREAM_RELAY_PATIENCE_H
#define STREAM_RELAY_PATIENCE_H

#include <stdint.h>

struct live;

struct relay_patience {
    int64_t since_us; /* since when the caller hears nothing */
    unsigned said;    /* in this one wait */
    unsigned serial;  /* of all sentences, for their names */
};

/* From the relay's tick. */
void relay_patience_tick(struct live *live);

#endif
