#include "openai/chat_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "openai/json.h"
#include "openai/schema.h"

enum { TOOLS_MAX = 128, PARAM_SIZE = 80 };

/* ---- refusing ----------------------------------------------------------------------------- */

static struct json_object *refuse(const char *code, const char *param, const char *message)
{
    return pack("error=o", pack("message=s type=s param=s code=s", message, "invalid_request_error",
                                param, code));
}

static struct json_object *missing(const char *param)
{
    return refuse("missing_required_parameter", param, "Missing required parameter.");
}

static bool is_among(const char *word, const char *words)
{
    char spaced[PARAM_SIZE];

    snprintf(spaced, sizeof spaced, " %s ", word);
    return strstr(words, spaced) != NULL;
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool is_content(struct json_object *content)
{
    if (!json_object_is_type(content, json_type_array))
        return json_object_is_type(content, json_type_string);
    for (size_t i = 0; i < json_object_array_length(content); i++)
        if (text_at(json_object_array_get_idx(content, i), "type", NULL) == NULL)
            return false;
    return json_object_array_length(content) > 0;
}

static struct json_object *check_calls(struct json_object *calls, const char *param)
{
    if (!json_object_is_type(calls, json_type_array) || json_object_array_length(calls) == 0)
        return refuse("empty_array", param, "[] is too short - 'tool_calls'");
    for (size_t i = 0; i < json_object_array_length(calls); i++) {
        struct json_object *call = json_object_array_get_idx(calls, i);

        if (text_at(call, "id", NULL) == NULL || text_at(call, "function.name", NULL) == NULL ||
            text_at(call, "function.arguments", NULL) == NULL ||
            strcmp(text_at(call, "type", ""), "function") != 0)
            return missing(param);
    }
    return NULL;
}

static struct json_object *check_message(struct json_object *message, size_t index)
{
    static const char roles[] = " system developer user assistant tool ";
    const char *role = text_at(message, "role", NULL);
    struct json_object *calls = at(message, "tool_calls"), *content = at(message, "content");
    char param[PARAM_SIZE];

    snprintf(param, sizeof param, "messages.[%zu].role", index);
    if (role == NULL)
        return missing(param);
    if (!is_among(role, roles))
        return refuse("invalid_value", param, "Invalid value for the role.");
    snprintf(param, sizeof param, "messages.[%zu].tool_calls", index);
    if (calls != NULL)
        return strcmp(role, "assistant") == 0 ? check_calls(calls, param)
                                              : refuse("invalid_value", param, "Not of this role.");
    snprintf(param, sizeof param, "messages.[%zu].content", index);
    if (!is_content(content))
        return refuse("invalid_type", param, "Expected a string or a list of parts.");
    snprintf(param, sizeof param, "messages.[%zu].tool_call_id", index);
    return strcmp(role, "tool") == 0 && text_at(message, "tool_call_id", NULL) == NULL
               ? missing(param)
               : NULL;
}

/* Whether a call is answered by one of the tool messages that follow at once. */
static bool is_answered(struct json_object *messages, size_t after, const char *id)
{
    for (size_t i = after + 1; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);

        if (strcmp(text_at(message, "role", ""), "tool") != 0)
            return false;
        if (strcmp(text_at(message, "tool_call_id", ""), id) == 0)
            return true;
    }
    return false;
}

/* Whether a tool message answers a call of the assistant's message before it. */
static bool is_asked(struct json_object *messages, size_t before, const char *id)
{
    size_t at_index = before;
    struct json_object *calls;

    while (at_index > 0 &&
           strcmp(text_at(json_object_array_get_idx(messages, at_index), "role", ""), "tool") == 0)
        at_index--;
    calls = at(json_object_array_get_idx(messages, at_index), "tool_calls");
    for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++)
        if (strcmp(text_at(json_object_array_get_idx(calls, i), "id", ""), id) == 0)
            return true;
    return false;
}

static struct json_object *check_pairs(struct json_object *messages, size_t index)
{
    struct json_object *message = json_object_array_get_idx(messages, index);
    struct json_object *calls = at(message, "tool_calls");

    if (strcmp(text_at(message, "role", ""), "tool") == 0 &&
        !is_asked(messages, index, text_at(message, "tool_call_id", "")))
        return refuse(NULL, "messages",
                      "messages with role 'tool' must be a response to a preceding message with "
                      "'tool_calls'.");
    for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++)
        if (!is_answered(messages, index, text_at(json_object_array_get_idx(calls, i), "id", "")))
            return refuse(NULL, "messages",
                          "An assistant message with 'tool_calls' must be followed by tool "
                          "messages responding to each 'tool_call_id'.");
    return NULL;
}

static struct json_object *check_messages(struct json_object *messages)
{
    struct json_object *error = NULL;

    if (!json_object_is_type(messages, json_type_array) || !json_object_array_length(messages))
        return missing("messages");
    for (size_t i = 0; error == NULL && i < json_object_array_length(messages); i++)
        error = check_message(json_object_array_get_idx(messages, i), i);
    for (size_t i = 0; error == NULL && i < json_object_array_length(messages); i++)
        error = check_pairs(messages, i);
    return error;
}

/* ---- tools -------------------------------------------------------------------------------- */

static struct json_object *check_tool(struct json_object *tool, size_t index)
{
    struct json_object *schema = at(tool, "function.parameters");
    char param[PARAM_SIZE];

    snprintf(param, sizeof param, "tools[%zu].function", index);
    if (strcmp(text_at(tool, "type", ""), "function") != 0 || at(tool, "function") == NULL)
        return missing(param);
    snprintf(param, sizeof param, "tools[%zu].function.name", index);
    if (!schema_is_name(text_at(tool, "function.name", "")))
        return refuse("invalid_value", param, "Invalid name of a function.");
    snprintf(param, sizeof param, "tools[%zu].function.parameters", index);
    return schema == NULL || schema_fault(schema) == NULL
               ? NULL
               : refuse("invalid_function_parameters", param, schema_fault(schema));
}

static struct json_object *check_tools(struct json_object *body)
{
    struct json_object *tools = at(body, "tools"), *error = NULL;
    size_t count = tools == NULL ? 0 : json_object_array_length(tools);

    if (tools == NULL)
        return at(body, "tool_choice") != NULL || at(body, "parallel_tool_calls") != NULL
                   ? refuse(NULL, "tool_choice", "It is only allowed when 'tools' are specified.")
                   : NULL;
    if (!json_object_is_type(tools, json_type_array) || count == 0)
        return refuse("empty_array", "tools", "[] is too short - 'tools'");
    if (count > TOOLS_MAX)
        return refuse("array_above_max_length", "tools", "Too many tools.");
    for (size_t i = 0; error == NULL && i < count; i++)
        error = check_tool(json_object_array_get_idx(tools, i), i);
    return error;
}

/* ---- the rest ----------------------------------------------------------------------------- */

static const char members[] =
    " model messages stream stream_options tools tool_choice parallel_tool_calls "
    "max_completion_tokens max_tokens temperature top_p n stop seed user metadata response_format "
    "reasoning_effort verbosity prompt_cache_key safety_identifier service_tier store "
    "frequency_penalty presence_penalty logit_bias logprobs top_logprobs modalities audio "
    "prediction web_search_options ";

static bool reasons(const char *model)
{
    static const char *const families[] = {"gpt-5", "o1", "o3", "o4"};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strncmp(model, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

static struct json_object *check_members(struct json_object *body)
{
    json_object_object_foreach(body, name, value)
    {
        (void)value;
        if (strlen(name) > PARAM_SIZE / 2 || !is_among(name, members))
            return refuse("unknown_parameter", name, "Unrecognized request argument supplied.");
    }
    if (at(body, "stream_options") != NULL && !true_at(body, "stream", false))
        return refuse("invalid_value", "stream_options", "Only allowed when 'stream' is true.");
    if (real_at(body, "temperature", 1) < 0 || real_at(body, "temperature", 1) > 2)
        return refuse("decimal_above_max_value", "temperature", "It is between 0 and 2.");
    if (number_at(body, "max_tokens", 1) < 1 || number_at(body, "max_completion_tokens", 1) < 1)
        return refuse("integer_below_min_value", "max_tokens", "It is 1 or more.");
    if (!reasons(text_at(body, "model", "")))
        return NULL;
    if (at(body, "max_tokens") != NULL)
        return refuse("unsupported_parameter", "max_tokens", "Use 'max_completion_tokens'.");
    return real_at(body, "temperature", 1) == 1
               ? NULL
               : refuse("unsupported_value", "temperature", "Only the default is supported.");
}

struct json_object *chat_check(struct json_object *body)
{
    struct json_object *error;

    if (!json_object_is_type(body, json_type_object))
        return refuse("invalid_json", NULL, "The body is not a JSON object.");
    if (text_at(body, "model", NULL) == NULL)
        return refuse("missing_required_parameter", "model", "you must provide a model parameter");
    error = check_members(body);
    if (error == NULL)
        error = check_messages(at(body, "messages"));
    return error == NULL ? check_tools(body) : error;
}
