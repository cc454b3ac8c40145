/*
 * domain/sms_sending.h - text messages on their way out.
 */
#ifndef DOMAIN_SMS_SENDING_H
#define DOMAIN_SMS_SENDING_H

#include "domain/outbox.h"
#include "domain/sms.h"

/*
 * Does what an outbox row of topic "sms" orders: sends the message that is its subject, if it is
 * still queued, through the gate and by the tenant's carrier.  What the gate or the carrier refuses
 * is failed; what may have been sent is never sent again.  UPSTREAM when it certainly was not sent
 * and may be tried again.  The work's tenant is the row's.
 */
bool sms_send(struct work *work, const struct outbox_row *row);

/*
 * Sends a message that was ordered now, for those who want to know its SID, and answers its row; a
 * job that has it in hand is waited for.  One that waits for the carrier has no SID yet, and the
 * job sends it later.  UPSTREAM when it is not known whether it was sent, INVALID when it failed;
 * not inside a transaction.
 */
bool sms_deliver(struct work *work, uid id, struct sms_message *message);

#endif
