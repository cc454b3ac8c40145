#include "fcgi/site/parts.h"

#include <string.h>
#include <unistd.h>

#include "core/config.h"
#include "db/migrate.h"
#include "domain/host_memory.h"
#include "domain/journal.h"
#include "domain/nodes.h"

static const struct column columns_of_part[] = {
    COLUMN(part, name, NOT_NULL),    COLUMN(part, status, NOT_NULL), COLUMN(part, ready, NOT_NULL),
    COLUMN(part, details, NOT_NULL), COLUMN(part, needed, NOT_NULL), COLUMN(part, detail, NOT_NULL),
};

const struct entity part_entity = ENTITY(part, "part", NULL, columns_of_part);

int64_t host_uptime_seconds(void)
{
    int64_t started_ms = atomic_load(&host_memory()->started_at_ms);

    return started_ms && clock_now().ms > started_ms ? (clock_now().ms - started_ms) / 1000 : 0;
}

/* What the daemons of this host are called. */
static const char *name_here(struct request *req)
{
    const char *given = req->work.config->node_name;
    char host[64] = "";

    if (given && *given)
        return given;
    gethostname(host, sizeof host - 1);
    return arena_text(&req->work.arena, host);
}

static bool is_here(const struct media_node *node, const char *here)
{
    size_t length = strlen(here);
    const char *rest = node->name + length;

    if (!length || strncmp(node->name, here, length) != 0)
        return false;
    return !*rest || (*rest == '-' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")]);
}

bool daemons_count(struct request *req, struct daemons *daemons)
{
    const char *here = name_here(req);
    const struct media_node *node;
    size_t up = 0, draining = 0;
    struct rows rows;

    *daemons = (struct daemons){0};
    if (!nodes_alive(&req->work, "daemon", &rows))
        return false;
    node = rows.at;
    for (size_t i = 0; i < rows.count; i++) {
        bool drains = strcmp(node[i].state, "draining") == 0;

        daemons->calls += node[i].active_sessions;
        if (!is_here(&node[i], here))
            continue;
        daemons->calls_here += node[i].active_sessions;
        up += !drains;
        draining += drains;
    }
    daemons->nodes = rows.count;
    daemons->drains = draining && !up;
    return true;
}

static struct part database(struct request *req)
{
    int64_t begun_us = clock_monotonic_us();
    bool ready = db_ping(&req->work);
    long long took_us = clock_monotonic_us() - begun_us;

    return (struct part){
        .name = "database",
        .status = ready ? "connected" : "unreachable",
        .ready = ready,
        .needed = true,
        .details.json = arena_format(&req->work.arena, "{\"latency_ms\":%lld.%03lld}",
                                     took_us / 1000, took_us % 1000),
        .detail = ready ? "connected" : "does not answer",
    };
}

static struct part migrations_part(struct request *req)
{
    bool current = false, known = migrate_is_current(&req->work, &current);

    return (struct part){
        .name = "migrations",
        .status = !known    ? "unknown"
                  : current ? "current"
                            : "pending",
        .ready = known && current,
        .needed = true,
        .details.json = arena_format(&req->work.arena, "{\"files\":%zu}", migrations_count),
        .detail = current ? "up to date" : "not up to date",
    };
}

static struct part spool(struct request *req)
{
    bool ready = access(req->work.config->spool_dir, W_OK) == 0;
    bool waiting = journal_waiting(&req->work);

    return (struct part){
        .name = "spool",
        .status = ready ? "writable" : "not writable",
        .ready = ready,
        .needed = true,
        .details.json = waiting ? "{\"journal_waiting\":true}" : "{\"journal_waiting\":false}",
        .detail = waiting ? "callbacks wait to be applied"
                  : ready ? "writable"
                          : "not writable",
    };
}

static struct part workers(struct request *req)
{
    int busy = 0, all = 0;

    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        const struct worker_slot *slot = &host_memory()->workers[i];
        int32_t pid = atomic_load(&slot->pid);

        if (!pid || worker_slot_of(pid) != slot)
            continue;
        all++;
        busy += atomic_load(&slot->busy_since_us) != 0;
    }
    return (struct part){
        .name = "workers",
        .status = "answering",
        .ready = true,
        .details.json = arena_format(&req->work.arena, "{\"workers\":%d,\"busy\":%d}", all, busy),
        .detail = arena_format(&req->work.arena, "%d of %d busy", busy, all),
    };
}

static struct part stream(struct request *req)
{
    struct daemons daemons;
    bool known = daemons_count(req, &daemons), ready = known && daemons.nodes;

    return (struct part){
        .name = "stream",
        .status = !known  ? "unknown"
                  : ready ? "up"
                          : "down",
        .ready = ready,
        .details.json = arena_format(&req->work.arena, "{\"nodes\":%zu,\"active_sessions\":%lld}",
                                     daemons.nodes, (long long)daemons.calls),
        .detail = arena_format(&req->work.arena, "%zu %s, %lld %s", daemons.nodes,
                               daemons.nodes == 1 ? "node" : "nodes", (long long)daemons.calls,
                               daemons.calls == 1 ? "call" : "calls"),
    };
}

static bool is_set(const char *text)
{
    return text && *text;
}

static struct part carrier(struct request *req)
{
    const struct config *config = req->work.config;
    bool real = is_set(config->twilio_account_sid) && is_set(config->twilio_auth_token);
    bool rehearsal = is_set(config->rehearsal_account_sid);

    return (struct part){
        .name = "carrier",
        .status = real        ? "configured"
                  : rehearsal ? "rehearsal"
                              : "not configured",
        .ready = real || rehearsal,
        .details.json = real ? "{\"provider\":\"twilio\"}" : "{}",
        .detail = real        ? "Twilio"
                  : rehearsal ? "stand-in: no real calls are made"
                              : "no credentials; tenants need their own",
    };
}

static struct part model(struct request *req)
{
    const struct config *config = req->work.config;
    bool ready = is_set(config->openai_api_key);
    bool real = strstr(config->openai_realtime_url, "api.openai.com") != NULL;

    return (struct part){
        .name = "model",
        .status = ready ? "configured" : "not configured",
        .ready = ready,
        .details.json = real ? "{\"provider\":\"openai\"}" : "{}",
        .detail = !ready ? "no key"
                  : real ? "OpenAI"
                         : "stand-in, or a compatible server",
    };
}

struct rows parts_look(struct request *req)
{
    struct part (*const look[])(struct request *) = {database, migrations_part, spool, workers,
                                                     stream,   carrier,         model};
    struct part *parts = arena_new(&req->work.arena, struct part, COUNT(look));

    for (size_t i = 0; i < COUNT(look); i++)
        parts[i] = look[i](req);
    req->work.error = (struct error){0};
    return (struct rows){parts, COUNT(look)};
}
