#include "domain/rollout_policies.h"

#include <math.h>

#include "core/row_json.h"
#include "domain/agents.h"
#include "domain/audit.h"

enum { MOST_HOURS = 8760, MOST_EVALS = 100000 };

static const struct column columns_of_policy[] = {
    COLUMN(rollout_policy, tenant_id, NOT_NULL),
    COLUMN(rollout_policy, agent_id, NOT_NULL),
    COLUMN(rollout_policy, enabled, NOT_NULL),
    COLUMN(rollout_policy, lookback_hours, NOT_NULL, .least = 1, .most = MOST_HOURS),
    COLUMN(rollout_policy, min_eval_count, NOT_NULL, .least = 1, .most = MOST_EVALS),
    COLUMN(rollout_policy, min_avg_score, NOT_NULL),
    COLUMN(rollout_policy, min_high_quality_rate, NULLABLE),
    COLUMN(rollout_policy, created_at, NOT_NULL),
    COLUMN(rollout_policy, updated_at, NOT_NULL),
};

const struct entity rollout_policy_entity =
    ENTITY(rollout_policy, "rollout policy", NULL, columns_of_policy);

static bool find(struct work *work, uid agent_id, struct rollout_policy *policy)
{
    static const char sql[] =
        "SELECT tenant_id, agent_id, enabled, lookback_hours, min_eval_count, min_avg_score,"
        " min_high_quality_rate, created_at, updated_at FROM rollout_policies"
        " WHERE tenant_id = ? AND agent_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_id)};

    row_clear(&rollout_policy_entity, policy);
    return db_find(work, sql, params, COUNT(params), &rollout_policy_entity, policy);
}

bool rollout_policy_of(struct work *work, uid agent_id, struct rollout_policy *policy, bool *found)
{
    struct agent agent;

    if (!agent_find(work, agent_id, &agent))
        return false;
    *found = find(work, agent_id, policy);
    return *found || work->error.what == NOT_FOUND;
}

static bool is_share(double value)
{
    return value >= 0 && value <= 1;
}

static bool check(struct work *work, const struct rollout_policy *policy)
{
    if (policy->lookback_hours < 1 || policy->lookback_hours > MOST_HOURS)
        return fail_field(work, "lookback_hours", "lookback_hours must be from 1 to %d",
                          MOST_HOURS);
    if (policy->min_eval_count < 1 || policy->min_eval_count > MOST_EVALS)
        return fail_field(work, "min_eval_count", "min_eval_count must be from 1 to %d",
                          MOST_EVALS);
    if (!is_share(policy->min_avg_score))
        return fail_field(work, "min_avg_score", "min_avg_score must be from 0 to 1");
    return isnan(policy->min_high_quality_rate) || is_share(policy->min_high_quality_rate) ||
           fail_field(work, "min_high_quality_rate", "min_high_quality_rate must be from 0 to 1");
}

static bool write(struct work *work, const struct rollout_policy *policy)
{
    static const char sql[] =
        "INSERT INTO rollout_policies (tenant_id, agent_id, enabled, lookback_hours,"
        " min_eval_count, min_avg_score, min_high_quality_rate, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE"
        " enabled = VALUES(enabled), lookback_hours = VALUES(lookback_hours),"
        " min_eval_count = VALUES(min_eval_count), min_avg_score = VALUES(min_avg_score),"
        " min_high_quality_rate = VALUES(min_high_quality_rate),"
        " updated_at = VALUES(updated_at), rev = rev + 1";
    instant now = clock_now();
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(policy->agent_id),
        PARAM(policy->enabled),
        PARAM(policy->lookback_hours),
        PARAM(policy->min_eval_count),
        PARAM(policy->min_avg_score),
        PARAM(policy->min_high_quality_rate),
        PARAM(now),
        PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool note(struct work *work, const struct rollout_policy *policy, const char *actor)
{
    struct text detail = {.arena = &work->arena};
    struct audit_row row = {.actor_kind = "admin",
                            .actor = actor,
                            .action = "rollout_policy.set",
                            .object_kind = "agent"};
    char id[37];

    row_write_json(&detail, &rollout_policy_entity, policy);
    uid_write_uuid(policy->agent_id, id);
    row.object_id = id;
    row.detail.json = detail.at;
    return audit_put(work, &row);
}

bool rollout_policy_put(struct work *work, struct rollout_policy *policy, const char *actor)
{
    struct agent agent;

    return agent_find(work, policy->agent_id, &agent) && check(work, policy) &&
           write(work, policy) && find(work, policy->agent_id, policy) && note(work, policy, actor);
}
