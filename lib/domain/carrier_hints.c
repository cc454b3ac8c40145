#include "domain/carrier_hints.h"

#include <string.h>

#include "core/crypto.h"
#include "db/db.h"
#include "domain/secrets.h"

enum { HINT_LIFE_MS = 24 * 60 * 60 * 1000 };

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
    static const char sql[] = "SELECT tenant_id FROM twilio_hints WHERE hint = ?"
                              " AND expires_at > ?";
    hash256 name = name_of(work, account_sid, number, kind);
    const bytes hint = {name.bytes, sizeof name.bytes};
    instant now = clock_now();
    const struct param params[] = {PARAM(hint), PARAM(now)};

    return db_number(work, sql, params, COUNT(params), 0, tenant);
}

bool carrier_hint_put(struct work *work, const char *account_sid, const char *number,
                      const char *kind, int64_t tenant)
{
    static const char sql[] =
        "INSERT INTO twilio_hints (hint, tenant_id, secret_name, hits, created_at, expires_at)"
        " VALUES (?, ?, '" SECRET_CARRIER_TOKEN "', 1, ?, ?) ON DUPLICATE KEY UPDATE"
        " tenant_id = VALUES(tenant_id), hits = hits + 1, expires_at = VALUES(expires_at)";
    hash256 name = name_of(work, account_sid, number, kind);
    const bytes hint = {name.bytes, sizeof name.bytes};
    instant now = clock_now(), until = instant_after(now, HINT_LIFE_MS);
    const struct param params[] = {PARAM(hint), PARAM(tenant), PARAM(now), PARAM(until)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
