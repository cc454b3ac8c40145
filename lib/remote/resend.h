/*
 * remote/resend.h - mail through Resend (RESEND_API_KEY, RESEND_BASE_URL).
 */
#ifndef REMOTE_RESEND_H
#define REMOTE_RESEND_H

#include "core/work.h"

struct mail {
    const char *from, *to; /* "Acme <hello@acme.example>", "a@b.example" */
    const char *subject, *text;
    const char *key; /* the same mail under the same key is sent once */
};

/*
 * Sends one; *id is the provider's name of it, NULL when it gave none.  WRONG_STATE when no key is
 * configured, INVALID with the provider's reason when it refuses the mail, UPSTREAM when it does
 * not answer or fails.
 */
bool resend_send(struct work *work, const struct mail *mail, const char **id);

#endif
