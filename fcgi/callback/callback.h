/*
 * fcgi/callback/callback.h - what the carrier posts to us.
 *
 * Every handler lets callback_receive() prove the sender and store what came before it looks at it.
 * A callback about a call always gets an answer that the carrier can go on with, also while the
 * store is away: then it is journalled and answered with what can be said without the store.
 */
#ifndef FCGI_CALLBACK_CALLBACK_H
#define FCGI_CALLBACK_CALLBACK_H

#include "domain/call_plan.h"
#include "domain/carrier_proof.h"
#include "domain/outage_calls.h"
#include "fcgi/dialect.h"

/* The three paths of the StateSet API: refusals are 401, plain text. */
extern const struct dialect callbacks;

/* The two that a SIP gateway of a tenant's asks with the tenant's key (sip.c). */
extern const struct dialect sip_calls;

/* /hooks/twilio: refusals are 403, plain text. */
extern const struct dialect hooks;

/* A callback that was received. */
struct received {
    struct posted posted;
    struct carrier_callback callback;
    bool fresh;     /* false: the same was received before */
    bool journaled; /* the store is away; callback is empty then */
    bool connects;  /* …, and "plan" takes the call all the same */
    struct outage_call outage;
    struct call_plan plan;
    int64_t begun_us;
};

/*
 * Reads, proves and stores.  UNAUTHENTICATED when the signature does not fit (a diagnostic is kept,
 * with the URL that would have fitted), INVALID when the body is no form.
 */
bool callback_receive(struct request *req, const char *kind, int64_t token_tenant,
                      struct received *received);

/*
 * Reads and proves alone, for what is about nothing: UNAUTHENTICATED when the signature does not
 * fit, BUSY when the store cannot say.
 */
bool callback_proved(struct request *req, const char *kind, struct posted *posted);

/*
 * The store went away behind the receiving: keeps the callback in the journal, and for an incoming
 * call that the host's cache knows finds a plan.  False when the journal is full.
 */
bool callback_keep(struct request *req, struct received *received);

/* Writes down that it was applied and answers with a call's plan. */
bool callback_answer_plan(struct request *req, const struct received *received,
                          const struct call_plan *plan);

/* Who answered, as a request for TwiML says; NULL for what we do not know, and for nothing. */
const char *callback_verdict(const struct form *form);

/* Calls: TwiML (voice.c). */
bool incoming_call(struct request *req);
bool outbound_call(struct request *req);
bool after_hook(struct request *req);

/* A human to whom a caller is passed on (handoff.c). */
bool human_hook(struct request *req);

/* What happened to a call or a message (status.c). */
bool call_status(struct request *req);
bool amd_hook(struct request *req);
bool recording_hook(struct request *req);
bool stream_hook(struct request *req);
bool conference_hook(struct request *req);
bool sms_status_hook(struct request *req);

/* TwiML and callbacks of customers' (customer_twiml.c, customer_callback.c). */
bool customer_twiml_hook(struct request *req);
bool customer_callback_hook(struct request *req);

/* Messages (sms.c). */
bool sms_hook(struct request *req);

/* Whether signed requests reach us (probe.c). */
bool probe_hook(struct request *req);

#endif
