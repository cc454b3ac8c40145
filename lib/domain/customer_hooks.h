/*
 * domain/customer_hooks.h - URLs of customers' that hide behind ours.
 *
 * Where a customer's TwiML or order names a URL, the carrier is given /hooks/twilio/twiml/{token}
 * (asked for what to do next) or /hooks/twilio/callback/{token} (told of something).  The token
 * names the row that holds the customer's URL; the same URL in the same call is the same row, so
 * that a document which is asked for again and again writes nothing new.  Rows go with the call's
 * events (reference 0.3).
 */
#ifndef DOMAIN_CUSTOMER_HOOKS_H
#define DOMAIN_CUSTOMER_HOOKS_H

#include "core/uid.h"
#include "db/store.h"
#include "domain/tokens.h"

struct customer_hook {
    int64_t tenant_id;
    uid call_id, id;
    const char *kind;     /* twiml, enqueue; or status, recording, amd, stream, conference, other */
    const char *url;      /* absolute; NULL: only we are told, or nobody is asked */
    const char *method;   /* GET, POST: how the customer is asked */
    const char *events;   /* of a status, which of them it wants: "initiated answered" */
    const char *document; /* the answer itself: TwiML of an order, or the rest of one from "url" */
    instant created_at;
};

extern const struct entity customer_hook_entity;

/*
 * Our URL for it, absolute, in the arena; the row is still to be written.  The caller sets call_id,
 * kind, method and the rest; id and created_at are filled in.
 */
const char *customer_hook_url(struct work *work, struct customer_hook *hook);

/*
 * Whether it is asked while its caller waits in a queue for a worker: its document says what the
 * task is to be, and is no TwiML.
 */
bool customer_hook_waits(const struct customer_hook *hook);

/* Writes rows that are not there yet. */
bool customer_hooks_write(struct work *work, struct customer_hook *hooks, size_t count);

/* The token of one of our URLs of that sort; UNAUTHENTICATED when the URL is none or its token bad.
 */
bool customer_hook_token(struct work *work, const char *url, struct token *token);

/* Whether a URL is /hooks/twilio/callback/…, whoever's. */
bool customer_hook_is_callback(const char *url);

/* The row that a token names; sets work->tenant.  NOT_FOUND when the row is gone. */
bool customer_hook_read(struct work *work, const struct token *token, struct customer_hook *hook);

#endif
