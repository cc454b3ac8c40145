#include "domain/call_plan.h"

#include <string.h>

#include "core/config.h"
#include "domain/calls.h"
#include "domain/consent.h"
#include "domain/follow_ups.h"
#include "domain/gate.h"
#include "domain/handoffs.h"
#include "domain/inbound.h"
#include "domain/nodes.h"
#include "domain/numbers.h"
#include "domain/relay_plan.h"
#include "domain/rooms.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/tokens.h"

enum {
    LONGEST_CALL_SECONDS = 4 * 60 * 60, /* the carrier's own limit */
    AFTER_TOKEN_MS = (LONGEST_CALL_SECONDS + 60 * 60) * 1000,
    RING_SECONDS = 25,
    VOICEMAIL_SECONDS = 120,
};

char *hook_url(struct work *work, const char *path)
{
    const char *base = work->config->public_base_url;
    size_t length = strlen(base);

    while (length && base[length - 1] == '/')
        length--;
    return arena_format(&work->arena, "%.*s%s", (int)length, base, path);
}

/* As with the first token, a leg of a room is not connected again without the store. */
char *after_url(struct work *work, const struct call *call, const struct voice_session *session)
{
    const struct token token = {
        .tenant_id = work->tenant,
        .call = call->id,
        .session = session ? session->id : NO_UID,
        .agent_version = uid_is_none(call->room_id) ? call->agent_version_id : NO_UID,
        .expires_at = instant_after(clock_now(), AFTER_TOKEN_MS),
    };

    return hook_url(work, arena_format(&work->arena, "/hooks/twilio/after/%s",
                                       token_make(work, TOKEN_AFTER, &token)));
}

static bool stream_to(struct work *work, const struct call *call,
                      const struct voice_session *session, const struct media_node *node,
                      const char *token, struct call_plan *plan)
{
    bool relay = relay_is_session(session);

    if (relay && !relay_plan_read(work, session, plan))
        return false;
    plan->kind = PLAN_CONNECT;
    plan->stream_url = relay ? node_relay_url(work, node) : node_stream_url(work, node, token);
    plan->stream_token = token;
    plan->stream_status_url = hook_url(work, "/hooks/twilio/stream");
    plan->after_url = after_url(work, call, session);
    return true;
}

bool plan_stream(struct work *work, const struct call *call, const struct voice_session *session,
                 const char *token, int64_t avoid, struct call_plan *plan)
{
    struct media_node node;

    return node_choose(work, call->id, avoid, &node) &&
           stream_to(work, call, session, &node, token, plan);
}

static bool find_node(struct work *work, const struct call *call, int64_t avoid,
                      struct media_node *node)
{
    return uid_is_none(call->room_id) ? node_choose(work, call->id, avoid, node)
                                      : room_node(work, call->room_id, node);
}

bool plan_connect(struct work *work, const struct call *call, const struct voice_session *session,
                  int64_t avoid, struct call_plan *plan)
{
    struct media_node node;
    char *token;

    if (!find_node(work, call, avoid, &node))
        return work->error.what == WRONG_STATE && plan->kind == PLAN_HANGUP; /* its room is over */
    if (!session_issue_token(work, session, &token) || !consent_of_call(work, call, &plan->say))
        return false;
    plan->language = call->language;
    return stream_to(work, call, session, &node, token, plan);
}

/* Sessions nobody will connect to any more. */
static bool expire_sessions(struct work *work, uid call)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = 'expired', state_rank = 90, updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND call_id = ? AND state = 'pending'";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(call)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Where a human of the business is reached, if the gate lets us; NULL when nowhere. */
static bool find_human(struct work *work, const struct call *call, const char **target)
{
    struct outward outward = {.channel = GATE_VOICE, .transfer = true};
    struct phone_number number;
    bool tried;

    *target = NULL;
    if (!handoff_was_fallback(work, call->id, &tried))
        return false;
    if (tried)
        return true;
    if (!number_find(work, call->phone_number_id, &number))
        return work->error.what == NOT_FOUND;
    outward.from = number.e164;
    outward.to = number.forward_to ? number.forward_to : number.business_phone;
    if (!outward.to)
        return true;
    if (!gate_check(work, &outward, NULL))
        return work->error.what != BUSY && work->error.what != INTERNAL;
    *target = outward.to;
    return true;
}

static bool dial(struct work *work, const struct call *call, const char *target,
                 struct call_plan *plan)
{
    struct handoff handoff = {
        .call_id = call->id, .mode = "cold", .initiated_by = "fallback", .target = target};

    plan->kind = PLAN_DIAL;
    plan->dial_to = target;
    plan->dial_timeout_seconds = RING_SECONDS;
    plan->dial_limit_seconds = LONGEST_CALL_SECONDS;
    plan->after_url = after_url(work, call, NULL);
    return handoff_request(work, &handoff) && handoff_move(work, &handoff, "dialing");
}

/* The tenant's own sentence, or ours. */
static const char *sentence(struct work *work, const struct tenant *tenant, const char *setting,
                            const char *ours)
{
    const char *own = tenant_setting(work, tenant, setting);

    return own && *own ? own : ours;
}

static bool take_message(struct work *work, const struct call *call, const struct tenant *tenant,
                         struct call_plan *plan)
{
    plan->kind = PLAN_VOICEMAIL;
    plan->say = sentence(work, tenant, "fallback.voicemail_prompt",
                         "We are sorry, nobody can take your call right now. Please leave a "
                         "message after the tone, and we will call you back.");
    plan->voicemail_limit_seconds = VOICEMAIL_SECONDS;
    plan->recording_url = hook_url(work, "/hooks/twilio/recording");
    plan->after_url = after_url(work, call, NULL);
    return follow_up_put(work, call, "voicemail_follow_up",
                         "The caller could not be connected and was asked for a message.");
}

bool plan_fallback(struct work *work, const struct call *call, const char *end_reason,
                   struct call_plan *plan)
{
    struct call_news news = NO_NEWS;
    struct tenant tenant;
    const char *target;

    news.end_reason = end_reason;
    if (!call_apply(work, call->id, &news, NULL) || !expire_sessions(work, call->id) ||
        !tenant_by_id(work, work->tenant, &tenant) || !find_human(work, call, &target))
        return false;
    if (target)
        return dial(work, call, target, plan);
    if (tenant_is_served(&tenant) && !uid_is_none(call->phone_number_id) &&
        tenant_setting_is_on(work, &tenant, "fallback.voicemail", true))
        return take_message(work, call, &tenant, plan);
    plan->kind = PLAN_SAY;
    plan->say = sentence(work, &tenant, "fallback.sentence",
                         "We are sorry, your call cannot be taken right now. Please try again "
                         "later. Goodbye.");
    return true;
}

void inbound_refuse(struct work *work, struct call_plan *plan)
{
    (void)work;
    *plan = (struct call_plan){
        .kind = PLAN_SAY,
        .say = "We are sorry, this number is not in service. Please check the number and call "
               "again. Goodbye.",
    };
}

void inbound_unavailable(struct work *work, struct call_plan *plan)
{
    (void)work;
    *plan = (struct call_plan){
        .kind = PLAN_SAY,
        .say = "We are sorry, we cannot take your call at the moment. Please call again in a few "
               "minutes. Goodbye.",
    };
}
