/*
 * stream/bridge.h - audio between the carrier and the model.
 *
 * Both sides speak µ-law in base64, so it passes as it is: found in the bytes of one message,
 * copied once into the other (DESIGN, section 4).  The caller's first words wait until the model
 * is ready.
 */
#ifndef STREAM_BRIDGE_H
#define STREAM_BRIDGE_H

#include "stream/live.h"
#include "stream/scan.h"

/* A frame of the caller's, "at_ms" after the stream began. */
void bridge_from_caller(struct live *live, struct slice audio, int64_t at_ms);

/* Audio of the agent's answer. */
struct delta {
    const char *response, *item;
    int64_t content_index;
    struct slice audio;
};

/*
 * A piece of the model's voice goes to the caller; nothing does of a response that was given up,
 * while a supervisor speaks, or once the call is closing.
 */
void bridge_from_model(struct live *live, const struct delta *delta);

/* No more audio of an item comes. */
void bridge_item_ends(struct live *live, const char *item);

/* Sends what the caller said before the model was ready. */
void bridge_flush_early(struct live *live);

/*
 * The caller may be interrupting: silence at once, but what he did not hear is kept; and then the
 * agent goes on from there.
 */
void bridge_hold(struct live *live);
void bridge_resume(struct live *live);

/* The caller interrupts: silence at once, and the model learns how much was heard. */
void bridge_interrupt(struct live *live);

#endif
