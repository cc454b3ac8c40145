#include "domain/retention.h"

#include "db/db.h"
#include "domain/rates.h"

#define HOURS(count) ((int64_t)(count)*3600 * 1000)
#define DAYS(count) HOURS(24 * (count))

/* A statement that deletes what is older, RETENTION_BATCH rows at most. */
struct rule {
    const char *sql;
    int64_t age_ms;
};

/* Bound: the time before which a row is old. */
static const struct rule by_time[] = {
    /* clang-format off */
    {"DELETE FROM idempotency_keys WHERE expires_at < ? LIMIT 500", 0},
    {"DELETE FROM tickets WHERE expires_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM account_verifications WHERE expires_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM twilio_hints WHERE expires_at < ? LIMIT 500", 0},
    {"DELETE FROM admin_sessions WHERE expires_at < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM process_stats WHERE flushed_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM leases WHERE name >= 'call:' AND name < 'call;' AND until < ? LIMIT 500", HOURS(1)},
    {"UPDATE voice_sessions SET token_hash = NULL WHERE token_hash IS NOT NULL"
     " AND token_expires_at < ? LIMIT 500", HOURS(24)},
    /* clang-format on */
};

/* Bound: the least key that a row of that age could have. */
static const struct rule by_key[] = {
    {"DELETE FROM carrier_callbacks WHERE id < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM session_commands WHERE id < ? LIMIT 500", DAYS(30)},
};

/*
 * Bound: the tenant, that key, and the time.  Keys are made when rows are, so the range of keys
 * holds everything old enough, and hardly more.
 */
static const struct rule of_tenant[] = {
    /* clang-format off */
    {"DELETE FROM outbox WHERE tenant_id = ? AND id < ? AND state = 'delivered'"
     " AND finished_at < ? LIMIT 500", DAYS(7)},
    {"DELETE FROM outbox WHERE tenant_id = ? AND id < ? AND state = 'failed'"
     " AND finished_at < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM webhook_deliveries WHERE tenant_id = ? AND id < ?"
     " AND state IN ('sent', 'failed') AND created_at < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM call_events WHERE tenant_id = ? AND id < ? AND occurred_at < ? LIMIT 500", DAYS(30)},
    /* clang-format on */
};

/* Repeats the statement, each time a transaction of its own, while it finds a whole batch. */
static bool apply(struct work *work, const char *sql, const struct param *params, size_t nparams,
                  uint64_t *deleted)
{
    uint64_t changed = RETENTION_BATCH;

    for (int i = 0; i < RETENTION_BATCHES && changed == RETENTION_BATCH; i++) {
        if (!db_execute(work, sql, params, nparams, &changed))
            return false;
        if (deleted)
            *deleted += changed;
    }
    return true;
}

bool retention_shared(struct work *work, instant now)
{
    for (size_t i = 0; i < COUNT(by_time); i++) {
        instant before = instant_after(now, -by_time[i].age_ms);
        const struct param params[] = {PARAM(before)};

        if (!apply(work, by_time[i].sql, params, COUNT(params), NULL))
            return false;
    }
    for (size_t i = 0; i < COUNT(by_key); i++) {
        uid before = uid_at(instant_after(now, -by_key[i].age_ms));
        const struct param params[] = {PARAM(before)};

        if (!apply(work, by_key[i].sql, params, COUNT(params), NULL))
            return false;
    }
    return rates_sweep(work);
}

bool retention_of_tenant(struct work *work, instant now, uint64_t *deleted)
{
    if (deleted)
        *deleted = 0;
    for (size_t i = 0; i < COUNT(of_tenant); i++) {
        instant before = instant_after(now, -of_tenant[i].age_ms);
        uid least = uid_at(before);
        const struct param params[] = {PARAM(work->tenant), PARAM(least), PARAM(before)};

        if (!apply(work, of_tenant[i].sql, params, COUNT(params), deleted))
            return false;
    }
    return true;
}
