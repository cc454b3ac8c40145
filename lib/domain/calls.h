/*
 * domain/calls.h - one leg with a carrier: its row, its names, its way through the states.
 *
 * A call and its first session are written together, before anything is ordered or answered.  A
 * call that was not yet ordered has a provisional SID made of its key, which keeps working after
 * the carrier gave the real one (reference 1.5, 2.2).
 */
#ifndef DOMAIN_CALLS_H
#define DOMAIN_CALLS_H

#include "db/store.h"
#include "domain/call_names.h"
#include "domain/call_news.h"

struct call {
    int64_t tenant_id;
    uid id;
    const char *call_sid;
    const char *carrier; /* twilio, sim, none */
    const char *carrier_account_sid;
    const char *origin;     /* carrier, twilio, thruai, stateset, phony, campaign, callback, … */
    const char *direction;  /* inbound, outbound */
    const char *channel;    /* pstn, sip, web */
    const char *media_mode; /* stream, relay, provider_sip, gather, bridge, none */
    uid parent_call_id, room_id;
    const char *leg_role; /* primary, participant_a, participant_b, human, consult */
    const char *from_addr, *to_addr, *customer_phone, *caller_name, *forwarded_from;
    uid phone_number_id, agent_id, agent_version_id;
    const char *agent_name, *org_ref;
    uid campaign_id, contact_id, execution_id, callback_task_id;
    const char *state; /* one of call_states */
    int64_t state_rank, carrier_seq;
    const char *answered_by, *outcome, *business_outcome, *end_reason;
    bool escalated;
    const char *escalation_reason, *escalation_target;
    instant scheduled_at, started_at, answered_at, ended_at;
    int64_t duration_seconds; /* from the answer to the end */
    int64_t carrier_price_micros, cost_micros;
    document cost_detail;
    const char *currency;
    const char *model, *voice, *system_prompt_key, *language;
    const char *summary, *sentiment, *resolution;
    document context, variables, metadata, carrier_params;
    instant consent_at;
    int64_t turn_count, tool_call_count, recording_count;
    const char *error_code, *error_message, *trace_id;
    instant finalized_at, hidden_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity call_entity;

/* Every member at its nothing, a new key, its provisional SID, state "created", empty documents. */
void call_begin(struct work *work, struct call *call);

/* The call of that key; NOT_FOUND when the tenant has none. */
bool call_get(struct work *work, uid id, struct call *call);

/* Writes a new row; CONFLICT when its SID exists. Inside the caller's transaction. */
bool call_insert(struct work *work, const struct call *call);

/* How many calls the tenant has between order and end; counts no further than "limit". */
bool calls_live(struct work *work, int64_t limit, int64_t *count);

/* Counts what belongs to the call anew: turns, tool calls, recordings. */
bool call_recount(struct work *work, uid id);

#endif
