#include "stream/tools/toolbox.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/functions.h"
#include "stream/tools/schema.h"
#include "stream/tools/transfer.h"

/* ---- which tools ---- */

/* Whether the version's list names one of these; a key may be spelled with or without a prefix. */
static bool lists(json_object *list, const char *name, const char *other, uid id)
{
    static const char *const prefixes[] = {"TOOL-", "tool_", NULL};

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *entry = json_object_get_string(json_object_array_get_idx(list, i));
        uid key;

        if (!entry)
            continue;
        if (strcmp(entry, name) == 0 || (other && strcmp(entry, other) == 0) ||
            (!uid_is_none(id) && uid_read(entry, prefixes, &key) && uid_equal(key, id)))
            return true;
    }
    return false;
}

static json_object *list_of(json_object *config)
{
    json_object *list = json_member(config, "enabled_tools");

    if (!list)
        list = json_member(config, "enabledTools");
    return list;
}

static bool is_wanted(json_object *list, const struct builtin *builtin)
{
    if (!list)
        return builtin->by_default;
    return json_object_is_type(list, json_type_array) &&
           lists(list, builtin->name, builtin->other_name, NO_UID);
}

/* Room for so many more; most calls have few, and there are many calls. */
static void make_room(struct toolbox *box, size_t more)
{
    struct tool *tools = box->tools;

    box->room = box->count + more < TOOLBOX_MOST ? box->count + more : TOOLBOX_MOST;
    box->tools = arena_new(&box->arena, struct tool, box->room);
    if (box->count)
        memcpy(box->tools, tools, box->count * sizeof *tools);
}

static struct tool *add(struct toolbox *box, const char *name, size_t schema_bytes)
{
    if (box->count == box->room || schema_bytes > TOOLBOX_SCHEMA_MOST ||
        box->schema_bytes + schema_bytes > TOOLBOX_SCHEMAS_MOST || toolbox_find(box, name))
        return NULL;
    box->schema_bytes += schema_bytes;
    return &box->tools[box->count++];
}

static const char *description_of(struct toolbox *box, const struct builtin *builtin,
                                  json_object *config)
{
    struct text text = {.arena = &box->arena};

    text_put(&text, builtin->description);
    if (builtin->passes_on)
        transfer_names(transfer_settings(config), &text);
    return text.at;
}

static void add_builtins(struct toolbox *box, json_object *config)
{
    json_object *list = list_of(config);
    const struct builtin *builtin;
    size_t count = 0;

    while (builtin_at(count))
        count++;
    make_room(box, count);
    for (size_t i = 0; (builtin = builtin_at(i)); i++) {
        struct tool *tool =
            is_wanted(list, builtin) ? add(box, builtin->name, strlen(builtin->parameters)) : NULL;

        if (tool)
            *tool = (struct tool){.name = builtin->name,
                                  .description = description_of(box, builtin, config),
                                  .parameters = builtin->parameters,
                                  .builtin = builtin};
    }
}

static bytes copy_bytes(struct arena *arena, bytes given)
{
    return given.at ? (bytes){(const unsigned char *)arena_copy(arena, (const char *)given.at,
                                                                given.length),
                              given.length}
                    : given;
}

static struct tool_definition copy_definition(struct arena *arena,
                                              const struct tool_definition *its)
{
    struct tool_definition copy = *its;

    copy.name = arena_text(arena, its->name);
    copy.description = arena_text(arena, its->description);
    copy.url = arena_text(arena, its->url);
    copy.method = arena_text(arena, its->method);
    copy.parameters.json = arena_text(arena, its->parameters.json);
    copy.headers = copy_bytes(arena, its->headers);
    copy.secret = copy_bytes(arena, its->secret);
    copy.response_format = arena_text(arena, its->response_format);
    copy.response_path = arena_text(arena, its->response_path);
    copy.speak_during = arena_text(arena, its->speak_during);
    copy.metadata.json = NULL;
    return copy;
}

static void add_webhooks(struct toolbox *box, json_object *list,
                         const struct tool_definition *tools, size_t count)
{
    make_room(box, count);
    for (size_t i = 0; i < count; i++) {
        const struct tool_definition *its = &tools[i];
        const char *schema;
        struct tool *tool;

        if (!lists(list, its->name, NULL, its->id))
            continue;
        schema = tool_schema(&box->arena, its->parameters.json);
        tool = schema ? add(box, its->name, strlen(schema)) : NULL;
        if (!tool) {
            log_warning(NULL, "tool.left_out", "name=%s", its->name);
            continue;
        }
        tool->webhook = copy_definition(&box->arena, its);
        tool->name = tool->webhook.name;
        tool->description = tool->webhook.description;
        tool->parameters = schema == its->parameters.json ? tool->webhook.parameters.json : schema;
    }
}

/* A tool of the tenant's own stands above a function of the same name. */
static void add_functions(struct toolbox *box, json_object *list)
{
    const struct function *function;
    size_t count = 0;

    for (size_t i = 0; (function = function_at(i)); i++)
        count += lists(list, function->name, NULL, NO_UID);
    if (count)
        make_room(box, count);
    for (size_t i = 0; count && (function = function_at(i)); i++) {
        struct tool *tool = lists(list, function->name, NULL, NO_UID)
                                ? add(box, function->name, strlen(function->parameters))
                                : NULL;

        if (tool)
            *tool = (struct tool){.name = function->name,
                                  .description = function->description,
                                  .parameters = function->parameters,
                                  .function = function};
    }
}

void toolbox_add(struct toolbox *box, const struct tool_definition *tools, size_t count)
{
    json_object *config = box->config ? json_parse(box->config) : NULL, *list = list_of(config);

    if (json_object_is_type(list, json_type_array)) {
        if (count)
            add_webhooks(box, list, tools, count);
        add_functions(box, list);
    }
    json_object_put(config);
}

struct toolbox *toolbox_new(const struct agent_version *version, const struct call *call)
{
    struct toolbox *box = calloc(1, sizeof *box);
    json_object *config;

    if (!box)
        abort();
    box->holds = 1;
    box->config = arena_text(&box->arena, version->config.json);
    box->tenant = call->tenant_id;
    box->call = call->id;
    box->agent = version->agent_id;
    box->agent_name = arena_text(&box->arena, version->agent_name);
    box->call_sid = arena_text(&box->arena, call->call_sid);
    box->direction = arena_text(&box->arena, call->direction);
    box->from = arena_text(&box->arena, call->from_addr);
    box->to = arena_text(&box->arena, call->to_addr);
    config = box->config ? json_parse(box->config) : NULL;
    add_builtins(box, config);
    json_object_put(config);
    return box;
}

void toolbox_hold(struct toolbox *box)
{
    box->holds++;
}

void toolbox_release(struct toolbox *box)
{
    if (!box || --box->holds > 0)
        return;
    arena_free(&box->arena);
    free(box);
}

const struct tool *toolbox_find(const struct toolbox *box, const char *name)
{
    for (size_t i = 0; box && i < box->count; i++)
        if (strcmp(box->tools[i].name, name) == 0)
            return &box->tools[i];
    return NULL;
}

/* ---- as the model is told of them ---- */

static void write_tool(const struct tool *tool, struct text *text, enum tools_shape shape)
{
    text_put(text, shape == TOOLS_CHAT ? "{\"type\":\"function\",\"function\":{\"name\":"
                                       : "{\"type\":\"function\",\"name\":");
    text_json(text, tool->name);
    text_put(text, ",\"description\":");
    text_json(text, tool->description ? tool->description : "");
    text_add(text, ",\"parameters\":%s%s", tool->parameters, shape == TOOLS_CHAT ? "}}" : "}");
}

void toolbox_write(const struct toolbox *box, struct text *text, enum tools_shape shape)
{
    text_put(text, "[");
    for (size_t i = 0; box && i < box->count; i++) {
        if (i > 0)
            text_put(text, ",");
        write_tool(&box->tools[i], text, shape);
    }
    text_put(text, "]");
}
