#include "domain/outcomes.h"

#include <string.h>

#include "core/text.h"
#include "domain/billing_outcomes.h"
#include "domain/calls.h"
#include "domain/sessions.h"

static const char *const risk_levels[] = {"low", "medium", "high", NULL};
static const char *const billing_states[] = {"not_billable", "pending_emit", "emitted", "failed",
                                             NULL};
static const char *const outcome_sources[] = {"runtime", "tool",     "operator",
                                              "import",  "analysis", NULL};

static const struct column columns_of_outcome[] = {
    COLUMN(voice_outcome, tenant_id, NOT_NULL),
    COLUMN(voice_outcome, id, NOT_NULL),
    COLUMN(voice_outcome, call_id, NULLABLE),
    COLUMN(voice_outcome, session_id, NULLABLE),
    COLUMN(voice_outcome, stream_sid, NOT_NULL, .max = 64),
    COLUMN(voice_outcome, call_sid, NULLABLE, .max = 64),
    COLUMN(voice_outcome, resolution, NOT_NULL, .max = 32),
    COLUMN(voice_outcome, primary_intent, NULLABLE, .max = 120),
    COLUMN(voice_outcome, risk_level, NULLABLE, .one_of = risk_levels),
    COLUMN(voice_outcome, billable_sku, NULLABLE, .max = 64),
    COLUMN(voice_outcome, billing_status, NOT_NULL, .one_of = billing_states),
    COLUMN(voice_outcome, outcome_source, NOT_NULL, .one_of = outcome_sources),
    COLUMN(voice_outcome, escalated, NOT_NULL),
    COLUMN(voice_outcome, disposition, NOT_NULL),
    COLUMN(voice_outcome, duration_seconds, NULLABLE),
    COLUMN(voice_outcome, call_type, NULLABLE, .max = 24),
    COLUMN(voice_outcome, agent_name, NULLABLE, .max = 190),
    COLUMN(voice_outcome, customer_phone, NULLABLE, .max = 32),
    COLUMN(voice_outcome, org_ref, NULLABLE, .max = 64),
    COLUMN(voice_outcome, metadata, NOT_NULL),
    COLUMN(voice_outcome, occurred_at, NOT_NULL),
    COLUMN(voice_outcome, created_at, NOT_NULL),
    COLUMN(voice_outcome, updated_at, NOT_NULL),
    COLUMN(voice_outcome, rev, NOT_NULL),
};

const struct entity voice_outcome_entity =
    ENTITY(voice_outcome, "outcome", "voice_outcomes", columns_of_outcome);

const char *outcome_of(const struct call *call)
{
    bool answered = text_is(call->state, "completed") ||
                    (text_is(call->state, "canceled") && !instant_is_none(call->answered_at));

    if (text_is(call->state, "busy"))
        return "busy";
    if (text_is(call->state, "failed") || text_is(call->answered_by, "fax"))
        return "failed";
    if (!answered)
        return "no_answer";
    return call->answered_by && strncmp(call->answered_by, "machine_", 8) == 0 ? "voicemail"
                                                                               : "answered";
}

/* Ends that leave the caller without what he called for. */
static bool ended_badly(const char *end_reason)
{
    static const char *const bad[] = {"max_duration", "silence",   "balance",  "carrier_error",
                                      "model_error",  "node_lost", "no_route", "refused"};

    for (size_t i = 0; i < COUNT(bad); i++)
        if (text_is(end_reason, bad[i]))
            return true;
    return false;
}

const char *resolution_of(const struct call *call, const struct outcome_facts *facts)
{
    const char *outcome = outcome_of(call);

    if (facts->opted_out)
        return "opted_out";
    if (call->escalated)
        return "escalated";
    if (facts->callback_promised)
        return "callback_scheduled";
    if (!text_is(outcome, "answered"))
        return outcome;
    if (ended_badly(call->end_reason))
        return "unresolved";
    return facts->caller_turns ? "resolved" : "abandoned";
}

static void add_fact(struct text *facts, const char *name, const char *value)
{
    text_add(facts, "%s\"%s\":", facts->length > 1 ? "," : "", name);
    text_json(facts, value);
}

/* How the call ended, in the words that the call itself has for it. */
static document disposition_of(struct work *work, const struct call *call)
{
    struct text facts = {.arena = &work->arena};

    text_char(&facts, '{');
    add_fact(&facts, "outcome", call->outcome);
    add_fact(&facts, "end_reason", call->end_reason);
    add_fact(&facts, "answered_by", call->answered_by);
    add_fact(&facts, "business_outcome", call->business_outcome);
    add_fact(&facts, "escalation_reason", call->escalation_reason);
    text_char(&facts, '}');
    return (document){facts.at};
}

bool outcome_put(struct work *work, const struct call *call, const struct voice_session *session,
                 const struct voice_outcome *outcome)
{
    struct voice_outcome row = *outcome;
    char sid[SID_SIZE];

    sid_write("MZ", session ? session->id : call->id, sid);
    row.id = uid_new();
    row.call_id = call->id;
    row.session_id = session ? session->id : NO_UID;
    row.stream_sid = session && session->stream_sid ? session->stream_sid : sid;
    row.call_sid = call->call_sid;
    row.escalated = call->escalated;
    row.duration_seconds = call->duration_seconds;
    row.call_type = session ? session->call_type : call->direction;
    row.agent_name = call->agent_name;
    row.customer_phone = call->customer_phone;
    row.org_ref = call->org_ref;
    row.disposition = disposition_of(work, call);
    row.metadata = (document){"{}"};
    row.occurred_at = instant_is_none(call->ended_at) ? clock_now() : call->ended_at;
    row.created_at = row.updated_at = clock_now();
    if (!store_insert(work, &voice_outcome_entity, &row, columns_all(&voice_outcome_entity)))
        return work->error.what == CONFLICT;
    return strcmp(row.billing_status, "pending_emit") != 0 || billing_outcome_owe(work, &row);
}
