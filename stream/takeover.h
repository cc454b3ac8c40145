/*
 * stream/takeover.h - a supervisor speaks with the caller in the agent's place, from a socket.
 *
 *   OFF      the agent speaks
 *   ORDERED  the agent is silent; the supervisor's socket is awaited, for 20 s
 *   ON       what the supervisor says goes to the caller; what the caller says, to the supervisor
 *
 * The agent hears nothing meanwhile and says nothing.  When the supervisor leaves, it learns that
 * somebody spoke with the caller, and goes on.  The supervisor's voice leaves at the pace of the
 * caller's own frames, from a buffer that evens it out.
 */
#ifndef STREAM_TAKEOVER_H
#define STREAM_TAKEOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/mix.h"
#include "stream/scan.h"

struct live;

enum takeover_state { TAKEOVER_OFF, TAKEOVER_ORDERED, TAKEOVER_ON };

struct takeover {
    enum takeover_state state;
    int64_t deadline_us; /* of ORDERED */
    struct jitter voice; /* of the supervisor */
};

/* Silences the agent until a supervisor's socket comes; NULL, or what speaks against it. */
const char *takeover_order(struct live *live);

/* The supervisor's socket is there; false when there is no memory or the session ends. */
bool takeover_begin(struct live *live);

/* The supervisor has left: the agent goes on.  Nothing happens when none had taken over. */
void takeover_resume(struct live *live);

/* The call is over, or passed on. */
void takeover_end(struct live *live);

/* Whether a supervisor speaks in the agent's place, or was asked to. */
bool takeover_is_on(const struct live *live);

/* The supervisor's base64 µ-law. */
void takeover_say(struct live *live, struct slice audio);

/*
 * A frame of the caller's: sends as much of the supervisor's voice.  True: the agent is not to hear
 * it.
 */
bool takeover_from_caller(struct live *live, struct slice audio);

/* From the loop's tick: a supervisor who was awaited too long is awaited no more. */
void takeover_tick(struct live *live);

#endif
