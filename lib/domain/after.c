#include "domain/after.h"

#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/gate.h"
#include "domain/handoffs.h"
#include "domain/human_legs.h"
#include "domain/inbound.h"
#include "domain/nodes.h"
#include "domain/numbers.h"
#include "domain/sessions.h"

enum { HANDOFF_RING_SECONDS = 25, LONGEST_DIAL_SECONDS = 4 * 60 * 60 };

static bool hang_up(struct call_plan *plan)
{
    plan->kind = PLAN_HANGUP;
    return true;
}

/* A dial is over: the human took the call, or the next rung of the ladder is tried. */
static bool after_dial(struct work *work, const struct call *call, const char *dial_status,
                       struct call_plan *plan)
{
    bool answered = text_is(dial_status, "completed") || text_is(dial_status, "answered");
    struct handoff handoff;

    if (handoff_open(work, call->id, &handoff)) {
        const char *state = answered                            ? "completed"
                            : text_is(dial_status, "no-answer") ? "no_answer"
                            : text_is(dial_status, "busy")      ? "declined"
                                                                : "failed";

        if (!handoff_move(work, &handoff, state))
            return false;
    } else if (work->error.what != NOT_FOUND) {
        return false;
    }
    return answered ? hang_up(plan) : plan_fallback(work, call, NULL, plan);
}

/* The agent passed the caller on: whom it named is dialled, if the gate lets us. */
static bool dial_handoff(struct work *work, const struct call *call, const struct handoff *handoff,
                         struct call_plan *plan)
{
    bool inbound = text_is(call->direction, "inbound");
    const struct outward outward = {
        .channel = GATE_VOICE,
        .transfer = true,
        .from = inbound ? call->to_addr : call->from_addr,
        .to = handoff->target,
    };

    if (!gate_check(work, &outward, NULL)) {
        if (work->error.what == BUSY || work->error.what == INTERNAL)
            return false;
        log_warning(work, "handoff.refused", "call=%s reason=\"%s\"", call->call_sid,
                    work->error.message);
        return handoff_move(work, handoff, "failed") && plan_fallback(work, call, NULL, plan);
    }
    plan->kind = PLAN_DIAL;
    plan->dial_to = handoff->target;
    plan->caller_id = inbound ? NULL : call->from_addr;
    plan->dial_timeout_seconds = HANDOFF_RING_SECONDS;
    plan->dial_limit_seconds = LONGEST_DIAL_SECONDS;
    plan->after_url = after_url(work, call, NULL);
    return handoff_move(work, handoff, "dialing");
}

/* The agent could not go on: somebody of the business, a mailbox, or at least a sentence. */
static bool after_failure(struct work *work, const struct call *call, struct call_plan *plan)
{
    if (!text_is(call->direction, "inbound")) {
        plan->kind = PLAN_SAY;
        plan->say = "We are sorry, we have to end this call. Goodbye.";
        return true;
    }
    if (!plan_fallback(work, call, NULL, plan))
        return false;
    if (plan->kind == PLAN_DIAL)
        plan->say = "We are sorry. One moment, please, you are being connected.";
    plan->language = call->language;
    return true;
}

static bool resume(struct work *work, const struct call *call, const struct voice_session *old,
                   struct call_plan *plan);

/* A caller who waits for a human, or for whom none came: then the agent goes on. */
static bool wait_for_human(struct work *work, const struct call *call,
                           const struct voice_session *session, struct handoff *handoff,
                           struct call_plan *plan)
{
    bool begun;

    return handoff_gather(work, call, session, handoff, plan, &begun) &&
           (begun || resume(work, call, session, plan));
}

static bool after_end(struct work *work, const struct call *call,
                      const struct voice_session *session, struct call_plan *plan)
{
    struct handoff handoff;
    bool nobody;

    if (handoff_open(work, call->id, &handoff))
        return handoff_has_conference(&handoff)
                   ? wait_for_human(work, call, session, &handoff, plan)
                   : dial_handoff(work, call, &handoff, plan);
    if (work->error.what != NOT_FOUND || !handoff_nobody_came(work, call->id, &nobody))
        return false;
    if (nobody && text_is(session->result, "transferred"))
        return resume(work, call, session, plan);
    if (work->error.what != NOT_FOUND)
        return false;
    return text_is(call->end_reason, "model_error") ? after_failure(work, call, plan)
                                                    : hang_up(plan);
}

/* A new session of the same call that continues the old one. */
struct resumption {
    const struct call *call;
    const struct voice_session *old;
    struct voice_session session;
};

static bool resume_step(struct work *work, void *with)
{
    struct resumption *resumption = with;
    const struct voice_session *old = resumption->old;
    struct voice_session *session = &resumption->session;
    bool lost;

    session_begin(session);
    session->call_id = old->call_id;
    session->room_id = old->room_id;
    session->transport = old->transport;
    session->resume_of = old->id;
    session->resume_count = old->resume_count + 1;
    if (text_is(old->result, "transferred")) { /* nothing broke off: nobody came */
        session->resume_count = old->resume_count;
        session->metadata = (document){"{\"nobody_came\":true}"};
    }
    session->call_type = old->call_type;
    session->customer_phone = old->customer_phone;
    session->agent_id = old->agent_id;
    session->agent_version_id = old->agent_version_id;
    session->agent_name = old->agent_name;
    session->model = old->model;
    session->voice = old->voice;
    session->org_ref = old->org_ref;
    session->language = old->language;
    return session_lose(work, old->id, &lost) && session_insert(work, session) &&
           event_put(work, old->call_id, session->id, "session.resumed", "platform", NULL);
}

/* Who asked before us may have made it already: one session is continued once. */
static bool find_successor(struct work *work, const struct voice_session *old,
                           struct voice_session *session)
{
    return session_of_call(work, old->call_id, session) && uid_compare(session->id, old->id) > 0;
}

static bool resume(struct work *work, const struct call *call, const struct voice_session *old,
                   struct call_plan *plan)
{
    struct resumption resumption = {.call = call, .old = old};
    int64_t avoid = old->node_id == NO_INTEGER ? 0 : old->node_id;

    if (find_successor(work, old, &resumption.session)) {
        if (!text_is(resumption.session.state, "pending"))
            return hang_up(plan);
    } else if (old->resume_count >= RESUME_LIMIT) {
        bool lost;

        return session_lose(work, old->id, &lost) && plan_fallback(work, call, "node_lost", plan);
    } else if (!db_transaction(work, resume_step, &resumption)) {
        return false;
    }
    log_info(work, "call.resumed", "call=%s attempt=%lld", call->call_sid,
             (long long)resumption.session.resume_count);
    plan->language = call->language;
    return plan_connect(work, call, &resumption.session, avoid, plan) ||
           (work->error.what == NOT_FOUND && plan_fallback(work, call, "node_lost", plan));
}

/* Its node is given the time to say how the session ended, if there is a node. */
static bool wait_or_resume(struct work *work, const struct call *call,
                           const struct voice_session *session, int64_t waited,
                           struct call_plan *plan)
{
    bool alive = false;

    if (session->node_id != NO_INTEGER &&
        !node_is_alive(work, session->node_id, session->node_epoch, &alive))
        return false;
    alive = alive && node_answers(work, session->node_id);
    if (!alive || waited >= AFTER_WAITS)
        return resume(work, call, session, plan);
    plan->kind = PLAN_WAIT;
    plan->after_url = arena_format(&work->arena, "%s?waited=%lld", after_url(work, call, session),
                                   (long long)waited + 1);
    return true;
}

/*
 * No node ever took the session: it was down when the carrier knocked.  The same session is offered
 * again, a second apart, so that a node has the time to start anew; only then the ladder.
 */
static bool knock_again(struct work *work, const struct call *call,
                        const struct voice_session *session, int64_t waited, struct call_plan *plan)
{
    if (waited >= 2 * AFTER_KNOCKS)
        return plan_fallback(work, call, "node_lost", plan);
    plan->language = call->language;
    if (waited % 2 == 0)
        plan->kind = PLAN_WAIT;
    else if (!plan_connect(work, call, session, 0, plan) && work->error.what != NOT_FOUND)
        return false;
    if (plan->kind != PLAN_CONNECT)
        plan->kind = PLAN_WAIT; /* also when no node is up just now */
    plan->wait_seconds = 1 + waited;
    if (plan->kind == PLAN_WAIT && waited > 0)
        plan->say = "One moment, please.";
    plan->after_url = arena_format(&work->arena, "%s?waited=%lld", after_url(work, call, session),
                                   (long long)waited + 1);
    return true;
}

/* Its node took it while the store was away, and has not said so yet. */
static bool wait_for_row(struct work *work, const struct token *token, int64_t waited,
                         struct call_plan *plan)
{
    const struct call call = {.id = token->call, .agent_version_id = token->agent_version};
    const struct voice_session session = {.id = token->session};

    if (work->error.what != NOT_FOUND)
        return false;
    if (waited >= AFTER_KNOCKS)
        return hang_up(plan);
    plan->kind = PLAN_WAIT;
    plan->wait_seconds = 1 + waited;
    plan->after_url = arena_format(&work->arena, "%s?waited=%lld", after_url(work, &call, &session),
                                   (long long)waited + 1);
    return true;
}

bool after_connect(struct work *work, const struct token *token, const struct after_facts *facts,
                   struct call_plan *plan)
{
    struct voice_session session;
    struct call call;

    *plan = (struct call_plan){.kind = PLAN_HANGUP};
    work->tenant = token->tenant_id;
    if (!call_get(work, token->call, &call))
        return wait_for_row(work, token, facts->waited, plan);
    if (call_state_is_terminal(call.state))
        return true;
    if (facts->dial_status)
        return after_dial(work, &call, facts->dial_status, plan);
    if (uid_is_none(token->session))
        return true;
    if (!session_get(work, token->session, &session))
        return wait_for_row(work, token, facts->waited, plan);
    if (text_is(session.state, "ended"))
        return after_end(work, &call, &session, plan);
    if (text_is(session.state, "connecting") || text_is(session.state, "active") ||
        text_is(session.state, "draining"))
        return facts->agent_ended ? hang_up(plan)
                                  : wait_or_resume(work, &call, &session, facts->waited, plan);
    if (text_is(session.state, "pending"))
        return knock_again(work, &call, &session, facts->waited, plan);
    return resume(work, &call, &session, plan);
}
