#include "domain/tool_definitions.h"

#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "domain/secrets.h"
#include "remote/guard.h"

enum { SHORTEST_SECONDS = 1, LONGEST_SECONDS = 30, USUAL_SECONDS = 10, HEADERS_MOST = 1500 };

static const char *const methods[] = {"POST", "GET", "PUT", "PATCH", NULL};
static const char *const formats[] = {"json", "text", "raw", NULL};

static const struct column columns_of_tool[] = {
    COLUMN(tool_definition, tenant_id, NOT_NULL),
    COLUMN(tool_definition, id, NOT_NULL),
    COLUMN(tool_definition, name, NOT_NULL, .max = 64),
    COLUMN(tool_definition, description, NULLABLE, .max = 4000),
    COLUMN(tool_definition, url, NOT_NULL, .max = 1000),
    COLUMN(tool_definition, method, NOT_NULL, .one_of = methods),
    COLUMN(tool_definition, parameters, NOT_NULL),
    COLUMN(tool_definition, headers, NULLABLE, .secret = true),
    COLUMN(tool_definition, secret, NULLABLE, .secret = true),
    COLUMN(tool_definition, timeout_seconds, NOT_NULL),
    COLUMN(tool_definition, response_format, NOT_NULL, .one_of = formats),
    COLUMN(tool_definition, response_path, NULLABLE, .max = 255),
    COLUMN(tool_definition, speak_during, NULLABLE, .max = 800),
    COLUMN(tool_definition, enabled, NOT_NULL),
    COLUMN(tool_definition, metadata, NOT_NULL),
    COLUMN(tool_definition, deleted_at, NULLABLE),
    COLUMN(tool_definition, created_at, NOT_NULL),
    COLUMN(tool_definition, updated_at, NOT_NULL),
    COLUMN(tool_definition, rev, NOT_NULL),
};

const struct entity tool_definition_entity =
    ENTITY(tool_definition, "tool", "tools", columns_of_tool);

bool tool_is_built_in(const char *name)
{
    static const char *const names[] = {
        "end_call",
        "transfer_call",
        "press_digits",
        "request_user",
        "send_sms",
        "create_callback_task",
        "escalate_call_to_human",
        "escalate_call_with_bridge",
        "check_business_hours",
        "evaluate_escalation_need",
        "query_knowledge",
        "send_tracking_sms",
        "send_troubleshooting_sms",
        "send_phone_order_sms",
        "send_issue_intake_sms",
        "send_post_call_survey_sms",
        "send_loop_followup_email",
        "record_voice_session_eval",
        "get_voice_session_eval",
        "pause_recording",
        "resume_recording",
        "switch_language",
    };

    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void tool_begin(struct tool_definition *tool)
{
    row_clear(&tool_definition_entity, tool);
    tool->id = uid_new();
    tool->method = "POST";
    tool->parameters.json = "{\"type\":\"object\"}";
    tool->timeout_seconds = USUAL_SECONDS;
    tool->response_format = "json";
    tool->enabled = true;
    tool->metadata.json = "{}";
}

/* ---- what may be written ---- */

/* Models take nothing else for a name. */
static bool check_name(struct work *work, const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    if (!name || !*name || strlen(name) > 64 || strspn(name, allowed) != strlen(name))
        return fail_field(work, "name", "A name has letters, digits, _ and -, at most 64");
    return !tool_is_built_in(name) || fail(work, CONFLICT, "The name is a built-in function's");
}

static bool is_object(const char *json)
{
    json_object *tree = json ? json_parse(json) : NULL;
    bool ok = json_object_is_type(tree, json_type_object);

    json_object_put(tree);
    return ok;
}

/* What would break the request, or take over a header of ours. */
static bool is_header(const char *name, const char *value)
{
    static const char *const ours[] = {"host", "content-length", "content-type", "connection",
                                       "transfer-encoding"};

    for (size_t i = 0; i < COUNT(ours); i++)
        if (strcasecmp(ours[i], name) == 0)
            return false;
    for (const char *at = value; at && *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            return false;
    return *name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               strlen(name) &&
           value;
}

static bool check_headers(struct work *work, const char *headers)
{
    json_object *tree = headers ? json_parse(headers) : NULL;
    bool ok = !headers || (is_object(headers) && strlen(headers) <= HEADERS_MOST);

    if (ok && tree) {
        json_object_object_foreach(tree, name, value)
        {
            ok = ok && json_object_is_type(value, json_type_string) &&
                 is_header(name, json_object_get_string(value));
        }
    }
    json_object_put(tree);
    return ok || fail_field(work, "headers", "Headers are names with texts, at most %d bytes",
                            HEADERS_MOST);
}

/* What a sealed value is bound to. */
static const char *bound_to(struct work *work, const struct tool_definition *tool, const char *part)
{
    char id[37];

    uid_write_uuid(tool->id, id);
    return arena_format(&work->arena, "tools %s %s", id, part);
}

bool tool_create(struct work *work, struct tool_definition *tool, const char *secret,
                 const char *headers)
{
    if (!check_name(work, tool->name) || !guard_check_url(work, "url", tool->url, 1000) ||
        !check_headers(work, headers))
        return false;
    if (tool->timeout_seconds < SHORTEST_SECONDS || tool->timeout_seconds > LONGEST_SECONDS)
        return fail_field(work, "timeout", "The time-out is 1 to 30 seconds");
    if (!is_object(tool->parameters.json))
        return fail_field(work, "parameters", "The parameters are a JSON Schema");
    if (secret)
        tool->secret = secret_seal(work, bound_to(work, tool, "secret"), secret);
    if (headers)
        tool->headers = secret_seal(work, bound_to(work, tool, "headers"), headers);
    tool->created_at = tool->updated_at = clock_now();
    return store_insert(work, &tool_definition_entity, tool, columns_all(&tool_definition_entity));
}

/* ---- what is read ---- */

bool tools_enabled(struct work *work, struct rows *tools)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tools WHERE tenant_id = ? AND enabled = 1"
                                   " AND deleted_at IS NULL ORDER BY name LIMIT 200",
                                   store_names(work, &tool_definition_entity, NULL));
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &tool_definition_entity, tools);
}

bool tool_secret(struct work *work, const struct tool_definition *tool, const char **secret)
{
    *secret = NULL;
    return !tool->secret.at ||
           secret_open(work, bound_to(work, tool, "secret"), tool->secret, secret);
}

bool tool_headers(struct work *work, const struct tool_definition *tool,
                  struct http_header *headers, size_t most, size_t *count)
{
    const char *text = NULL;
    json_object *tree;

    *count = 0;
    if (!tool->headers.at)
        return true;
    if (!secret_open(work, bound_to(work, tool, "headers"), tool->headers, &text))
        return false;
    tree = json_parse(text);
    if (!tree)
        return fail(work, INTERNAL, "Stored headers cannot be read");
    json_object_object_foreach(tree, name, value)
    {
        if (*count < most)
            headers[(*count)++] =
                (struct http_header){arena_text(&work->arena, name),
                                     arena_text(&work->arena, json_object_get_string(value))};
    }
    json_object_put(tree);
    return true;
}
