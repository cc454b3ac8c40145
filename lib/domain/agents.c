#include "domain/agents.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/tenants.h"

const char *const agent_states[] = {"draft", "active", "inactive", NULL};
const char *const agent_directions[] = {"inbound", "outbound", "both", NULL};
const char *const dialect_names[] = {"thruai", "stateset", "phony", "kwickphone", "twilio", NULL};

static const struct column columns_of_agent[] = {
    COLUMN(agent, tenant_id, NOT_NULL),
    COLUMN(agent, id, NOT_NULL),
    COLUMN(agent, agent_key, NOT_NULL, .max = 80),
    COLUMN(agent, name, NOT_NULL, .max = 190),
    COLUMN(agent, description, NULLABLE, .max = 16000),
    COLUMN(agent, direction, NOT_NULL, .one_of = agent_directions),
    COLUMN(agent, status, NOT_NULL, .one_of = agent_states),
    COLUMN(agent, origin, NOT_NULL, .one_of = dialect_names),
    COLUMN(agent, published_version_id, NULLABLE),
    COLUMN(agent, last_version, NOT_NULL),
    COLUMN(agent, metadata, NOT_NULL),
    COLUMN(agent, deleted_at, NULLABLE),
    COLUMN(agent, created_at, NOT_NULL),
    COLUMN(agent, updated_at, NOT_NULL),
    COLUMN(agent, rev, NOT_NULL),
};

const struct entity agent_entity = ENTITY(agent, "agent", "agents", columns_of_agent);

#define AGENT_COLUMNS                                                                              \
    "tenant_id, id, agent_key, name, description, direction, status, origin, "                     \
    "published_version_id, last_version, metadata, deleted_at, created_at, updated_at, rev"

bool agent_find(struct work *work, uid id, struct agent *agent)
{
    static const char sql[] = "SELECT " AGENT_COLUMNS " FROM agents"
                              " WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &agent_entity, agent);
}

/* Any other text is no key, and would not compare with the column. */
static bool is_key(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strlen(text);

    return length && length <= 80 && strspn(text, allowed) == length && !strchr("_.-", *text);
}

bool agent_by_key(struct work *work, const char *agent_key, struct agent *agent)
{
    static const char sql[] = "SELECT " AGENT_COLUMNS " FROM agents"
                              " WHERE tenant_id = ? AND agent_key = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_key)};

    if (!is_key(agent_key))
        return fail(work, NOT_FOUND, "No such agent");
    return db_find(work, sql, params, COUNT(params), &agent_entity, agent);
}

bool agents_list(struct work *work, struct rows *agents)
{
    static const char sql[] = "SELECT " AGENT_COLUMNS " FROM agents"
                              " WHERE tenant_id = ? AND deleted_at IS NULL ORDER BY id DESC";
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &agent_entity, agents);
}

struct creation {
    struct agent *agent;
    int64_t max_agents;
};

static bool count_agents(struct work *work, int64_t *count)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM agents WHERE tenant_id = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(work->tenant)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

/* The counter's lock makes others of the tenant wait, so that the limit holds. */
static bool create_step(struct work *work, void *with)
{
    const struct creation *creation = with;
    int64_t count, ignored;

    if (creation->max_agents != NO_INTEGER) {
        if (!tenant_next(work, "agent", &ignored) || !count_agents(work, &count))
            return false;
        if (count >= creation->max_agents)
            return fail(work, LIMIT_REACHED, "The tenant has %lld agents already",
                        (long long)count);
    }
    return store_insert(work, &agent_entity, creation->agent, columns_all(&agent_entity));
}

bool agent_create(struct work *work, struct agent *agent, int64_t max_agents)
{
    struct creation creation = {agent, max_agents};

    if (!is_key(agent->agent_key))
        return fail_field(work, "agent_key",
                          "agent_key must have 1 to 80 lower-case letters, digits, dots, dashes and"
                          " underscores and begin with a letter or digit");
    agent->tenant_id = work->tenant;
    agent->id = uid_new();
    agent->published_version_id = NO_UID;
    agent->last_version = 0;
    agent->rev = 1;
    agent->deleted_at = NO_INSTANT;
    agent->created_at = agent->updated_at = clock_now();
    if (!agent->metadata.json)
        agent->metadata.json = "{}";
    if (db_transaction(work, create_step, &creation))
        return true;
    if (work->error.what == CONFLICT)
        fail(work, CONFLICT, "An agent with the key %s exists already", agent->agent_key);
    return false;
}
