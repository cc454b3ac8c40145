/*
 * domain/tokens.h - the short-lived tokens in URLs that we hand to the carrier (reference 2.4).
 *
 * "v1.<base64url body>.<base64url HMAC-SHA-256>": the body holds purpose, tenant, call, session,
 * agent version and expiry in 64 bytes.  STREAM_AUTH_SECRET signs,
 * STREAM_AUTH_SECRET_PREVIOUS verifies too.  Nothing here asks the database.
 */
#ifndef DOMAIN_TOKENS_H
#define DOMAIN_TOKENS_H

#include "core/crypto.h"
#include "core/uid.h"
#include "core/work.h"

enum token_purpose { TOKEN_STREAM = 1, TOKEN_RELAY, TOKEN_AFTER, TOKEN_CUSTOMER };

enum { TOKEN_LIMIT = 400 }; /* longer texts are no tokens */

struct token {
    int64_t tenant_id;
    uid call, session, agent_version; /* NO_UID where there is none */
    instant expires_at;
};

/* The token's text, in the work's arena. */
char *token_make(struct work *work, enum token_purpose purpose, const struct token *token);

/*
 * Reads and verifies; UNAUTHENTICATED when it is malformed, tampered with, for another purpose, or
 * expired more than 30 s ago (clocks differ).
 */
bool token_read(struct work *work, enum token_purpose purpose, const char *text,
                struct token *token);

/* What voice_sessions.token_hash holds. */
hash256 token_hash(const char *text);

#endif
