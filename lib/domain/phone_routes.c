#include "domain/phone_routes.h"

#include <string.h>

#include "domain/agents.h"
#include "domain/number_webhooks.h"
#include "domain/numbers.h"
#include "domain/tenants.h"

const char *const route_directions[] = {"inbound", "outbound", "sip_inbound", "sip_outbound", NULL};

static const struct column columns_of_route[] = {
    COLUMN(phone_route, tenant_id, NOT_NULL),
    COLUMN(phone_route, id, NOT_NULL),
    COLUMN(phone_route, e164, NOT_NULL, .max = 20),
    COLUMN(phone_route, direction, NOT_NULL, .one_of = route_directions),
    COLUMN(phone_route, agent_id, NOT_NULL),
    COLUMN(phone_route, agent_version_id, NULLABLE),
    COLUMN(phone_route, greeting, NULLABLE, .max = 4000),
    COLUMN(phone_route, created_at, NOT_NULL),
    COLUMN(phone_route, updated_at, NOT_NULL),
    COLUMN(phone_route, rev, NOT_NULL),
    COLUMN(phone_route, agent_key, NOT_NULL, .computed = true),
    COLUMN(phone_route, agent_name, NOT_NULL, .computed = true),
    COLUMN(phone_route, resolved_agent_version_id, NULLABLE, .computed = true),
    COLUMN(phone_route, resolved_version_number, NULLABLE, .computed = true),
};

const struct entity phone_route_entity =
    ENTITY(phone_route, "phone route", "phone_routes", columns_of_route);

#define ROUTES                                                                                     \
    "SELECT r.tenant_id, r.id, r.e164, r.direction, r.agent_id, r.agent_version_id, r.greeting,"   \
    " r.created_at, r.updated_at, r.rev, a.agent_key AS agent_key, a.name AS agent_name,"          \
    " v.id AS resolved_agent_version_id, v.version_number AS resolved_version_number"              \
    " FROM phone_routes r JOIN agents a ON a.tenant_id = r.tenant_id AND a.id = r.agent_id"        \
    " LEFT JOIN agent_versions v ON v.tenant_id = r.tenant_id"                                     \
    " AND v.id = COALESCE(r.agent_version_id, a.published_version_id)"

bool phone_routes_list(struct work *work, struct rows *routes)
{
    static const char sql[] = ROUTES " WHERE r.tenant_id = ? ORDER BY r.id DESC";
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &phone_route_entity, routes);
}

bool phone_route_for(struct work *work, const char *e164, const char *direction,
                     struct phone_route *route)
{
    static const char sql[] = ROUTES " WHERE r.tenant_id = ? AND r.e164 = ? AND r.direction = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(e164), PARAM(direction)};

    return db_find(work, sql, params, COUNT(params), &phone_route_entity, route);
}

bool phone_route_find(struct work *work, uid id, struct phone_route *route)
{
    static const char sql[] = ROUTES " WHERE r.tenant_id = ? AND r.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &phone_route_entity, route);
}

/* A number that somebody owns can only be routed by its owner. */
static bool check_number(struct work *work, const struct phone_route *route)
{
    struct phone_number number;

    if (!number_by_e164(work, route->e164, &number))
        return work->error.what == NOT_FOUND;
    return number.tenant_id == work->tenant ||
           fail_field(work, "phone_number", "phone_number belongs to another tenant");
}

static bool check_agent(struct work *work, const struct phone_route *route)
{
    struct agent agent;

    if (agent_find(work, route->agent_id, &agent))
        return true;
    return work->error.what == NOT_FOUND &&
           fail_field(work, "agent_id", "agent_id names no agent of this tenant");
}

static bool check_version(struct work *work, const struct phone_route *route)
{
    struct agent_version version;

    if (uid_is_none(route->agent_version_id))
        return true;
    row_clear(&agent_version_entity, &version);
    if (!agent_version_find(work, route->agent_version_id, &version) &&
        work->error.what != NOT_FOUND)
        return false;
    return uid_equal(version.agent_id, route->agent_id) ||
           fail_field(work, "agent_version_id", "agent_version_id is no version of this agent");
}

static bool update_route(struct work *work, const struct phone_route *route)
{
    static const char sql[] =
        "UPDATE phone_routes SET e164 = ?, direction = ?, agent_id = ?, agent_version_id = ?,"
        " greeting = ?, updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {
        PARAM(route->e164),     PARAM(route->direction),
        PARAM(route->agent_id), PARAM(route->agent_version_id),
        PARAM(route->greeting), PARAM(route->updated_at),
        PARAM(work->tenant),    PARAM(route->id),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed || fail(work, NOT_FOUND, "No such phone route");
}

/* Of two who route one number at once, the later one's word counts. */
static bool upsert_route(struct work *work, const struct phone_route *route, uid id)
{
    static const char sql[] =
        "INSERT INTO phone_routes (tenant_id, id, e164, direction, agent_id, agent_version_id,"
        " greeting, created_at, updated_at, rev) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
        " ON DUPLICATE KEY UPDATE agent_id = VALUES(agent_id),"
        " agent_version_id = VALUES(agent_version_id), greeting = VALUES(greeting),"
        " updated_at = VALUES(updated_at), rev = rev + 1";
    const struct param params[] = {
        PARAM(work->tenant),      PARAM(id),
        PARAM(route->e164),       PARAM(route->direction),
        PARAM(route->agent_id),   PARAM(route->agent_version_id),
        PARAM(route->greeting),   PARAM(route->updated_at),
        PARAM(route->updated_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

struct routing {
    struct phone_route *route;
    uid new_id;
};

static bool put_step(struct work *work, void *with)
{
    const struct routing *routing = with;
    const struct phone_route *route = routing->route;
    bool written;

    if (!check_number(work, route) || !check_agent(work, route) || !check_version(work, route))
        return false;
    written = uid_is_none(route->id) ? upsert_route(work, route, routing->new_id)
                                     : update_route(work, route);
    return written && tenant_touch(work, work->tenant) && number_webhooks_owe(work, route);
}

bool phone_route_put(struct work *work, struct phone_route *route)
{
    struct routing routing = {route, uid_new()};

    route->updated_at = clock_now();
    return db_transaction(work, put_step, &routing) &&
           phone_route_for(work, route->e164, route->direction, route);
}

static bool remove_step(struct work *work, void *with)
{
    static const char sql[] = "DELETE FROM phone_routes WHERE tenant_id = ? AND id = ?";
    const uid *id = with;
    const struct param params[] = {PARAM(work->tenant), PARAM(*id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed ? tenant_touch(work, work->tenant)
                   : fail(work, NOT_FOUND, "No such phone route");
}

bool phone_route_remove(struct work *work, uid id, struct phone_route *route)
{
    return phone_route_find(work, id, route) && db_transaction(work, remove_step, &id);
}

bool phone_routes_clear(struct work *work, const char *e164)
{
    static const char sql[] = "DELETE FROM phone_routes WHERE tenant_id = ? AND e164 = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(e164)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
