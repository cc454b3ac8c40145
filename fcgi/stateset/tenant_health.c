/*
 * Whether a tenant's part of the service is well, and who follows its log.
 */
#include "core/version.h"
#include "domain/functions.h"
#include "domain/socket_places.h"
#include "domain/tenants.h"
#include "domain/tool_definitions.h"
#include "domain/voices.h"
#include "fcgi/site/parts.h"
#include "fcgi/stateset/stateset.h"

/* ---- GET /health ---- */

struct tenant_health {
    bool ok;
    struct voice_state voice;
    const char *tenant, *org_id;
    int64_t tools, uptime;
};

static const struct column health_columns[] = {
    COLUMN(tenant_health, ok, NOT_NULL),
    COLUMN(tenant_health, voice.active_sessions, NOT_NULL),
    COLUMN(tenant_health, voice.fallback_active, NOT_NULL),
    COLUMN(tenant_health, voice.configured_provider, NOT_NULL),
    COLUMN(tenant_health, voice.effective_provider, NOT_NULL),
    COLUMN(tenant_health, voice.elevenlabs_configured, NOT_NULL),
    COLUMN(tenant_health, voice.elevenlabs_ready, NOT_NULL),
    COLUMN(tenant_health, tenant, NOT_NULL),
    COLUMN(tenant_health, org_id, NULLABLE),
    COLUMN(tenant_health, tools, NOT_NULL),
    COLUMN(tenant_health, uptime, NOT_NULL),
};

static const struct entity health_entity = ENTITY(tenant_health, "health", NULL, health_columns);

static const struct field health_fields[] = {
    /* clang-format off */
    FIELD(tenant_health, ok,                          "ok",                            READ),
    FIELD(tenant_health, tenant,                      "tenant",                        READ),
    FIELD(tenant_health, org_id,                      "org_id",                        READ),
    FIELD(tenant_health, uptime,                      "uptime",                        READ, .about = "Seconds since the host began to serve."),
    FIELD(tenant_health, voice.active_sessions,       "activeSessions",                READ, .about = "The tenant's, on all nodes."),
    FIELD(tenant_health, tools,                       "tools",                         READ, .about = "As many as /tools lists."),
    FIELD(tenant_health, voice.configured_provider,   "configuredAudioOutputProvider", READ),
    FIELD(tenant_health, voice.effective_provider,    "effectiveAudioOutputProvider",  READ),
    FIELD(tenant_health, voice.fallback_active,       "audioProviderFallback",         READ),
    FIELD(tenant_health, voice.elevenlabs_configured, "elevenlabsConfigured",          READ),
    FIELD(tenant_health, voice.elevenlabs_ready,      "elevenlabsReady",               READ),
    /* clang-format on */
};

static const struct view health_view = VIEW("HealthResponse", health_entity, health_fields);

static bool show_health(struct request *req)
{
    struct tenant_health answer = {.ok = true,
                                   .tenant = req->tenant->tenant_key,
                                   .org_id = req->tenant->default_org_ref,
                                   .uptime = host_uptime_seconds()};
    struct rows tools;

    if (!voice_state_of(&req->work, req->work.tenant, &answer.voice) ||
        !tools_enabled(&req->work, &tools))
        return false;
    while (function_at((size_t)answer.tools))
        answer.tools++;
    answer.tools += (int64_t)tools.count;
    return reply_row(req, 200, &health_view, &answer);
}

/* ---- GET /status ---- */

struct banner {
    const char *message, *tenant, *org_id, *version;
    instant timestamp;
};

static const struct column banner_columns[] = {
    COLUMN(banner, message, NOT_NULL),   COLUMN(banner, tenant, NOT_NULL),
    COLUMN(banner, org_id, NULLABLE),    COLUMN(banner, version, NOT_NULL),
    COLUMN(banner, timestamp, NOT_NULL),
};

static const struct entity banner_entity = ENTITY(banner, "status", NULL, banner_columns);

static const struct field banner_fields[] = {
    FIELD(banner, message, "message", READ),
    FIELD(banner, tenant, "tenant", READ),
    FIELD(banner, org_id, "org_id", READ),
    FIELD(banner, version, "version", READ),
    FIELD(banner, timestamp, "timestamp", READ, .wire = &wire_iso_shortest),
};

static const struct view banner_view = VIEW("RootResponse", banner_entity, banner_fields);

static bool show_status(struct request *req)
{
    return reply_row(req, 200, &banner_view,
                     &(struct banner){"Trunkline is running", req->tenant->tenant_key,
                                      req->tenant->default_org_ref, TRUNKLINE_VERSION,
                                      clock_now()});
}

/* ---- GET /api/v1/logs/stats ---- */

struct log_stats {
    bool ok;
    const char *tenant;
    int64_t connected_clients;
    instant timestamp;
};

static const struct column stats_columns[] = {
    COLUMN(log_stats, ok, NOT_NULL),
    COLUMN(log_stats, tenant, NOT_NULL),
    COLUMN(log_stats, connected_clients, NOT_NULL),
    COLUMN(log_stats, timestamp, NOT_NULL),
};

static const struct entity stats_entity = ENTITY(log_stats, "log stats", NULL, stats_columns);

static const struct field stats_fields[] = {
    /* clang-format off */
    FIELD(log_stats, ok,                "ok",               READ),
    FIELD(log_stats, tenant,            "tenant",           READ),
    FIELD(log_stats, connected_clients, "connectedClients", READ, .about = "Sockets that follow the tenant's log, on all nodes."),
    FIELD(log_stats, timestamp,         "timestamp",        READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view stats_view = VIEW("LogsStatsResponse", stats_entity, stats_fields);

static bool show_log_stats(struct request *req)
{
    struct log_stats answer = {
        .ok = true, .tenant = req->tenant->tenant_key, .timestamp = clock_now()};

    return socket_places_held(&req->work, "logs", &answer.connected_clients) &&
           reply_row(req, 200, &stats_view, &answer);
}

/* A path that older clients still hold. */
static bool show_log_stats_of_old(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return show_log_stats(req);
}

static const struct route routes[] = {
    {"GET /health", "key", show_health, NULL, &health_view, "General health check endpoint",
     .answers = "401", .operation = "health"},
    {"GET /status", "key", show_status, NULL, &banner_view, "Root", .answers = "401",
     .operation = "root"},
    {"GET /api/v1/logs/stats", "key", show_log_stats, NULL, &stats_view, "Logs Stats",
     .answers = "401", .operation = "logs_stats"},
    {"GET /logs/stats", "key", show_log_stats_of_old, NULL, &stats_view, "Logs Stats",
     .flags = HIDDEN},
};

static const char *const prefixes[] = {"/health", "/status", "/api/v1/logs/stats", "/logs/stats",
                                       NULL};

const struct dialect stateset_health = {
    STATESET_FOR_TENANTS,
    .prefixes = prefixes,
    .body_limit = 16384,
    .item = stateset_item,
    .list = stateset_list,
    .refuse = stateset_refuse,
    .error_schema = stateset_error_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};
