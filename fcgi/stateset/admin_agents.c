/*
 * Agents and their versions, for the operator.
 */
#include "domain/agents.h"

#include <string.h>

#include "core/json.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

static const struct field new_agent_fields[] = {
    /* clang-format off */
    FIELD(agent, agent_key,   "agent_key",   CREATE | REQUIRED),
    FIELD(agent, name,        "name",        CREATE | REQUIRED),
    FIELD(agent, description, "description", CREATE),
    FIELD(agent, direction,   "direction",   CREATE, .about = "inbound, outbound or both (the default)."),
    /* clang-format on */
};

const struct view admin_new_agent_view = VIEW("CreateAgent", agent_entity, new_agent_fields);

static const struct field agent_fields[] = {
    /* clang-format off */
    FIELD(agent, id,          "id",          READ, .wire = &wire_uuid),
    FIELD(agent, tenant_id,   "tenant_id",   READ, .wire = &stateset_tenant_key),
    FIELD(agent, agent_key,   "agent_key",   READ),
    FIELD(agent, name,        "name",        READ),
    FIELD(agent, description, "description", READ),
    FIELD(agent, direction,   "direction",   READ),
    FIELD(agent, status,      "status",      READ),
    FIELD(agent, created_at,  "created_at",  READ, .wire = &wire_iso_shortest),
    FIELD(agent, updated_at,  "updated_at",  READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_agent_view = VIEW("Agent", agent_entity, agent_fields);

bool admin_list_agents(struct request *req)
{
    struct rows agents;

    return agents_list(&req->work, &agents) && reply_rows(req, &admin_agent_view, NULL, &agents);
}

bool admin_create_agent(struct request *req)
{
    struct agent agent;
    columns given;

    row_clear(&agent_entity, &agent);
    agent.direction = "both";
    agent.status = "active";
    agent.origin = "stateset";
    if (!read_body(req, &admin_new_agent_view, CREATE, &agent, &given))
        return false;
    if (!*agent.name)
        return fail_field(&req->work, "name", "name must not be empty");
    if (agent_create(&req->work, &agent, req->tenant->max_agents))
        return reply_row(req, 200, &admin_agent_view, &agent);
    if (req->work.error.what == CONFLICT)
        return fail_field(&req->work, "agent_key", "agent_key is in use already");
    return false;
}

/* The members of a version's document that this dialect knows; the rest is kept. */
static const char *const texts[] = {"agent_name", "greeting",       "instructions",     "voice",
                                    "chat_model", "realtime_model", "assistant_profile"};

static const char *parse_config(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    (void)field;
    if (!json_object_is_type(in, json_type_object))
        return "an object";
    for (size_t i = 0; i < COUNT(texts); i++) {
        json_object *member = json_member(in, texts[i]);

        if (member && !json_object_is_type(member, json_type_string))
            return arena_format(&req->work.arena, "an object whose %s is a string", texts[i]);
    }
    ((document *)cell)->json = json_write(&req->work.arena, in);
    return NULL;
}

static void render_config(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_put(out, ((const document *)cell)->json);
}

/* clang-format off */
#define STRING_OR_NULL(name) "\"" name "\":{\"type\":[\"string\",\"null\"]}"

static const char config_schema[] =
    "\"type\":\"object\",\"additionalProperties\":true,\"properties\":{"
    STRING_OR_NULL("agent_name") "," STRING_OR_NULL("assistant_profile") ","
    STRING_OR_NULL("chat_model") "," STRING_OR_NULL("greeting") ","
    STRING_OR_NULL("instructions") "," STRING_OR_NULL("realtime_model") ","
    STRING_OR_NULL("voice") "}";
/* clang-format on */

static const struct wire config = {
    .render = render_config,
    .parse = parse_config,
    .schema = config_schema,
};

static const struct field new_version_fields[] = {
    /* clang-format off */
    FIELD(agent_version, agent_id, "agent_id", CREATE | REQUIRED, .wire = &wire_uuid),
    FIELD(agent_version, config,   "config",   CREATE, .wire = &config),
    /* clang-format on */
};

const struct view admin_new_version_view =
    VIEW("CreateAgentVersion", agent_version_entity, new_version_fields);

/* This dialect knows no third state: what was published before is told by its published_at. */
static const struct spelling states[] = {{"superseded", "published"}, {NULL, NULL}};

static const struct field version_fields[] = {
    /* clang-format off */
    FIELD(agent_version, id,             "id",             READ, .wire = &wire_uuid),
    FIELD(agent_version, agent_id,       "agent_id",       READ, .wire = &wire_uuid),
    FIELD(agent_version, tenant_id,      "tenant_id",      READ, .wire = &stateset_tenant_key),
    FIELD(agent_version, agent_key,      "agent_key",      READ),
    FIELD(agent_version, agent_name,     "agent_name",     READ),
    FIELD(agent_version, version_number, "version_number", READ),
    FIELD(agent_version, status,         "status",         READ, .wire = &wire_word, .spellings = states),
    FIELD(agent_version, config,         "config",         READ, .wire = &config),
    FIELD(agent_version, published_at,   "published_at",   READ, .wire = &wire_iso_shortest),
    FIELD(agent_version, created_at,     "created_at",     READ, .wire = &wire_iso_shortest),
    FIELD(agent_version, updated_at,     "updated_at",     READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_version_view = VIEW("AgentVersion", agent_version_entity, version_fields);

bool admin_list_versions(struct request *req)
{
    const char *text = request_query(req, "agent_id");
    struct rows versions;
    uid agent_id = NO_UID;

    if (text && !uid_read_uuid(text, &agent_id))
        return fail_field(&req->work, "agent_id", "agent_id must be a UUID");
    return agent_versions_list(&req->work, agent_id, &versions) &&
           reply_rows(req, &admin_version_view, NULL, &versions);
}

bool admin_create_version(struct request *req)
{
    struct agent_version wanted, version;
    columns given;

    row_clear(&agent_version_entity, &wanted);
    return read_body(req, &admin_new_version_view, CREATE, &wanted, &given) &&
           agent_version_create(&req->work, wanted.agent_id, wanted.config.json, "admin",
                                &version) &&
           reply_row(req, 200, &admin_version_view, &version);
}

bool admin_publish_version(struct request *req)
{
    struct agent_version version;
    uid id;

    return stateset_path_id(req, "version_id", &id) &&
           agent_version_publish(&req->work, id, &version) &&
           reply_row(req, 200, &admin_version_view, &version);
}
