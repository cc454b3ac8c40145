/*
 * domain/sms_sending.h - text messages on their way out.
 */
#ifndef DOMAIN_SMS_SENDING_H
#define DOMAIN_SMS_SENDING_H

#include "domain/outbox.h"

/*
 * Does what an outbox row of topic "sms" orders: sends the message that is its subject, if it is
 * still queued, through the gate and by the tenant's carrier.  What the gate or the carrier refuses
 * is failed; what may have been sent is never sent again.  UPSTREAM when it certainly was not sent
 * and may be tried again.  The work's tenant is the row's.
 */
bool sms_send(struct work *work, const struct outbox_row *row);

#endif
