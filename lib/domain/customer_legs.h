/*
 * domain/customer_legs.h - calls that a customer's TwiML makes: each leg of a <Dial> is a call of
 * its own in our store, so that it is listed, counted by the gate and charged like others.
 */
#ifndef DOMAIN_CUSTOMER_LEGS_H
#define DOMAIN_CUSTOMER_LEGS_H

#include "core/clock.h"
#include "core/work.h"

struct call;
struct form;

/*
 * What the carrier tells of a leg (a status callback of <Number>, <Sip>, <Client>): the first news
 * makes its row, below the call whose TwiML dialled it; its end finalises it.
 */
bool customer_leg_news(struct work *work, const struct call *parent, const struct form *form,
                       instant at);

#endif
