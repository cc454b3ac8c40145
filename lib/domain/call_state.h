/*
 * domain/call_state.h - the states of calls and sessions, their ranks, and what the dialects call
 * them (reference 1.5 and 1.6).
 *
 * States only move forward: a change names the state it leads to, and the statement that makes it
 * carries "state_rank < rank of the new state".  Late, repeated or reordered news changes nothing.
 */
#ifndef DOMAIN_CALL_STATE_H
#define DOMAIN_CALL_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RANK_LIVE = 60, RANK_TERMINAL = 90, SESSION_RANK_LOST = 80, SESSION_RANK_ENDED = 90 };

/* NULL-ended, for columns' one_of. */
extern const char *const call_states[];
extern const char *const session_states[];

/* The rank of a state: 10 created … 90 the end states; 0 when it is none. */
int64_t call_state_rank(const char *state);
int64_t session_state_rank(const char *state);

/* Whether a call in that state is over. */
bool call_state_is_terminal(const char *state);

/* Our word for the carrier's CallStatus ("no-answer", "in-progress"); NULL when it is none. */
const char *call_state_of_carrier(const char *call_status);

/* Who reads a state. */
enum call_vocabulary {
    CALL_AS_TWILIO,          /* REST: queued, ringing, in-progress, …, no-answer */
    CALL_AS_TWILIO_CALLBACK, /* the same, and "initiated" */
    CALL_AS_KWICKPHONE,
    CALL_AS_THRUAI,
    CALL_AS_STATESET_LOG,
    CALL_AS_STATESET_SESSION,
    CALL_AS_PHONY,
    CALL_VOCABULARIES
};

/*
 * A state in somebody's words; never NULL.  "escalated" matters to StateSet alone, which calls a
 * completed call escalated (log) or transferred (session) then.
 */
const char *call_state_word(enum call_vocabulary vocabulary, const char *state, bool escalated);

#endif
