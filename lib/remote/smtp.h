/*
 * remote/smtp.h - mail through a server of the operator's own (SMTP_URL).
 */
#ifndef REMOTE_SMTP_H
#define REMOTE_SMTP_H

#include "core/text.h"
#include "remote/mail.h"

/*
 * As mail_send(); *id is the mail's Message-ID, which is made of its key, so that a server that
 * gets it twice can tell.  STARTTLS is used where it is offered, and insisted on where the URL has
 * a password.  The URL must be configured.
 */
bool smtp_send(struct work *work, const struct mail *mail, const char **id);

/* The mail as it goes over the wire: headers and text, in lines that end with CR LF. */
void smtp_message(struct text *out, const struct mail *mail, const char *message_id, int64_t at_ms);

/* "a@b.example" of "Name <a@b.example>", in the arena. */
char *smtp_address(struct arena *arena, const char *mailbox);

#endif
