#include "domain/inbound.h"

#include <string.h>

#include "core/e164.h"
#include "core/log.h"
#include "domain/after.h"
#include "domain/agents.h"
#include "domain/call_money.h"
#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/consent.h"
#include "domain/finalise.h"
#include "domain/follow_ups.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/redaction.h"
#include "domain/route_cache.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/words.h"

/* A call on its way in: what was found for it, and why it cannot be connected, if it cannot. */
struct entering {
    const struct inbound_facts *facts;
    struct tenant tenant;
    struct phone_number number;
    struct agent_version version;
    struct call call;
    struct voice_session session;
    bool has_session;
    const char *token; /* of the session's stream */
    int64_t hold_micros;
    const char *refused; /* an end_reason; NULL: it may be connected */
};

/* Addresses that are no telephone numbers are kept as they are, as far as they fit. */
static const char *number_text(struct work *work, const char *address)
{
    char number[E164_SIZE];

    if (address && *address == '+' && e164_read(address, NULL, number))
        return arena_text(&work->arena, number);
    return word_ascii(&work->arena, address, 32);
}

static const char *channel_of(const struct inbound_facts *facts)
{
    if (facts->from && strncmp(facts->from, "client:", 7) == 0)
        return "web";
    return (facts->from && strncmp(facts->from, "sip:", 4) == 0) ||
                   (facts->to && strncmp(facts->to, "sip:", 4) == 0)
               ? "sip"
               : "pstn";
}

/* A call that a gateway places for the tenant: we are the calling side. */
static bool goes_out(const struct inbound_facts *facts)
{
    return facts->route && strcmp(facts->route, "sip_outbound") == 0;
}

/* Which of the two addresses is the tenant's. */
static const char *our_address(const struct inbound_facts *facts)
{
    return goes_out(facts) ? facts->from : facts->to;
}

static const char *route_of(const struct entering *e)
{
    if (e->facts->route)
        return e->facts->route;
    return strcmp(e->call.channel, "sip") == 0 ? "sip_inbound" : "inbound";
}

static void describe(struct work *work, struct entering *e)
{
    const struct inbound_facts *facts = e->facts;
    struct call *call = &e->call;

    call_begin(work, call);
    call->call_sid = facts->call_sid;
    call->carrier = facts->carrier ? facts->carrier : "twilio";
    call->carrier_account_sid = word_sid(facts->account_sid);
    call->origin = facts->origin ? facts->origin : "carrier";
    call->direction = goes_out(facts) ? "outbound" : "inbound";
    call->channel = facts->route ? "sip" : channel_of(facts);
    call->state = "ringing";
    call->started_at = instant_is_none(facts->arrived_at) ? clock_now() : facts->arrived_at;
    call->from_addr = word_ascii(&work->arena, facts->from, 128);
    call->to_addr = word_ascii(&work->arena, facts->to, 128);
    call->customer_phone = number_text(work, goes_out(facts) ? facts->to : facts->from);
    call->caller_name = word_text(&work->arena, facts->caller_name, 120);
    call->forwarded_from = number_text(work, facts->forwarded_from);
    call->org_ref = e->tenant.default_org_ref;
}

static bool refuse(struct entering *e, const char *why)
{
    e->refused = e->refused ? e->refused : why;
    return true;
}

/* Whether a lookup that found nothing is an answer; any other failure is one. */
static bool is_missing(const struct work *work)
{
    return work->error.what == NOT_FOUND || work->error.what == WRONG_STATE ||
           work->error.what == INVALID;
}

/* The number's row, the route that answers it, the version that takes the call. */
static bool find_agent(struct work *work, struct entering *e)
{
    const char *ours = number_text(work, our_address(e->facts));
    struct phone_route route;
    struct agent agent;

    if (!ours)
        return refuse(e, "no_route");
    if (number_owned(work, ours, &e->number))
        e->call.phone_number_id = e->number.id;
    else if (!is_missing(work))
        return false;
    if (!phone_route_for(work, ours, route_of(e), &route) ||
        !agent_find(work, route.agent_id, &agent) ||
        !agent_version_resolve(work, &agent, NO_UID, route.agent_version_id, e->call.id,
                               &e->version))
        return is_missing(work) && refuse(e, "no_route");
    call_set_agent(work, &e->call, &e->session, &agent, &e->version, route.greeting);
    e->has_session = true;
    e->session.call_id = e->call.id;
    e->token = session_first_token(work, &e->session);
    return true;
}

/* Limits are soft by the set-ups in flight: nothing is locked while others are counted. */
static bool check_limits(struct work *work, struct entering *e)
{
    int64_t most = e->tenant.max_concurrent_calls, live;
    bool covers;

    if (!tenant_is_served(&e->tenant))
        return refuse(e, "refused");
    if (!calls_live(work, most + 1, &live) ||
        !call_hold_micros(work, e->call.direction, &e->hold_micros) ||
        !balance_covers(work, e->hold_micros, &covers))
        return false;
    if (live >= most)
        return refuse(e, "refused");
    return covers || refuse(e, "balance");
}

static bool write_step(struct work *work, void *with)
{
    struct entering *e = with;
    bool connects = e->has_session && !e->refused;

    return call_write(work, &e->call, connects ? &e->session : NULL, connects ? e->hold_micros : 0);
}

/*
 * The carrier asks again about a call it told us of: the same session with a fresh token, or, when
 * it was connected meanwhile, whatever is to follow now.
 */
static bool repeat(struct work *work, const struct call *call, struct call_plan *plan)
{
    struct voice_session session;
    struct token token = {.tenant_id = work->tenant, .call = call->id};

    if (call_state_is_terminal(call->state)) {
        plan->kind = PLAN_HANGUP;
        return true;
    }
    if (!session_of_call(work, call->id, &session)) {
        if (work->error.what != NOT_FOUND)
            return false;
        return plan_fallback(work, call, NULL, plan);
    }
    if (strcmp(session.state, "pending") != 0) {
        token.session = session.id;
        return after_connect(work, &token, &(struct after_facts){.waited = AFTER_WAITS}, plan);
    }
    return plan_connect(work, call, &session, 0, plan) ||
           (work->error.what == NOT_FOUND && plan_fallback(work, call, "node_lost", plan));
}

/* What the host must know to answer the next call of this number without the store. */
static void remember(struct work *work, const struct entering *e, const struct call_plan *plan)
{
    struct carrier carrier;
    struct known_route route = {
        .tenant_id = work->tenant,
        .phone_number_id = e->number.id,
        .agent_id = e->version.agent_id,
        .agent_version_id = e->version.id,
        .greeting = e->session.greeting,
        .say = plan->say,
        .language = e->call.language,
        .org_ref = e->call.org_ref,
    };
    const struct known_version known = {
        .tenant_records = tenant_setting_is_on(work, &e->tenant, "recording.enabled", false),
        .redacts = redaction_of(&e->tenant, &e->version),
    };
    struct error error = work->error;

    if (!e->facts->to || e->facts->route || strcmp(e->session.transport, "media_stream") != 0)
        return;
    if (carrier_of_tenant(work, &e->tenant, &carrier)) {
        route.carrier_token = carrier.auth_token;
        known_version_put(work, &e->version, &known);
        known_route_put(work, e->facts->to, &route);
    }
    work->error = error;
}

static bool connect_or_fall(struct work *work, struct entering *e, struct call_plan *plan)
{
    if (e->refused) {
        log_info(work, "call.refused", "reason=%s call=%s", e->refused, e->call.call_sid);
        return plan_fallback(work, &e->call, e->refused, plan);
    }
    plan->say = consent_sentence(work, &e->tenant, &e->version, &e->call);
    plan->language = e->call.language;
    if (plan_stream(work, &e->call, &e->session, e->token, 0, plan)) {
        remember(work, e, plan);
        return true;
    }
    if (work->error.what != NOT_FOUND)
        return false;
    log_warning(work, "call.no_node", "call=%s", e->call.call_sid);
    return plan_fallback(work, &e->call, "node_lost", plan);
}

bool inbound_begin(struct work *work, const struct inbound_facts *facts, struct call_plan *plan)
{
    struct entering e = {.facts = facts};

    *plan = (struct call_plan){.kind = PLAN_HANGUP};
    if (!word_sid(facts->call_sid))
        return fail(work, INVALID, "CallSid is missing or malformed");
    if (call_by_current_sid(work, facts->call_sid, &e.call))
        return repeat(work, &e.call, plan);
    if (work->error.what != NOT_FOUND || !tenant_by_id(work, work->tenant, &e.tenant))
        return false;
    describe(work, &e);
    session_begin(&e.session);
    if (!find_agent(work, &e) || !check_limits(work, &e))
        return false;
    if (db_transaction(work, write_step, &e))
        return connect_or_fall(work, &e, plan);
    /* The same call was told of twice at once: the other one wrote it. */
    return work->error.what == CONFLICT && call_by_current_sid(work, facts->call_sid, &e.call) &&
           repeat(work, &e.call, plan);
}

static bool missed_step(struct work *work, void *with)
{
    struct entering *e = with;
    struct call_news news = NO_NEWS;

    news.state = "completed";
    news.at = e->call.started_at;
    news.end_reason = "refused";
    return call_write(work, &e->call, NULL, 0) && call_apply(work, e->call.id, &news, NULL) &&
           follow_up_put(work, &e->call, "human_follow_up_required",
                         "The call came during an outage and was not answered.");
}

bool inbound_missed(struct work *work, const struct inbound_facts *facts)
{
    struct entering e = {.facts = facts};

    if (!word_sid(facts->call_sid))
        return fail(work, INVALID, "CallSid is missing or malformed");
    if (call_by_current_sid(work, facts->call_sid, &e.call))
        return true;
    if (work->error.what != NOT_FOUND || !tenant_by_id(work, work->tenant, &e.tenant))
        return false;
    describe(work, &e);
    session_begin(&e.session);
    return find_agent(work, &e) && db_transaction(work, missed_step, &e) &&
           call_finalise(work, e.call.id, NULL);
}
