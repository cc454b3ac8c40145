/*
 * remote/resend.h - mail through Resend (RESEND_API_KEY, RESEND_BASE_URL).
 */
#ifndef REMOTE_RESEND_H
#define REMOTE_RESEND_H

#include "remote/mail.h"

/* As mail_send(); the same mail under the same key is sent once.  The key must be configured. */
bool resend_send(struct work *work, const struct mail *mail, const char **id);

#endif
