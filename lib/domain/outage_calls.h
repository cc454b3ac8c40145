/*
 * domain/outage_calls.h - calls that are answered while the store is away (reference 5.15).
 *
 * The front answers from the host's cache with a token that says all there is to know; the node
 * accepts it without a claim.  Call and session get keys that follow from tenant and CallSid, so
 * that the token, the journalled callback and the node's facts mean the same rows; whichever of
 * them reaches the store first makes the rows, the others find them.
 */
#ifndef DOMAIN_OUTAGE_CALLS_H
#define DOMAIN_OUTAGE_CALLS_H

#include "core/text.h"
#include "core/uid.h"
#include "domain/call_plan.h"
#include "domain/carrier_proof.h"
#include "domain/tokens.h"

struct outage_call {
    int64_t tenant_id;
    uid call, session, agent_version;
    uid resume_of; /* the session that this one continues; NO_UID: none */
    const char *call_sid, *account_sid, *from, *to;
    instant at;
};

/*
 * An incoming call whose number was answered before: its keys and what the carrier is to do.  False
 * when the number is not known here, the signature does not fit, or it is no incoming call.
 */
bool outage_connect(struct work *work, const struct posted *posted, struct outage_call *call,
                    struct call_plan *plan);

/*
 * The carrier comes back from a stream: hang up when the session ended, else another node, as often
 * as there are nodes to be tried.  "attempt" counts from 0.  False when there is nothing to be
 * done but wait.
 */
bool outage_after(struct work *work, const struct token *token, int64_t attempt,
                  struct call_plan *plan);

/* The call as a member of a journal's record, and back; false when it is none. */
void outage_call_write(struct text *json, const struct outage_call *call);
bool outage_call_read(struct work *work, const char *json, struct outage_call *call);

/* Makes the rows that are missing; in the store that is back.  Sets work->tenant. */
bool outage_adopt(struct work *work, const struct outage_call *call);

/* Which node took the session, over which stream. */
struct outage_claim {
    const char *stream_sid;
    int64_t node_id, node_epoch;
};

/* The same, and the session is connecting on its node. */
bool outage_claimed(struct work *work, const struct outage_call *call,
                    const struct outage_claim *claim);

#endif
