#include "domain/secrets.h"

#include <string.h>

#include "core/config.h"
#include "core/crypto.h"

static const struct column columns_of_secret[] = {
    COLUMN(tenant_secret, name, NOT_NULL, .max = 48),
    COLUMN(tenant_secret, sealed, NOT_NULL),
    COLUMN(tenant_secret, hint, NULLABLE, .max = 16),
    COLUMN(tenant_secret, validated_at, NULLABLE),
    COLUMN(tenant_secret, created_at, NOT_NULL),
    COLUMN(tenant_secret, updated_at, NOT_NULL),
    COLUMN(tenant_secret, rev, NOT_NULL),
};

/* The key is tenant and name, so the generic statements do not serve it. */
const struct entity tenant_secret_entity = ENTITY(tenant_secret, "secret", NULL, columns_of_secret);

static const char *bound_to(struct work *work, const char *what)
{
    return arena_format(&work->arena, "tenant %lld %s", (long long)work->tenant, what);
}

bytes secret_seal(struct work *work, const char *what, const char *secret)
{
    return seal(&work->arena, work->config->secrets_key, bound_to(work, what), secret);
}

bool secret_open(struct work *work, const char *what, bytes sealed, const char **secret)
{
    *secret = unseal(&work->arena, work->config->secrets_key, work->config->secrets_key_previous,
                     bound_to(work, what), sealed);
    return *secret || fail(work, INTERNAL, "A stored secret cannot be opened");
}

/* A hint tells secrets apart and gives nothing away: short ones have none. */
static const char *hint_of(const char *secret)
{
    size_t length = strlen(secret);
    const char *hint = secret + (length > 4 ? length - 4 : 0);

    for (const char *c = hint; *c; c++)
        if (*c <= ' ' || *c > '~')
            return NULL;
    return length < 12 ? NULL : hint;
}

bool secret_put(struct work *work, const char *name, const char *secret)
{
    static const char sql[] =
        "INSERT INTO tenant_secrets (tenant_id, name, sealed, hint, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE sealed = VALUES(sealed),"
        " hint = VALUES(hint), validated_at = NULL, updated_at = VALUES(updated_at), rev = rev + 1";
    instant now = clock_now();
    const char *hint = hint_of(secret);
    bytes sealed = secret_seal(work, name, secret);
    const struct param params[] = {PARAM(work->tenant), PARAM(name), PARAM(sealed),
                                   PARAM(hint),         PARAM(now),  PARAM(now)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool secret_get(struct work *work, const char *name, const char **secret)
{
    static const char sql[] = "SELECT name, sealed FROM tenant_secrets"
                              " WHERE tenant_id = ? AND name = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(name)};
    struct tenant_secret row;

    return db_find(work, sql, params, COUNT(params), &tenant_secret_entity, &row) &&
           secret_open(work, name, row.sealed, secret);
}

bool secrets_list(struct work *work, struct rows *secrets)
{
    static const char sql[] = "SELECT name, sealed, hint, validated_at, created_at, updated_at, rev"
                              " FROM tenant_secrets WHERE tenant_id = ? ORDER BY name";
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &tenant_secret_entity, secrets);
}

bool secret_remove(struct work *work, const char *name)
{
    static const char sql[] = "DELETE FROM tenant_secrets WHERE tenant_id = ? AND name = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(name)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
