/*
 * domain/customer_sms.h - <Sms> in a customer's voice TwiML: a text message that leaves as all of
 * ours do, through the gate and the outbox (domain/sms_orders.h).
 *
 * The customer knows it as SM and the 32 hex digits of its key, in the request to the verb's action
 * and in what its statusCallback is told, both signed with the customer's own token.
 */
#ifndef DOMAIN_CUSTOMER_SMS_H
#define DOMAIN_CUSTOMER_SMS_H

#include "core/uid.h"
#include "core/work.h"

struct call;
struct sms_message;

struct customer_sms {
    uid id; /* of the message: an order given twice is one message */
    const struct call *call;
    const char *from, *to; /* as they stand in the document, or the call's own */
    const char *country;   /* for numbers without a country; may be "" */
    const char *body;
    const char *status_url; /* absolute; NULL: nobody is told */
};

/* What the carrier calls a message that it does not send. */
enum {
    SMS_INVALID_TO = 14101,
    SMS_INVALID_FROM = 14102,
    SMS_INVALID_BODY = 14103,
    SMS_TOO_MANY = 14107,
    SMS_UNSUBSCRIBED = 21610,
    SMS_NOT_THERE = 21408
};

/*
 * Orders it.  What is wrong with it, or what the gate has against it, is no failure: *code is then
 * one of the numbers above, else 0.  False only when the store does not answer.
 */
bool customer_sms_order(struct work *work, const struct customer_sms *sms, int *code);

/*
 * Tells the customer of a message that was ordered so what has become of it; others cost one
 * look-up.  "event" is the key of what was learned: the same is told once.
 */
bool customer_sms_tell(struct work *work, const struct sms_message *message, uid event);

#endif
