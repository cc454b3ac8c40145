/*
 * How an agent's calls are shared between its versions, and the policy they are held to, for the
 * operator.
 */
#include <math.h>
#include <string.h>

#include "core/json.h"
#include "domain/governance_sweep.h"
#include "domain/keys.h"
#include "domain/rollouts.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

static bool path_agent(struct request *req, uid *agent_id)
{
    return stateset_path_id(req, "agent_id", agent_id);
}

static const char *actor(const struct request *req)
{
    return req->caller.label ? req->caller.label : "admin";
}

/* ---- shares ---- */

static const struct field rollout_fields[] = {
    /* clang-format off */
    FIELD(rollout_share, id,                 "id",                 READ, .wire = &wire_uuid),
    FIELD(rollout_share, tenant_id,          "tenant_id",          READ, .wire = &stateset_tenant_key),
    FIELD(rollout_share, agent_id,           "agent_id",           READ, .wire = &wire_uuid),
    FIELD(rollout_share, agent_version_id,   "agent_version_id",   READ, .wire = &wire_uuid),
    FIELD(rollout_share, agent_key,          "agent_key",          READ),
    FIELD(rollout_share, agent_name,         "agent_name",         READ),
    FIELD(rollout_share, version_number,     "version_number",     READ),
    FIELD(rollout_share, traffic_percentage, "traffic_percentage", READ),
    FIELD(rollout_share, position,           "position",           READ),
    FIELD(rollout_share, created_at,         "created_at",         READ, .wire = &wire_iso_shortest),
    FIELD(rollout_share, updated_at,         "updated_at",         READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_rollout_view =
    VIEW("AgentVersionRollout", rollout_share_entity, rollout_fields);

struct rollouts_order {
    document entries;
};

static const struct column order_columns[] = {COLUMN(rollouts_order, entries, NOT_NULL)};

static const struct entity order_entity = ENTITY(rollouts_order, "rollouts", NULL, order_columns);

static const char *parse_entries(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    (void)field;
    if (!json_object_is_type(in, json_type_array))
        return "an array";
    ((document *)cell)->json = json_write(&req->work.arena, in);
    return NULL;
}

static const struct wire entries = {
    .parse = parse_entries,
    .schema = "\"type\":\"array\",\"items\":{\"type\":\"object\","
              "\"required\":[\"agent_version_id\",\"traffic_percentage\"],\"properties\":{"
              "\"agent_version_id\":{\"type\":\"string\",\"format\":\"uuid\"},"
              "\"traffic_percentage\":{\"type\":\"integer\",\"format\":\"int32\","
              "\"minimum\":1,\"maximum\":100}}}",
};

static const struct field order_fields[] = {
    FIELD(rollouts_order, entries, "entries", CREATE, .wire = &entries),
};

const struct view admin_rollouts_order_view =
    VIEW("ReplaceAgentVersionRollouts", order_entity, order_fields);

static bool read_entry(struct request *req, json_object *in, struct rollout_entry *entry)
{
    const char *id = json_text(in, "agent_version_id");

    if (!id || !uid_read_uuid(id, &entry->agent_version_id))
        return fail_field(&req->work, "entries.agent_version_id",
                          "agent_version_id must be a UUID");
    entry->traffic_percentage = json_integer(in, "traffic_percentage", 0);
    return true;
}

static bool read_entries(struct request *req, const char *json, struct rollout_entry *list,
                         size_t *count)
{
    json_object *in = json_parse(json);
    bool ok = true;

    *count = in ? json_object_array_length(in) : 0;
    if (*count > MOST_ROLLOUTS)
        ok = fail_field(&req->work, "entries", "entries must be at most %d", MOST_ROLLOUTS);
    for (size_t i = 0; ok && i < *count; i++)
        ok = read_entry(req, json_object_array_get_idx(in, i), &list[i]);
    json_object_put(in);
    return ok;
}

bool admin_list_rollouts(struct request *req)
{
    struct rows shares;
    uid agent_id;

    return path_agent(req, &agent_id) && rollouts_list(&req->work, agent_id, &shares) &&
           reply_rows(req, &admin_rollout_view, NULL, &shares);
}

bool admin_put_rollouts(struct request *req)
{
    struct rollout_entry list[MOST_ROLLOUTS];
    struct rollouts_order order = {{"[]"}};
    struct rows shares;
    columns given;
    uid agent_id;
    size_t count;

    return path_agent(req, &agent_id) &&
           read_body(req, &admin_rollouts_order_view, CREATE, &order, &given) &&
           read_entries(req, order.entries.json, list, &count) &&
           rollouts_replace(&req->work, agent_id, list, count, actor(req), &shares) &&
           reply_rows(req, &admin_rollout_view, NULL, &shares);
}

/* ---- the policy ---- */

/* In a sweep each item is another tenant's. */
static void render_owner(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    const struct rollout_policy *policy = row;
    struct tenant tenant;

    (void)field, (void)cell;
    if (req->tenant && req->tenant->id == policy->tenant_id)
        text_json(out, req->tenant->tenant_key);
    else
        text_json(out,
                  tenant_by_id(&req->work, policy->tenant_id, &tenant) ? tenant.tenant_key : "");
}

static const struct wire owner = {render_owner, NULL, "\"type\":\"string\"", true};

static const struct field policy_fields[] = {
    /* clang-format off */
    FIELD(rollout_policy, tenant_id,             "tenant_id",             READ, .wire = &owner),
    FIELD(rollout_policy, agent_id,              "agent_id",              READ, .wire = &wire_uuid),
    FIELD(rollout_policy, enabled,               "enabled",               READ),
    FIELD(rollout_policy, lookback_hours,        "lookback_hours",        READ),
    FIELD(rollout_policy, min_eval_count,        "min_eval_count",        READ),
    FIELD(rollout_policy, min_avg_score,         "min_avg_score",         READ),
    FIELD(rollout_policy, min_high_quality_rate, "min_high_quality_rate", READ),
    FIELD(rollout_policy, created_at,            "created_at",            READ, .wire = &wire_iso_shortest),
    FIELD(rollout_policy, updated_at,            "updated_at",            READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view policy_view =
    VIEW("RolloutGovernancePolicy", rollout_policy_entity, policy_fields);

static const struct field policy_order_fields[] = {
    /* clang-format off */
    FIELD(rollout_policy, enabled,               "enabled",               CREATE | REQUIRED),
    FIELD(rollout_policy, lookback_hours,        "lookback_hours",        CREATE | REQUIRED, .about = "How old the evaluations that count may be."),
    FIELD(rollout_policy, min_eval_count,        "min_eval_count",        CREATE | REQUIRED, .about = "With fewer nothing is decided."),
    FIELD(rollout_policy, min_avg_score,         "min_avg_score",         CREATE | REQUIRED, .about = "0 to 1."),
    FIELD(rollout_policy, min_high_quality_rate, "min_high_quality_rate", CREATE, .about = "Share of scores from 0.8 on, 0 to 1; null: not asked for."),
    /* clang-format on */
};

const struct view admin_policy_order_view =
    VIEW("UpsertRolloutGovernancePolicy", rollout_policy_entity, policy_order_fields);

/* clang-format off */
#define POLICY_SCHEMA                                                                              \
    "\"oneOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"required\":[\"tenant_id\",\"agent_id\"," \
    "\"enabled\",\"lookback_hours\",\"min_eval_count\",\"min_avg_score\",\"created_at\","          \
    "\"updated_at\"],\"properties\":{\"tenant_id\":{\"type\":\"string\"},"                         \
    "\"agent_id\":{\"type\":\"string\",\"format\":\"uuid\"},\"enabled\":{\"type\":\"boolean\"},"   \
    "\"lookback_hours\":{\"type\":\"integer\"},\"min_eval_count\":{\"type\":\"integer\"},"         \
    "\"min_avg_score\":{\"type\":\"number\"},\"min_high_quality_rate\":{\"type\":[\"number\","     \
    "\"null\"]},\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"},"                    \
    "\"updated_at\":{\"type\":\"string\",\"format\":\"date-time\"}}}]"

#define STATS_SCHEMA                                                                               \
    "\"oneOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"required\":[\"agent_version_id\","      \
    "\"agent_key\",\"agent_name\",\"version_number\",\"eval_count\"],\"properties\":{"             \
    "\"agent_version_id\":{\"type\":\"string\",\"format\":\"uuid\"},"                              \
    "\"agent_key\":{\"type\":\"string\"},\"agent_name\":{\"type\":\"string\"},"                    \
    "\"version_number\":{\"type\":\"integer\"},\"eval_count\":{\"type\":\"integer\"},"             \
    "\"avg_score\":{\"type\":[\"number\",\"null\"]},"                                              \
    "\"high_quality_rate\":{\"type\":[\"number\",\"null\"]},"                                      \
    "\"last_eval_at\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}}}]"
/* clang-format on */

struct policy_answer {
    bool ok;
    const struct rollout_policy *policy; /* NULL: none is set */
};

static const struct column answer_columns[] = {COLUMN(policy_answer, ok, NOT_NULL)};

static const struct entity answer_entity =
    ENTITY(policy_answer, "policy's answer", NULL, answer_columns);

static void render_policy(struct request *req, struct text *out,
                          const struct rollout_policy *policy)
{
    if (policy)
        view_render(req, out, &policy_view, policy);
    else
        text_put(out, "null");
}

static void render_answered(struct request *req, struct text *out, const struct field *field,
                            const void *cell, const void *row)
{
    (void)field, (void)cell;
    render_policy(req, out, ((const struct policy_answer *)row)->policy);
}

static const struct wire answered = {render_answered, NULL, POLICY_SCHEMA, true};

static const struct field answer_fields[] = {
    FIELD(policy_answer, ok, "ok", READ),
    FIELD(policy_answer, ok, "policy", READ, .wire = &answered),
};

const struct view admin_policy_view =
    VIEW("AdminRolloutGovernancePolicyResponse", answer_entity, answer_fields);

bool admin_get_policy(struct request *req)
{
    struct rollout_policy policy;
    uid agent_id;
    bool found;

    return path_agent(req, &agent_id) && rollout_policy_of(&req->work, agent_id, &policy, &found) &&
           reply_row(req, 200, &admin_policy_view,
                     &(struct policy_answer){true, found ? &policy : NULL});
}

bool admin_put_policy(struct request *req)
{
    struct rollout_policy policy;
    columns given;

    row_clear(&rollout_policy_entity, &policy);
    return path_agent(req, &policy.agent_id) &&
           read_body(req, &admin_policy_order_view, CREATE, &policy, &given) &&
           rollout_policy_put(&req->work, &policy, actor(req)) &&
           reply_row(req, 200, &admin_policy_view, &(struct policy_answer){true, &policy});
}

/* ---- governance ---- */

static const struct field verdict_fields[] = {
    /* clang-format off */
    FIELD(version_verdict, agent_version_id,   "agent_version_id",   READ, .wire = &wire_uuid),
    FIELD(version_verdict, version_number,     "version_number",     READ),
    FIELD(version_verdict, traffic_percentage, "traffic_percentage", READ),
    FIELD(version_verdict, eval_count,         "eval_count",         READ),
    FIELD(version_verdict, avg_score,          "avg_score",          READ),
    FIELD(version_verdict, high_quality_rate,  "high_quality_rate",  READ),
    FIELD(version_verdict, last_eval_at,       "last_eval_at",       READ, .wire = &wire_iso_shortest),
    FIELD(version_verdict, status,             "status",             READ),
    FIELD(version_verdict, reasons,            "reasons",            READ, .wire = &wire_array),
    /* clang-format on */
};

static const struct view verdict_view =
    VIEW("RolloutGovernanceVersionEvaluation", version_verdict_entity, verdict_fields);

static const struct field published_fields[] = {
    /* clang-format off */
    FIELD(version_verdict, agent_version_id,  "agent_version_id",  READ, .wire = &wire_uuid),
    FIELD(version_verdict, agent_key,         "agent_key",         READ),
    FIELD(version_verdict, agent_name,        "agent_name",        READ),
    FIELD(version_verdict, version_number,    "version_number",    READ),
    FIELD(version_verdict, eval_count,        "eval_count",        READ),
    FIELD(version_verdict, avg_score,         "avg_score",         READ),
    FIELD(version_verdict, high_quality_rate, "high_quality_rate", READ),
    FIELD(version_verdict, last_eval_at,      "last_eval_at",      READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view published_view =
    VIEW("AgentVersionEvalStats", version_verdict_entity, published_fields);

static void render_judged_by(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    (void)field, (void)cell;
    render_policy(req, out, ((const struct governance_item *)row)->evaluation.policy);
}

static void render_published(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    const struct version_verdict *published =
        ((const struct governance_item *)row)->evaluation.published;

    (void)field, (void)cell;
    if (published)
        view_render(req, out, &published_view, published);
    else
        text_put(out, "null");
}

static const struct wire judged_by = {render_judged_by, NULL, POLICY_SCHEMA, true};
static const struct wire published = {render_published, NULL, STATS_SCHEMA, true};

static const struct field evaluation_fields[] = {
    /* clang-format off */
    FIELD(governance_item, evaluation.agent_id,   "agent_id",          READ, .wire = &wire_uuid),
    FIELD(governance_item, evaluation.agent_key,  "agent_key",         READ),
    FIELD(governance_item, evaluation.agent_name, "agent_name",        READ),
    FIELD(governance_item, evaluation.status,     "status",            READ),
    FIELD(governance_item, evaluation.applied,    "applied",           READ),
    FIELD(governance_item, evaluation.reasons,    "reasons",           READ, .wire = &wire_array),
    FIELD(governance_item, evaluation.agent_id,   "policy",            READ, .wire = &judged_by),
    FIELD(governance_item, evaluation.agent_id,   "published_version", READ, .wire = &published),
    ROWS(governance_item,  evaluation.versions,   "rollout_versions",  verdict_view, READ),
    /* clang-format on */
};

const struct view admin_evaluation_view =
    VIEW("RolloutGovernanceEvaluation", governance_item_entity, evaluation_fields);

struct govern_order {
    bool apply;
    const char *auth_token;
    int64_t limit;
};

static const struct column govern_columns[] = {
    COLUMN(govern_order, apply, NOT_NULL),
    COLUMN(govern_order, auth_token, NULLABLE, .max = 500),
    COLUMN(govern_order, limit, NULLABLE),
};

static const struct entity govern_entity = ENTITY(govern_order, "order", NULL, govern_columns);

static const struct field evaluate_fields[] = {
    FIELD(govern_order, apply, "apply", CREATE,
          .about = "Takes their share from versions that should go; otherwise only reported."),
};

const struct view admin_evaluate_view =
    VIEW("EvaluateRolloutGovernanceRequest", govern_entity, evaluate_fields);

bool admin_evaluate_rollouts(struct request *req)
{
    struct govern_order order = {false, NULL, NO_INTEGER};
    struct governance_item item = {"", "", {.applied = false}};
    const struct governor by = {"admin", actor(req)};
    columns given;
    uid agent_id;

    return path_agent(req, &agent_id) &&
           read_body(req, &admin_evaluate_view, CREATE, &order, &given) &&
           governance_evaluate(&req->work, agent_id, order.apply, &by, &item.evaluation) &&
           reply_row(req, 200, &admin_evaluation_view, &item);
}

/* ---- sweep ---- */

static const struct field sweep_order_fields[] = {
    FIELD(govern_order, apply, "apply", CREATE),
    FIELD(govern_order, auth_token, "auth_token", CREATE, .about = "Only the tenant of this key."),
    FIELD(govern_order, limit, "limit", CREATE, .about = "The most tenants; 100 by default."),
};

const struct view admin_sweep_order_view =
    VIEW("RolloutGovernanceSweepRequest", govern_entity, sweep_order_fields);

static const struct field item_fields[] = {
    FIELD(governance_item, key_prefix, "auth_token", READ,
          .about = "How the tenant's newest key begins; never a whole one."),
    FIELD(governance_item, tenant_key, "tenant_id", READ),
    NESTED("evaluation", admin_evaluation_view, READ),
};

static const struct view item_view =
    VIEW("RolloutGovernanceSweepItem", governance_item_entity, item_fields);

static const struct field failure_fields[] = {
    FIELD(sweep_failure, key_prefix, "auth_token", READ),
    FIELD(sweep_failure, agent_id, "agent_id", READ, .wire = &wire_uuid),
    FIELD(sweep_failure, error, "error", READ),
};

static const struct view failure_view =
    VIEW("RolloutGovernanceSweepFailure", sweep_failure_entity, failure_fields);

static const struct column sweep_columns[] = {
    COLUMN(governance_sweep, attempted_tenants, NOT_NULL),
    COLUMN(governance_sweep, evaluated_tenants, NOT_NULL),
    COLUMN(governance_sweep, attempted_agents, NOT_NULL),
    COLUMN(governance_sweep, evaluated_agents, NOT_NULL),
    COLUMN(governance_sweep, rollback_recommended, NOT_NULL),
    COLUMN(governance_sweep, rollbacks_applied, NOT_NULL),
};

static const struct entity sweep_entity = ENTITY(governance_sweep, "sweep", NULL, sweep_columns);

static const struct field sweep_fields[] = {
    /* clang-format off */
    FIELD(governance_sweep, attempted_tenants,    "attempted_tenants",    READ),
    FIELD(governance_sweep, evaluated_tenants,    "evaluated_tenants",    READ),
    FIELD(governance_sweep, attempted_agents,     "attempted_agents",     READ),
    FIELD(governance_sweep, evaluated_agents,     "evaluated_agents",     READ),
    FIELD(governance_sweep, rollback_recommended, "rollback_recommended", READ),
    FIELD(governance_sweep, rollbacks_applied,    "rollbacks_applied",    READ),
    ROWS(governance_sweep,  items,                "items",                item_view, READ),
    ROWS(governance_sweep,  failures,             "failures",             failure_view, READ),
    /* clang-format on */
};

const struct view admin_sweep_view =
    VIEW("RolloutGovernanceSweepResult", sweep_entity, sweep_fields);

/* A token that nobody has is a failure of the sweep, of which no more than its beginning is told.
 */
static bool find_tenant(struct request *req, const char *token, int64_t *tenant,
                        struct sweep_failure *failure)
{
    struct api_key key;
    struct tenant of_key;
    enum key_verdict verdict =
        key_authenticate(&req->work, "stateset", token, req->client_ip, &key, &of_key);

    *failure = (struct sweep_failure){.error = "No tenant has this key"};
    failure->key_prefix =
        arena_format(&req->work.arena, "%.*s…", strlen(token) > 16 ? 8 : 0, token);
    *tenant = verdict == KEY_GOOD || verdict == KEY_SUSPENDED ? of_key.id : 0;
    return verdict != KEY_UNPROVEN;
}

static bool sweep(struct request *req, const struct govern_order *asked, int64_t tenant,
                  struct governance_sweep *done)
{
    char holder[27];
    int64_t limit = asked->limit;

    uid_write_base32(uid_new(), holder);
    if (limit == NO_INTEGER)
        limit = SWEEP_TENANTS;
    if (limit < 0)
        limit = 0;
    const struct sweep_order order = {
        .apply = asked->apply,
        .tenant = tenant,
        .limit = limit < SWEEP_MOST_TENANTS ? limit : SWEEP_MOST_TENANTS,
        .holder = holder,
        .by = {"admin", actor(req)},
    };
    return governance_sweep(&req->work, &order, done);
}

bool admin_sweep_rollouts(struct request *req)
{
    struct govern_order asked = {false, NULL, NO_INTEGER};
    struct governance_sweep done = {0};
    struct sweep_failure unknown;
    columns given;
    int64_t tenant = 0;

    if (!read_body(req, &admin_sweep_order_view, CREATE, &asked, &given))
        return false;
    if (asked.auth_token && !find_tenant(req, asked.auth_token, &tenant, &unknown))
        return false;
    if (asked.auth_token && !tenant)
        done.failures = (struct rows){&unknown, 1};
    else if (!sweep(req, &asked, tenant, &done))
        return false;
    return reply_row(req, 200, &admin_sweep_view, &done);
}
