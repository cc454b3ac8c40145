#include "domain/tool_calls.h"

#include <stdlib.h>
#include <string.h>

#include "core/json_schema.h"
#include "core/version.h"
#include "domain/invocations.h"
#include "domain/webhooks.h"
#include "domain/words.h"
#include "remote/http.h"

enum { HEADERS_MOST = 20, OWN_HEADERS = 4, ANSWER_MOST = 64 * 1024 };

bool tool_named(struct work *work, const char *name, struct tool_definition *tool)
{
    struct rows tools;
    const struct tool_definition *all;

    if (!tools_enabled(work, &tools))
        return false;
    all = tools.at;
    for (size_t i = 0; i < tools.count; i++)
        if (strcmp(all[i].name, name) == 0) {
            *tool = all[i];
            return true;
        }
    return fail(work, NOT_FOUND, "Function not found: %s", name);
}

/* ---- what is posted ---- */

static const char *body_of(struct work *work, const struct tool_definition *tool, const char *id,
                           json_object *arguments)
{
    struct text body = {.arena = &work->arena};
    char at[32];

    instant_write_iso(clock_now(), ISO_MILLISECONDS, at);
    text_add(&body, "{\"id\":\"%s\",\"tool\":", id);
    text_json(&body, tool->name);
    text_add(&body, ",\"arguments\":%s,\"call\":null,\"timestamp\":\"%s\"}",
             json_write(&work->arena, arguments), at);
    return body.at;
}

/* The arguments behind the URL, each as a text. */
static const char *url_of(struct work *work, const struct tool_definition *tool,
                          json_object *arguments)
{
    struct text url = {.arena = &work->arena};

    text_put(&url, tool->url);
    json_object_object_foreach(arguments, name, value)
    {
        text_char(&url, strchr(url.at, '?') ? '&' : '?');
        text_url(&url, name);
        text_char(&url, '=');
        text_url(&url, json_object_is_type(value, json_type_string)
                           ? json_object_get_string(value)
                           : json_write(&work->arena, value));
    }
    return url.at;
}

static bool add_headers(struct work *work, const struct tool_definition *tool, const char *id,
                        struct http_request *request)
{
    struct http_header *headers = arena_new(&work->arena, struct http_header, HEADERS_MOST);
    const char *secret = NULL, *body = request->body ? request->body : "";
    size_t count;

    if (!tool_headers(work, tool, headers, HEADERS_MOST - OWN_HEADERS, &count) ||
        !tool_secret(work, tool, &secret))
        return false;
    headers[count++] = (struct http_header){"User-Agent", "Trunkline/" TRUNKLINE_VERSION};
    headers[count++] = (struct http_header){"X-Event-Id", id};
    headers[count++] = (struct http_header){"X-Idempotency-Key", id};
    if (secret)
        headers[count++] = (struct http_header){"X-ThruAI-Signature",
                                                webhook_signature(work, secret, clock_now(), body)};
    request->headers = headers;
    request->nheaders = count;
    return true;
}

static bool ask(struct work *work, const struct tool_definition *tool, uid id,
                json_object *arguments, struct http_answer *answer)
{
    bool has_body = strcmp(tool->method, "GET") != 0;
    char text[37];
    struct http_request request = {
        .method = tool->method,
        .url = has_body ? tool->url : url_of(work, tool, arguments),
        .deadline_ms = tool->timeout_seconds * 1000,
        .answer_limit = ANSWER_MOST,
        .guarded = true,
    };

    uid_write_uuid(id, text);
    if (has_body) {
        request.content_type = "application/json";
        request.body = body_of(work, tool, text, arguments);
        request.length = strlen(request.body);
    }
    return add_headers(work, tool, arena_text(&work->arena, text), &request) &&
           http_send(work, &request, answer);
}

/* ---- what it answers ---- */

/* "data.items.0" inside of a tree; NULL when it is not there. */
static json_object *part_of(struct work *work, json_object *tree, const char *path)
{
    char *rest = NULL;

    for (char *step = strtok_r(arena_text(&work->arena, path), ".", &rest); step && tree;
         step = strtok_r(NULL, ".", &rest))
        tree = json_object_is_type(tree, json_type_array)
                   ? json_object_array_get_idx(tree, strtoul(step, NULL, 10))
                   : json_member(tree, step);
    return tree;
}

/* What is no JSON, or not meant to be, is a text. */
static void put_answer(struct work *work, const struct tool_definition *tool, const char *body,
                       struct text *result)
{
    json_object *tree = strcmp(tool->response_format, "json") == 0 ? json_parse(body) : NULL;

    if (!tree)
        text_json(result, body);
    else
        text_put(result,
                 json_write(&work->arena,
                            tool->response_path ? part_of(work, tree, tool->response_path) : tree));
    json_object_put(tree);
}

static bool call(struct work *work, const struct tool_definition *tool,
                 struct invocation *invocation, json_object *arguments, struct text *result)
{
    json_object *schema = json_parse(tool->parameters.json);
    const char *misfit = json_misfit(&work->arena, schema, arguments);
    struct http_answer answer;

    json_object_put(schema);
    if (misfit)
        return fail_field(work, "args", "Function '%s' failed: %s", tool->name, misfit);
    if (!ask(work, tool, invocation->id, arguments, &answer))
        return false;
    invocation->http_status = answer.status;
    if (answer.status / 100 != 2)
        return fail(work, UPSTREAM, "Function '%s' failed: HTTP status %d", tool->name,
                    answer.status);
    put_answer(work, tool, answer.body.at, result);
    return true;
}

bool tool_call_alone(struct work *work, const struct tool_definition *tool, const char *via,
                     json_object *arguments, struct text *result)
{
    int64_t begun_us = clock_monotonic_us();
    struct invocation invocation;
    struct error error;
    bool ok;

    invocation_begin(&invocation);
    invocation.tool_name = tool->name;
    invocation.tool_id = tool->id;
    invocation.via = via;
    invocation.arguments.json = json_write(&work->arena, arguments);
    ok = call(work, tool, &invocation, arguments, result);
    error = work->error;
    invocation.status = ok ? "ok" : error.what == INVALID ? "rejected" : "error";
    invocation.error = ok ? NULL : word_text(&work->arena, error.message, 500);
    invocation.result.json = ok ? result->at : NULL;
    invocation.duration_ms = (clock_monotonic_us() - begun_us) / 1000;
    if (!invocation_put(work, &invocation))
        return false;
    work->error = error;
    return ok;
}
