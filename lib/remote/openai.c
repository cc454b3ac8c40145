#include "remote/openai.h"

#include <math.h>
#include <string.h>

#include "core/column.h" /* COUNT */

/* ---- whom to ask ---- */

static bool host_is(const char *url, const char *name, bool whole)
{
    const char *at = strstr(url, "://");
    size_t length, wanted = strlen(name);

    at = at ? at + 3 : url;
    length = strcspn(at, ":/?#");
    return length >= wanted && (!whole || length == wanted) &&
           memcmp(at + length - wanted, name, wanted) == 0;
}

void chat_server_of(struct arena *arena, const char *base_url, struct chat_server *server)
{
    bool azure = host_is(base_url, ".openai.azure.com", false);
    bool openai = host_is(base_url, "api.openai.com", true);
    size_t path = strcspn(base_url, "?#"), query = strcspn(base_url, "#");

    while (path && base_url[path - 1] == '/')
        path--;
    *server = (struct chat_server){
        .url = arena_format(arena, "%.*s/chat/completions%.*s", (int)path, base_url,
                            (int)(query - strcspn(base_url, "?#")),
                            base_url + strcspn(base_url, "?#")),
        .key_header = azure ? "api-key" : "Authorization",
        .key_prefix = azure ? "" : "Bearer ",
        .max_tokens_field = azure || openai ? "max_completion_tokens" : "max_tokens",
        .knows_obfuscation = openai,
    };
}

/* ---- what it is asked ---- */

static const char *const roles[] = {
    [CHAT_SYSTEM] = "system",
    [CHAT_USER] = "user",
    [CHAT_ASSISTANT] = "assistant",
    [CHAT_TOOL] = "tool",
};

static void write_calls(struct text *body, const struct chat_message *message)
{
    text_put(body, ",\"tool_calls\":[");
    for (size_t i = 0; i < message->ncalls; i++) {
        text_put(body, i ? ",{\"id\":" : "{\"id\":");
        text_json(body, message->calls[i].id);
        text_put(body, ",\"type\":\"function\",\"function\":{\"name\":");
        text_json(body, message->calls[i].name);
        text_put(body, ",\"arguments\":");
        text_json(body, message->calls[i].arguments);
        text_put(body, "}}");
    }
    text_put(body, "]");
}

static void write_message(struct text *body, const struct chat_message *message)
{
    text_add(body, "{\"role\":\"%s\",\"content\":", roles[message->role]);
    text_json(body, message->text);
    if (message->ncalls)
        write_calls(body, message);
    if (message->call_ref) {
        text_put(body, ",\"tool_call_id\":");
        text_json(body, message->call_ref);
    }
    text_put(body, "}");
}

/* Reasoning models refuse it. */
static bool takes_temperature(const char *model)
{
    static const char *const reasoning[] = {"gpt-5", "o1", "o3", "o4"};

    for (size_t i = 0; i < COUNT(reasoning); i++)
        if (strncmp(model, reasoning[i], strlen(reasoning[i])) == 0)
            return false;
    return true;
}

void chat_request_write(struct text *body, const struct chat_server *server,
                        const struct chat_request *request)
{
    text_put(body, "{\"model\":");
    text_json(body, request->model);
    text_add(body, ",\"stream\":true,\"stream_options\":{\"include_usage\":true%s},\"messages\":[",
             server->knows_obfuscation ? ",\"include_obfuscation\":false" : "");
    for (size_t i = 0; i < request->nmessages; i++) {
        if (i)
            text_char(body, ',');
        write_message(body, &request->messages[i]);
    }
    text_put(body, "]");
    if (request->tools && strcmp(request->tools, "[]") != 0)
        text_add(body, ",\"tools\":%s%s", request->tools,
                 request->no_calls ? ",\"tool_choice\":\"none\"" : "");
    if (request->max_tokens > 0)
        text_add(body, ",\"%s\":%lld", server->max_tokens_field, (long long)request->max_tokens);
    if (!isnan(request->temperature) && takes_temperature(request->model)) {
        text_put(body, ",\"temperature\":");
        text_real(body, request->temperature);
    }
    text_put(body, "}");
}
