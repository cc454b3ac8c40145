/*
 * stream/comfort.h - what the caller hears while nobody can speak: a soft tone every two seconds on
 * a quiet line, so that it does not seem dead.
 */
#ifndef STREAM_COMFORT_H
#define STREAM_COMFORT_H

#include <stdint.h>

struct live;

/*
 * Plays from "since_us" on what is due by now and a little more; "at" (0 at first) remembers how
 * far it was played, in ms.
 */
void comfort_play(struct live *live, int64_t since_us, int64_t *at_ms);

#endif
