/*
 * stream/interruption.h - whether the agent falls silent because the caller speaks (DESIGN 4.4,
 * openai-realtime.md 5.7).
 *
 * Without conditions it does at once, on the model's first word of it.  An agent with conditions
 * (settings.h) keeps the last word itself: the model neither stops nor answers unasked, and what
 * the caller says while the agent is heard passes through these states:
 *
 *   NOT_ASKED  nobody speaks over the agent
 *   MAYBE      somebody does; the agent goes on until there was enough voice, or words that count
 *   HELD       the agent is silent, what it had to say is kept; words make it an interruption, none
 *              within the time-out let it go on from where it was heard
 *
 * The caller's words are judged once, when they are known: an interruption is answered at once,
 * words that came too short to be one are answered afterwards, noise, echo and "uh-huh" are not
 * answered.  An agent or a greeting that is not to be interrupted is heard to its end; then the
 * answer comes.
 */
#ifndef STREAM_INTERRUPTION_H
#define STREAM_INTERRUPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/playback.h"
#include "stream/scan.h"
#include "stream/unplayed.h"

struct live;
struct slot;

enum interruption_state { INTERRUPTION_NOT_ASKED, INTERRUPTION_MAYBE, INTERRUPTION_HELD };

struct interruption {
    enum interruption_state state;
    /* of the speech in hand: it began over the agent, must not stop it, or in its last second */
    bool is_over_agent, is_protected, is_at_end;
    bool is_padded;         /* silence was put in for a line that fell silent in mid-speech */
    int64_t voiced_ms;      /* of it, as our own ear counts */
    int64_t voice_us;       /* when voice was last heard */
    int64_t deadline_us;    /* when it was a false one; 0: not yet */
    char greeting[ID_SIZE]; /* the response that is the greeting */
    struct unplayed unplayed;
    struct cut *cuts; /* what was being heard when the agent was held */
    size_t ncuts;
    int64_t held_us;
};

/* The model says that the caller begins to speak, and that he stopped. */
void interruption_begins(struct live *live);
void interruption_pauses(struct live *live);

/* The caller's turn was taken in; "slot" may be NULL when none could be had. */
void interruption_turn(struct live *live, struct slot *slot);

/*
 * What is known of a turn's words; "confidence" from 0 to 1, negative when unknown.  "is_whole":
 * that was all.
 */
void interruption_words(struct live *live, struct slot *slot, const char *words, double confidence,
                        bool is_whole);

/* A frame of the caller's while he speaks. */
void interruption_hear(struct live *live, struct slice audio);

/* Whether what is being said is not to be interrupted, by nothing that the caller does. */
bool interruption_is_forbidden(const struct live *live);

/* A response of ours began. */
void interruption_response(struct live *live, const char *id, const char *purpose);

/* From the loop's tick: a caller whose frames stop has stopped to speak; timers that ran out. */
void interruption_tick(struct live *live);

/* The model's connection is a new one: what was open is closed, what was held is said. */
void interruption_forget(struct live *live);

#endif
