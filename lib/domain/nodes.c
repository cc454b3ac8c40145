#include "domain/nodes.h"

#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "domain/route_cache.h"
#include "remote/http.h"

static const char *const node_roles[] = {"daemon", "fcgi", "worker", NULL};
static const char *const node_states[] = {"up", "draining", "down", NULL};

static const struct column columns_of_node[] = {
    COLUMN(media_node, id, NOT_NULL),
    COLUMN(media_node, name, NOT_NULL, .max = 64),
    COLUMN(media_node, epoch, NOT_NULL),
    COLUMN(media_node, role, NOT_NULL, .one_of = node_roles),
    COLUMN(media_node, state, NOT_NULL, .one_of = node_states),
    COLUMN(media_node, public_ws_url, NULLABLE, .max = 255),
    COLUMN(media_node, control_url, NULLABLE, .max = 255),
    COLUMN(media_node, version, NOT_NULL, .max = 32),
    COLUMN(media_node, capacity, NOT_NULL),
    COLUMN(media_node, active_sessions, NOT_NULL),
    COLUMN(media_node, load_permille, NOT_NULL),
    COLUMN(media_node, started_at, NOT_NULL),
    COLUMN(media_node, heartbeat_at, NOT_NULL),
};

/* No tenant's, so the generic store does not serve it. */
const struct entity media_node_entity = ENTITY(media_node, "node", NULL, columns_of_node);

#define NODE_COLUMNS                                                                               \
    "id, name, epoch, role, state, public_ws_url, control_url, version, capacity, "                \
    "active_sessions, load_permille, started_at, heartbeat_at"

/* Takes over the row of the node's name, if there is one. */
static bool take_over(struct work *work, struct media_node *node, bool *taken)
{
    static const char sql[] =
        "UPDATE media_nodes SET epoch = ?, role = ?, state = 'up', public_ws_url = ?,"
        " control_url = ?, version = ?, capacity = ?, active_sessions = 0, load_permille = 0,"
        " started_at = ?, heartbeat_at = ? WHERE name = ?";
    const struct param params[] = {
        PARAM(node->epoch),       PARAM(node->role),         PARAM(node->public_ws_url),
        PARAM(node->control_url), PARAM(node->version),      PARAM(node->capacity),
        PARAM(node->started_at),  PARAM(node->heartbeat_at), PARAM(node->name),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *taken = changed == 1;
    return true;
}

/* Of two that take the same free id, the second finds it taken and is repeated. */
static bool take_free_id(struct work *work, struct media_node *node)
{
    static const char sql[] =
        "INSERT INTO media_nodes (" NODE_COLUMNS ")"
        " SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?, 'up', ?, ?, ?, ?, 0, 0, ?, ?"
        " FROM media_nodes";
    const struct param params[] = {
        PARAM(node->name),          PARAM(node->epoch),       PARAM(node->role),
        PARAM(node->public_ws_url), PARAM(node->control_url), PARAM(node->version),
        PARAM(node->capacity),      PARAM(node->started_at),  PARAM(node->heartbeat_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool find_by_name(struct work *work, const char *name, struct media_node *node)
{
    static const char sql[] = "SELECT " NODE_COLUMNS " FROM media_nodes WHERE name = ?";
    const struct param params[] = {PARAM(name)};

    return db_find(work, sql, params, COUNT(params), &media_node_entity, node);
}

enum { REGISTER_ATTEMPTS = 10 };

bool node_register(struct work *work, struct media_node *node)
{
    node->started_at = node->heartbeat_at = db_now(work);
    node->epoch = node->started_at.ms;
    for (int attempt = 0; attempt < REGISTER_ATTEMPTS; attempt++) {
        bool taken;

        if (!take_over(work, node, &taken))
            return false;
        if (taken || take_free_id(work, node))
            return find_by_name(work, node->name, node);
        if (work->error.what != CONFLICT)
            return false;
    }
    return fail(work, BUSY, "The node could not be registered");
}

bool node_heartbeat(struct work *work, struct media_node *node, int64_t active_sessions)
{
    static const char sql[] =
        "UPDATE media_nodes SET heartbeat_at = ?, active_sessions = ?, load_permille = ?,"
        " state = ? WHERE id = ? AND epoch = ?";
    instant now = db_now(work);
    int64_t load = node->capacity > 0 ? active_sessions * 1000 / node->capacity : 0;
    const struct param params[] = {PARAM(now),         PARAM(active_sessions), PARAM(load),
                                   PARAM(node->state), PARAM(node->id),        PARAM(node->epoch)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    node->heartbeat_at = now;
    node->active_sessions = active_sessions;
    node->load_permille = load;
    return changed == 1 || fail(work, CONFLICT, "Another process runs under this node's name");
}

bool node_set_state(struct work *work, struct media_node *node, const char *state)
{
    node->state = state;
    return node_heartbeat(work, node, node->active_sessions);
}

bool node_by_id(struct work *work, int64_t id, struct media_node *node)
{
    static const char sql[] = "SELECT " NODE_COLUMNS " FROM media_nodes WHERE id = ?";
    const struct param params[] = {PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &media_node_entity, node);
}

bool node_is_alive(struct work *work, int64_t id, int64_t epoch, bool *alive)
{
    static const char sql[] = "SELECT COUNT(*) FROM media_nodes WHERE id = ? AND epoch = ?"
                              " AND state IN ('up', 'draining') AND heartbeat_at > ?";
    instant fresh = instant_after(db_now(work), -NODE_STALE_MS);
    const struct param params[] = {PARAM(id), PARAM(epoch), PARAM(fresh)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *alive = count == 1;
    return true;
}

enum { PROBE_MS = 250 };

/*
 * A process that was killed is missed by its heartbeat only after ten seconds; the kernel of its
 * host knows at once.
 */
bool node_answers(struct work *work, int64_t id)
{
    struct http_request request = {.deadline_ms = PROBE_MS, .cut = true};
    struct http_answer answer;
    struct media_node node;
    struct error error = work->error;
    bool answers;

    if (!node_by_id(work, id, &node) || !node.control_url ||
        strncmp(node.control_url, "http", 4) != 0) {
        work->error = error;
        return true;
    }
    request.url = arena_format(&work->arena, "%s/control/status", node.control_url);
    answers = http_send(work, &request, &answer) || answer.end != HTTP_UNREACHED;
    work->error = error;
    return answers;
}

bool nodes_alive(struct work *work, const char *role, struct rows *nodes)
{
    static const char sql[] = "SELECT " NODE_COLUMNS " FROM media_nodes"
                              " WHERE role = ? AND state IN ('up', 'draining')"
                              " AND heartbeat_at > ? ORDER BY id";
    instant fresh = instant_after(db_now(work), -NODE_STALE_MS);
    const struct param params[] = {PARAM(role), PARAM(fresh)};

    return db_select(work, sql, params, COUNT(params), &media_node_entity, nodes);
}

/* The same call meets the same order of nodes, different calls different ones. */
static uint64_t tie_breaker(uid call, int64_t node)
{
    uint64_t hash = (uint64_t)node * 0x9E3779B97F4A7C15u;

    for (size_t i = 0; i < sizeof call.bytes; i++)
        hash = (hash ^ call.bytes[i]) * 0x100000001B3u;
    return hash;
}

static bool is_better(uid call, int64_t avoid, const struct media_node *a,
                      const struct media_node *b)
{
    if ((a->id == avoid) != (b->id == avoid))
        return b->id == avoid;
    if (a->load_permille != b->load_permille)
        return a->load_permille < b->load_permille;
    return tie_breaker(call, a->id) < tie_breaker(call, b->id);
}

bool node_choose(struct work *work, uid call, int64_t avoid, struct media_node *node)
{
    const struct media_node *best = NULL;
    struct rows rows;

    if (!nodes_alive(work, "daemon", &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct media_node *one = (const struct media_node *)rows.at + i;

        if (strcmp(one->state, "up") == 0 && one->active_sessions < one->capacity &&
            (!best || is_better(call, avoid, one, best)))
            best = one;
    }
    if (!best)
        return fail(work, NOT_FOUND, "No node has room for a call");
    known_nodes_put(work, &rows);
    *node = *best;
    return true;
}

static char *socket_url(struct work *work, const struct media_node *node, const char *path)
{
    const char *base = node->public_ws_url && *node->public_ws_url
                           ? node->public_ws_url
                           : work->config->stream_public_url;
    size_t length = strlen(base);

    while (length && base[length - 1] == '/')
        length--;
    return arena_format(&work->arena, "%.*s%s", (int)length, base, path);
}

char *node_stream_url(struct work *work, const struct media_node *node, const char *token)
{
    return socket_url(work, node, arena_format(&work->arena, "/media-stream/%s", token));
}

char *node_relay_url(struct work *work, const struct media_node *node)
{
    return socket_url(work, node, "/relay/ws");
}

char *node_monitor_url(struct work *work, const struct media_node *node)
{
    return socket_url(work, node, "/monitor/ws");
}
