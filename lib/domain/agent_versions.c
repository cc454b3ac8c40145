#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/agents.h"
#include "domain/tenants.h"

static const char *const version_states[] = {"draft", "published", "superseded", NULL};

static const struct column columns_of_version[] = {
    COLUMN(agent_version, tenant_id, NOT_NULL),
    COLUMN(agent_version, id, NOT_NULL),
    COLUMN(agent_version, agent_id, NOT_NULL),
    COLUMN(agent_version, version_number, NOT_NULL),
    COLUMN(agent_version, status, NOT_NULL, .one_of = version_states),
    COLUMN(agent_version, config, NOT_NULL),
    COLUMN(agent_version, config_hash, NOT_NULL),
    COLUMN(agent_version, created_by, NULLABLE, .max = 120),
    COLUMN(agent_version, published_at, NULLABLE),
    COLUMN(agent_version, created_at, NOT_NULL),
    COLUMN(agent_version, updated_at, NOT_NULL),
    COLUMN(agent_version, rev, NOT_NULL),
    COLUMN(agent_version, agent_key, NOT_NULL, .computed = true),
    COLUMN(agent_version, agent_name, NOT_NULL, .computed = true),
};

const struct entity agent_version_entity =
    ENTITY(agent_version, "agent version", "agent_versions", columns_of_version);

static const struct column columns_of_rollout[] = {
    COLUMN(agent_rollout, tenant_id, NOT_NULL),
    COLUMN(agent_rollout, id, NOT_NULL),
    COLUMN(agent_rollout, agent_id, NOT_NULL),
    COLUMN(agent_rollout, agent_version_id, NOT_NULL),
    COLUMN(agent_rollout, traffic_percentage, NOT_NULL, .least = 1, .most = 100),
    COLUMN(agent_rollout, position, NOT_NULL),
    COLUMN(agent_rollout, created_at, NOT_NULL),
    COLUMN(agent_rollout, updated_at, NOT_NULL),
    COLUMN(agent_rollout, rev, NOT_NULL),
};

const struct entity agent_rollout_entity =
    ENTITY(agent_rollout, "rollout", "agent_rollouts", columns_of_rollout);

#define VERSION_COLUMNS                                                                            \
    "v.tenant_id, v.id, v.agent_id, v.version_number, v.status, v.config, v.config_hash, "         \
    "v.created_by, v.published_at, v.created_at, v.updated_at, v.rev, "                            \
    "a.agent_key AS agent_key, a.name AS agent_name"

#define VERSIONS                                                                                   \
    "SELECT " VERSION_COLUMNS " FROM agent_versions v JOIN agents a"                               \
    " ON a.tenant_id = v.tenant_id AND a.id = v.agent_id WHERE v.tenant_id = ?"

/* Also of an agent that was deleted: its calls go on. */
bool agent_version_find(struct work *work, uid id, struct agent_version *version)
{
    static const char sql[] = VERSIONS " AND v.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &agent_version_entity, version);
}

bool agent_versions_list(struct work *work, uid agent_id, struct rows *versions)
{
    static const char all[] = VERSIONS " AND a.deleted_at IS NULL ORDER BY v.id DESC";
    static const char of_one[] = VERSIONS " AND a.deleted_at IS NULL AND v.agent_id = ?"
                                          " ORDER BY v.version_number DESC";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_id)};

    return db_select(work, uid_is_none(agent_id) ? all : of_one, params,
                     uid_is_none(agent_id) ? 1 : 2, &agent_version_entity, versions);
}

/* A version on its way in. */
struct draft {
    uid id, agent_id;
    const char *config, *created_by;
    instant now;
    bool publish;
};

/* The agent's counter gives the number; its row is locked until the version is written. */
static bool number_version(struct work *work, const struct draft *draft, struct agent *agent)
{
    static const char sql[] = "UPDATE agents SET last_version = last_version + 1, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?"
                              " AND deleted_at IS NULL";
    const struct param params[] = {PARAM(draft->now), PARAM(work->tenant), PARAM(draft->agent_id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    if (changed)
        return agent_find(work, draft->agent_id, agent);
    fail(work, NOT_FOUND, "No such agent");
    return false;
}

/* The given document, or the published one's. */
static bool choose_config(struct work *work, const struct draft *draft, const struct agent *agent,
                          const char **config)
{
    struct agent_version published;

    *config = draft->config ? draft->config : "{}";
    if (draft->config || uid_is_none(agent->published_version_id))
        return true;
    if (!agent_version_find(work, agent->published_version_id, &published))
        return false;
    *config = published.config.json;
    return true;
}

static bool publish(struct work *work, uid agent_id, uid id, instant now)
{
    static const char agent[] = "UPDATE agents SET published_version_id = ?, updated_at = ?,"
                                " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    static const char before[] = "UPDATE agent_versions SET status = 'superseded', updated_at = ?,"
                                 " rev = rev + 1 WHERE tenant_id = ? AND agent_id = ?"
                                 " AND status = 'published' AND id <> ?";
    static const char version[] = "UPDATE agent_versions SET status = 'published',"
                                  " published_at = ?, updated_at = ?, rev = rev + 1"
                                  " WHERE tenant_id = ? AND id = ?";
    static const char rollout[] = "DELETE FROM agent_rollouts WHERE tenant_id = ?"
                                  " AND agent_id = ? AND agent_version_id = ?";
    const struct param for_agent[] = {PARAM(id), PARAM(now), PARAM(work->tenant), PARAM(agent_id)};
    const struct param for_before[] = {PARAM(now), PARAM(work->tenant), PARAM(agent_id), PARAM(id)};
    const struct param for_version[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(id)};
    const struct param for_rollout[] = {PARAM(work->tenant), PARAM(agent_id), PARAM(id)};

    return db_execute(work, agent, for_agent, COUNT(for_agent), NULL) &&
           db_execute(work, before, for_before, COUNT(for_before), NULL) &&
           db_execute(work, version, for_version, COUNT(for_version), NULL) &&
           db_execute(work, rollout, for_rollout, COUNT(for_rollout), NULL) &&
           tenant_touch(work, work->tenant);
}

static bool draft_step(struct work *work, void *with)
{
    const struct draft *draft = with;
    struct agent_version version;
    struct agent agent;
    const char *config;
    hash256 hash;

    if (!number_version(work, draft, &agent) || !choose_config(work, draft, &agent, &config))
        return false;
    row_clear(&agent_version_entity, &version);
    hash = sha256(config, strlen(config));
    version.id = draft->id;
    version.agent_id = draft->agent_id;
    version.version_number = agent.last_version;
    version.status = "draft";
    version.config.json = config;
    version.config_hash = (bytes){hash.bytes, sizeof hash.bytes};
    version.created_by = draft->created_by;
    version.created_at = version.updated_at = draft->now;
    version.rev = 1;
    if (!store_insert(work, &agent_version_entity, &version, columns_all(&agent_version_entity)))
        return false;
    return !draft->publish || publish(work, draft->agent_id, draft->id, draft->now);
}

static bool add_version(struct work *work, uid agent_id, const char *config, const char *created_by,
                        bool published, struct agent_version *version)
{
    struct draft draft = {uid_new(), agent_id, config, created_by, clock_now(), published};

    return db_transaction(work, draft_step, &draft) && agent_version_find(work, draft.id, version);
}

bool agent_version_create(struct work *work, uid agent_id, const char *config,
                          const char *created_by, struct agent_version *version)
{
    return add_version(work, agent_id, config, created_by, false, version);
}

bool agent_version_replace(struct work *work, uid agent_id, const char *config,
                           const char *created_by, struct agent_version *version)
{
    return add_version(work, agent_id, config, created_by, true, version);
}

struct publication {
    uid id;
    instant now;
};

static bool publish_step(struct work *work, void *with)
{
    const struct publication *publication = with;
    struct agent_version version;
    struct agent agent;

    if (!agent_version_find(work, publication->id, &version) ||
        !agent_find(work, version.agent_id, &agent))
        return false;
    return uid_equal(agent.published_version_id, publication->id) ||
           publish(work, version.agent_id, publication->id, publication->now);
}

bool agent_version_publish(struct work *work, uid id, struct agent_version *version)
{
    struct publication publication = {id, clock_now()};
    char text[37];

    if (!db_transaction(work, publish_step, &publication) || !agent_version_find(work, id, version))
        return false;
    uid_write_uuid(id, text);
    log_info(work, "agent.published", "version=%s agent=%s", text, version->agent_key);
    return true;
}

unsigned rollout_draw(uid call_id)
{
    hash256 hash = sha256(call_id.bytes, sizeof call_id.bytes);
    uint64_t number = 0;

    for (size_t i = 0; i < 8; i++)
        number = number << 8 | hash.bytes[i];
    return (unsigned)(number % 100);
}

/* What the rollout rows say about this call; NO_UID leaves it to the published version. */
static bool draw(struct work *work, const struct agent *agent, uid call_id, uid *version)
{
    static const char sql[] = "SELECT tenant_id, id, agent_id, agent_version_id,"
                              " traffic_percentage, position FROM agent_rollouts"
                              " WHERE tenant_id = ? AND agent_id = ? ORDER BY position";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent->id)};
    int64_t left = (int64_t)rollout_draw(call_id);
    struct rows rows;

    *version = NO_UID;
    if (!db_select(work, sql, params, COUNT(params), &agent_rollout_entity, &rows))
        return false;
    for (size_t i = 0; i < rows.count && uid_is_none(*version); i++) {
        const struct agent_rollout *rollout = (struct agent_rollout *)rows.at + i;

        if (left < rollout->traffic_percentage)
            *version = rollout->agent_version_id;
        left -= rollout->traffic_percentage;
    }
    return true;
}

/* A version that is this agent's; one that is gone counts as none. */
static bool take(struct work *work, const struct agent *agent, uid id,
                 struct agent_version *version, bool *taken)
{
    *taken = !uid_is_none(id) && agent_version_find(work, id, version);
    if (!*taken && !uid_is_none(id) && work->error.what != NOT_FOUND)
        return false;
    *taken = *taken && uid_equal(version->agent_id, agent->id);
    return true;
}

bool agent_version_resolve(struct work *work, const struct agent *agent, uid explicit_version,
                           uid pinned_version, uid call_id, struct agent_version *version)
{
    bool taken;
    uid drawn;

    if (strcmp(agent->status, "active") != 0)
        return fail(work, WRONG_STATE, "The agent is not active");
    if (!take(work, agent, explicit_version, version, &taken))
        return false;
    if (taken)
        return true;
    if (!uid_is_none(explicit_version))
        return fail_field(work, "agent_version_id", "agent_version_id is no version of this agent");
    if (!take(work, agent, pinned_version, version, &taken))
        return false;
    if (taken)
        return true;
    if (!draw(work, agent, call_id, &drawn) || !take(work, agent, drawn, version, &taken))
        return false;
    if (!taken && !take(work, agent, agent->published_version_id, version, &taken))
        return false;
    return taken || fail(work, WRONG_STATE, "No version of the agent is published");
}
