#include "domain/governance.h"

#include <math.h>
#include <string.h>

#include "core/log.h"
#include "core/row_json.h"
#include "core/text.h"
#include "domain/agents.h"
#include "domain/audit.h"
#include "domain/session_evals.h"

static const struct column columns_of_verdict[] = {
    COLUMN(version_verdict, rollout_id, NULLABLE),
    COLUMN(version_verdict, agent_version_id, NOT_NULL),
    COLUMN(version_verdict, version_number, NOT_NULL),
    COLUMN(version_verdict, traffic_percentage, NULLABLE),
    COLUMN(version_verdict, eval_count, NOT_NULL),
    COLUMN(version_verdict, avg_score, NULLABLE),
    COLUMN(version_verdict, high_quality_rate, NULLABLE),
    COLUMN(version_verdict, last_eval_at, NULLABLE),
    COLUMN(version_verdict, status, NOT_NULL),
    COLUMN(version_verdict, reasons, NOT_NULL),
    COLUMN(version_verdict, agent_key, NULLABLE),
    COLUMN(version_verdict, agent_name, NULLABLE),
};

const struct entity version_verdict_entity =
    ENTITY(version_verdict, "version's evaluation", NULL, columns_of_verdict);

static const struct column columns_of_item[] = {
    COLUMN(governance_item, tenant_key, NOT_NULL),
    COLUMN(governance_item, key_prefix, NOT_NULL),
    COLUMN(governance_item, evaluation.agent_id, NOT_NULL),
    COLUMN(governance_item, evaluation.agent_key, NOT_NULL),
    COLUMN(governance_item, evaluation.agent_name, NOT_NULL),
    COLUMN(governance_item, evaluation.status, NOT_NULL),
    COLUMN(governance_item, evaluation.applied, NOT_NULL),
    COLUMN(governance_item, evaluation.reasons, NOT_NULL),
};

const struct entity governance_item_entity =
    ENTITY(governance_item, "rollout's evaluation", NULL, columns_of_item);

#define FIGURES                                                                                    \
    "COUNT(e.id) AS eval_count, AVG(e.score) AS avg_score,"                                        \
    " AVG(IF(e.id IS NULL, NULL, IF(e.score >= ?, 1e0, 0e0))) AS high_quality_rate,"               \
    " MAX(e.created_at) AS last_eval_at"

#define EVALS_OF_VERSION                                                                           \
    " LEFT JOIN session_evals AS e ON e.tenant_id = v.tenant_id AND e.agent_version_id = v.id"     \
    " AND e.created_at >= ?"

static bool select_versions(struct work *work, uid agent_id, instant since, struct rows *versions)
{
    static const char sql[] =
        "SELECT r.id AS rollout_id, v.id AS agent_version_id, v.version_number,"
        " r.traffic_percentage, " FIGURES " FROM agent_rollouts AS r JOIN agent_versions AS v"
        " ON v.tenant_id = r.tenant_id AND v.id = r.agent_version_id" EVALS_OF_VERSION
        " WHERE r.tenant_id = ? AND r.agent_id = ?"
        " GROUP BY r.position, r.id, v.id, v.version_number, r.traffic_percentage"
        " ORDER BY r.position";
    double high = EVAL_HIGH_QUALITY;
    const struct param params[] = {PARAM(high), PARAM(since), PARAM(work->tenant), PARAM(agent_id)};

    return db_select(work, sql, params, COUNT(params), &version_verdict_entity, versions);
}

static bool select_published(struct work *work, const struct agent *agent, instant since,
                             struct governance_evaluation *evaluation)
{
    static const char sql[] = "SELECT v.id AS agent_version_id, v.version_number, " FIGURES
                              " FROM agent_versions AS v" EVALS_OF_VERSION
                              " WHERE v.tenant_id = ? AND v.id = ? GROUP BY v.id, v.version_number";
    double high = EVAL_HIGH_QUALITY;
    const struct param params[] = {PARAM(high), PARAM(since), PARAM(work->tenant),
                                   PARAM(agent->published_version_id)};
    struct version_verdict *published = arena_new(&work->arena, struct version_verdict, 1);

    row_clear(&version_verdict_entity, published);
    if (uid_is_none(agent->published_version_id))
        return true;
    if (!db_find(work, sql, params, COUNT(params), &version_verdict_entity, published))
        return work->error.what == NOT_FOUND;
    published->agent_key = agent->agent_key;
    published->agent_name = agent->name;
    evaluation->published = published;
    return true;
}

/* ---- judging ---- */

static void because(struct text *reasons, const char *sentence)
{
    text_char(reasons, reasons->length ? ',' : '[');
    text_json(reasons, sentence);
}

static document reasons_of(struct text *reasons)
{
    text_put(reasons, reasons->length ? "]" : "[]");
    return (document){reasons->at};
}

static void judge(struct work *work, const struct rollout_policy *policy, uid published,
                  struct version_verdict *version)
{
    struct text reasons = {.arena = &work->arena};
    double rate = version->high_quality_rate, least_rate = policy->min_high_quality_rate;

    version->status = "healthy";
    if (uid_equal(version->agent_version_id, published)) {
        version->status = "published";
    } else if (version->eval_count < policy->min_eval_count) {
        version->status = "insufficient_data";
        because(&reasons,
                arena_format(&work->arena, "%lld evaluations in %lld hours, %lld are needed",
                             (long long)version->eval_count, (long long)policy->lookback_hours,
                             (long long)policy->min_eval_count));
    } else {
        if (version->avg_score < policy->min_avg_score)
            because(&reasons, arena_format(&work->arena, "average score %.3f is below %.3f",
                                           version->avg_score, policy->min_avg_score));
        if (!isnan(least_rate) && rate < least_rate)
            because(&reasons, arena_format(&work->arena, "high-quality rate %.3f is below %.3f",
                                           rate, least_rate));
        if (reasons.length)
            version->status = "rollback_recommended";
    }
    version->reasons = reasons_of(&reasons);
}

/* Later ones are worse. */
static int badness(const char *status)
{
    static const char *const order[] = {"published", "healthy", "insufficient_data",
                                        "rollback_recommended", "rolled_back"};
    int i = 0;

    while (i < (int)COUNT(order) - 1 && !text_is(order[i], status))
        i++;
    return i;
}

/* An agent is as its worst version, for the reasons of those that should go. */
static void sum_up(struct work *work, struct governance_evaluation *evaluation)
{
    const struct version_verdict *version = evaluation->versions.at;
    struct text reasons = {.arena = &work->arena};

    evaluation->status = evaluation->versions.count ? "healthy" : "no_rollout";
    for (size_t i = 0; i < evaluation->versions.count; i++) {
        if (badness(version[i].status) > badness(evaluation->status))
            evaluation->status = version[i].status;
        if (!text_is(version[i].reasons.json, "[]"))
            because(&reasons,
                    arena_format(&work->arena, "version %lld is %s",
                                 (long long)version[i].version_number, version[i].status));
    }
    evaluation->reasons = reasons_of(&reasons);
}

/* Without a policy that is on, nothing is judged. */
static bool judge_all(struct work *work, const struct agent *agent,
                      struct governance_evaluation *evaluation)
{
    const struct rollout_policy *policy = evaluation->policy;
    struct version_verdict *version;
    instant since;

    evaluation->reasons.json = "[]";
    evaluation->status = policy ? "disabled" : "no_policy";
    if (!policy)
        return true;
    since = instant_after(clock_now(), -policy->lookback_hours * 3600 * 1000);
    if (!select_published(work, agent, since, evaluation) ||
        !select_versions(work, agent->id, since, &evaluation->versions))
        return false;
    version = evaluation->versions.at;
    for (size_t i = 0; i < evaluation->versions.count; i++) {
        judge(work, policy, agent->published_version_id, &version[i]);
        if (!policy->enabled) {
            version[i].status = "disabled";
            version[i].reasons.json = "[]";
        }
    }
    if (policy->enabled)
        sum_up(work, evaluation);
    return true;
}

/* ---- applying and keeping ---- */

static const char *detail_of(struct work *work, const struct governance_evaluation *evaluation)
{
    const struct version_verdict *version = evaluation->versions.at;
    struct text out = {.arena = &work->arena};

    text_put(&out, "{\"policy\":");
    if (evaluation->policy)
        row_write_json(&out, &rollout_policy_entity, evaluation->policy);
    else
        text_put(&out, "null");
    text_put(&out, ",\"published_version\":");
    if (evaluation->published)
        row_write_json(&out, &version_verdict_entity, evaluation->published);
    else
        text_put(&out, "null");
    text_put(&out, ",\"rollout_versions\":[");
    for (size_t i = 0; i < evaluation->versions.count; i++) {
        text_put(&out, i ? "," : "");
        row_write_json(&out, &version_verdict_entity, &version[i]);
    }
    text_add(&out, "],\"reasons\":%s}", evaluation->reasons.json);
    return out.at;
}

/* Only the share that was judged goes, not one that was set meanwhile. */
static bool take_share(struct work *work, struct version_verdict *version, bool *taken)
{
    static const char sql[] = "DELETE FROM agent_rollouts WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(version->rollout_id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    if (changed) {
        version->status = "rolled_back";
        *taken = true;
    }
    return true;
}

static bool keep(struct work *work, const struct governance_evaluation *evaluation)
{
    static const char sql[] =
        "INSERT INTO rollout_evaluations (tenant_id, id, agent_id, status, applied, detail,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    uid id = uid_new();
    instant now = clock_now();
    const document detail = {detail_of(work, evaluation)};
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(id),
        PARAM(evaluation->agent_id),
        PARAM(evaluation->status),
        PARAM(evaluation->applied),
        PARAM(detail),
        PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

struct governing {
    const struct agent *agent;
    bool apply;
    struct governance_evaluation *evaluation;
};

/* Read, judged and applied in one transaction; a repeat begins from the start. */
static bool govern_step(struct work *work, void *with)
{
    const struct governing *governing = with;
    struct governance_evaluation *evaluation = governing->evaluation;
    struct version_verdict *version;

    evaluation->applied = false;
    if (!judge_all(work, governing->agent, evaluation))
        return false;
    version = evaluation->versions.at;
    for (size_t i = 0; i < evaluation->versions.count && governing->apply; i++)
        if (text_is(version[i].status, "rollback_recommended") &&
            !take_share(work, &version[i], &evaluation->applied))
            return false;
    if (evaluation->applied)
        sum_up(work, evaluation);
    return keep(work, evaluation);
}

static bool note(struct work *work, uid agent_id, const struct version_verdict *version,
                 const struct governor *by)
{
    struct audit_row row = {.actor_kind = by->kind,
                            .actor = by->name,
                            .action = "rollout.rolled_back",
                            .object_kind = "agent_version"};
    char id[37], agent[37];

    uid_write_uuid(version->agent_version_id, id);
    uid_write_uuid(agent_id, agent);
    row.object_id = id;
    row.detail.json = arena_format(
        &work->arena, "{\"agent_id\":\"%s\",\"traffic_percentage\":%lld,\"reasons\":%s}", agent,
        (long long)version->traffic_percentage, version->reasons.json);
    log_warning(work, "rollout.rolled_back", "version=%s agent=%s", id, agent);
    return audit_put(work, &row);
}

bool governance_evaluate(struct work *work, uid agent_id, bool apply, const struct governor *by,
                         struct governance_evaluation *evaluation)
{
    struct rollout_policy *policy = arena_new(&work->arena, struct rollout_policy, 1);
    struct agent agent;
    struct governing governing = {&agent, apply, evaluation};
    const struct version_verdict *version;
    bool found, ok = true;

    if (!agent_find(work, agent_id, &agent) || !rollout_policy_of(work, agent_id, policy, &found))
        return false;
    *evaluation = (struct governance_evaluation){.agent_id = agent.id,
                                                 .agent_key = agent.agent_key,
                                                 .agent_name = agent.name,
                                                 .policy = found ? policy : NULL};
    if (!db_transaction(work, govern_step, &governing))
        return false;
    version = evaluation->versions.at;
    for (size_t i = 0; i < evaluation->versions.count && ok; i++)
        ok = !text_is(version[i].status, "rolled_back") || note(work, agent_id, &version[i], by);
    return ok;
}
