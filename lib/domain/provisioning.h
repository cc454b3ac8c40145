/*
 * domain/provisioning.h - buying a number, assigning an agent, charging the first month; and giving
 * a number back.
 *
 * The row in "provisioning" is committed before the carrier is asked, and its key goes along as the
 * order's name.  So an order whose answer was lost is found at the carrier and finished, by the
 * client's repetition or by a sweep, and money is never spent on a number nobody sees.  The month
 * is charged when the row becomes active, in the same transaction, once.
 */
#ifndef DOMAIN_PROVISIONING_H
#define DOMAIN_PROVISIONING_H

#include "core/work.h"
#include "domain/numbers.h"
#include "domain/tenants.h"

/* What a number costs a month where no price list says otherwise: five dollars, as published. */
#define NUMBER_MONTH_SKU "number.month"
enum { NUMBER_MONTH_MICROS = 5000000, NUMBERS_A_DAY = 5 };

/* An order, before the price of being refused. */
struct number_wish {
    const char *api_origin;     /* the dialect */
    const char *country;        /* NULL: US */
    const char *area_code;      /* NULL: any */
    const char *business_phone; /* E.164; keys the agent; NULL: the tenant's default agent */
    bool with_webhook;          /* the number gets an endpoint and a secret of its own */
    const char *webhook_url;    /* of that endpoint, checked already; NULL: none yet */
    const char *request_key;    /* what the client names its request with when it repeats it */
};

/*
 * Orders a number for the work's tenant.  Fails with UNPAID, LIMIT_REACHED (velocity or
 * max_numbers) or UPSTREAM (the carrier failed, has none in that area, or did not answer; the order
 * is then settled later).  *webhook_secret is shown once.
 */
bool number_provision(struct work *work, const struct tenant *tenant,
                      const struct number_wish *wish, struct phone_number *number,
                      const char **webhook_secret);

/*
 * Gives a number back: no route, no webhook, no more calls from now on; the carrier is asked at
 * once, and again by the sweep when it does not answer.  NOT_FOUND when it is given back already.
 */
bool number_release(struct work *work, const struct phone_number *number);

/*
 * Finishes what an order or a release left open, by asking the carrier: found numbers become active
 * (charged, routed), orders the carrier does not know become failed when they are older than two
 * minutes, releases are repeated.  The work's tenant is the number's.  The row is read anew.
 */
bool provisioning_settle(struct work *work, struct phone_number *number);

#endif
