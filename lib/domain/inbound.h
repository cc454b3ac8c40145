/*
 * domain/inbound.h - what becomes of a call that comes in (reference 5.2).
 *
 * A caller always hears something: an agent, a human, a mailbox, or a polite sentence.  No refusal
 * is an HTTP error.
 */
#ifndef DOMAIN_INBOUND_H
#define DOMAIN_INBOUND_H

#include "core/uid.h"
#include "core/work.h"
#include "domain/call_plan.h"

struct call;
struct voice_session;

/* What the carrier said, after the signature proved it to be the tenant's (work->tenant). */
struct inbound_facts {
    const char *call_sid, *account_sid;
    const char *from, *to; /* as sent: E.164, "client:…", "sip:…", "anonymous" */
    const char *caller_name, *forwarded_from;
    const char *carrier; /* twilio, sim */
    const char *origin;  /* carrier, unless another part of the program says so */
    /* sip_inbound, sip_outbound: a gateway of the tenant's told of it; NULL: by the addresses.
     * What goes out belongs to the number that it comes from. */
    const char *route;
    instant arrived_at;
};

/*
 * From number to plan: one transaction writes call, session, hold and events; a repeat of the same
 * SID finds the row and gets a new token on the same session.  Who cannot be connected goes down
 * the ladder: the number's forward_to or business_phone, a mailbox with a callback task, a
 * sentence; the call's end_reason says why.  Fails only when the database does.
 */
bool inbound_begin(struct work *work, const struct inbound_facts *facts, struct call_plan *plan);

/*
 * A call that came while the store was away, and was told so: it is written down as over, with a
 * task to call back.  A call that is known already is left alone.
 */
bool inbound_missed(struct work *work, const struct inbound_facts *facts);

/* The plan for a call to a number that nobody has, or whose tenant is not served: a sentence. */
void inbound_refuse(struct work *work, struct call_plan *plan);

/* The plan that is left when nothing can be looked up: a sentence that asks to call again. */
void inbound_unavailable(struct work *work, struct call_plan *plan);

/* The plan of a call whose session has that token: a node is chosen; NOT_FOUND when none has room.
 */
bool plan_stream(struct work *work, const struct call *call, const struct voice_session *session,
                 const char *token, int64_t avoid, struct call_plan *plan);

/*
 * The same for a session that was written before: it gets a new token.  A node of the number
 * "avoid" (0: any) is taken only when there is no other.
 */
bool plan_connect(struct work *work, const struct call *call, const struct voice_session *session,
                  int64_t avoid, struct call_plan *plan);

/*
 * The fallback ladder for a call that cannot be connected or went lost; "end_reason" is noted on
 * the call.
 */
bool plan_fallback(struct work *work, const struct call *call, const char *end_reason,
                   struct call_plan *plan);

/* The URL of one of our hooks: PUBLIC_BASE_URL and the path, in the arena. */
char *hook_url(struct work *work, const char *path);

/* The after hook's URL of a call, with a token good for the longest call and an hour. */
char *after_url(struct work *work, const struct call *call, const struct voice_session *session);

#endif
