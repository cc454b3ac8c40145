/*
 * twilio/playout.h - what waits to be played to the person on the phone: audio and marks, in
 * order, taken out in real time.
 */
#ifndef SIM_TWILIO_PLAYOUT_H
#define SIM_TWILIO_PLAYOUT_H

#include <stddef.h>

struct playout {
    struct playout_item *first, *last;
    size_t waiting; /* samples */
    size_t longest; /* most samples that ever waited */
};

typedef void (*playout_mark_reached)(void *user, const char *name);

void playout_audio(struct playout *playout, const unsigned char *ulaw, size_t count);

/* A mark behind what waits; with nothing waiting it is reached at once. */
void playout_mark(struct playout *playout, const char *name, playout_mark_reached reached,
                  void *user);

/*
 * Plays the next "count" samples, and tells the marks that are reached.  Returns how many samples
 * there were; behind them is silence.
 */
size_t playout_play(struct playout *playout, unsigned char *ulaw, size_t count,
                    playout_mark_reached reached, void *user);

/* Drops all audio and tells every mark. */
void playout_clear(struct playout *playout, playout_mark_reached reached, void *user);

void playout_free(struct playout *playout);

#endif
