/*
 * fcgi/auth.h - who asks: API keys of all kinds and the operator's key.
 *
 * Which credential a dialect takes is the dialect's to say; how it is found in the request, proved
 * and remembered is here.  Proved keys are remembered for 5 seconds in the process, under their
 * keyed hash and the client's address, until a key anywhere is revoked (lib/domain/epoch.h).
 */
#ifndef FCGI_AUTH_H
#define FCGI_AUTH_H

#include "domain/keys.h"
#include "domain/tenants.h"
#include "fcgi/request.h"

/* "Authorization: Bearer …"; NULL when absent or of another scheme. In the arena. */
const char *credential_bearer(struct request *req);

/* "Authorization: Basic …": false when absent, malformed or without a colon. */
bool credential_basic(struct request *req, const char **user, const char **password);

/* "X-API-Key"; NULL when absent. */
const char *credential_api_key(const struct request *req);

/*
 * Proves a key of one kind.  On success work.tenant, req->tenant and req->caller are set (platform
 * keys have tenant 0 and no tenant row).  Otherwise UNAUTHENTICATED, with what was wrong in
 * work.error.detail (enum key_verdict of domain/keys.h), or FORBIDDEN for a suspended tenant, or
 * BUSY.  "secret" may be NULL: none was sent.
 */
bool auth_key(struct request *req, const char *kind, const char *secret);

/* Proves a ticket of the operator's dashboard, which stands for a tenant's StateSet key. */
bool auth_dashboard(struct request *req, const char *ticket);

#define ADMIN_COOKIE "stateset_admin_session"

/*
 * Proves the operator's key, sent as x-admin-key, or his browser's session; NOT_FOUND when neither
 * is configured.  A session changes something only from pages of our own origin.
 */
bool auth_admin(struct request *req);

/* Whether a browser says that a page of ours made it ask. */
bool request_is_same_origin(struct request *req);

/* Whether the caller's permissions name this one, or "*"; FORBIDDEN otherwise. */
bool auth_permits(struct request *req, const char *permission);

/* Forgets every remembered key; for tests. */
void auth_forget(void);

#endif
