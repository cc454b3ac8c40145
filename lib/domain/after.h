/*
 * domain/after.h - what follows when the stream of a call has ended (reference 5.8).
 */
#ifndef DOMAIN_AFTER_H
#define DOMAIN_AFTER_H

#include "core/work.h"
#include "domain/call_plan.h"
#include "domain/tokens.h"

/*
 * How often a lost call is connected again, how many seconds a node has to explain itself, and how
 * often a session that no node took is offered, with pauses that get longer.  The carrier follows
 * ten redirects in a call.
 */
enum { RESUME_LIMIT = 2, AFTER_WAITS = 2, AFTER_KNOCKS = 3 };

/* What the carrier said when it asked. */
struct after_facts {
    const char *dial_status; /* DialCallStatus when the step was a dial; NULL otherwise */
    bool agent_ended;        /* we ended the relay, and said that nothing is to follow */
    int64_t waited;          /* how often this was answered with PLAN_WAIT before */
};

/*
 * Decides by the session's state: ended with a planned handoff, dial it; ended, hang up; still open
 * though its socket is gone, wait for its node to say why, AFTER_WAITS times; lost, or the node is
 * gone, a new session on another node that continues the old one, RESUME_LIMIT times; never
 * taken by a node, the same session again, AFTER_KNOCKS times; then the fallback ladder.  Sets
 * work->tenant to the token's.  Asked twice it answers alike.
 */
bool after_connect(struct work *work, const struct token *token, const struct after_facts *facts,
                   struct call_plan *plan);

#endif
