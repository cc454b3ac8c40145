#include "domain/line_agents.h"

#include <string.h>

#include "core/json.h"

static const char greeting[] = "Thank you for calling. How can I help you?";
static const char instructions[] =
    "You answer the phone of a business. Be friendly and brief, speak in short sentences and ask"
    " one question at a time. Find out who is calling and what they need. When you cannot help, say"
    " so and offer to take a message with a name and a number to call back.";

/* The agent that answers another number of the same line. */
static bool agent_of_neighbor(struct work *work, const char *business_phone, struct agent *agent)
{
    static const char sql[] =
        "SELECT a.tenant_id, a.id, a.agent_key, a.name, a.description, a.direction, a.status,"
        " a.origin, a.published_version_id, a.last_version, a.metadata, a.deleted_at, a.created_at,"
        " a.updated_at, a.rev FROM phone_numbers n JOIN phone_routes r"
        " ON r.tenant_id = n.tenant_id AND r.e164 = n.e164 AND r.direction = 'inbound'"
        " JOIN agents a ON a.tenant_id = r.tenant_id AND a.id = r.agent_id AND a.deleted_at IS NULL"
        " WHERE n.tenant_id = ? AND n.status IN ('active', 'suspended') AND n.business_phone = ?"
        " ORDER BY n.id DESC LIMIT 1";
    const struct param params[] = {PARAM(work->tenant), PARAM(business_phone)};

    return db_find(work, sql, params, COUNT(params), &agent_entity, agent);
}

static void set_default(json_object *config, const char *name, const char *value)
{
    if (!json_member(config, name))
        json_object_object_add(config, name, json_object_new_string(value));
}

/* The first version's document: the tenant's template, with what it leaves open filled in. */
static char *first_config(struct work *work, const struct tenant *tenant, const char *name)
{
    json_object *settings = json_parse(tenant->config.json), *config;
    json_object *template = json_member(settings, "agent_template");
    char *text;

    if (json_object_is_type(template, json_type_object))
        config = json_object_get(template);
    else
        config = json_object_new_object();
    set_default(config, "agent_name", name);
    set_default(config, "greeting", greeting);
    set_default(config, "instructions", instructions);
    text = json_write(&work->arena, config);
    json_object_put(config);
    json_object_put(settings);
    return text;
}

/* Of two who make the same line's agent at once, the slower one takes what the faster one made. */
static bool make_agent(struct work *work, const struct tenant *tenant, const char *key,
                       const char *name, const char *origin, struct agent *agent)
{
    struct agent_version version;

    row_clear(&agent_entity, agent);
    agent->agent_key = key;
    agent->name = name;
    agent->direction = "inbound";
    agent->status = "active";
    agent->origin = origin;
    if (!agent_create(work, agent, tenant->max_agents))
        return work->error.what == CONFLICT && agent_by_key(work, key, agent);
    return agent_version_replace(work, agent->id, first_config(work, tenant, name), origin,
                                 &version);
}

bool line_agent(struct work *work, const struct tenant *tenant, const char *business_phone,
                const char *origin, struct agent *agent)
{
    const char *digits = business_phone ? business_phone + (*business_phone == '+') : "default";
    const char *key = arena_format(&work->arena, "line-%s", digits);

    if (business_phone) {
        if (agent_of_neighbor(work, business_phone, agent))
            return true;
        if (work->error.what != NOT_FOUND)
            return false;
    }
    if (agent_by_key(work, key, agent))
        return true;
    if (work->error.what != NOT_FOUND)
        return false;
    return make_agent(work, tenant, key, tenant->name, origin, agent);
}
