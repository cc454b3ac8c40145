/*
 * Health for load balancers, and the state of the parts for people.
 */
#include "fcgi/site/health.h"
#include "core/config.h"
#include "core/version.h"
#include "domain/calls.h"
#include "domain/host_memory.h"
#include "domain/node_metrics.h"
#include "fcgi/auth.h"
#include "fcgi/site/parts.h"
#include "fcgi/site/site.h"

/*
 * GET /health/live: whoever can answer is alive, but for workers that nobody looks after any more:
 * the parent does so every second, and replaces and kills them.
 */
enum { STALE_MS = 5000 };

struct liveness {
    const char *status;
    int64_t staleness_ms, uptime_seconds;
};

static const struct column columns_of_liveness[] = {
    COLUMN(liveness, status, NOT_NULL),
    COLUMN(liveness, staleness_ms, NOT_NULL),
    COLUMN(liveness, uptime_seconds, NOT_NULL),
};

static const struct entity liveness_entity =
    ENTITY(liveness, "liveness", NULL, columns_of_liveness);

static const struct field liveness_fields[] = {
    FIELD(liveness, status, "status", READ),
    FIELD(liveness, staleness_ms, "staleness_ms", READ),
    FIELD(liveness, uptime_seconds, "uptime_seconds", READ),
};

const struct view liveness_view = VIEW("Liveness", liveness_entity, liveness_fields);

bool site_live(struct request *req)
{
    int64_t watched_us = atomic_load(&host_memory()->watched_at_us);
    struct liveness answer = {"alive", 0, host_uptime_seconds()};

    if (watched_us)
        answer.staleness_ms = (clock_monotonic_us() - watched_us) / 1000;
    if (answer.staleness_ms > STALE_MS)
        answer.status = "stale";
    return reply_row(req, answer.staleness_ms > STALE_MS ? 503 : 200, &liveness_view, &answer);
}

/* GET /health/ready: every part, and whether those are there without which nothing works. */
struct readiness {
    bool ready;
    const char *status;
    struct rows checks;
    const char *version;
    instant timestamp;
    int64_t uptime_seconds;
};

static const struct column columns_of_readiness[] = {
    COLUMN(readiness, ready, NOT_NULL),          COLUMN(readiness, status, NOT_NULL),
    COLUMN(readiness, version, NOT_NULL),        COLUMN(readiness, timestamp, NOT_NULL),
    COLUMN(readiness, uptime_seconds, NOT_NULL),
};

static const struct entity readiness_entity =
    ENTITY(readiness, "readiness", NULL, columns_of_readiness);

static const struct field check_fields[] = {
    FIELD(part, name, "name", READ),
    FIELD(part, status, "status", READ),
    FIELD(part, ready, "ready", READ),
    FIELD(part, details, "details", READ),
};

static const struct view check_view = VIEW("ReadinessCheck", part_entity, check_fields);

static const struct field readiness_fields[] = {
    FIELD(readiness, ready, "ready", READ),
    FIELD(readiness, status, "status", READ),
    ROWS(readiness, checks, "checks", check_view, READ),
    FIELD(readiness, version, "version", READ),
    FIELD(readiness, timestamp, "timestamp", READ, .wire = &wire_iso_seconds),
    FIELD(readiness, uptime_seconds, "uptime_seconds", READ),
};

const struct view readiness_view = VIEW("ReadinessResponse", readiness_entity, readiness_fields);

/* A host whose daemon or carrier is missing still answers what it can. */
bool site_ready(struct request *req)
{
    struct readiness answer = {
        .ready = true,
        .status = "ready",
        .checks = parts_look(req),
        .version = TRUNKLINE_VERSION,
        .timestamp = clock_now(),
        .uptime_seconds = host_uptime_seconds(),
    };
    const struct part *part = answer.checks.at;

    for (size_t i = 0; i < answer.checks.count; i++) {
        if (!part[i].ready && answer.ready)
            answer.status = "degraded";
        answer.ready = answer.ready && (part[i].ready || !part[i].needed);
    }
    if (!answer.ready)
        answer.status = "not ready";
    return reply_row(req, answer.ready ? 200 : 503, &readiness_view, &answer);
}

/* GET /healthz: the same in three members. */
struct health {
    const char *status;
    int64_t uptime, active_calls;
};

static const char *const health_states[] = {"ok", "degraded", "draining", NULL};

static const struct column columns_of_health[] = {
    COLUMN(health, status, NOT_NULL, .one_of = health_states),
    COLUMN(health, uptime, NOT_NULL),
    COLUMN(health, active_calls, NOT_NULL),
};

static const struct entity health_entity = ENTITY(health, "health", NULL, columns_of_health);

static const struct field health_fields[] = {
    FIELD(health, status, "status", READ),
    FIELD(health, uptime, "uptime", READ),
    FIELD(health, active_calls, "activeCalls", READ),
};

const struct view health_view = VIEW("Health", health_entity, health_fields);

/* With a key of Phony's the calls of its tenant, wherever they are; otherwise those of this host.
 */
static bool count_calls(struct request *req, const struct daemons *daemons, int64_t *calls)
{
    enum { MOST = 100000 };
    const char *bearer = credential_bearer(req);
    const char *key = bearer ? bearer : credential_api_key(req);

    *calls = daemons->calls_here;
    if (!key)
        return true;
    if (!auth_key(req, "phony", key)) /* a wrong one is none: a probe is not refused */
        return req->work.error.what == UNAUTHENTICATED || req->work.error.what == FORBIDDEN;
    if (req->work.tenant)
        return calls_live(&req->work, MOST, calls);
    *calls = daemons->calls;
    return true;
}

bool site_healthz(struct request *req)
{
    struct health answer = {"ok", host_uptime_seconds(), 0};
    struct daemons daemons;

    if (!daemons_count(req, &daemons))
        return false;
    if (daemons.drains)
        return fail(&req->work, BUSY, "This host takes no more calls");
    if (!daemons.nodes)
        answer.status = "degraded";
    return count_calls(req, &daemons, &answer.active_calls) &&
           reply_row(req, 200, &health_view, &answer);
}

/* GET /site/status.json: the parts for the page. */
struct state {
    struct rows parts;
    const char *version;
};

static const struct column columns_of_state[] = {
    COLUMN(state, version, NOT_NULL),
};

static const struct entity state_entity = ENTITY(state, "state", NULL, columns_of_state);

static const struct field part_fields[] = {
    FIELD(part, name, "name", READ),
    FIELD(part, ready, "ok", READ),
    FIELD(part, detail, "detail", READ),
};

static const struct view part_view = VIEW("Part", part_entity, part_fields);

static const struct field state_fields[] = {
    ROWS(state, parts, "parts", part_view, READ),
    FIELD(state, version, "version", READ),
};

const struct view state_view = VIEW("State", state_entity, state_fields);

bool site_status(struct request *req)
{
    const struct state state = {parts_look(req), TRUNKLINE_VERSION};

    reply_header(req, "Cache-Control", "no-store");
    return reply_row(req, 200, &state_view, &state);
}

/* All stream nodes, as they wrote their figures down last; nothing when the store is away. */
static void add_nodes(struct request *req)
{
    struct rows nodes;

    if (node_figures_alive(&req->work, &nodes))
        node_figures_expose(nodes.at, nodes.count, &req->reply);
    req->work.error = (struct error){0};
}

/* GET /metrics, in the text form of Prometheus: this host and the stream nodes, no tenant's data.
 */
bool site_metrics(struct request *req)
{
    const struct host_memory *memory = host_memory();

    reply_text(req, 200, "text/plain; version=0.0.4; charset=utf-8", "");
    text_put(&req->reply, "# HELP trunkline_requests_total Answered requests by class of status.\n"
                          "# TYPE trunkline_requests_total counter\n");
    for (int class = 1; class < STATUS_CLASSES; class ++)
        text_add(&req->reply, "trunkline_requests_total{class=\"%dxx\"} %llu\n", class,
                 (unsigned long long)atomic_load(&memory->requests[class]));
    text_put(&req->reply, "# HELP trunkline_uptime_seconds Since when this host serves.\n"
                          "# TYPE trunkline_uptime_seconds gauge\n");
    text_add(&req->reply, "trunkline_uptime_seconds %lld\n", (long long)host_uptime_seconds());
    text_put(&req->reply, "# HELP trunkline_worker_busy Whether a worker has a request in hand.\n"
                          "# TYPE trunkline_worker_busy gauge\n");
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        const struct worker_slot *slot = &memory->workers[i];
        int32_t pid = atomic_load(&slot->pid);

        if (pid && worker_slot_of(pid) == slot)
            text_add(&req->reply, "trunkline_worker_busy{pool=\"%d\",pid=\"%d\"} %d\n",
                     (int)atomic_load(&slot->pool), (int)pid,
                     atomic_load(&slot->busy_since_us) != 0);
    }
    add_nodes(req);
    return true;
}
