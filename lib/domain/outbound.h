/*
 * domain/outbound.h - ordering a call at the carrier (reference 5.6).
 *
 * Three steps: the rows are written, then the carrier is asked with no transaction open, then the
 * answer is written down.  An order whose answer never came is never repeated: the first callback
 * with our key or a sweep that asks the carrier settles it.
 */
#ifndef DOMAIN_OUTBOUND_H
#define DOMAIN_OUTBOUND_H

#include <stddef.h>

#include "core/uid.h"
#include "core/work.h"
#include "domain/call_plan.h"

struct call;
struct carrier_setting;
struct customer_wishes;

struct outbound_order {
    const char *origin; /* twilio, thruai, stateset, phony, campaign, callback, workflow */
    const char *from, *to;
    uid agent, agent_version; /* NO_UID: by the route of "from" */
    const char *greeting, *org_ref, *trace_id;
    const char *agent_name; /* shown instead of the agent's own; NULL: that */
    const char *variables_json, *metadata_json, *context_json; /* NULL: {} */
    uid campaign_id, contact_id, execution_id, callback_task_id, parent_call_id;
    const char *machine_detection;       /* NULL: none; Enable, DetectMessageEnd */
    int64_t ring_seconds, limit_seconds; /* 0: 60 and the longest call */
    uid room_id;                         /* a leg of a room; NO_UID: a call of its own */
    const char *leg_role, *language;     /* of such a leg */
    bool transfer; /* a leg of a call that runs already: it takes no slot of its own */

    /* What the Twilio dialect adds; checked wishes (domain/customer_callbacks.h), or NULL. */
    const struct customer_wishes *customer;
    bool record;        /* by the carrier, from the answer on; its news come to us */
    bool machine_waits; /* the carrier asks what to do only when it knows who answered */
    /* Handed to the carrier as they are: SendDigits, RecordingChannels, …  NULL: none. */
    const struct carrier_setting *settings;
    size_t nsettings;
};

/*
 * The number to call from: the one given, or the tenant's twilio.from_number, or that of a route,
 * outbound ones first.  INVALID blaming "from" when there is none.
 */
bool outbound_from(struct work *work, const char *given, const char **from);

/*
 * Orders a call and answers its row, state queued and with the carrier's SID.  Fails as the gate
 * does, with UPSTREAM when the carrier refused (the call is then failed, its hold released), and
 * with BUSY when its answer never came: the row stays "created" with error_code order_unknown.
 */
bool outbound_order(struct work *work, const struct outbound_order *order, struct call *call);

/*
 * Whether the order of that call failed because the carrier did not say whether it took it; the
 * call is then read anew.  Such an answer is one to keep: the same request repeated never orders a
 * second call.  The work's error stays.
 */
bool outbound_is_unknown(struct work *work, struct call *call);

/*
 * Orders the two legs of a room.  "insert" writes the room's row in the transaction of theirs.
 * Neither is left ringing when the other cannot be ordered: fails as above.
 */
bool outbound_order_pair(struct work *work, const struct outbound_order *orders,
                         bool (*insert)(struct work *work, void *with), void *with,
                         struct call *calls);

/*
 * The TwiML request of a call we ordered, when it is answered: connects it.  "cid" is our key from
 * the URL (NULL: none), "call_sid" the carrier's, which is learned.  "answered_by" is a synchronous
 * verdict.  A call we do not know gets the plan of inbound_refuse().
 */
bool outbound_answered(struct work *work, const char *cid, const char *call_sid,
                       const char *answered_by, struct call_plan *plan);

/* Asks the carrier about calls whose order's answer never came; settles them. For sweeps. */
bool outbound_settle(struct work *work, uid call, bool *settled);

#endif
