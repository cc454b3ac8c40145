#include "domain/route_cache.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/agents.h"
#include "domain/host_cache.h"
#include "domain/nodes.h"

/* ---- writing and reading of notes ---- */

static void add_text(struct text *json, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(json, "%s\"%s\":", json->length > 1 ? "," : "", name);
    text_json(json, value);
}

static void add_key(struct text *json, const char *name, uid key)
{
    char digits[33];

    uid_write_hex(key, digits);
    add_text(json, name, digits);
}

static const char *text_of(struct work *work, json_object *note, const char *name)
{
    const char *text = json_text(note, name);

    return text ? arena_text(&work->arena, text) : NULL;
}

static json_object *note_of(struct work *work, const char *name)
{
    const char *text = host_cache_get(work, name);

    return text ? json_parse(text) : NULL;
}

/* ---- routes ---- */

static const char *name_of_route(struct work *work, const char *to)
{
    return arena_format(&work->arena, "route %s", to);
}

void known_route_put(struct work *work, const char *to, const struct known_route *route)
{
    struct text json = {.arena = &work->arena};

    text_add(&json, "{\"tenant\":%lld", (long long)route->tenant_id);
    add_key(&json, "number", route->phone_number_id);
    add_key(&json, "agent", route->agent_id);
    add_key(&json, "version", route->agent_version_id);
    add_text(&json, "carrier_token", route->carrier_token);
    add_text(&json, "greeting", route->greeting);
    add_text(&json, "say", route->say);
    add_text(&json, "language", route->language);
    add_text(&json, "org_ref", route->org_ref);
    text_char(&json, '}');
    host_cache_put(work, name_of_route(work, to), json.at);
}

bool known_route_get(struct work *work, const char *to, struct known_route *route)
{
    json_object *note = note_of(work, name_of_route(work, to));

    if (!note)
        return false;
    *route = (struct known_route){
        .tenant_id = json_integer(note, "tenant", 0),
        .phone_number_id = json_key(note, "number"),
        .agent_id = json_key(note, "agent"),
        .agent_version_id = json_key(note, "version"),
        .carrier_token = text_of(work, note, "carrier_token"),
        .greeting = text_of(work, note, "greeting"),
        .say = text_of(work, note, "say"),
        .language = text_of(work, note, "language"),
        .org_ref = text_of(work, note, "org_ref"),
    };
    json_object_put(note);
    return true;
}

/* ---- versions ---- */

static const char *name_of_version(struct work *work, uid id)
{
    char digits[33];

    uid_write_hex(id, digits);
    return arena_format(&work->arena, "version %lld %s", (long long)work->tenant, digits);
}

void known_version_put(struct work *work, const struct agent_version *version,
                       const struct known_version *known)
{
    struct text json = {.arena = &work->arena};

    text_add(&json, "{\"records\":%s,\"redacts\":%u", known->tenant_records ? "true" : "false",
             known->redacts);
    add_key(&json, "agent", version->agent_id);
    add_text(&json, "agent_key", version->agent_key);
    add_text(&json, "agent_name", version->agent_name);
    add_text(&json, "config", version->config.json);
    text_add(&json, ",\"number\":%lld}", (long long)version->version_number);
    host_cache_put(work, name_of_version(work, version->id), json.at);
}

bool known_version_get(struct work *work, uid id, struct agent_version *version,
                       struct known_version *known)
{
    json_object *note = note_of(work, name_of_version(work, id));

    if (!note)
        return false;
    row_clear(&agent_version_entity, version);
    version->tenant_id = work->tenant;
    version->id = id;
    version->agent_id = json_key(note, "agent");
    version->version_number = json_integer(note, "number", 0);
    version->status = "published";
    version->config.json = text_of(work, note, "config");
    version->agent_key = text_of(work, note, "agent_key");
    version->agent_name = text_of(work, note, "agent_name");
    known->tenant_records = json_boolean(note, "records", false);
    known->redacts = (unsigned)json_integer(note, "redacts", 0);
    json_object_put(note);
    return true;
}

/* ---- nodes ---- */

void known_nodes_put(struct work *work, const struct rows *nodes)
{
    struct text json = {.arena = &work->arena};
    size_t count = 0;

    text_char(&json, '[');
    for (size_t i = 0; i < nodes->count && count < KNOWN_NODES; i++) {
        const struct media_node *node = (const struct media_node *)nodes->at + i;

        if (strcmp(node->state, "up") != 0)
            continue;
        text_put(&json, count++ ? "," : "");
        text_json(&json, node->public_ws_url ? node->public_ws_url : "");
    }
    text_char(&json, ']');
    if (count)
        host_cache_put(work, "nodes", json.at);
}

size_t known_nodes_get(struct work *work, const char *urls[KNOWN_NODES])
{
    json_object *note = note_of(work, "nodes");
    size_t count = json_object_is_type(note, json_type_array) ? json_object_array_length(note) : 0;

    count = count < KNOWN_NODES ? count : KNOWN_NODES;
    for (size_t i = 0; i < count; i++) {
        const char *url = json_object_get_string(json_object_array_get_idx(note, i));

        urls[i] = url && *url ? arena_text(&work->arena, url) : NULL;
    }
    json_object_put(note);
    return count;
}

/* ---- endings ---- */

static const char *name_of_end(struct work *work, uid session)
{
    char digits[33];

    uid_write_hex(session, digits);
    return arena_format(&work->arena, "end %s", digits);
}

void known_end_put(struct work *work, uid session)
{
    host_cache_put(work, name_of_end(work, session), "ended");
}

bool known_end_get(struct work *work, uid session)
{
    return host_cache_get(work, name_of_end(work, session)) != NULL;
}
