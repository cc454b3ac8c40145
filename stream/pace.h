/*
 * stream/pace.h - what becomes due in a conversation by time alone: keys that were typed, callers
 * who say nothing, calls that last too long, and goodbyes.
 */
#ifndef STREAM_PACE_H
#define STREAM_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct live;

struct pace {
    bool was_prompted;  /* the silent caller was asked once */
    bool was_warned;    /* the end of the call was announced */
    int64_t goodbye_us; /* when the caller said what ends the call; 0: not yet */
};

/*
 * A key was pressed: the agent falls silent, unless it is not to be interrupted.  The keys are told
 * to the model after a "#", or when no other follows for a while.  False: they are not taken here.
 */
bool pace_key(struct live *live, char key);

/* The caller's words, as they were written down: they may be the end of the call. */
void pace_words(struct live *live, const char *words);

/* Everything that is due; ten times a second while the call is talked in. */
void pace_tick(struct live *live);

#endif
