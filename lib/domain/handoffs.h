/*
 * domain/handoffs.h - callers passed on, or to be passed on, to a human (reference 1.5, 5.10).
 *
 * requested -> dialing -> ringing -> briefing -> bridged -> completed, with the exits declined,
 * no_answer, failed and canceled.
 */
#ifndef DOMAIN_HANDOFFS_H
#define DOMAIN_HANDOFFS_H

#include "db/store.h"

struct handoff {
    int64_t tenant_id;
    uid id, call_id;
    const char *mode;         /* cold, warm, bridge */
    const char *initiated_by; /* ai, supervisor, api, fallback */
    const char *target, *reason, *briefing;
    const char *state;
    uid human_call_id;
    const char *conference_sid;
    uid tr_task_id, callback_task_id;
    const char *operator;
    const char *next_targets; /* numbers, commas between them, that are called one after the other
                                 when this one does not come; NULL: none */
    uid chain_id;             /* the first of such a chain; none: this one */
    const char *dial_from;    /* the number the human sees; NULL: the one the caller talks to */
    int64_t ring_seconds;     /* NO_INTEGER: as long as usual */
    bool recorded;            /* the human's leg is, by the carrier */
    instant requested_at, answered_at, bridged_at, ended_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity handoff_entity;

/*
 * Plans one: the caller sets call_id, mode, initiated_by, target and may set reason, briefing,
 * next_targets, dial_from, ring_seconds (0: as usual) and recorded.
 * Unless the ladder did it, the call is marked escalated and call.escalated is owed to who wants to
 * hear of it; event handoff.requested.  The daemon then
 * ends its session with result "transferred", and the after hook dials.
 */
bool handoff_request(struct work *work, struct handoff *handoff);

/*
 * This one ends with "state", and the next of its chain is planned; "more" is false when there is
 * none, or somebody else has done it: then nothing was changed.
 */
bool handoff_next(struct work *work, const struct handoff *handoff, const char *state,
                  struct handoff *next, bool *more);

/* The newest handoff of a call that is not over; NOT_FOUND when there is none. */
bool handoff_open(struct work *work, uid call, struct handoff *handoff);

/* Whether the call was ever passed on by the fallback ladder. */
bool handoff_was_fallback(struct work *work, uid call, bool *was);

/*
 * Moves it on, unless it is over or further along already: late and repeated news change nothing.
 * Event handoff.<state>.
 */
bool handoff_move(struct work *work, const struct handoff *handoff, const char *state);

#endif
