/*
 * Agents: each shows its published version, and every change publishes another.
 */
#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "domain/agent_edits.h"
#include "domain/agent_sheets.h"
#include "domain/number_agents.h"
#include "fcgi/phony/phony.h"

#define USUAL_VOICE "alloy"

static const char *const types[] = {"inbound", "outbound", NULL};
static const char *const states[] = {"active", "inactive", NULL};

/* ---- what is shown ---- */

struct shown {
    uid id, tenant;
    const char *name, *type, *phone_number, *system_prompt, *voice, *greeting_message, *personality;
    document context_data;
    const char *status;
    instant created_at, updated_at;
    int64_t total_calls, total_minutes;
};

static const struct column shown_columns[] = {
    COLUMN(shown, id, NOT_NULL),
    COLUMN(shown, tenant, NOT_NULL),
    COLUMN(shown, name, NOT_NULL),
    COLUMN(shown, type, NOT_NULL, .one_of = types),
    COLUMN(shown, phone_number, NULLABLE),
    COLUMN(shown, system_prompt, NULLABLE),
    COLUMN(shown, voice, NULLABLE),
    COLUMN(shown, greeting_message, NULLABLE),
    COLUMN(shown, personality, NULLABLE),
    COLUMN(shown, context_data, NOT_NULL),
    COLUMN(shown, status, NOT_NULL, .one_of = states),
    COLUMN(shown, created_at, NOT_NULL),
    COLUMN(shown, updated_at, NOT_NULL),
    COLUMN(shown, total_calls, NOT_NULL),
    COLUMN(shown, total_minutes, NOT_NULL),
};

static const struct entity shown_entity = ENTITY(shown, "agent", NULL, shown_columns);

static const struct field shown_fields[] = {
    /* clang-format off */
    FIELD(shown, id,               "id",               READ, PHONY_AGENT_ID),
    FIELD(shown, tenant,           "tenant_id",        READ, PHONY_TENANT_ID),
    FIELD(shown, name,             "name",             READ),
    FIELD(shown, type,             "type",             READ),
    FIELD(shown, phone_number,     "phone_number",     READ),
    FIELD(shown, system_prompt,    "system_prompt",    READ),
    FIELD(shown, voice,            "voice",            READ),
    FIELD(shown, greeting_message, "greeting_message", READ),
    FIELD(shown, personality,      "personality",      READ),
    FIELD(shown, context_data,     "context_data",     READ, .wire = &phony_context),
    FIELD(shown, status,           "status",           READ),
    FIELD(shown, created_at,       "created_at",       READ, PHONY_TIME),
    FIELD(shown, updated_at,       "updated_at",       READ, PHONY_TIME),
    FIELD(shown, total_calls,      "total_calls",      READ),
    FIELD(shown, total_minutes,    "total_minutes",    READ, .about = "Every call rounded up to the next minute."),
    /* clang-format on */
};

const struct view phony_agent_view = VIEW("Agent", shown_entity, shown_fields);

/* A member of the document; what another dialect left empty is not there. */
static const char *text_in(struct request *req, json_object *config, const char *name)
{
    const char *text = json_text(config, name);

    return text && *text ? arena_text(&req->work.arena, text) : NULL;
}

static void show_config(struct request *req, const char *text, struct shown *shown)
{
    json_object *config = json_parse(text ? text : "{}");
    json_object *context = json_member(config, "context_data");

    shown->system_prompt = text_in(req, config, "instructions");
    shown->greeting_message = text_in(req, config, "greeting");
    shown->personality = text_in(req, config, "assistant_profile");
    shown->voice = text_in(req, config, "voice");
    if (!shown->voice)
        shown->voice = text_in(req, json_member(config, "s2s_config"), "voice");
    shown->context_data.json = json_object_is_type(context, json_type_object)
                                   ? json_write(&req->work.arena, context)
                                   : "{}";
    json_object_put(config);
}

static void show(struct request *req, const struct agent_sheet *sheet, struct shown *shown)
{
    *shown = (struct shown){
        .id = sheet->id,
        .tenant = req->tenant->public_id,
        .name = sheet->name,
        .type = strcmp(sheet->direction, "outbound") == 0 ? "outbound" : "inbound",
        .status = strcmp(sheet->status, "active") == 0 ? "active" : "inactive",
        .phone_number = sheet->number,
        .created_at = sheet->created_at,
        .updated_at = sheet->updated_at,
        .total_calls = sheet->total_calls,
        .total_minutes = sheet->total_minutes,
    };
    show_config(req, sheet->config.json, shown);
}

static bool reply_agent(struct request *req, int status, uid id)
{
    struct agent_sheet sheet;
    struct shown shown;

    if (!agent_sheet_find(&req->work, id, &sheet))
        return false;
    show(req, &sheet, &shown);
    return reply_row(req, status, &phony_agent_view, &shown);
}

/* ---- the list ---- */

struct filter {
    const char *status, *type;
};

static const struct column filter_columns[] = {
    COLUMN(filter, status, NULLABLE, .one_of = states),
    COLUMN(filter, type, NULLABLE, .one_of = types),
};

static const struct entity filter_entity = ENTITY(filter, "agent filter", NULL, filter_columns);

static const struct field filter_fields[] = {
    FIELD(filter, status, "status", FILTER),
    FIELD(filter, type, "type", FILTER),
};

static const struct view filter_view = VIEW("AgentFilter", filter_entity, filter_fields);

const struct query_parameter phony_agent_parameters[] = {
    {"tenant_id", "\"type\":\"string\"", "Another tenant than one's own: platform:admin only.",
     NULL},
    {"status", "\"type\":\"string\",\"enum\":[\"active\",\"inactive\"]", NULL, NULL},
    {"type", "\"type\":\"string\",\"enum\":[\"inbound\",\"outbound\"]", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

bool phony_list_agents(struct request *req)
{
    const struct agent_sheet *sheets;
    struct filter filter;
    struct shown *shown;
    struct rows rows;

    if (!phony_choose_tenant(req) || !phony_filters(req, &filter_view, &filter) ||
        !agent_sheets(&req->work, &(struct agent_sheet_filter){filter.status, filter.type}, &rows))
        return false;
    sheets = rows.at;
    shown = arena_new(&req->work.arena, struct shown, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        show(req, &sheets[i], &shown[i]);
    return reply_rows(req, &phony_agent_view, NULL, &(struct rows){shown, rows.count});
}

/* ---- what is asked for ---- */

struct wish {
    const char *name, *type, *system_prompt, *voice, *greeting_message, *personality;
    document context_data;
    const char *status, *phone_number;
};

static const struct column wish_columns[] = {
    COLUMN(wish, name, NOT_NULL),
    COLUMN(wish, type, NOT_NULL, .one_of = types),
    COLUMN(wish, system_prompt, NOT_NULL),
    COLUMN(wish, voice, NOT_NULL, .max = 80),
    COLUMN(wish, greeting_message, NULLABLE),
    COLUMN(wish, personality, NULLABLE),
    COLUMN(wish, context_data, NOT_NULL),
    COLUMN(wish, status, NOT_NULL, .one_of = states),
    COLUMN(wish, phone_number, NULLABLE),
};

static const struct entity wish_entity = ENTITY(wish, "agent", NULL, wish_columns);

#define WISHES(use, must)                                                                          \
    FIELD(wish, name, "name", (use) | (must), .wire = &phony_name),                                \
        FIELD(wish, type, "type", (use) | (must)),                                                 \
        FIELD(wish, system_prompt, "system_prompt", use, .wire = &phony_prompt),                   \
        FIELD(wish, voice, "voice", use, .about = USUAL_VOICE " unless given."),                   \
        FIELD(wish, greeting_message, "greeting_message", use, .wire = &phony_words),              \
        FIELD(wish, personality, "personality", use, .wire = &phony_words),                        \
        FIELD(wish, context_data, "context_data", use, .wire = &phony_context,                     \
              .about = "What the agent knows in every call; at most 32 KiB."),                     \
        FIELD(wish, status, "status", use),                                                        \
        FIELD(wish, phone_number, "phone_number", use, .wire = &phony_number,                      \
              .about = "Assigned in the same step; null gives back what the agent has.")

static const struct field new_fields[] = {WISHES(CREATE, REQUIRED)};
static const struct field change_fields[] = {WISHES(UPDATE, 0)};

const struct view phony_new_agent_view = VIEW("AgentCreate", wish_entity, new_fields);
const struct view phony_agent_change_view = VIEW("AgentUpdate", wish_entity, change_fields);

#define GIVEN(given, member) columns_have(given, &wish_entity, offsetof(struct wish, member))

/* How the members of a version's document are called, and which wish sets each. */
static const struct {
    const char *name;
    size_t offset;
} kept[] = {
    {"agent_name", offsetof(struct wish, name)},
    {"instructions", offsetof(struct wish, system_prompt)},
    {"voice", offsetof(struct wish, voice)},
    {"greeting", offsetof(struct wish, greeting_message)},
    {"assistant_profile", offsetof(struct wish, personality)},
    {"context_data", offsetof(struct wish, context_data)},
};

/* What was given, as the document has it. */
static const char *config_of(struct request *req, const struct wish *wish, columns given)
{
    struct text text = {.arena = &req->work.arena};
    const char *between = "{";

    for (size_t i = 0; i < COUNT(kept); i++) {
        const struct column *column = column_at(&wish_entity, kept[i].offset);
        const void *cell = cell_of(column, wish);

        if (!columns_have(given, &wish_entity, kept[i].offset))
            continue;
        text_add(&text, "%s\"%s\":", between, kept[i].name);
        if (cell_is_none(column->type, cell))
            text_put(&text, "null");
        else if (column->type == DOCUMENT)
            text_put(&text, ((const document *)cell)->json);
        else
            text_json(&text, *(const char *const *)cell);
        between = ",";
    }
    text_put(&text, text.length ? "}" : "{}");
    return text.at;
}

/* ---- creating ---- */

/* What the commands in its words stand for ([[press:1]], …), beside what every agent can do. */
static const char *with_tools(struct request *req, const char *config)
{
    return arena_format(&req->work.arena,
                        "{\"enabled_tools\":[\"end_call\",\"press_digits\",\"transfer_call\","
                        "\"request_user\",\"escalate_call_to_human\",\"create_callback_task\","
                        "\"check_business_hours\"],%s",
                        config + 1);
}

/* "front-desk-k3x9p2": the name in plain letters, and something that makes it one of its kind. */
static const char *key_for(struct request *req, const char *name)
{
    char *key = arena_copy(&req->work.arena, name, strlen(name) < 60 ? strlen(name) : 60);
    char *suffix = random_word(&req->work.arena, 8);
    size_t length = 0;

    for (const char *c = key; *c; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';
        bool is_plain = is_upper || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');

        if (is_plain)
            key[length++] = is_upper ? (char)(*c + 32) : *c;
        else if (length && key[length - 1] != '-')
            key[length++] = '-';
    }
    key[length] = '\0';
    for (char *c = suffix; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return arena_format(&req->work.arena, "%s%s%s", length ? key : "agent",
                        length && key[length - 1] == '-' ? "" : "-", suffix);
}

/* Everything that one order writes, in one transaction. */
struct creation {
    struct request *req;
    const struct wish *wish;
    const char *config;
    struct agent agent;
};

static bool create_step(struct work *work, void *with)
{
    struct creation *creation = with;
    struct agent_version version;
    struct agent *agent = &creation->agent;
    const struct wish *wish = creation->wish;

    row_clear(&agent_entity, agent);
    agent->agent_key = key_for(creation->req, wish->name);
    agent->name = wish->name;
    agent->direction = wish->type;
    agent->status = wish->status ? wish->status : "active";
    agent->origin = "phony";
    if (!agent_create(work, agent, creation->req->tenant->max_agents))
        return work->error.what == LIMIT_REACHED &&
               fail(work, FORBIDDEN, "The tenant has as many agents as it may have");
    return agent_version_replace(work, agent->id, creation->config, "phony", &version) &&
           (!wish->phone_number || number_give(work, wish->phone_number, agent->id));
}

/* What a number is refused for concerns the field that named it. */
static bool blame_number(struct request *req)
{
    if (req->work.error.what == INVALID && strcmp(req->work.error.field, "agent_id") == 0)
        return fail_field(&req->work, "phone_number", "Only inbound agents take numbers");
    return false;
}

bool phony_create_agent(struct request *req)
{
    struct wish wish;
    struct creation creation = {.req = req, .wish = &wish};
    columns given;

    row_clear(&wish_entity, &wish);
    if (!read_body(req, &phony_new_agent_view, CREATE, &wish, &given))
        return false;
    if (!GIVEN(given, voice)) {
        wish.voice = USUAL_VOICE;
        given = columns_add(given, &wish_entity, offsetof(struct wish, voice));
    }
    creation.config = with_tools(req, config_of(req, &wish, given));
    if (!db_transaction(&req->work, create_step, &creation))
        return blame_number(req);
    return reply_agent(req, 201, creation.agent.id);
}

/* ---- changing ---- */

struct changing {
    const struct wish *wish;
    columns given;
    struct agent_edit edit;
    uid id;
};

/* An agent that is to call out gives back its number first, or in the same step. */
static bool check_type(struct work *work, const struct changing *changing)
{
    bool has = false, frees = GIVEN(changing->given, phone_number) && !changing->wish->phone_number;

    if (!GIVEN(changing->given, type) || strcmp(changing->wish->type, "outbound") != 0 || frees)
        return true;
    return agent_has_number(work, changing->id, &has) &&
           (!has ||
            fail(work, WRONG_STATE, "The agent has a number, which only inbound ones have"));
}

static bool change_step(struct work *work, void *with)
{
    const struct changing *changing = with;

    return agent_edit(work, changing->id, &changing->edit) && check_type(work, changing) &&
           (!GIVEN(changing->given, phone_number) ||
            number_change(work, changing->wish->phone_number, changing->id));
}

bool phony_update_agent(struct request *req)
{
    struct wish wish;
    struct changing changing = {.wish = &wish};
    struct agent agent;

    row_clear(&wish_entity, &wish);
    if (!phony_agent(req, request_path(req, "agent_id"), &agent) ||
        !read_body(req, &phony_agent_change_view, UPDATE, &wish, &changing.given))
        return false;
    if (columns_empty(changing.given))
        return fail(&req->work, INVALID, "The body says nothing that could be changed");
    changing.id = agent.id;
    changing.edit = (struct agent_edit){wish.name, wish.type, wish.status,
                                        config_of(req, &wish, changing.given), "phony"};
    if (!db_transaction(&req->work, change_step, &changing))
        return blame_number(req);
    return reply_agent(req, 200, agent.id);
}

bool phony_delete_agent(struct request *req)
{
    struct agent agent;

    return phony_agent(req, request_path(req, "agent_id"), &agent) &&
           agent_delete(&req->work, agent.id) && phony_message(req, "Agent deleted successfully");
}
