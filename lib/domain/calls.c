#include "domain/calls.h"

#include <string.h>

#include "domain/call_state.h"

static const char *const carriers[] = {"twilio", "sim", "none", NULL};
static const char *const origins[] = {"carrier",  "twilio",   "thruai",   "stateset", "phony",
                                      "campaign", "callback", "workflow", "transfer", NULL};
static const char *const directions[] = {"inbound", "outbound", NULL};
static const char *const channels[] = {"pstn", "sip", "web", NULL};
static const char *const media_modes[] = {"stream", "relay", "provider_sip", "gather", "bridge",
                                          "none",   NULL};
static const char *const leg_roles[] = {"primary", "participant_a", "participant_b",
                                        "human",   "consult",       NULL};
static const char *const answerers[] = {"human",
                                        "machine_start",
                                        "machine_end_beep",
                                        "machine_end_silence",
                                        "machine_end_other",
                                        "fax",
                                        "unknown",
                                        NULL};
static const char *const outcomes[] = {"answered", "voicemail", "no_answer",
                                       "busy",     "failed",    NULL};
static const char *const end_reasons[] = {
    "caller_hangup", "agent_end", "supervisor_end", "api_end",       "transfer",
    "max_duration",  "silence",   "balance",        "carrier_error", "model_error",
    "node_lost",     "no_route",  "refused",        "unknown",       NULL};
static const char *const sentiments[] = {"positive", "neutral", "negative", NULL};

static const struct column columns_of_call[] = {
    COLUMN(call, tenant_id, NOT_NULL),
    COLUMN(call, id, NOT_NULL),
    COLUMN(call, call_sid, NOT_NULL, .max = 34),
    COLUMN(call, carrier, NOT_NULL, .one_of = carriers),
    COLUMN(call, carrier_account_sid, NULLABLE, .max = 34),
    COLUMN(call, origin, NOT_NULL, .one_of = origins),
    COLUMN(call, direction, NOT_NULL, .one_of = directions),
    COLUMN(call, channel, NOT_NULL, .one_of = channels),
    COLUMN(call, media_mode, NOT_NULL, .one_of = media_modes),
    COLUMN(call, parent_call_id, NULLABLE),
    COLUMN(call, room_id, NULLABLE),
    COLUMN(call, leg_role, NOT_NULL, .one_of = leg_roles),
    COLUMN(call, from_addr, NULLABLE, .max = 128),
    COLUMN(call, to_addr, NULLABLE, .max = 128),
    COLUMN(call, customer_phone, NULLABLE, .max = 32),
    COLUMN(call, caller_name, NULLABLE, .max = 480),
    COLUMN(call, forwarded_from, NULLABLE, .max = 32),
    COLUMN(call, phone_number_id, NULLABLE),
    COLUMN(call, agent_id, NULLABLE),
    COLUMN(call, agent_version_id, NULLABLE),
    COLUMN(call, agent_name, NULLABLE, .max = 190),
    COLUMN(call, org_ref, NULLABLE, .max = 64),
    COLUMN(call, campaign_id, NULLABLE),
    COLUMN(call, contact_id, NULLABLE),
    COLUMN(call, execution_id, NULLABLE),
    COLUMN(call, callback_task_id, NULLABLE),
    COLUMN(call, state, NOT_NULL, .one_of = call_states),
    COLUMN(call, state_rank, NOT_NULL),
    COLUMN(call, carrier_seq, NULLABLE),
    COLUMN(call, answered_by, NULLABLE, .one_of = answerers),
    COLUMN(call, outcome, NULLABLE, .one_of = outcomes),
    COLUMN(call, business_outcome, NULLABLE, .max = 64),
    COLUMN(call, end_reason, NULLABLE, .one_of = end_reasons),
    COLUMN(call, escalated, NOT_NULL),
    COLUMN(call, escalation_reason, NULLABLE, .max = 500),
    COLUMN(call, escalation_target, NULLABLE, .max = 200),
    COLUMN(call, scheduled_at, NULLABLE),
    COLUMN(call, started_at, NOT_NULL),
    COLUMN(call, answered_at, NULLABLE),
    COLUMN(call, ended_at, NULLABLE),
    COLUMN(call, duration_seconds, NULLABLE),
    COLUMN(call, carrier_price_micros, NULLABLE),
    COLUMN(call, cost_micros, NULLABLE),
    COLUMN(call, cost_detail, NULLABLE),
    COLUMN(call, currency, NOT_NULL, .max = 3),
    COLUMN(call, model, NULLABLE, .max = 80),
    COLUMN(call, voice, NULLABLE, .max = 80),
    COLUMN(call, system_prompt_key, NULLABLE, .max = 120),
    COLUMN(call, language, NULLABLE, .max = 16),
    COLUMN(call, summary, NULLABLE, .max = 60000),
    COLUMN(call, sentiment, NULLABLE, .one_of = sentiments),
    COLUMN(call, resolution, NULLABLE, .max = 32),
    COLUMN(call, context, NOT_NULL),
    COLUMN(call, variables, NOT_NULL),
    COLUMN(call, metadata, NOT_NULL),
    COLUMN(call, carrier_params, NULLABLE),
    COLUMN(call, consent_at, NULLABLE),
    COLUMN(call, turn_count, NOT_NULL),
    COLUMN(call, tool_call_count, NOT_NULL),
    COLUMN(call, recording_count, NOT_NULL),
    COLUMN(call, error_code, NULLABLE, .max = 48),
    COLUMN(call, error_message, NULLABLE, .max = 500),
    COLUMN(call, trace_id, NULLABLE, .max = 128),
    COLUMN(call, finalized_at, NULLABLE),
    COLUMN(call, hidden_at, NULLABLE),
    COLUMN(call, created_at, NOT_NULL),
    COLUMN(call, updated_at, NOT_NULL),
    COLUMN(call, rev, NOT_NULL),
};

const struct entity call_entity = ENTITY(call, "call", "calls", columns_of_call);

void call_begin(struct work *work, struct call *call)
{
    char sid[SID_SIZE];

    row_clear(&call_entity, call);
    call->id = uid_new();
    sid_write("CA", call->id, sid);
    call->tenant_id = work->tenant;
    call->call_sid = arena_text(&work->arena, sid);
    call->carrier = "none";
    call->channel = "pstn";
    call->media_mode = "stream";
    call->leg_role = "primary";
    call->state = "created";
    call->started_at = clock_now();
    call->currency = "USD";
    call->context = call->variables = call->metadata = (document){"{}"};
    call->turn_count = call->tool_call_count = call->recording_count = 0;
}

bool call_insert(struct work *work, const struct call *call)
{
    columns given = columns_all(&call_entity);
    struct call row = *call;

    row.state_rank = call_state_rank(row.state);
    row.created_at = row.updated_at = clock_now();
    return store_insert(work, &call_entity, &row, given);
}

bool call_get(struct work *work, uid id, struct call *call)
{
    return store_get(work, &call_entity, id, call);
}

/* Rows that were written but not ordered count for as long as an order takes. */
enum { ORDERING_MS = 2 * 60 * 1000 };

bool calls_live(struct work *work, int64_t limit, int64_t *count)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM ("
        "SELECT 1 FROM calls WHERE tenant_id = ?"
        " AND (state IN ('queued', 'initiated', 'ringing', 'in_progress')"
        " OR state = 'created' AND started_at > ? AND scheduled_at IS NULL) LIMIT ?) AS live";
    instant ordering = instant_after(clock_now(), -ORDERING_MS);
    const struct param params[] = {PARAM(work->tenant), PARAM(ordering), PARAM(limit)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

bool call_recount(struct work *work, uid id)
{
    static const char sql[] =
        "UPDATE calls SET"
        " turn_count = (SELECT COUNT(*) FROM call_turns AS t WHERE t.tenant_id = calls.tenant_id"
        " AND t.call_id = calls.id),"
        " tool_call_count = (SELECT COUNT(*) FROM tool_invocations AS i"
        " WHERE i.tenant_id = calls.tenant_id AND i.call_id = calls.id),"
        " recording_count = (SELECT COUNT(*) FROM recordings AS r"
        " WHERE r.tenant_id = calls.tenant_id AND r.call_id = calls.id"
        " AND r.status = 'available'),"
        " updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
