#include "domain/rollouts.h"

#include <string.h>

#include "core/text.h"
#include "domain/agents.h"
#include "domain/audit.h"

static const struct column columns_of_share[] = {
    COLUMN(rollout_share, tenant_id, NOT_NULL),
    COLUMN(rollout_share, id, NOT_NULL),
    COLUMN(rollout_share, agent_id, NOT_NULL),
    COLUMN(rollout_share, agent_version_id, NOT_NULL),
    COLUMN(rollout_share, traffic_percentage, NOT_NULL, .least = 1, .most = 100),
    COLUMN(rollout_share, position, NOT_NULL),
    COLUMN(rollout_share, created_at, NOT_NULL),
    COLUMN(rollout_share, updated_at, NOT_NULL),
    COLUMN(rollout_share, agent_key, NOT_NULL),
    COLUMN(rollout_share, agent_name, NOT_NULL),
    COLUMN(rollout_share, version_number, NOT_NULL),
};

const struct entity rollout_share_entity = ENTITY(rollout_share, "rollout", NULL, columns_of_share);

static bool select_shares(struct work *work, uid agent_id, struct rows *shares)
{
    static const char sql[] =
        "SELECT r.tenant_id, r.id, r.agent_id, r.agent_version_id, r.traffic_percentage,"
        " r.position, r.created_at, r.updated_at, a.agent_key, a.name AS agent_name,"
        " v.version_number FROM agent_rollouts AS r"
        " JOIN agents AS a ON a.tenant_id = r.tenant_id AND a.id = r.agent_id"
        " JOIN agent_versions AS v ON v.tenant_id = r.tenant_id AND v.id = r.agent_version_id"
        " WHERE r.tenant_id = ? AND r.agent_id = ? ORDER BY r.position";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_id)};

    return db_select(work, sql, params, COUNT(params), &rollout_share_entity, shares);
}

bool rollouts_list(struct work *work, uid agent_id, struct rows *shares)
{
    struct agent agent;

    return agent_find(work, agent_id, &agent) && select_shares(work, agent_id, shares);
}

static bool check_shares(struct work *work, const struct rollout_entry *entries, size_t count)
{
    int64_t sum = 0;

    if (count > MOST_ROLLOUTS)
        return fail_field(work, "entries", "entries must be at most %d", MOST_ROLLOUTS);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].traffic_percentage < 1 || entries[i].traffic_percentage > 100)
            return fail_field(work, "entries", "traffic_percentage must be from 1 to 100");
        sum += entries[i].traffic_percentage;
        for (size_t j = 0; j < i; j++)
            if (uid_equal(entries[i].agent_version_id, entries[j].agent_version_id))
                return fail_field(work, "entries", "A version must not stand twice");
    }
    return sum <= 100 ||
           fail_field(work, "entries", "The traffic percentages are more than 100 together");
}

/* A draft may still change, so no call may get it but one that asks for it. */
static bool check_version(struct work *work, uid agent_id, uid id)
{
    struct agent_version version;

    bool found = agent_version_find(work, id, &version);

    if (!found && work->error.what != NOT_FOUND)
        return false;
    if (!found || !uid_equal(version.agent_id, agent_id))
        return fail_field(work, "entries", "A version is not this agent's");
    return strcmp(version.status, "draft") != 0 ||
           fail_field(work, "entries", "Version %lld was never published",
                      (long long)version.version_number);
}

struct replacement {
    uid agent_id;
    const struct rollout_entry *entries;
    size_t count;
    instant now;
};

/* Whoever writes shares or publishes locks the agent's row first. */
static bool lock_agent(struct work *work, const struct replacement *replacement)
{
    static const char sql[] = "UPDATE agents SET updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(replacement->now), PARAM(work->tenant),
                                   PARAM(replacement->agent_id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed || fail(work, NOT_FOUND, "No such agent");
}

static bool add_share(struct work *work, const struct replacement *replacement, size_t index)
{
    const struct rollout_entry *entry = &replacement->entries[index];
    struct agent_rollout rollout;

    if (!check_version(work, replacement->agent_id, entry->agent_version_id))
        return false;
    row_clear(&agent_rollout_entity, &rollout);
    rollout.id = uid_new();
    rollout.agent_id = replacement->agent_id;
    rollout.agent_version_id = entry->agent_version_id;
    rollout.traffic_percentage = entry->traffic_percentage;
    rollout.position = (int64_t)index;
    rollout.created_at = rollout.updated_at = replacement->now;
    rollout.rev = 1;
    return store_insert(work, &agent_rollout_entity, &rollout, columns_all(&agent_rollout_entity));
}

static bool replace_step(struct work *work, void *with)
{
    static const char sql[] = "DELETE FROM agent_rollouts WHERE tenant_id = ? AND agent_id = ?";
    const struct replacement *replacement = with;
    const struct param params[] = {PARAM(work->tenant), PARAM(replacement->agent_id)};
    bool ok = lock_agent(work, replacement) && db_execute(work, sql, params, COUNT(params), NULL);

    for (size_t i = 0; i < replacement->count && ok; i++)
        ok = add_share(work, replacement, i);
    return ok;
}

static bool note(struct work *work, uid agent_id, const char *actor, const struct rows *shares)
{
    const struct rollout_share *share = shares->at;
    struct text detail = {.arena = &work->arena};
    struct audit_row row = {.actor_kind = "admin",
                            .actor = actor,
                            .action = "rollouts.replaced",
                            .object_kind = "agent"};
    char id[37];

    text_put(&detail, "{\"rollouts\":[");
    for (size_t i = 0; i < shares->count; i++) {
        uid_write_uuid(share[i].agent_version_id, id);
        text_add(&detail, "%s{\"agent_version_id\":\"%s\",\"traffic_percentage\":%lld}",
                 i ? "," : "", id, (long long)share[i].traffic_percentage);
    }
    text_put(&detail, "]}");
    uid_write_uuid(agent_id, id);
    row.object_id = id;
    row.detail.json = detail.at;
    return audit_put(work, &row);
}

bool rollouts_replace(struct work *work, uid agent_id, const struct rollout_entry *entries,
                      size_t count, const char *actor, struct rows *shares)
{
    struct replacement replacement = {agent_id, entries, count, clock_now()};

    return check_shares(work, entries, count) && db_transaction(work, replace_step, &replacement) &&
           select_shares(work, agent_id, shares) && note(work, agent_id, actor, shares);
}
