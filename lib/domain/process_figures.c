#include "domain/process_figures.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"
#include "domain/epoch.h"
#include "domain/host_memory.h"

enum { KEYS = 512, FLUSH_US = 10 * 1000 * 1000, FINGERPRINT = 6, MOST_TENANTS = 2000 };

static const char *const names[FIGURES] = {
    [FIGURE_CACHE_HITS] = "cache.hits",
    [FIGURE_CACHE_MISSES] = "cache.misses",
    [FIGURE_CACHE_RELOADS] = "cache.reloads",
    [FIGURE_CACHE_EVICTIONS] = "cache.evictions",
    [FIGURE_EXPLICIT_SUCCESS] = "callback.explicit_success",
    [FIGURE_EXPLICIT_INVALID] = "callback.explicit_invalid",
    [FIGURE_HINT_HITS] = "callback.hint_hits",
    [FIGURE_LOOKUP_SUCCESS] = "callback.lookup_success",
    [FIGURE_LOOKUP_NOT_FOUND] = "callback.lookup_not_found",
    [FIGURE_LOOKUP_ERROR] = "callback.lookup_error",
    [FIGURE_HINT_MISSES] = "callback.hint_misses",
    [FIGURE_HINT_EXPIRED] = "callback.hint_expired",
    [FIGURE_HINT_MISMATCH] = "callback.hint_mismatch",
    [FIGURE_HINT_STALE] = "callback.hint_stale",
    [FIGURE_LOOKUP_CANDIDATES] = "callback.lookup_candidates",
};

/* ---- in the process ---- */

struct noted_key {
    int64_t tenant, used_ms;
    int64_t counts[FIGURE_CACHE_EVICTIONS + 1];
    unsigned char fingerprint[FINGERPRINT];
    bool is_used, is_present;
};

static _Atomic int64_t waiting[FIGURES];
static struct noted_key keys[KEYS];
static bool keys_changed;
static int64_t flushed_us;
static instant started_at = {0};

void figure_note(enum figure figure)
{
    atomic_fetch_add(&waiting[figure], 1);
}

void key_cache_note(const hash256 *key, int64_t tenant, enum figure figure)
{
    struct noted_key *noted = &keys[(key->bytes[0] << 8 | key->bytes[1]) % KEYS];

    figure_note(figure);
    if (!noted->is_used || memcmp(noted->fingerprint, key->bytes, FINGERPRINT) != 0) {
        *noted = (struct noted_key){.is_used = true};
        memcpy(noted->fingerprint, key->bytes, FINGERPRINT);
    }
    noted->counts[figure]++;
    noted->is_present = figure != FIGURE_CACHE_EVICTIONS;
    noted->tenant = tenant;
    if (noted->is_present)
        noted->used_ms = clock_now().ms;
    keys_changed = true;
}

bool figures_waiting(void)
{
    for (size_t i = 0; i < FIGURES; i++)
        if (atomic_load(&waiting[i]))
            return true;
    return keys_changed;
}

/* ---- writing down ---- */

static document write_keys(struct work *work)
{
    struct text json = {.arena = &work->arena};
    char hex[2 * FINGERPRINT + 1];

    text_char(&json, '[');
    for (size_t i = 0; i < KEYS; i++) {
        const struct noted_key *key = &keys[i];

        if (!key->is_used)
            continue;
        hex_write(key->fingerprint, FINGERPRINT, hex);
        text_add(&json,
                 "%s{\"f\":\"%s\",\"t\":%lld,\"u\":%lld,\"p\":%d,\"h\":%lld,\"m\":%lld,"
                 "\"r\":%lld,\"e\":%lld}",
                 json.length > 1 ? "," : "", hex, (long long)key->tenant, (long long)key->used_ms,
                 key->is_present, (long long)key->counts[FIGURE_CACHE_HITS],
                 (long long)key->counts[FIGURE_CACHE_MISSES],
                 (long long)key->counts[FIGURE_CACHE_RELOADS],
                 (long long)key->counts[FIGURE_CACHE_EVICTIONS]);
    }
    text_char(&json, ']');
    return (document){json.at};
}

struct flush {
    int64_t node, amounts[FIGURES];
};

static bool flush_step(struct work *work, void *with)
{
    static const char add[] = "INSERT INTO stat_totals (name, folded) VALUES (?, ?)"
                              " ON DUPLICATE KEY UPDATE folded = folded + VALUES(folded)";
    static const char hold[] =
        "INSERT INTO process_stats (node_id, pid, started_at, counters, tenant_cache, flushed_at)"
        " VALUES (?, ?, ?, '{}', ?, ?) ON DUPLICATE KEY UPDATE"
        " tenant_cache = VALUES(tenant_cache), flushed_at = VALUES(flushed_at)";
    const struct flush *flush = with;
    document held = write_keys(work);
    instant now = clock_now();
    int64_t pid = getpid();
    const struct param row[] = {PARAM(flush->node), PARAM(pid), PARAM(started_at), PARAM(held),
                                PARAM(now)};

    for (size_t i = 0; i < FIGURES; i++) {
        const char *name = arena_format(&work->arena, "%s@%lld", names[i], (long long)flush->node);
        const struct param params[] = {PARAM(name), PARAM(flush->amounts[i])};

        if (flush->amounts[i] && !db_execute(work, add, params, COUNT(params), NULL))
            return false;
    }
    return !keys_changed || db_execute(work, hold, row, COUNT(row), NULL);
}

void figures_flush(struct work *work, bool now)
{
    struct flush flush = {.node = atomic_load(&host_memory()->node)};
    struct error error = work->error;

    if (!figures_waiting() || (!now && clock_monotonic_us() - flushed_us < FLUSH_US))
        return;
    if (!started_at.ms)
        started_at = clock_now();
    flushed_us = clock_monotonic_us();
    for (size_t i = 0; i < FIGURES; i++)
        flush.amounts[i] = atomic_load(&waiting[i]);
    if (db_transaction(work, flush_step, &flush)) {
        keys_changed = false;
        for (size_t i = 0; i < FIGURES; i++)
            atomic_fetch_sub(&waiting[i], flush.amounts[i]);
    }
    work->error = error;
}

/* ---- reading ---- */

struct sum {
    const char *name;
    int64_t value;
};

static const struct column columns_of_sum[] = {
    COLUMN(sum, name, NOT_NULL),
    COLUMN(sum, value, NOT_NULL),
};

static const struct entity sum_entity = ENTITY(sum, "figure", NULL, columns_of_sum);

bool figures_read(struct work *work, int64_t sums[FIGURES])
{
    static const char sql[] =
        "SELECT SUBSTRING_INDEX(name, '@', 1) AS name, CAST(SUM(folded - baseline) AS INTEGER)"
        " AS value FROM stat_totals WHERE name LIKE 'cache.%' OR name LIKE 'callback.%'"
        " GROUP BY SUBSTRING_INDEX(name, '@', 1)";
    const struct sum *sum;
    struct rows rows;

    memset(sums, 0, FIGURES * sizeof *sums);
    if (!db_select(work, sql, NULL, 0, &sum_entity, &rows))
        return false;
    sum = rows.at;
    for (size_t i = 0; i < rows.count; i++)
        for (size_t f = 0; f < FIGURES; f++)
            if (strcmp(names[f], sum[i].name) == 0)
                sums[f] = sum[i].value;
    return true;
}

bool figures_reset_callbacks(struct work *work)
{
    static const char sql[] = "UPDATE stat_totals SET baseline = folded, reset_at = ?"
                              " WHERE name LIKE 'callback.%'";
    instant now = clock_now();
    const struct param params[] = {PARAM(now)};

    figures_flush(work, true);
    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* ---- what is held ---- */

#define HELD                                                                                       \
    " FROM process_stats AS p, JSON_TABLE(p.tenant_cache, '$[*]' COLUMNS ("                        \
    "f VARCHAR(16) PATH '$.f', t BIGINT PATH '$.t', u BIGINT PATH '$.u', p INT PATH '$.p',"        \
    " h BIGINT PATH '$.h', m BIGINT PATH '$.m', r BIGINT PATH '$.r', e BIGINT PATH '$.e',"         \
    " logs BIGINT PATH '$.logs')) AS k LEFT JOIN tenants AS t ON t.id = k.t"

/* What an eviction of the tenant left. */
#define STILL "k.p = 1 AND k.u > COALESCE(1000 * UNIX_TIMESTAMP(t.cache_evicted_at), 0)"

static const struct column columns_of_key[] = {
    COLUMN(cached_key, fingerprint, NOT_NULL), COLUMN(cached_key, tenant_key, NULLABLE),
    COLUMN(cached_key, present, NOT_NULL),     COLUMN(cached_key, hits, NOT_NULL),
    COLUMN(cached_key, misses, NOT_NULL),      COLUMN(cached_key, reloads, NOT_NULL),
    COLUMN(cached_key, evictions, NOT_NULL),
};

static const struct entity key_entity = ENTITY(cached_key, "cached key", NULL, columns_of_key);

bool cached_keys_list(struct work *work, int64_t limit, struct rows *found)
{
    static const char sql[] =
        "SELECT k.f AS fingerprint, MAX(t.tenant_key) AS tenant_key, MAX(" STILL ") AS present,"
        " CAST(SUM(k.h) AS INTEGER) AS hits, CAST(SUM(k.m) AS INTEGER) AS misses,"
        " CAST(SUM(k.r) AS INTEGER) AS reloads, CAST(SUM(k.e) AS INTEGER) AS evictions" HELD
        " WHERE k.f IS NOT NULL GROUP BY k.f ORDER BY hits DESC, k.f LIMIT ?";
    const struct param params[] = {PARAM(limit)};

    figures_flush(work, true);
    return db_select(work, sql, params, COUNT(params), &key_entity, found);
}

struct held_tenant {
    struct cached_tenant tenant;
    int64_t used_ms;
};

static const struct column columns_of_tenant[] = {
    COLUMN(held_tenant, tenant.id, NOT_NULL),
    COLUMN(held_tenant, tenant.tenant_key, NOT_NULL),
    COLUMN(held_tenant, tenant.live_sessions, NOT_NULL),
    COLUMN(held_tenant, tenant.log_subscribers, NOT_NULL),
    COLUMN(held_tenant, used_ms, NOT_NULL),
};

static const struct entity tenant_entity_held =
    ENTITY(held_tenant, "cached tenant", NULL, columns_of_tenant);

bool cached_tenants_list(struct work *work, struct rows *tenants)
{
    static const char sql[] =
        "SELECT t.id AS `tenant.id`, MAX(t.tenant_key) AS `tenant.tenant_key`,"
        " CAST(COALESCE(SUM(k.logs), 0) AS INTEGER) AS `tenant.log_subscribers`,"
        " (SELECT COUNT(*) FROM voice_sessions AS s WHERE s.tenant_id = t.id AND s.state IN"
        " ('connecting', 'active', 'draining') AND s.transport <> 'imported')"
        " AS `tenant.live_sessions`,"
        " COALESCE(MAX(k.u), 0) AS used_ms" HELD " WHERE t.deleted_at IS NULL AND t.id IS NOT NULL"
        " GROUP BY t.id HAVING MAX(k.f IS NOT NULL AND " STILL ") = 1"
        " ORDER BY `tenant.tenant_key` LIMIT ?";
    int64_t most = MOST_TENANTS;
    const struct param params[] = {PARAM(most)};
    struct cached_tenant *list;
    struct rows rows;

    figures_flush(work, true);
    if (!db_select(work, sql, params, COUNT(params), &tenant_entity_held, &rows))
        return false;
    list = arena_new(&work->arena, struct cached_tenant, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        const struct held_tenant *held = (const struct held_tenant *)rows.at + i;

        list[i] = held->tenant;
        list[i].used_at = (instant){held->used_ms};
    }
    *tenants = (struct rows){list, rows.count};
    return true;
}

static bool evict(struct work *work, int64_t tenant, instant now)
{
    static const char sql[] = "UPDATE tenants SET cache_evicted_at = ?,"
                              " cache_epoch = cache_epoch + 1 WHERE id = ?";
    const struct param params[] = {PARAM(now), PARAM(tenant)};

    figure_note(FIGURE_CACHE_EVICTIONS);
    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool cached_tenants_evict(struct work *work, int64_t idle_seconds, int64_t *evicted,
                          int64_t *remaining)
{
    instant now = clock_now();
    const struct cached_tenant *tenant;
    struct rows rows;

    *evicted = *remaining = 0;
    if (!cached_tenants_list(work, &rows))
        return false;
    tenant = rows.at;
    for (size_t i = 0; i < rows.count; i++) {
        if (tenant[i].live_sessions || now.ms - tenant[i].used_at.ms < idle_seconds * 1000) {
            ++*remaining;
            continue;
        }
        if (!evict(work, tenant[i].id, now))
            return false;
        ++*evicted;
    }
    return !*evicted || epoch_advance(work);
}
