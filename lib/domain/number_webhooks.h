/*
 * domain/number_webhooks.h - whether the carrier asks us when somebody calls a number.
 *
 * A number that we bought calls us from the beginning.  One that a tenant's own carrier account
 * holds is told to when it is routed here, and can be looked at afterwards.
 */
#ifndef DOMAIN_NUMBER_WEBHOOKS_H
#define DOMAIN_NUMBER_WEBHOOKS_H

#include "domain/outbox.h"

struct phone_route;
struct tenant;

/*
 * Owes that the number of a route calls us: nothing for directions that nobody calls in by, for
 * tenants without a carrier account of their own, and for numbers that we bought.  In the
 * transaction that makes the route.
 */
bool number_webhooks_owe(struct work *work, const struct phone_route *route);

/*
 * Does what an outbox row of topic "carrier" and event NUMBER_WEBHOOKS orders, if the number is
 * still routed here.  A number that the account does not hold is none of our business.  UPSTREAM
 * when it may be tried again.  The work's tenant is the row's.
 */
#define NUMBER_WEBHOOKS "number.webhooks"
bool number_webhooks_set(struct work *work, const struct outbox_row *row);

/* What a look at a number says. */
struct number_check {
    const char *phone_number, *carrier_account_sid;
    bool held; /* whether the account holds the number; the next three are NULL otherwise */
    const char *voice_url, *status_url, *sms_url;
    const char *expected_voice_url, *expected_status_url;
    bool points_here;        /* voice_url and status_url are ours */
    bool signature_verified; /* a request signed as the carrier signs came through and was proved */
    const char *problem;     /* what is wrong, for the operator; NULL: nothing */
};

/*
 * Asks the carrier what the number calls, and asks ourselves through PUBLIC_BASE_URL, signed by the
 * account's token.  UPSTREAM when the carrier does not answer, or the tenant has no account.  Not
 * inside a transaction.
 */
bool number_webhooks_check(struct work *work, const struct tenant *tenant, const char *e164,
                           struct number_check *check);

/* Where the signed request goes, and what it is answered: "proved " and the form's Nonce. */
#define PROBE_PATH "/hooks/twilio/probe"

#endif
