/*
 * domain/human_legs.h - passing a caller on with care (reference 5.10).
 *
 * The caller waits in a conference while a human is called (a leg of its own, leg_role "human").
 * In mode warm the human hears what it is about and takes the call with the key 1; in mode bridge
 * whoever answers is connected at once.  When the human declines, does not answer in 25 s or cannot
 * be reached, the next of the handoff's chain is called while the caller waits on.  After the last
 * one the caller's leg is sent back to the after hook, where the agent resumes and knows that
 * nobody took it, and a callback task is written.
 */
#ifndef DOMAIN_HUMAN_LEGS_H
#define DOMAIN_HUMAN_LEGS_H

#include "domain/call_plan.h"
#include "domain/handoffs.h"
#include "domain/tokens.h"

struct call;
struct voice_session;

/* Whether the handoff is one of these. */
bool handoff_has_conference(const struct handoff *handoff);

/*
 * The caller's part: orders the human's leg, once, and plans the conference.  "begun" is false when
 * nobody of the chain could be ordered: the handoff has failed then, and the plan is untouched.
 */
bool handoff_gather(struct work *work, const struct call *call, const struct voice_session *session,
                    struct handoff *handoff, struct call_plan *plan, bool *begun);

/* Whether the call's last handoff was one of these and nobody took it. */
bool handoff_nobody_came(struct work *work, uid call, bool *nobody);

/* What the carrier says when it asks what the human's leg is to hear. */
struct human_facts {
    const char *digits; /* pressed; NULL: none */
    bool was_asked;     /* the briefing was heard */
};

/* What the human hears next: the briefing, the conference, or goodbye. Sets work->tenant. */
bool human_answered(struct work *work, const struct token *token, const struct human_facts *facts,
                    struct call_plan *plan);

/*
 * A leg has ended, as its row says: if it was a human's that never took the call, the caller goes
 * back to the agent. Asked twice it does the same.
 */
bool human_leg_ended(struct work *work, const struct call *known);

/* A human who is to be called for a caller, and how. */
struct human_wish {
    const char *to, *who; /* the address; whose it is */
    const char *from;     /* a number of the tenant's; NULL: the one the caller talks to */
    int64_t ring_seconds; /* NO_INTEGER: as long as usual */
    bool record;          /* the leg, by the carrier */
};

/*
 * Whom a handoff to TaskRouter waited for is known, and called in the place of its target ("who" is
 * its operator).  "called" is false when that cannot be: then the next of the chain is called,
 * or the caller goes back to the agent, as if nobody had come.
 */
bool human_leg_begin(struct work *work, struct handoff *handoff, const struct human_wish *wish,
                     bool *called);

/* … and that nobody is: the handoff ends with "state". */
bool human_leg_none(struct work *work, const struct handoff *handoff, const char *state);

/* A call has ended: a human who is still being called for it is called no longer. */
bool human_leg_cancel(struct work *work, const struct call *caller);

#endif
