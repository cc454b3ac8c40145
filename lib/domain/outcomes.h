/*
 * domain/outcomes.h - what came of a call, worked out from what is known at its end (reference 1.5
 * and 1.11).
 */
#ifndef DOMAIN_OUTCOMES_H
#define DOMAIN_OUTCOMES_H

#include "db/store.h"

struct call;
struct voice_session;

struct voice_outcome {
    int64_t tenant_id;
    uid id, call_id, session_id;
    const char *stream_sid, *call_sid;
    const char *resolution; /* resolved, unresolved, escalated, callback_scheduled, voicemail, … */
    const char *primary_intent, *risk_level, *billable_sku;
    const char *billing_status; /* not_billable, pending_emit, emitted, failed */
    const char *outcome_source; /* runtime, tool, operator, import, analysis */
    bool escalated;
    document disposition;
    int64_t duration_seconds;
    const char *call_type, *agent_name, *customer_phone, *org_ref;
    document metadata;
    instant occurred_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity voice_outcome_entity;

/* answered, voicemail, no_answer, busy or failed: of a call that is over. */
const char *outcome_of(const struct call *call);

/* What else the rules look at. */
struct outcome_facts {
    int64_t caller_turns;   /* how often the caller spoke */
    bool callback_promised; /* an open callback task belongs to the call */
    bool opted_out;         /* the caller asked not to be called again */
};

/* The resolution by rules; an analysis may refine it later. */
const char *resolution_of(const struct call *call, const struct outcome_facts *facts);

/*
 * Writes the outcome's row; "session" may be NULL for a call nobody answered, whose stream SID is
 * then derived.  Once per call: a repeat changes nothing.  What is billed is owed to the billing
 * system in the same transaction (domain/billing_outcomes.h).
 */
bool outcome_put(struct work *work, const struct call *call, const struct voice_session *session,
                 const struct voice_outcome *outcome);

#endif
