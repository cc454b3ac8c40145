/*
 * domain/mails.h - mail on its way out (reference 1.20): its rows, and that it leaves.
 *
 * An order writes thread, message and what is owed in one transaction.  Who orders may try at once
 * to send it; what does not leave then is sent by a job, again and again for a day.
 */
#ifndef DOMAIN_MAILS_H
#define DOMAIN_MAILS_H

#include "core/column.h"
#include "domain/outbox.h"

struct mail_order {
    uid id;                /* of the message: an order given twice is one message */
    uid agent;             /* for whom it is written; NO_UID: nobody */
    const char *from, *to; /* checked; "Acme <hello@acme.example>", "a@b.example" */
    const char *reply_to;  /* where answers go; NULL: to "from" */
    const char *subject, *text;
};

/* Where a message is. */
struct mail_state {
    const char *status;    /* queued, sent, failed */
    const char *reference; /* what it is called where it went; NULL: nothing yet */
    const char *error;
    instant created_at;
};

/*
 * Writes the rows and owes the mail.  WRONG_STATE when no way for mail to leave is configured,
 * FORBIDDEN when the address wants no mail from the tenant.
 */
bool mail_order(struct work *work, const struct mail_order *order);

/*
 * Tries to send an ordered mail now, for those who want to know; not inside a transaction.  INVALID
 * with the reason when it was refused for good; when it could not leave it stays queued, and the
 * job sends it later, which is no failure.
 */
bool mail_try(struct work *work, uid id, struct mail_state *state);

/*
 * Does what an outbox row of topic "email" orders, if the mail still waits.  UPSTREAM when it may
 * be tried again; "last" says that this is the last time, and the mail then failed.  The work's
 * tenant is the row's.
 */
bool mail_send_owed(struct work *work, const struct outbox_row *row, bool last);

#endif
