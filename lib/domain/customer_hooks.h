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
    const char *kind;     /* twiml; or status, recording, amd, stream, conference, sms, other */
    const char *url;      /* absolute; NULL: "document" is the answer */
    const char *method;   /* GET, POST */
    const char *document; /* TwiML that was given in an order */
    instant created_at;
};

extern const struct entity customer_hook_entity;

/*
 * Our URL for it, absolute, in the arena; the rows are still to be written.  The caller sets
 * call_id, kind, method and url or document; id and created_at are filled in.
 */
const char *customer_hook_url(struct work *work, struct customer_hook *hook);

/* Writes rows that are not there yet. */
bool customer_hooks_write(struct work *work, struct customer_hook *hooks, size_t count);

/*
 * The row that a token in a path names; sets work->tenant.  UNAUTHENTICATED for what is no token,
 * NOT_FOUND when the row is gone, BUSY when the store is.
 */
bool customer_hook_read(struct work *work, const struct token *token, struct customer_hook *hook);

#endif
