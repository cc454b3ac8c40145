/*
 * domain/mail_senders.h - who a tenant's mail is from.
 *
 * Mail leaves through the operator's server, whose word for the sender others take.  So a tenant's
 * own address (email_from of its settings) stands there only when the operator has opened its
 * domain (MAIL_DOMAINS); mail of all others is from the operator (MAIL_FROM), and answers to it go
 * to the tenant's address.
 */
#ifndef DOMAIN_MAIL_SENDERS_H
#define DOMAIN_MAIL_SENDERS_H

#include "domain/tenants.h"

/* As headers have them (mailbox_write). */
struct mail_sender {
    const char *from;
    const char *reply_to; /* NULL: answers go to "from" */
};

/*
 * INVALID blaming email_from when the tenant's settings have none, when it is no mailbox, and when
 * its domain is not open and there is no MAIL_FROM.
 */
bool mail_sender_of(struct work *work, const struct tenant *tenant, struct mail_sender *sender);

/* At a program's start: warns in the log when mail can be sent, but from nobody. */
void mail_senders_check(const struct config *config);

#endif
