/*
 * remote/mail.h - mail, through the operator's own server (SMTP_URL) or through Resend
 * (RESEND_API_KEY); the server goes first where both are configured.
 */
#ifndef REMOTE_MAIL_H
#define REMOTE_MAIL_H

#include "core/work.h"

struct mail {
    const char *from, *to; /* "Acme <hello@acme.example>", "a@b.example" */
    const char *reply_to;  /* where answers go; NULL: to "from" */
    const char *subject, *text;
    const char *key; /* the same mail has the same key, so that a second one can be told */
};

/* Whether there is a way for mail to leave. */
bool mail_is_configured(struct work *work);

/*
 * Sends one; *id is what it is called there, NULL when it has no name.  WRONG_STATE when nothing is
 * configured, INVALID with the reason when the mail itself is refused for good, UPSTREAM when it
 * may be tried again: not reached, not now, or not known whether it was taken.
 */
bool mail_send(struct work *work, const struct mail *mail, const char **id);

#endif
