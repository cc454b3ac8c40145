#include "domain/finalise_parts.h"

#include <string.h>

#include "core/text.h"
#include "domain/call_money.h"
#include "domain/call_prices.h"
#include "domain/events.h"
#include "domain/finalise.h"
#include "domain/latency.h"
#include "domain/outbox.h"
#include "domain/outcomes.h"
#include "domain/queue_sweeps.h"
#include "domain/recordings.h"
#include "domain/tenants.h"

static bool count_callbacks(struct work *work, uid call, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM callback_tasks"
                              " WHERE tenant_id = ? AND status = 'open' AND call_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

/* Times that nobody told are worked out from those that are known. */
static void complete_times(struct finalising *f)
{
    struct call *call = &f->call;

    if (instant_is_none(call->ended_at))
        call->ended_at = f->now;
    if (strcmp(outcome_of(call), "no_answer") == 0 || strcmp(call->state, "busy") == 0) {
        call->duration_seconds = 0;
    } else if (call->duration_seconds != NO_INTEGER && instant_is_none(call->answered_at)) {
        if (call->duration_seconds > 0)
            call->answered_at = instant_after(call->ended_at, -call->duration_seconds * 1000);
    } else if (call->duration_seconds == NO_INTEGER) {
        call->duration_seconds = instant_is_none(call->answered_at) ? 0
                                 : call->ended_at.ms > call->answered_at.ms
                                     ? (call->ended_at.ms - call->answered_at.ms + 999) / 1000
                                     : 0;
    }
    if (!call->end_reason)
        call->end_reason = strcmp(call->state, "completed") == 0 ? "caller_hangup" : "unknown";
}

static bool decide(struct work *work, struct finalising *f)
{
    struct call *call = &f->call;
    struct outcome_facts facts = {.opted_out = call->business_outcome &&
                                               strcmp(call->business_outcome, "opted_out") == 0};
    int64_t callbacks;

    if (!count_callbacks(work, f->id, &callbacks))
        return false;
    facts.callback_promised = callbacks > 0;
    for (size_t i = 0; i < f->turns.count; i++)
        facts.caller_turns += strcmp(((const struct turn *)f->turns.at)[i].role, "user") == 0;
    complete_times(f);
    call->outcome = outcome_of(call);
    if (!call->resolution)
        call->resolution = resolution_of(call, &facts);
    return true;
}

/* What the session used is the call's as well. */
static bool write_call(struct work *work, struct finalising *f)
{
    struct call *call = &f->call;
    columns given = NO_COLUMNS;
    static const size_t written[] = {
        offsetof(struct call, outcome),     offsetof(struct call, resolution),
        offsetof(struct call, ended_at),    offsetof(struct call, answered_at),
        offsetof(struct call, end_reason),  offsetof(struct call, duration_seconds),
        offsetof(struct call, cost_micros), offsetof(struct call, cost_detail),
        offsetof(struct call, model),       offsetof(struct call, voice),
    };

    if (f->has_session && !call->model)
        call->model = f->session.model;
    if (f->has_session && !call->voice)
        call->voice = f->session.voice;
    for (size_t i = 0; i < COUNT(written); i++)
        given = columns_add(given, &call_entity, written[i]);
    return call_charge(work, call, &call->cost_micros, &call->cost_detail.json) &&
           store_update(work, &call_entity, call, given);
}

bool finalise_decide(struct work *work, struct finalising *f)
{
    return decide(work, f) && write_call(work, f);
}

/* The tenant's word makes a full-text search cost what the tenant has. */
static bool put_text(struct work *work, const struct finalising *f)
{
    static const char sql[] =
        "REPLACE INTO call_texts (tenant_id, call_id, started_at, tenant_term, body)"
        " VALUES (?, ?, ?, ?, ?)";
    const char *term = arena_format(&work->arena, "tnt%lld", (long long)work->tenant);
    struct text body = {.arena = &work->arena};
    const struct turn *turns = f->turns.at;

    for (size_t i = 0; i < f->turns.count; i++) {
        if (turns[i].role && strcmp(turns[i].role, "tool") == 0)
            continue;
        text_put(&body, turns[i].text);
        text_char(&body, '\n');
    }
    if (!body.at)
        return true;
    return db_execute(work, sql,
                      (const struct param[]){PARAM(work->tenant), PARAM(f->id),
                                             PARAM(f->call.started_at), PARAM(term),
                                             PARAM(body.at)},
                      5, NULL);
}

/* Outcomes are billed where the tenant's settings say so; what each is sold as may be said too. */
static bool put_outcome(struct work *work, const struct finalising *f)
{
    struct voice_outcome outcome;
    struct tenant tenant;
    bool billed;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    billed = tenant_setting_is_on(work, &tenant, "billing.outcomes.enabled", false);
    row_clear(&voice_outcome_entity, &outcome);
    outcome.resolution = f->call.resolution;
    outcome.billing_status = billed ? "pending_emit" : "not_billable";
    outcome.outcome_source = "runtime";
    outcome.billable_sku = tenant_setting(
        work, &tenant, arena_format(&work->arena, "billing.outcomes.skus.%s", outcome.resolution));
    if (!outcome.billable_sku)
        outcome.billable_sku = arena_format(&work->arena, "voice.call.%s", outcome.resolution);
    return outcome_put(work, &f->call, f->has_session ? &f->session : NULL, &outcome);
}

/* What a human was called for is the outcome of the call that he was called for. */
static bool has_outcome(const struct call *call)
{
    return strcmp(call->leg_role, "human") != 0 && strcmp(call->leg_role, "consult") != 0;
}

bool finalise_record(struct work *work, const struct finalising *f)
{
    return put_text(work, f) &&
           latency_put(work, f->id, f->call.started_at, f->call.model, f->call.voice, f->turns.at,
                       f->turns.count) &&
           (!has_outcome(&f->call) || put_outcome(work, f));
}

/* An event that the outside hears of once per call. */
static bool owe(struct work *work, const struct finalising *f, const char *event, instant when)
{
    char id[37];

    uid_write_uuid(f->id, id);
    return outbox_put_later(work, "webhook", f->id, event, NULL,
                            arena_format(&work->arena, "%s:%s", event, id), when);
}

/* The end waits for the recording, so that who is told of a call can fetch all of it. */
bool finalise_tell(struct work *work, const struct finalising *f)
{
    bool completed = strcmp(f->call.state, "completed") == 0, recording;

    if (!recording_is_pending(work, f->id, &recording))
        return false;
    return owe(work, f, completed ? "call.completed" : "call.failed",
               recording ? instant_after(f->now, RECORDING_WAIT_MS) : f->now) &&
           (f->turns.count == 0 || owe(work, f, "transcript.ready", f->now)) &&
           call_price_owe(work, &f->call, f->now) && dispatch_call_ended(work, &f->call) &&
           event_put(work, f->id, f->has_session ? f->session.id : NO_UID, "call.updated",
                     "platform", "{\"finalized\":true}");
}
