/*
 * domain/sms_orders.h - a text message on its way out: asked for, let through by the gate, queued.
 */
#ifndef DOMAIN_SMS_ORDERS_H
#define DOMAIN_SMS_ORDERS_H

#include "core/uid.h"
#include "core/work.h"

enum { SMS_LONGEST = 1600 }; /* characters the carrier takes */

struct sms_order {
    uid id;                /* of the message: an order given twice is one message */
    const char *from, *to; /* E.164; from is a number of the tenant */
    const char *body;
    const char *origin; /* api, tool, workflow, system */
    uid agent, call;    /* that it belongs to; NO_UID: none */
};

/*
 * Queues it; a job sends it.  Fails as the gate does, and INVALID blaming "body" when it is empty
 * or too long.
 */
bool sms_order(struct work *work, const struct sms_order *order);

/* How many messages the carrier makes of a text: 160 characters, or 70 with signs beyond GSM 7. */
int64_t sms_segments(const char *body);

#endif
