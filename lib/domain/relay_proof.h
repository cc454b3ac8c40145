/*
 * domain/relay_proof.h - whether a conversation relay's websocket is the carrier's: it signs the
 * URL that it was told to connect to (twilio.md 1).
 */
#ifndef DOMAIN_RELAY_PROOF_H
#define DOMAIN_RELAY_PROOF_H

#include "core/work.h"

enum { RELAY_URLS = 2 };

/* What the handshake said. */
struct relay_handshake {
    const char *signature;            /* X-Twilio-Signature */
    const char *urls[RELAY_URLS + 1]; /* as we may have been called; NULL at the end */
};

/*
 * STREAM_PUBLIC_URL with the path that was asked for, and the same under the name that the client
 * used; in the work's arena.
 */
void relay_handshake_read(struct work *work, const char *path, const char *host,
                          const char *signature, struct relay_handshake *handshake);

/* Whether an account of our own signed it; nothing is looked up. */
bool relay_is_ours(struct work *work, const struct relay_handshake *handshake);

/*
 * Whether the account of the tenant whom the relay token names signed it, or ours.  False:
 * UNAUTHENTICATED, or the store cannot say.
 */
bool relay_prove(struct work *work, const struct relay_handshake *handshake, const char *token);

#endif
