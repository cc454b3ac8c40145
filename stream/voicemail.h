/*
 * stream/voicemail.h - a machine answers an outgoing call (reference 5.6).
 *
 * The carrier says who answered while the call is talked in already.  A machine ends the
 * conversation: its own sentence and its beep are waited for, the agent's message is left and heard
 * to its end, and the call is over.  Without a message, and at a fax, it is over at once.
 *
 *   NONE     somebody is talked with
 *   WAITING  for the end of what the machine says: the carrier's word for it, or a silence
 *   LEAVING  the message is being said
 */
#ifndef STREAM_VOICEMAIL_H
#define STREAM_VOICEMAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/scan.h"

struct live;

enum voicemail_state { VOICEMAIL_NONE, VOICEMAIL_WAITING, VOICEMAIL_LEAVING };

struct voicemail {
    enum voicemail_state state;
    int64_t since_us, voice_us; /* since when it is waited for, and when the machine was heard */
    const char *verdict;        /* that came before the agent could speak; NULL: none */
};

/* The carrier's verdict: "human", "machine_start", "machine_end_beep", … "fax", "unknown". */
void voicemail_verdict(struct live *live, const char *answered_by);

/* Whether a machine is talked to: nothing it says is heard by the model. */
bool voicemail_is_on(const struct live *live);

/* A frame of the machine's. */
void voicemail_hear(struct live *live, struct slice audio);

/* From the loop's tick: once the machine is silent, or spoke too long, the message is left. */
void voicemail_tick(struct live *live);

#endif
