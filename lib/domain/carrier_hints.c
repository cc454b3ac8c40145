#include "domain/carrier_hints.h"

#include <string.h>

#include "core/crypto.h"
#include "db/db.h"
#include "domain/secrets.h"

enum { HINT_LIFE_MS = CARRIER_HINT_SECONDS * 1000 };

static hash256 name_of(struct work *work, const char *account_sid, const char *number,
                       const char *kind)
{
    const char *text =
        arena_format(&work->arena, "%s %s %s", account_sid, number ? number : "-", kind);

    return sha256(text, strlen(text));
}

bool carrier_hint_find(struct work *work, const char *account_sid, const char *number,
                       const char *kind, int64_t *tenant)
{
    static const char sql[] =
        "SELECT IF(expires_at > ?, tenant_id, -1) FROM twilio_hints WHERE hint = ?";
    hash256 name = name_of(work, account_sid, number, kind);
    const bytes hint = {name.bytes, sizeof name.bytes};
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(hint)};

    return db_number(work, sql, params, COUNT(params), 0, tenant);
}

bool carrier_hint_put(struct work *work, const char *account_sid, const char *number,
                      const char *kind, int64_t tenant)
{
    static const char sql[] =
        "INSERT INTO twilio_hints (hint, tenant_id, secret_name, hits, created_at, expires_at)"
        " SELECT ?, ?, '" SECRET_CARRIER_TOKEN "', 1, ?, ? FROM DUAL WHERE"
        " (SELECT COUNT(*) FROM twilio_hints) < ? OR EXISTS (SELECT 1 FROM twilio_hints WHERE"
        " hint = ?) ON DUPLICATE KEY UPDATE"
        " tenant_id = VALUES(tenant_id), hits = hits + 1, expires_at = VALUES(expires_at)";
    hash256 name = name_of(work, account_sid, number, kind);
    const bytes hint = {name.bytes, sizeof name.bytes};
    int64_t most = CARRIER_HINTS_MOST;
    instant now = clock_now(), until = instant_after(now, HINT_LIFE_MS);
    const struct param params[] = {PARAM(hint),  PARAM(tenant), PARAM(now),
                                   PARAM(until), PARAM(most),   PARAM(hint)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool carrier_hints_count(struct work *work, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM twilio_hints WHERE expires_at > ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

bool carrier_hints_clear(struct work *work, uint64_t *removed)
{
    return db_execute(work, "DELETE FROM twilio_hints", NULL, 0, removed);
}
