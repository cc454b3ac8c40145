/*
 * api/twilio/sdk.h - a customer's program that is written for the carrier: the official client
 * package, unmodified, pointed at us.
 */
#ifndef API_TWILIO_SDK_H
#define API_TWILIO_SDK_H

#include "api/api.h"

/* An account of the Twilio dialect. */
struct account {
    struct customer customer;
    const char *sid, *token;
};

/* A new tenant with an auth token of the dialect; and one that has a number as well. */
struct account account_new(void);
struct account account_with_number(void);

/* One request with the account's credentials, or with these ("AC…:token"). */
struct reply twilio(const struct account *account, const char *method, const char *path,
                    const char *form);
struct reply twilio_as(const char *credentials, const char *method, const char *path,
                       const char *form);

/* An order under an Idempotency-Key. */
struct reply twilio_once(const struct account *account, const char *path, const char *form,
                         const char *key);

/* The account's credentials as a header's line. */
const char *basic_of(const struct account *account);

/* "/2010-04-01/Accounts/AC…" and what follows. */
const char *account_path(const struct account *account, const char *rest);

/* Moves a call to a carrier account of the tenant's own that answers nothing but 503. */
void carrier_is_away_for(const struct account *account, const char *call_sid);

/* That it is a refusal of this status and code, in the carrier's shape. */
void twilio_refused(const struct reply *reply, long status, int code);

/*
 * What the client makes of a call, as JSON: {"ok": …} or {"error": {status, code, message,
 * moreInfo}}.  "steps" is a JSON array, a name for each member and a list of arguments for each
 * call: sdk(&account, "[\"calls\", [\"%s\"], \"fetch\", []]", sid).  It begins at the client, or at
 * the package itself with "twilio" as its first name.
 */
json_object *sdk(const struct account *account, const char *steps, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where it must succeed: what is in "ok". */
json_object *sdk_ok(const struct account *account, const char *steps, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where it must fail so. */
void sdk_refused(const struct account *account, int status, int code, const char *steps, ...)
    __attribute__((format(printf, 4, 5)));

#endif
