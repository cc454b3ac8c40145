#include "domain/tool_requests.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/version.h"
#include "domain/webhooks.h"

enum {
    HEADERS_MOST = 20,
    OWN_HEADERS = 4,
    ANSWER_MOST = 64 * 1024, /* more of an answer is not read */
};

/* ---- the request ---- */

static void add_caller(struct text *body, const struct tool_caller *caller)
{
    char call[37], session[37];

    if (!caller) {
        text_put(body, "null");
        return;
    }
    uid_write_uuid(caller->call, call);
    uid_write_uuid(caller->session, session);
    text_add(body, "{\"id\":\"%s\",\"session_id\":\"%s\",\"sid\":", call, session);
    text_json(body, caller->call_sid);
    text_put(body, ",\"direction\":");
    text_json(body, caller->direction);
    text_put(body, ",\"from\":");
    text_json(body, caller->from);
    text_put(body, ",\"to\":");
    text_json(body, caller->to);
    text_put(body, ",\"agent\":");
    text_json(body, caller->agent_name);
    text_put(body, "}");
}

static const char *body_of(struct work *work, const struct tool_request *run, const char *id)
{
    struct text body = {.arena = &work->arena};
    char at[32];

    instant_write_iso(run->at, ISO_MILLISECONDS, at);
    text_add(&body, "{\"id\":\"%s\",\"tool\":", id);
    text_json(&body, run->tool->name);
    text_add(&body, ",\"arguments\":%s,\"call\":", json_write(&work->arena, run->arguments));
    add_caller(&body, run->caller);
    text_add(&body, ",\"timestamp\":\"%s\"}", at);
    return body.at;
}

/* The arguments behind the URL, each as a text. */
static const char *url_of(struct work *work, const struct tool_request *run)
{
    struct text url = {.arena = &work->arena};

    text_put(&url, run->tool->url);
    json_object_object_foreach(run->arguments, name, value)
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

bool tool_request_make(struct work *work, const struct tool_request *run,
                       struct http_request *request)
{
    const struct tool_definition *tool = run->tool;
    bool has_body = strcmp(tool->method, "GET") != 0;
    char text[37];
    const char *id;

    uid_write_uuid(run->id, text);
    id = arena_text(&work->arena, text);
    *request = (struct http_request){
        .method = tool->method,
        .url = has_body ? tool->url : url_of(work, run),
        .content_type = has_body ? "application/json" : NULL,
        .body = has_body ? body_of(work, run, id) : NULL,
        .deadline_ms = tool->timeout_seconds * 1000,
        .answer_limit = ANSWER_MOST,
        .guarded = true,
    };
    if (has_body)
        request->length = strlen(request->body);
    return add_headers(work, tool, id, request);
}

/* ---- the answer ---- */

/* "data.items.0.name" inside of a tree; NULL when it is not there. */
static json_object *part_of(struct arena *arena, json_object *tree, const char *path)
{
    char *rest = NULL;

    for (char *step = strtok_r(arena_text(arena, path), ".", &rest); step && tree;
         step = strtok_r(NULL, ".", &rest))
        tree = json_object_is_type(tree, json_type_array)
                   ? json_object_array_get_idx(tree, strtoul(step, NULL, 10))
                   : json_member(tree, step);
    return tree;
}

bool tool_answer_read(struct work *work, const struct tool_definition *tool, const char *body,
                      size_t length, json_object **value)
{
    json_object *tree;

    *value = NULL;
    if (strcmp(tool->response_format, "json") != 0 || !json_read(work, body, length, NULL, &tree))
        return false;
    *value = json_object_get(tool->response_path ? part_of(&work->arena, tree, tool->response_path)
                                                 : tree);
    json_object_put(tree);
    return true;
}
