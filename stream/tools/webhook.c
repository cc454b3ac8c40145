#include "stream/tools/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/version.h"
#include "domain/webhooks.h"

enum {
    HEADERS_MOST = 20,
    OWN_HEADERS = 5,
    ANSWER_MOST = 64 * 1024, /* more of an answer is not read */
    REDIRECTS = 3,
    SOONER_MS = 50, /* timers may end so much before the time-out */
    PEEK = 400,     /* of a failure's body that the model is told */
};

/* ---- the request ---- */

static const char *body_of(struct tool_run *run)
{
    const struct toolbox *box = run->box;
    struct text body = {.arena = &run->work.arena};
    char id[37], call[37], session[37], at[32];

    uid_write_uuid(run->id, id);
    uid_write_uuid(box->call, call);
    uid_write_uuid(run->subject.session, session);
    instant_write_iso(run->started_at, ISO_MILLISECONDS, at);
    text_add(&body, "{\"id\":\"%s\",\"tool\":", id);
    text_json(&body, run->name);
    text_add(&body, ",\"arguments\":%s,\"call\":{\"id\":\"%s\",\"session_id\":\"%s\",\"sid\":",
             json_write(&run->work.arena, run->arguments), call, session);
    text_json(&body, box->call_sid);
    text_put(&body, ",\"direction\":");
    text_json(&body, box->direction);
    text_put(&body, ",\"from\":");
    text_json(&body, box->from);
    text_put(&body, ",\"to\":");
    text_json(&body, box->to);
    text_put(&body, ",\"agent\":");
    text_json(&body, box->agent_name);
    text_add(&body, "},\"timestamp\":\"%s\"}", at);
    return body.at;
}

/* The arguments behind the URL, each as a text. */
static const char *url_with_arguments(struct tool_run *run, const char *url)
{
    struct text text = {.arena = &run->work.arena};

    text_put(&text, url);
    json_object_object_foreach(run->arguments, name, value)
    {
        text_char(&text, strchr(text.at, '?') ? '&' : '?');
        text_url(&text, name);
        text_char(&text, '=');
        text_url(&text, json_object_is_type(value, json_type_string)
                            ? json_object_get_string(value)
                            : json_write(&run->work.arena, value));
    }
    return text.at;
}

static bool add_headers(struct tool_run *run, struct http_request *request)
{
    struct arena *arena = &run->work.arena;
    struct http_header *headers = arena_new(arena, struct http_header, HEADERS_MOST);
    const char *secret = NULL;
    char id[37];
    size_t count;

    if (!tool_headers(&run->work, &run->tool->webhook, headers, HEADERS_MOST - OWN_HEADERS,
                      &count) ||
        !tool_secret(&run->work, &run->tool->webhook, &secret))
        return false;
    uid_write_uuid(run->id, id);
    headers[count++] = (struct http_header){"User-Agent", "Trunkline/" TRUNKLINE_VERSION};
    headers[count++] = (struct http_header){"X-Event-Id", arena_text(arena, id)};
    headers[count++] = (struct http_header){"X-Idempotency-Key", arena_text(arena, id)};
    if (secret)
        headers[count++] = (struct http_header){
            "X-ThruAI-Signature",
            webhook_signature(&run->work, secret, clock_now(), request->body ? request->body : "")};
    request->headers = headers;
    request->nheaders = count;
    return true;
}

bool webhook_request(struct tool_run *run)
{
    const struct tool_definition *tool = &run->tool->webhook;
    struct http_request *request = &run->exchange.request;
    bool has_body = strcmp(tool->method, "GET") != 0;

    *request = (struct http_request){
        .method = tool->method,
        .url = has_body ? tool->url : url_with_arguments(run, tool->url),
        .content_type = has_body ? "application/json" : NULL,
        .body = has_body ? body_of(run) : NULL,
        .deadline_ms = tool->timeout_seconds * 1000,
        .answer_limit = ANSWER_MOST,
        .guarded = true,
        .cut = true,
        .canceled = &run->canceled,
    };
    if (has_body)
        request->length = strlen(request->body);
    run->exchange.with = run;
    if (add_headers(run, request))
        return true;
    run_failed(run, "error", "The tool's secret cannot be opened");
    return false;
}

bool webhook_follows(struct tool_run *run)
{
    struct http_exchange *exchange = &run->exchange;
    int64_t left_ms = exchange->request.deadline_ms - exchange->answer.took_ms;

    if (run->redirects >= REDIRECTS || left_ms <= 0 ||
        !http_follow(&run->work, &exchange->request, &exchange->answer))
        return false;
    run->redirects++;
    exchange->request.deadline_ms = left_ms;
    return true;
}

/* ---- the answer ---- */

/* "data.items.0.name" inside of a tree; NULL when it is not there. */
static json_object *part_of(struct arena *arena, json_object *tree, const char *path)
{
    char *copy = arena_text(arena, path), *rest = NULL;

    for (char *step = strtok_r(copy, ".", &rest); step && tree; step = strtok_r(NULL, ".", &rest)) {
        if (json_object_is_type(tree, json_type_array))
            tree = json_object_array_get_idx(tree, strtoul(step, NULL, 10));
        else
            tree = json_member(tree, step);
    }
    return tree;
}

/* JSON is given on as JSON, or the part of it that counts; anything else as the text it is. */
static void answered(struct tool_run *run, const char *body, size_t length)
{
    const struct tool_definition *tool = &run->tool->webhook;
    struct arena *arena = &run->work.arena;
    const char *text = body;
    json_object *tree = NULL;

    if (length == 0) {
        run_answered(run, "{\"status\":\"ok\"}", strlen("{\"status\":\"ok\"}"));
        return;
    }
    if (strcmp(tool->response_format, "json") == 0 &&
        json_read(&run->work, body, length, NULL, &tree) && tool->response_path) {
        json_object *part = part_of(arena, tree, tool->response_path);

        text = json_object_is_type(part, json_type_string) ? json_object_get_string(part)
                                                           : json_write(arena, part);
    } else if (tree) {
        text = json_write(arena, tree);
    }
    run_answered(run, text, text == body ? length : strlen(text));
    json_object_put(tree);
}

static void refused(struct tool_run *run, int status, const char *body)
{
    struct text text = {.arena = &run->work.arena};
    size_t length = strlen(body);

    run->outcome.error = arena_format(&run->work.arena, "HTTP status %d", status);
    run->outcome.status = "error";
    text_add(&text, "{\"error\":\"The tool answered with HTTP status %d\",\"answer\":", status);
    text_json_bytes(&text, body, length < PEEK ? length : PEEK);
    text_put(&text, "}");
    run->outcome.output = text.at;
}

static bool is_late(const struct tool_run *run)
{
    return run->exchange.answer.took_ms + SOONER_MS >= run->exchange.request.deadline_ms;
}

void webhook_answer(struct tool_run *run)
{
    const struct http_answer *answer = &run->exchange.answer;

    run->outcome.http_status = answer->end == HTTP_ANSWERED ? answer->status : NO_INTEGER;
    if (answer->end == HTTP_ANSWERED && answer->status / 100 == 2)
        answered(run, answer->body.at, answer->body.length);
    else if (answer->end == HTTP_ANSWERED)
        refused(run, answer->status, answer->body.at);
    else if (answer->end == HTTP_FORBIDDEN)
        run_failed(run, "rejected", "The tool's address is not public");
    else if (is_late(run))
        run_failed(run, "timeout", "The tool did not answer in time");
    else
        run_failed(run, "error",
                   answer->end == HTTP_UNREACHED ? "The tool cannot be reached"
                                                 : "The tool's answer broke off");
}
