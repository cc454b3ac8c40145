/*
 * twilio/signature.h - X-Twilio-Signature of webhooks and websocket handshakes.
 */
#ifndef SIM_TWILIO_SIGNATURE_H
#define SIM_TWILIO_SIGNATURE_H

#include <stddef.h>

#include "twilio/form.h"

enum { SIGNATURE_SIZE = 32 };

/*
 * Base64 of the HMAC-SHA1 of the URL and, for a form POST, its pairs sorted by name, values of a
 * repeated name once each and sorted.  "form" is NULL for GET and for other bodies.
 */
void signature_of(const char *token, const char *url, const struct form *form,
                  char signature[SIGNATURE_SIZE]);

/* What is dropped of a URL before it is signed. */
enum signed_as { SIGNED_VOICE, SIGNED_MESSAGE };

/* The URL as it is signed, to be freed by the caller. */
char *signature_url(const char *url, enum signed_as kind);

/* The URL as it is requested: without fragment. To be freed by the caller. */
char *url_without_fragment(const char *url);

/* Lower-case hexadecimal SHA-256, as bodySHA256 has it. */
void body_digest(const void *body, size_t length, char digest[65]);

#endif
