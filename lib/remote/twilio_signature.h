/*
 * remote/twilio_signature.h - X-Twilio-Signature: base64 of HMAC-SHA-1 over the URL and the sorted
 * form fields, keyed by the account's auth token.
 *
 * Behind proxies the URL that was signed is not always the one that reached us, and the carrier
 * drops or keeps ports by rules of its own; so a check is given the URLs it may have been and says
 * which of them matched.
 */
#ifndef REMOTE_TWILIO_SIGNATURE_H
#define REMOTE_TWILIO_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"

/* A decoded form field. */
struct twilio_field {
    const char *name, *value;
};

/* What was signed. */
struct twilio_message {
    const char *const
        *urls; /* as we may have been called, the most trusted first; NULL at the end */
    const struct twilio_field *fields; /* of a form that was posted; none for anything else */
    size_t nfields;
    const char *body; /* of a POST that is no form; NULL otherwise: checked against bodySHA256 */
    size_t body_length;
    bool socket; /* a websocket's handshake: wss, with or without a slash at the end */
};

/* The signature of one URL, taken as it is, and the fields.  In the arena. */
char *twilio_signature(struct arena *arena, const char *token, const char *url,
                       const struct twilio_field *fields, size_t nfields);

/*
 * Whether "signature" fits the message under that token.  Each URL is tried without its port, as it
 * is, with the default port, and with ' and %27 exchanged in its query; a socket's also with and
 * without the slash.  True: *matched (may be NULL) is the URL that fitted.
 */
bool twilio_signature_fits(struct arena *arena, const char *token, const char *signature,
                           const struct twilio_message *message, const char **matched);

/*
 * After a refusal, for the operator: the URL that would have fitted, among those that a wrong proxy
 * or configuration makes of the message's URLs: the other scheme, one of "hosts" (NULL at the end),
 * a slash more or less at the end of the path.  NULL when none does.
 */
const char *twilio_signature_hint(struct arena *arena, const char *token, const char *signature,
                                  const struct twilio_message *message, const char *const *hosts);

#endif
