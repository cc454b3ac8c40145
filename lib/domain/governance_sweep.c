#include "domain/governance_sweep.h"

#include <string.h>

#include "domain/keys.h"
#include "domain/leases.h"
#include "domain/sweeps.h"
#include "domain/tenants.h"

enum { LEASE_MS = 60000, MOST_AGENTS = 5000 };

static const char lease_name[] = "rollout-sweep";

static const struct column columns_of_failure[] = {
    COLUMN(sweep_failure, key_prefix, NOT_NULL),
    COLUMN(sweep_failure, agent_id, NULLABLE),
    COLUMN(sweep_failure, error, NOT_NULL),
};

const struct entity sweep_failure_entity =
    ENTITY(sweep_failure, "failure of a sweep", NULL, columns_of_failure);

static const struct column columns_of_tenant[] = {COLUMN(sweep_tenant, id, NOT_NULL)};
static const struct entity tenant_numbers = ENTITY(sweep_tenant, "tenant", NULL, columns_of_tenant);

struct watched {
    uid agent_id;
};

static const struct column columns_of_watched[] = {COLUMN(watched, agent_id, NOT_NULL)};
static const struct entity watched_entity = ENTITY(watched, "agent", NULL, columns_of_watched);

#define IS_WATCHED                                                                                 \
    " p.enabled = 1 AND EXISTS (SELECT 1 FROM agents AS a WHERE a.tenant_id = p.tenant_id"         \
    " AND a.id = p.agent_id AND a.deleted_at IS NULL) AND EXISTS (SELECT 1 FROM agent_rollouts"    \
    " AS r WHERE r.tenant_id = p.tenant_id AND r.agent_id = p.agent_id)"

/* Those first whose agents were judged the longest time ago, or never. */
static bool select_tenants(struct work *work, const struct sweep_order *order, struct rows *tenants)
{
    static const char sql[] =
        "SELECT tenant_id AS id FROM (SELECT p.tenant_id, (SELECT e.created_at"
        " FROM rollout_evaluations AS e WHERE e.tenant_id = p.tenant_id"
        " AND e.agent_id = p.agent_id ORDER BY e.id DESC LIMIT 1) AS judged_at"
        " FROM rollout_policies AS p JOIN tenants AS t ON t.id = p.tenant_id"
        " AND t.deleted_at IS NULL WHERE" IS_WATCHED " AND (? = 0 OR p.tenant_id = ?)) AS due"
        " GROUP BY tenant_id ORDER BY MIN(COALESCE(judged_at, '1970-01-01')) LIMIT ?";
    const struct param params[] = {PARAM(order->tenant), PARAM(order->tenant), PARAM(order->limit)};

    return db_select(work, sql, params, COUNT(params), &tenant_numbers, tenants);
}

static bool select_agents(struct work *work, struct rows *agents)
{
    static const char sql[] = "SELECT p.agent_id FROM rollout_policies AS p WHERE p.tenant_id = ?"
                              " AND" IS_WATCHED " ORDER BY p.agent_id LIMIT ?";
    int64_t most = MOST_AGENTS;
    const struct param params[] = {PARAM(work->tenant), PARAM(most)};

    return db_select(work, sql, params, COUNT(params), &watched_entity, agents);
}

/* A list that grows; its rows stay readable in the arena. */
static void *add(struct work *work, struct rows *rows, size_t size)
{
    if ((rows->count & (rows->count - 1)) == 0) {
        void *more = arena_take(&work->arena, size, rows->count ? 2 * rows->count : 1);

        if (rows->count)
            memcpy(more, rows->at, rows->count * size);
        rows->at = more;
    }
    return (char *)rows->at + rows->count++ * size;
}

/* The tenant in answers to the operator. */
struct swept {
    struct tenant tenant;
    const char *key_prefix;
};

static bool describe(struct work *work, struct swept *swept)
{
    struct rows keys;
    const struct api_key *key;

    if (!tenant_by_id(work, work->tenant, &swept->tenant) || !keys_list(work, "stateset", &keys))
        return false;
    key = keys.at;
    swept->key_prefix = "";
    for (size_t i = keys.count; i-- > 0;)
        if (instant_is_none(key[i].revoked_at) && key[i].key_prefix)
            swept->key_prefix = key[i].key_prefix;
    return true;
}

static void count_verdicts(struct governance_sweep *sweep,
                           const struct governance_evaluation *evaluation)
{
    const struct version_verdict *version = evaluation->versions.at;

    for (size_t i = 0; i < evaluation->versions.count; i++) {
        bool gone = strcmp(version[i].status, "rolled_back") == 0;

        sweep->rollbacks_applied += gone;
        sweep->rollback_recommended +=
            gone || strcmp(version[i].status, "rollback_recommended") == 0;
    }
}

/* False only when nothing else can succeed either. */
static bool sweep_agent(struct work *work, const struct sweep_order *order,
                        const struct swept *swept, uid agent_id, struct governance_sweep *sweep)
{
    struct governance_evaluation evaluation;
    struct governance_item *item;

    sweep->attempted_agents++;
    if (!governance_evaluate(work, agent_id, order->apply, &order->by, &evaluation)) {
        struct sweep_failure *failure;

        if (work->error.what == BUSY)
            return false;
        failure = add(work, &sweep->failures, sizeof *failure);
        *failure = (struct sweep_failure){swept->key_prefix, agent_id,
                                          arena_text(&work->arena, work->error.message)};
        return true;
    }
    sweep->evaluated_agents++;
    count_verdicts(sweep, &evaluation);
    item = add(work, &sweep->items, sizeof *item);
    *item = (struct governance_item){swept->tenant.tenant_key, swept->key_prefix, evaluation};
    return true;
}

static bool sweep_tenant(struct work *work, const struct sweep_order *order,
                         struct governance_sweep *sweep)
{
    int64_t evaluated = sweep->evaluated_agents;
    struct swept swept;
    struct rows agents;
    bool ok = true;

    sweep->attempted_tenants++;
    if (!describe(work, &swept) || !select_agents(work, &agents))
        return false;
    for (size_t i = 0; i < agents.count && ok; i++)
        ok = sweep_agent(work, order, &swept, ((const struct watched *)agents.at)[i].agent_id,
                         sweep);
    sweep->evaluated_tenants += sweep->evaluated_agents > evaluated;
    return ok;
}

/* Taken again before each tenant, so that it lasts as long as the sweep does and no longer. */
static bool hold(struct work *work, const struct sweep_order *order, int64_t *fence)
{
    bool taken;

    if (!lease_take(work, lease_name, order->holder, LEASE_MS, fence, &taken))
        return false;
    return taken || fail(work, BUSY, "Another sweep is under way");
}

bool governance_sweep(struct work *work, const struct sweep_order *order,
                      struct governance_sweep *sweep)
{
    struct rows tenants;
    int64_t fence;
    bool ok;

    *sweep = (struct governance_sweep){0};
    if (!hold(work, order, &fence))
        return false;
    ok = select_tenants(work, order, &tenants);
    for (size_t i = 0; ok && i < tenants.count; i++) {
        work->tenant = ((const struct sweep_tenant *)tenants.at)[i].id;
        ok = hold(work, order, &fence) && sweep_tenant(work, order, sweep);
    }
    work->tenant = 0;
    return lease_release(work, lease_name, order->holder, fence) && ok;
}
