/*
 * receiver/signature.h - signatures of webhooks: a header "t=SECONDS,v1=HEX[,v1=HEX]" whose v1 is
 * the HMAC-SHA-256, under a secret, of the seconds, a dot and the body.
 */
#ifndef SIM_RECEIVER_SIGNATURE_H
#define SIM_RECEIVER_SIGNATURE_H

#include <stddef.h>

#include "common/web.h"

/* Expects requests whose path begins with "path" to be signed in a header; the longest such path
 * counts.  A second call for the same path replaces the first. */
void signature_expect(const char *path, const char *header, const char *secret);

/* "valid", "invalid", "absent", or "unchecked" when no secret is known for the path. */
const char *signature_check(struct web_request *request);

void signature_forget_all(void);

#endif
