/*
 * domain/gate.h - the one gate that whatever dials or texts outward passes: orders of every
 * dialect, tools, transfers, TwiML of ours, campaigns.
 */
#ifndef DOMAIN_GATE_H
#define DOMAIN_GATE_H

#include "core/uid.h"
#include "core/work.h"

enum gate_channel { GATE_VOICE, GATE_SMS };

struct outward {
    enum gate_channel channel;
    const char *from; /* a number of the tenant, E.164 */
    const char *to;   /* E.164, or "sip:user@host" (GATE_VOICE) */
    bool transfer;    /* a leg of a call that runs already: it takes no slot of its own … */
    int64_t beside; /* … but those that are rung at once with it do; how many of them there are */
    int64_t segments; /* of a text message; 0: one */
};

/* What the gate found out on the way. */
struct gate_pass {
    uid number;         /* phone_numbers.id of "from"; NO_UID when only routed (a BYOC number) */
    const char *source; /* phone_numbers.source; NULL when only routed */
};

/*
 * Lets it through or says why not, in this order: a "from" that is not the tenant's, INVALID with
 * field "from"; a malformed "to", INVALID with field "to"; a country that is not allowed or a
 * premium, shared-cost or satellite range, FORBIDDEN; a suppressed address, FORBIDDEN; a tenant
 * that is not served, FORBIDDEN; too many calls at once or the day's cap, LIMIT_REACHED; a balance
 * that does not cover it, UNPAID.  "pass" may be NULL.
 */
bool gate_check(struct work *work, const struct outward *outward, struct gate_pass *pass);

/* Whether the number lies in a range that is never dialled, whatever a tenant's settings say. */
bool gate_is_barred(const char *number);

#endif
