#include "domain/human_legs.h"

#include <string.h>

#include "core/log.h"
#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/finalise.h"
#include "domain/follow_ups.h"
#include "domain/gate.h"
#include "domain/inbound.h"
#include "domain/sessions.h"
#include "domain/taskrouter/links.h"
#include "domain/tenants.h"
#include "domain/words.h"
#include "remote/twilio.h"

enum { RING_SECONDS = 25, TOKEN_MS = 60 * 60 * 1000, LONGEST_SECONDS = 4 * 60 * 60 };

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

bool handoff_has_conference(const struct handoff *handoff)
{
    return !is(handoff->mode, "cold");
}

/* ---- ordering the human ---- */

struct ordering {
    const struct call *caller;
    const struct handoff *handoff;
    struct tenant tenant;
    struct carrier carrier;
    struct gate_pass pass;
    struct call leg;
};

/* The number that the human sees. */
static const char *seen_from(const struct ordering *o)
{
    if (o->handoff->dial_from)
        return o->handoff->dial_from;
    return is(o->caller->direction, "inbound") ? o->caller->to_addr : o->caller->from_addr;
}

static void describe(struct work *work, struct ordering *o)
{
    const struct call *caller = o->caller;
    struct call *leg = &o->leg;

    call_begin(work, leg);
    leg->carrier = carrier_name(&o->carrier);
    leg->carrier_account_sid = o->carrier.account_sid;
    leg->origin = "transfer";
    leg->direction = "outbound";
    leg->media_mode = "bridge";
    leg->leg_role = "human";
    leg->parent_call_id = caller->id;
    leg->from_addr = seen_from(o);
    leg->to_addr = o->handoff->target;
    leg->agent_name = caller->agent_name;
    leg->org_ref = caller->org_ref;
}

/* The leg and the handoff that waits for it, in one. */
static bool write_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE handoffs SET human_call_id = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND human_call_id IS NULL";
    struct ordering *o = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(o->leg.id), PARAM(now), PARAM(work->tenant),
                                   PARAM(o->handoff->id)};
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed == 1 || fail(work, CONFLICT, "The human was called already")) &&
           call_write(work, &o->leg, NULL, 0) && handoff_move(work, o->handoff, "dialing");
}

static const char *human_url(struct work *work, uid leg, bool was_asked)
{
    const struct token token = {
        .tenant_id = work->tenant,
        .call = leg,
        .expires_at = instant_after(clock_now(), TOKEN_MS),
    };

    return hook_url(work, arena_format(&work->arena, "/hooks/twilio/human/%s%s",
                                       token_make(work, TOKEN_AFTER, &token),
                                       was_asked ? "?asked=1" : ""));
}

/* Where the carrier tells of the leg, by our key in case it is faster than its answer. */
static const char *keyed_url(struct work *work, const char *path, uid leg)
{
    char key[27];

    uid_write_base32(leg, key);
    return hook_url(work, arena_format(&work->arena, "%s?cid=%s", path, key));
}

static bool place(struct work *work, struct ordering *o)
{
    const int64_t wanted = o->handoff->ring_seconds;
    bool recorded = o->handoff->recorded;
    struct carrier_outcome outcome = {0};
    struct carrier_call answer = {0};
    struct call_news news = NO_NEWS;
    const struct carrier_setting settings[] = {
        {"To", o->leg.to_addr},
        {"From", o->leg.from_addr},
        {"Url", human_url(work, o->leg.id, false)},
        {"Method", "POST"},
        {"StatusCallback", keyed_url(work, "/api/v1/call-status", o->leg.id)},
        {"StatusCallbackMethod", "POST"},
        {"StatusCallbackEvent", "ringing"},
        {"StatusCallbackEvent", "answered"},
        {"StatusCallbackEvent", "completed"},
        {"Timeout", arena_format(&work->arena, "%lld",
                                 (long long)(wanted == NO_INTEGER ? RING_SECONDS : wanted))},
        {"Record", recorded ? "true" : NULL},
        {"RecordingStatusCallback",
         recorded ? keyed_url(work, "/hooks/twilio/recording", o->leg.id) : NULL},
        {"RecordingStatusCallbackEvent", recorded ? "in-progress completed absent" : NULL},
    };
    if (twilio_call_create(work, &o->carrier, settings, COUNT(settings), &answer, &outcome)) {
        news.state = "queued";
        return call_learn_sid(work, o->leg.id, answer.sid) &&
               call_apply(work, o->leg.id, &news, NULL);
    }
    if (outcome.end != CARRIER_REFUSED)
        return true; /* it may ring: its callbacks tell, and the caller can hang up meanwhile */
    news.state = "failed";
    news.end_reason = "carrier_error";
    news.error_message = outcome.message;
    call_apply(work, o->leg.id, &news, NULL);
    call_finalise(work, o->leg.id, NULL);
    return fail(work, UPSTREAM, "The carrier refused to call the human");
}

static bool order(struct work *work, struct ordering *o)
{
    const struct outward outward = {
        .channel = GATE_VOICE, .transfer = true, .from = seen_from(o), .to = o->handoff->target};

    if (!tenant_by_id(work, work->tenant, &o->tenant) || !gate_check(work, &outward, &o->pass) ||
        !carrier_of_tenant(work, &o->tenant, &o->carrier))
        return false;
    describe(work, o);
    return db_transaction(work, write_step, o) && place(work, o);
}

static bool is_ours(const struct work *work)
{
    return work->error.what == BUSY || work->error.what == INTERNAL;
}

/* TaskRouter looks for somebody: who it finds is called later. */
static bool reach(struct work *work, struct ordering *o)
{
    return tr_is_target(o->handoff->target) ? tr_link_handoff(work, o->caller, o->handoff)
                                            : order(work, o);
}

/*
 * Calls whom the chain has come to; who cannot be called is passed over.  "handoff" is the one who
 * was called; "called" is false when that is nobody: it is the last of the chain then.
 */
static bool call_first(struct work *work, const struct call *caller, struct handoff *handoff,
                       bool *called)
{
    struct handoff next;
    bool more = true;

    *called = true;
    while (more) {
        struct ordering o = {.caller = caller, .handoff = handoff};

        if (!uid_is_none(handoff->human_call_id) || reach(work, &o) || work->error.what == CONFLICT)
            return true;
        if (is_ours(work))
            return false;
        log_warning(work, "handoff.refused", "call=%s reason=\"%s\"", caller->call_sid,
                    work->error.message);
        if (!handoff_next(work, handoff, "failed", &next, &more))
            return false;
        if (more)
            *handoff = next;
    }
    *called = false;
    return true;
}

/* ---- nobody came ---- */

static const char *const unreached[] = {"declined", "no_answer", "failed"};

static bool is_unreached(const char *state)
{
    for (size_t i = 0; i < COUNT(unreached); i++)
        if (is(state, unreached[i]))
            return true;
    return false;
}

struct giving_up {
    const struct handoff *handoff;
    const struct call *caller;
    const char *state;
};

/* The end of a handoff, and what is owed to the caller because of it. */
static bool give_up_step(struct work *work, void *with)
{
    const struct giving_up *g = with;
    const char *why = arena_format(&work->arena, "Wanted to speak with a human; %s: %s",
                                   is(g->state, "declined")    ? "declined by"
                                   : is(g->state, "no_answer") ? "no answer from"
                                                               : "could not be reached",
                                   g->handoff->target);

    return handoff_move(work, g->handoff, g->state) &&
           follow_up_put(work, g->caller, "human_follow_up_required", why);
}

static bool give_up(struct work *work, const struct handoff *handoff, const struct call *caller,
                    const char *state)
{
    struct giving_up g = {handoff, caller, state};

    return db_transaction(work, give_up_step, &g);
}

static bool latest(struct work *work, const char *column, uid id, struct handoff *handoff)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM handoffs WHERE tenant_id = ? AND %s = ?"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &handoff_entity, NULL), column);
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &handoff_entity, handoff);
}

bool handoff_nobody_came(struct work *work, uid call, bool *nobody)
{
    struct handoff handoff;

    *nobody = false;
    if (!latest(work, "call_id", call, &handoff))
        return work->error.what == NOT_FOUND;
    *nobody = handoff_has_conference(&handoff) && is_unreached(handoff.state);
    return true;
}

/* ---- the caller ---- */

static const char *room_of(struct work *work, const struct handoff *handoff)
{
    char hex[33];

    uid_write_hex(uid_is_none(handoff->chain_id) ? handoff->id : handoff->chain_id, hex);
    return arena_format(&work->arena, "handoff-%s", hex);
}

static void plan_room(struct work *work, const struct handoff *handoff, struct call_plan *plan)
{
    plan->kind = PLAN_CONFERENCE;
    plan->conference = room_of(work, handoff);
    plan->conference_status_url = hook_url(work, "/hooks/twilio/conference");
    plan->dial_limit_seconds = LONGEST_SECONDS;
}

bool handoff_gather(struct work *work, const struct call *call, const struct voice_session *session,
                    struct handoff *handoff, struct call_plan *plan, bool *begun)
{
    if (!call_first(work, call, handoff, begun))
        return false;
    if (!*begun)
        return give_up(work, handoff, call, "failed");
    plan_room(work, handoff, plan);
    plan->conference_label = "caller";
    plan->after_url = after_url(work, call, session);
    return true;
}

/* ---- the human ---- */

static bool say(struct call_plan *plan, const char *sentence)
{
    plan->kind = PLAN_SAY;
    plan->say = sentence;
    return true;
}

static bool stamp(struct work *work, const struct handoff *handoff, const char *state)
{
    static const char sql[] =
        "UPDATE handoffs SET answered_at = COALESCE(answered_at, ?),"
        " bridged_at = IF(?, COALESCE(bridged_at, ?), bridged_at) WHERE tenant_id = ? AND id = ?";
    bool bridged = is(state, "bridged");
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(bridged), PARAM(now), PARAM(work->tenant),
                                   PARAM(handoff->id)};

    return handoff_move(work, handoff, state) && db_execute(work, sql, params, COUNT(params), NULL);
}

static bool accept(struct work *work, const struct handoff *handoff, struct call_plan *plan)
{
    plan_room(work, handoff, plan);
    plan->conference_label = "human";
    return stamp(work, handoff, "bridged");
}

static bool brief(struct work *work, const struct handoff *handoff, const struct call *caller,
                  struct call_plan *plan)
{
    const char *who = caller->customer_phone ? caller->customer_phone : "a caller";
    const char *about = handoff->briefing ? handoff->briefing : handoff->reason;

    plan->kind = PLAN_ASK;
    plan->say = arena_format(&work->arena,
                             "A call from %s.%s%s Press 1 to take it, any other key to decline.",
                             who, about ? " " : "", about ? about : "");
    plan->after_url = human_url(work, handoff->human_call_id, true);
    return stamp(work, handoff, "briefing");
}

bool human_answered(struct work *work, const struct token *token, const struct human_facts *facts,
                    struct call_plan *plan)
{
    struct handoff handoff;
    struct call caller;

    *plan = (struct call_plan){.kind = PLAN_HANGUP};
    work->tenant = token->tenant_id;
    if (!latest(work, "human_call_id", token->call, &handoff))
        return work->error.what == NOT_FOUND;
    if (!call_get(work, handoff.call_id, &caller))
        return false;
    if (is(handoff.state, "bridged"))
        return accept(work, &handoff, plan);
    if (call_state_is_terminal(caller.state) || !instant_is_none(handoff.ended_at))
        return say(plan, "The caller is no longer there. Goodbye.");
    if (is(handoff.mode, "bridge") || is(facts->digits, "1"))
        return accept(work, &handoff, plan);
    if (!facts->was_asked)
        return brief(work, &handoff, &caller, plan);
    return handoff.next_targets ? handoff_move(work, &handoff, "declined")
                                : give_up(work, &handoff, &caller, "declined");
}

/* ---- the end of the human's leg ---- */

/* Fetches the caller out of the conference; at the after hook the agent resumes. */
static bool fetch_caller(struct work *work, const struct call *caller)
{
    struct carrier_outcome outcome;
    struct voice_session session;
    struct carrier_call answer;
    struct carrier carrier;
    struct tenant tenant;

    if (!session_of_call(work, caller->id, &session))
        return work->error.what == NOT_FOUND;
    if (!is(session.state, "ended") || !is(session.result, "transferred"))
        return true; /* it has been fetched */
    if (!tenant_by_id(work, work->tenant, &tenant) || !carrier_of_tenant(work, &tenant, &carrier))
        return false;
    const struct carrier_setting settings[] = {{"Url", after_url(work, caller, &session)},
                                               {"Method", "POST"}};
    return twilio_call_update(work, &carrier, caller->call_sid, settings, COUNT(settings), &answer,
                              &outcome) ||
           outcome.end == CARRIER_REFUSED; /* the caller has hung up */
}

/* The next of the chain is called, once; who waits for nobody any more is fetched. */
static bool go_on(struct work *work, const struct call *caller, const struct handoff *handoff,
                  const char *state)
{
    struct handoff newest, next;
    bool more = true, called = false;

    if (!latest(work, "call_id", caller->id, &newest))
        return false;
    if (!uid_equal(newest.id, handoff->id))
        next = newest; /* somebody went on, perhaps not to the end */
    else if (!handoff_next(work, handoff, state, &next, &more))
        return false;
    if (more && !instant_is_none(next.ended_at)) /* of a leg that never was nobody else tells */
        return !uid_is_none(next.human_call_id) || !is_unreached(next.state) ||
               fetch_caller(work, caller);
    if (!more)
        next = *handoff;
    else if (!call_first(work, caller, &next, &called))
        return false;
    return called ||
           (give_up(work, &next, caller, more ? "failed" : state) && fetch_caller(work, caller));
}

static const char *how_it_ended(const struct call *leg, const struct handoff *handoff)
{
    if (is(handoff->state, "bridged"))
        return "completed";
    if (is(leg->state, "no_answer"))
        return "no_answer";
    return is(leg->state, "busy") || is(leg->state, "completed") ? "declined" : "failed";
}

bool human_leg_ended(struct work *work, const struct call *known)
{
    struct handoff handoff;
    struct call leg, caller;
    const char *state;

    if (!is(known->leg_role, "human"))
        return true;
    if (!latest(work, "human_call_id", known->id, &handoff))
        return work->error.what == NOT_FOUND;
    if (!call_get(work, known->id, &leg) || !call_get(work, handoff.call_id, &caller))
        return false;
    state = instant_is_none(handoff.ended_at) ? how_it_ended(&leg, &handoff) : handoff.state;
    if (is(state, "completed"))
        return handoff_move(work, &handoff, state);
    if (call_state_is_terminal(caller.state))
        return handoff_move(work, &handoff, "canceled");
    return go_on(work, &caller, &handoff, state);
}

/* ---- whom TaskRouter found ---- */

static bool set_target(struct work *work, struct handoff *handoff, const struct human_wish *wish)
{
    static const char sql[] =
        "UPDATE handoffs SET target = ?, operator = ?, dial_from = ?, ring_seconds = ?,"
        " recorded = ?, updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(handoff->target),    PARAM(handoff->operator),
                                   PARAM(handoff->dial_from), PARAM(handoff->ring_seconds),
                                   PARAM(handoff->recorded),  PARAM(now),
                                   PARAM(work->tenant),       PARAM(handoff->id)};

    handoff->target = word_ascii(&work->arena, wish->to, 200);
    handoff->operator= word_text(&work->arena, wish->who, 120);
    handoff->dial_from = word_ascii(&work->arena, wish->from, 32);
    handoff->ring_seconds = wish->ring_seconds;
    handoff->recorded = wish->record;
    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool human_leg_begin(struct work *work, struct handoff *handoff, const struct human_wish *wish,
                     bool *called)
{
    uid wanted = handoff->id;
    struct call caller;

    *called = false;
    if (!call_get(work, handoff->call_id, &caller))
        return false;
    if (call_state_is_terminal(caller.state))
        return handoff_move(work, handoff, "canceled");
    if (!wish->to || tr_is_target(wish->to))
        return go_on(work, &caller, handoff, "failed");
    if (!set_target(work, handoff, wish) || !call_first(work, &caller, handoff, called))
        return false;
    if (!*called)
        return give_up(work, handoff, &caller, "failed") && fetch_caller(work, &caller);
    *called = uid_equal(handoff->id, wanted);
    return true;
}

bool human_leg_none(struct work *work, const struct handoff *handoff, const char *state)
{
    struct call caller;

    if (!call_get(work, handoff->call_id, &caller))
        return false;
    return call_state_is_terminal(caller.state) ? handoff_move(work, handoff, "canceled")
                                                : go_on(work, &caller, handoff, state);
}

/* ---- the end of the caller's ---- */

bool human_leg_cancel(struct work *work, const struct call *caller)
{
    static const struct carrier_setting settings[] = {{"Status", "completed"}};
    struct carrier_outcome outcome;
    struct carrier_call answer;
    struct carrier carrier;
    struct handoff handoff;
    struct tenant tenant;
    struct call leg;

    if (is(caller->leg_role, "human") || !caller->escalated)
        return true;
    if (!latest(work, "call_id", caller->id, &handoff))
        return work->error.what == NOT_FOUND;
    if (uid_is_none(handoff.human_call_id))
        return uid_is_none(handoff.tr_task_id) || handoff_move(work, &handoff, "canceled");
    if (!call_get(work, handoff.human_call_id, &leg))
        return false;
    if (call_state_is_terminal(leg.state) || !word_sid(leg.call_sid))
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant) || !carrier_of_tenant(work, &tenant, &carrier))
        return false;
    return twilio_call_update(work, &carrier, leg.call_sid, settings, COUNT(settings), &answer,
                              &outcome) ||
           outcome.end == CARRIER_REFUSED; /* it ended by itself */
}
