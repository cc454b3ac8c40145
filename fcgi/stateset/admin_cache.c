/*
 * What processes remember of tenants, and making them forget.
 */
#include <string.h>

#include "domain/process_figures.h"
#include "domain/tenant_runtime.h"
#include "domain/voices.h"
#include "fcgi/list_answer.h"
#include "fcgi/stateset/operator.h"
#include "fcgi/stateset/stateset.h"

enum { USUAL_KEYS = 100, MOST_KEYS = 1000, USUAL_IDLE = 900, MOST_IDLE = 99999999 };

/* ---- sums ---- */

struct metrics {
    bool ok;
    struct operator_transport auth_transport;
    int64_t cache_entries, hits, misses, reloads, evictions;
};

static const struct column metrics_columns[] = {
    COLUMN(metrics, ok, NOT_NULL),
    COLUMN(metrics, auth_transport.legacy_query_auth_enabled, NOT_NULL),
    COLUMN(metrics, auth_transport.stream_auth_primary_configured, NOT_NULL),
    COLUMN(metrics, auth_transport.stream_auth_previous_configured, NOT_NULL),
    COLUMN(metrics, auth_transport.stream_auth_secret_count, NOT_NULL),
    COLUMN(metrics, cache_entries, NOT_NULL),
    COLUMN(metrics, hits, NOT_NULL),
    COLUMN(metrics, misses, NOT_NULL),
    COLUMN(metrics, reloads, NOT_NULL),
    COLUMN(metrics, evictions, NOT_NULL),
};

static const struct entity metrics_entity = ENTITY(metrics, "metrics", NULL, metrics_columns);

static const struct field transport_fields[] = {
    /* clang-format off */
    FIELD(metrics, auth_transport.legacy_query_auth_enabled,       "legacy_query_auth_enabled",       READ),
    FIELD(metrics, auth_transport.stream_auth_primary_configured,  "stream_auth_primary_configured",  READ),
    FIELD(metrics, auth_transport.stream_auth_previous_configured, "stream_auth_previous_configured", READ),
    FIELD(metrics, auth_transport.stream_auth_secret_count,        "stream_auth_secret_count",        READ),
    /* clang-format on */
};

static const struct view transport_view =
    VIEW("AdminCacheAuthTransport", metrics_entity, transport_fields);

static const struct field metrics_fields[] = {
    /* clang-format off */
    FIELD(metrics, ok,            "ok",            READ),
    FIELD(metrics, cache_entries, "cache_entries", READ, .about = "Tenants that a process holds."),
    FIELD(metrics, hits,          "hits",          READ, .about = "Keys that were at hand, over all processes."),
    FIELD(metrics, misses,        "misses",        READ),
    FIELD(metrics, reloads,       "reloads",       READ, .about = "Keys that were held, but had to be proved again."),
    FIELD(metrics, evictions,     "evictions",     READ),
    NESTED("auth_transport", transport_view, READ),
    /* clang-format on */
};

const struct view admin_cache_metrics_view =
    VIEW("AdminTenantCacheMetricsResponse", metrics_entity, metrics_fields);

bool admin_show_cache_metrics(struct request *req)
{
    struct metrics answer = {.ok = true, .auth_transport = operator_transport_of(req->work.config)};
    int64_t sums[FIGURES];
    struct rows tenants;

    if (!cached_tenants_list(&req->work, &tenants) || !figures_read(&req->work, sums))
        return false;
    answer.cache_entries = (int64_t)tenants.count;
    answer.hits = sums[FIGURE_CACHE_HITS];
    answer.misses = sums[FIGURE_CACHE_MISSES];
    answer.reloads = sums[FIGURE_CACHE_RELOADS];
    answer.evictions = sums[FIGURE_CACHE_EVICTIONS];
    return reply_row(req, 200, &admin_cache_metrics_view, &answer);
}

/* ---- lists ---- */

static const struct column key_columns[] = {
    COLUMN(cached_key, fingerprint, NOT_NULL), COLUMN(cached_key, tenant_key, NULLABLE),
    COLUMN(cached_key, present, NOT_NULL),     COLUMN(cached_key, hits, NOT_NULL),
    COLUMN(cached_key, misses, NOT_NULL),      COLUMN(cached_key, reloads, NOT_NULL),
    COLUMN(cached_key, evictions, NOT_NULL),
};

static const struct entity key_entity = ENTITY(cached_key, "cached key", NULL, key_columns);

static const struct field key_fields[] = {
    /* clang-format off */
    FIELD(cached_key, fingerprint, "cache_key",     READ, .about = "Tells keys apart; it is no part of one."),
    FIELD(cached_key, present,     "cache_present", READ),
    FIELD(cached_key, tenant_key,  "tenant_id",     READ),
    FIELD(cached_key, hits,        "hits",          READ),
    FIELD(cached_key, misses,      "misses",        READ),
    FIELD(cached_key, reloads,     "reloads",       READ),
    FIELD(cached_key, evictions,   "evictions",     READ),
    /* clang-format on */
};

static const struct view key_view =
    VIEW("AdminTenantTokenCacheMetricsItem", key_entity, key_fields);

static const struct field keys_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, count, "count", READ),
    ROWS(list_answer, rows, "items", key_view, READ),
};

const struct view admin_cached_keys_view =
    VIEW("AdminTenantTokenCacheMetricsResponse", list_answer_entity, keys_fields);

bool admin_list_cached_keys(struct request *req)
{
    int64_t limit = (int64_t)stateset_number_in(req, "limit", USUAL_KEYS, MOST_KEYS);
    struct list_answer answer = {.total = 0};

    return cached_keys_list(&req->work, limit, &answer.rows) &&
           reply_list(req, &admin_cached_keys_view, &answer);
}

struct cached_item {
    struct voice_state voice;
    const char *org_id;
    int64_t log_subscribers;
    bool kafka_configured, twilio_configured;
};

static const struct column item_columns[] = {
    COLUMN(cached_item, voice.tenant_key, NOT_NULL),
    COLUMN(cached_item, voice.effective_provider, NOT_NULL),
    COLUMN(cached_item, voice.elevenlabs_configured, NOT_NULL),
    COLUMN(cached_item, voice.elevenlabs_ready, NOT_NULL),
    COLUMN(cached_item, voice.active_sessions, NOT_NULL),
    COLUMN(cached_item, org_id, NULLABLE),
    COLUMN(cached_item, log_subscribers, NOT_NULL),
    COLUMN(cached_item, kafka_configured, NOT_NULL),
    COLUMN(cached_item, twilio_configured, NOT_NULL),
};

static const struct entity item_entity = ENTITY(cached_item, "cached tenant", NULL, item_columns);

static const struct field item_fields[] = {
    /* clang-format off */
    FIELD(cached_item, voice.tenant_key,            "tenant_id",             READ),
    FIELD(cached_item, org_id,                      "org_id",                READ),
    FIELD(cached_item, voice.active_sessions,       "active_sessions",       READ),
    FIELD(cached_item, voice.effective_provider,    "audio_output_provider", READ),
    FIELD(cached_item, voice.elevenlabs_configured, "elevenlabs_configured", READ),
    FIELD(cached_item, voice.elevenlabs_ready,      "elevenlabs_ready",      READ),
    FIELD(cached_item, log_subscribers,             "log_subscribers",       READ),
    FIELD(cached_item, twilio_configured,           "twilio_configured",     READ),
    FIELD(cached_item, kafka_configured,            "kafka_configured",      READ, .about = "This server speaks to no Kafka."),
    /* clang-format on */
};

static const struct view item_view = VIEW("AdminCachedTenantItem", item_entity, item_fields);

static const struct field cached_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, count, "count", READ),
    ROWS(list_answer, rows, "tenants", item_view, READ),
};

const struct view admin_cached_tenants_view =
    VIEW("AdminCachedTenantsResponse", list_answer_entity, cached_fields);

/* One that is deleted meanwhile is left out. */
static bool describe(struct request *req, const struct cached_tenant *cached,
                     struct cached_item *item)
{
    struct carrier carrier;
    struct tenant tenant;

    if (!tenant_by_id(&req->work, cached->id, &tenant) ||
        !voice_state_of(&req->work, cached->id, &item->voice))
        return false;
    item->org_id = tenant.default_org_ref;
    item->log_subscribers = cached->log_subscribers;
    item->twilio_configured = carrier_of_tenant(&req->work, &tenant, &carrier);
    return true;
}

bool admin_list_cached_tenants(struct request *req)
{
    struct list_answer answer = {.total = 0};
    struct cached_item *items;
    struct rows rows;

    if (!cached_tenants_list(&req->work, &rows))
        return false;
    items = arena_new(&req->work.arena, struct cached_item, rows.count + 1);
    answer.rows.at = items;
    for (size_t i = 0; i < rows.count; i++)
        if (describe(req, (const struct cached_tenant *)rows.at + i, &items[answer.rows.count]))
            answer.rows.count++;
        else if (req->work.error.what != NOT_FOUND)
            return false;
    return reply_list(req, &admin_cached_tenants_view, &answer);
}

/* ---- forgetting ---- */

struct eviction {
    bool ok;
    int64_t evicted, remaining;
};

static const struct column eviction_columns[] = {
    COLUMN(eviction, ok, NOT_NULL),
    COLUMN(eviction, evicted, NOT_NULL),
    COLUMN(eviction, remaining, NOT_NULL),
};

static const struct entity eviction_entity = ENTITY(eviction, "eviction", NULL, eviction_columns);

static const struct field eviction_fields[] = {
    FIELD(eviction, ok, "ok", READ),
    FIELD(eviction, evicted, "evicted", READ),
    FIELD(eviction, remaining, "remaining", READ),
};

const struct view admin_eviction_view =
    VIEW("AdminEvictIdleResponse", eviction_entity, eviction_fields);

bool admin_evict_idle(struct request *req)
{
    int64_t idle = (int64_t)stateset_number_in(req, "max_idle_secs", USUAL_IDLE, MOST_IDLE);
    struct eviction answer = {.ok = true};

    return cached_tenants_evict(&req->work, idle, &answer.evicted, &answer.remaining) &&
           reply_row(req, 200, &admin_eviction_view, &answer);
}

struct failure_row {
    const char *tenant_id, *error;
};

static const struct column failure_columns[] = {
    COLUMN(failure_row, tenant_id, NOT_NULL),
    COLUMN(failure_row, error, NOT_NULL),
};

static const struct entity failure_entity = ENTITY(failure_row, "failure", NULL, failure_columns);

static const struct field failure_fields[] = {
    FIELD(failure_row, tenant_id, "tenant_id", READ),
    FIELD(failure_row, error, "error", READ),
};

static const struct view failure_view =
    VIEW("AdminReloadCachedFailure", failure_entity, failure_fields);

struct reloads {
    bool ok;
    int64_t attempted, reloaded;
    struct rows failures;
};

static const struct column reloads_columns[] = {
    COLUMN(reloads, ok, NOT_NULL),
    COLUMN(reloads, attempted, NOT_NULL),
    COLUMN(reloads, reloaded, NOT_NULL),
};

static const struct entity reloads_entity = ENTITY(reloads, "reload", NULL, reloads_columns);

static const struct field reloads_fields[] = {
    FIELD(reloads, ok, "ok", READ),
    FIELD(reloads, attempted, "attempted", READ),
    FIELD(reloads, reloaded, "reloaded", READ),
    ROWS(reloads, failures, "failures", failure_view, READ),
};

const struct view admin_reloads_view =
    VIEW("AdminReloadCachedTenantsResponse", reloads_entity, reloads_fields);

/* A document that cannot be read stays as it is, and is told of. */
bool admin_reload_cached(struct request *req)
{
    struct reloads answer = {.ok = true};
    const struct cached_tenant *cached;
    struct failure_row *failures;
    struct tenant tenant;
    struct rows rows;

    if (!cached_tenants_list(&req->work, &rows))
        return false;
    cached = rows.at;
    failures = arena_new(&req->work.arena, struct failure_row, rows.count + 1);
    answer.failures.at = failures;
    answer.attempted = (int64_t)rows.count;
    for (size_t i = 0; i < rows.count; i++) {
        if (tenant_by_id(&req->work, cached[i].id, &tenant) && tenant_reload(&req->work, &tenant))
            answer.reloaded++;
        else if (req->work.error.what == BUSY)
            return false;
        else
            failures[answer.failures.count++] = (struct failure_row){
                cached[i].tenant_key, arena_text(&req->work.arena, req->work.error.message)};
    }
    return reply_row(req, 200, &admin_reloads_view, &answer);
}
