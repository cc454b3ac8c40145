/*
 * domain/admin_sessions.h - the operator in a browser: signing in by password, and the sessions
 * that follow (reference 1.2).
 *
 * There is one operator's name, ADMIN_USERNAME, with ADMIN_PASSWORD or ADMIN_PASSWORD_SHA256.  A
 * session is a random word of which the table keeps a keyed hash; every request looks it up, so
 * that signing out is felt on every host at once.
 */
#ifndef DOMAIN_ADMIN_SESSIONS_H
#define DOMAIN_ADMIN_SESSIONS_H

#include "core/config.h"
#include "core/work.h"

enum { ADMIN_SESSION_SECONDS = 12 * 60 * 60, ADMIN_GUESSES = 5, ADMIN_LOCK_MS = 15 * 60 * 1000 };

/* Whether the configuration names an operator and his password. */
bool admin_login_enabled(const struct config *config);

/* Whether there is any way for an operator to be known: his key, or signing in. */
bool admin_is_configured(const struct config *config);

struct admin_login {
    const char *username, *password;
    const char *ip, *user_agent; /* may be NULL */
};

/*
 * Signs in; *token is the new session's word, which exists only here.  UNAUTHENTICATED for a wrong
 * name or password, and for any after ADMIN_GUESSES failures of that name from that address, for
 * ADMIN_LOCK_MS from the last of them; the two read alike.  NOT_FOUND when nobody can sign in.
 */
bool admin_sign_in(struct work *work, const struct admin_login *login, const char **token);

/* Whose session it is; UNAUTHENTICATED when it is none, has ended, or nobody can sign in now. */
bool admin_session_find(struct work *work, const char *token, const char **username);

/* Ends the session; "everywhere": all of the same operator's too.  No failure when it is none. */
bool admin_sign_out(struct work *work, const char *token, bool everywhere);

#endif
