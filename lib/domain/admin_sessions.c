#include "domain/admin_sessions.h"

#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/crypto.h"
#include "core/log.h"
#include "db/db.h"
#include "domain/keys.h"
#include "domain/remote_address.h"

enum { TOKEN_CHARACTERS = 43, MAX_TOKEN = 64, MAX_AGENT = 255, SEEN_MS = 60 * 1000 };

static bool is_set(const char *text)
{
    return text && *text;
}

bool admin_login_enabled(const struct config *config)
{
    return is_set(config->admin_username) &&
           (is_set(config->admin_password) || is_set(config->admin_password_sha256));
}

bool admin_is_configured(const struct config *config)
{
    return is_set(config->admin_api_key) || admin_login_enabled(config);
}

/* Both are hashed, so that neither length nor contents show in how long it takes. */
static bool password_fits(const struct config *config, const char *password)
{
    hash256 given = sha256(password, strlen(password)), right;

    if (is_set(config->admin_password_sha256)) {
        if (strlen(config->admin_password_sha256) != 2 * sizeof right.bytes ||
            !hex_read(config->admin_password_sha256, right.bytes, sizeof right.bytes))
            return false;
    } else {
        right = sha256(config->admin_password, strlen(config->admin_password));
    }
    return secret_equal(given.bytes, sizeof given.bytes, right.bytes, sizeof right.bytes);
}

static bool is_operator(const struct config *config, const struct admin_login *login)
{
    bool name_fits = secret_equal_text(login->username, config->admin_username);
    bool fits = password_fits(config, login->password);

    return name_fits && fits;
}

/* ---- guessing ---- */

static hash256 guesser_of(struct work *work, const struct admin_login *login)
{
    const char *text =
        arena_format(&work->arena, "admin %s %s", login->ip ? login->ip : "-", login->username);

    return key_hash(work, text);
}

/*
 * Every attempt counts before it is looked at, so that many at once are no more guesses than five;
 * one that succeeds takes the count back.  A full count keeps the moment at which it opens.
 */
static bool count_guess(struct work *work, const hash256 *guesser, bool *locked)
{
    static const char add[] =
        "INSERT INTO admin_login_failures (guesser, failures, expires_at) VALUES (?, 1, ?)"
        " ON DUPLICATE KEY UPDATE failures = IF(expires_at <= ?, 1, LEAST(failures + 1, ?)),"
        " expires_at = IF(failures = ?, expires_at, VALUES(expires_at))";
    static const char read[] = "SELECT failures FROM admin_login_failures WHERE guesser = ?";
    const bytes key = {guesser->bytes, sizeof guesser->bytes};
    instant now = clock_now(), expiry = instant_after(now, ADMIN_LOCK_MS);
    int64_t full = ADMIN_GUESSES + 1, failures;
    const struct param params[] = {PARAM(key), PARAM(expiry), PARAM(now), PARAM(full), PARAM(full)};

    if (!db_execute(work, add, params, COUNT(params), NULL) ||
        !db_number(work, read, params, 1, 0, &failures))
        return false;
    *locked = failures >= full;
    return true;
}

static bool forgive(struct work *work, const hash256 *guesser)
{
    static const char sql[] = "DELETE FROM admin_login_failures WHERE guesser = ?";
    const bytes key = {guesser->bytes, sizeof guesser->bytes};
    const struct param params[] = {PARAM(key)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* ---- sessions ---- */

static bool insert_session(struct work *work, const struct admin_login *login, const char *token)
{
    static const char sql[] =
        "INSERT INTO admin_sessions (token_hash, username, ip, user_agent, created_at,"
        " last_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    hash256 hash = key_hash(work, token);
    const bytes key = {hash.bytes, sizeof hash.bytes};
    const char *ip = remote_address_text(&work->arena, login->ip);
    const char *agent = cut_text(&work->arena, login->user_agent, MAX_AGENT);
    instant now = clock_now(), expiry = instant_after(now, ADMIN_SESSION_SECONDS * 1000LL);
    const struct param params[] = {
        PARAM(key), PARAM(login->username), PARAM(ip), PARAM(agent), PARAM(now),
        PARAM(now), PARAM(expiry)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool admin_sign_in(struct work *work, const struct admin_login *login, const char **token)
{
    hash256 guesser = guesser_of(work, login);
    bool locked;

    if (!admin_login_enabled(work->config))
        return fail(work, NOT_FOUND, "There is nothing at this path");
    if (!count_guess(work, &guesser, &locked))
        return false;
    if (locked || !is_operator(work->config, login)) {
        log_warning(work, "admin.login_refused", "locked=%d", locked);
        return fail(work, UNAUTHENTICATED, "Name or password is wrong");
    }
    *token = random_word(&work->arena, TOKEN_CHARACTERS);
    return forgive(work, &guesser) && insert_session(work, login, *token);
}

struct stored_session {
    const char *username;
    instant last_seen_at;
};

static const struct column columns_of_session[] = {
    COLUMN(stored_session, username, NOT_NULL),
    COLUMN(stored_session, last_seen_at, NOT_NULL),
};

static const struct entity session_entity =
    ENTITY(stored_session, "session", NULL, columns_of_session);

static bool note_seen(struct work *work, bytes key)
{
    static const char sql[] = "UPDATE admin_sessions SET last_seen_at = ? WHERE token_hash = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(key)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* A session of a name that is no longer the operator's has ended with it. */
bool admin_session_find(struct work *work, const char *token, const char **username)
{
    static const char sql[] = "SELECT username, last_seen_at FROM admin_sessions"
                              " WHERE token_hash = ? AND revoked_at IS NULL AND expires_at > ?";
    struct stored_session session;
    instant now = clock_now();
    hash256 hash;
    bytes key;

    if (!is_set(token) || strnlen(token, MAX_TOKEN + 1) > MAX_TOKEN ||
        !admin_login_enabled(work->config))
        return fail(work, UNAUTHENTICATED, "The session is not valid");
    hash = key_hash(work, token);
    key = (bytes){hash.bytes, sizeof hash.bytes};
    const struct param params[] = {PARAM(key), PARAM(now)};
    if (!db_find(work, sql, params, COUNT(params), &session_entity, &session))
        return work->error.what == NOT_FOUND
                   ? fail(work, UNAUTHENTICATED, "The session is not valid")
                   : false;
    if (strcmp(session.username, work->config->admin_username) != 0)
        return fail(work, UNAUTHENTICATED, "The session is not valid");
    *username = session.username;
    return now.ms - session.last_seen_at.ms < SEEN_MS || note_seen(work, key);
}

bool admin_sign_out(struct work *work, const char *token, bool everywhere)
{
    static const char one[] = "UPDATE admin_sessions SET revoked_at = ?"
                              " WHERE token_hash = ? AND revoked_at IS NULL";
    static const char all[] = "UPDATE admin_sessions SET revoked_at = ?"
                              " WHERE username = ? AND revoked_at IS NULL";
    instant now = clock_now();
    const char *username;
    hash256 hash;
    bytes key;

    if (!admin_session_find(work, token, &username))
        return work->error.what == UNAUTHENTICATED;
    hash = key_hash(work, token);
    key = (bytes){hash.bytes, sizeof hash.bytes};
    const struct param of_one[] = {PARAM(now), PARAM(key)};
    const struct param of_all[] = {PARAM(now), PARAM(username)};
    return db_execute(work, everywhere ? all : one, everywhere ? of_all : of_one, 2, NULL);
}
