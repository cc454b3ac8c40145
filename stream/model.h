/*
 * stream/model.h - what is done when the mind of a call is lost (reference 5.4): another try,
 * another provider, an end that the caller understands.
 *
 *   1. the same provider, at once, then after half a second and after one, each time with what was
 *      said so far;
 *   2. the fallback provider of the configuration, if there is one, as often;
 *   3. the session ends as failed, and the carrier's next question leads to a human of the
 *      business, a mailbox with a callback task, or a sentence (domain/after.h).
 *
 * A failure that another try would not mend (no key, no credit) goes straight to the next rung.
 * There is no voice while there is no model: after a second and a half the caller hears a soft tone
 * every two seconds (comfort.h), also when the first connection takes that long.
 */
#ifndef STREAM_MODEL_H
#define STREAM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct live;

/* How far down the ladder a call is. */
struct ladder {
    bool is_fallback;   /* the second provider has it */
    bool was_answering; /* the mind was lost in the middle of an answer */
    int64_t lost_us;    /* since when nobody can speak; 0: somebody can */
    int64_t retry_us;   /* when the next try is due; 0: none waits */
    int64_t comfort_ms; /* so much was played since then */
};

/* The mind is of no use as it is: the next rung is taken. */
void model_lost(struct live *live, const char *why);

/* From the tick of a call that was claimed: tries that are due, and the tone. */
void model_tick(struct live *live);

/* Tells a mind that knows nothing what was said so far. */
void model_tell_history(struct live *live);

#endif
