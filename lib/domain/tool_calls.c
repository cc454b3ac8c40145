#include "domain/tool_calls.h"

#include <string.h>

#include "core/json_schema.h"
#include "domain/invocations.h"
#include "domain/tool_requests.h"
#include "domain/words.h"

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

/* ---- asking ---- */

static bool ask(struct work *work, const struct tool_request *run, struct http_answer *answer)
{
    struct http_request request;

    return tool_request_make(work, run, &request) && http_send(work, &request, answer);
}

/* What is no JSON, or not meant to be, is a text. */
static void put_answer(struct work *work, const struct tool_definition *tool,
                       const struct http_answer *answer, struct text *result)
{
    const char *body = answer->body.at ? answer->body.at : "";
    json_object *value;

    if (tool_answer_read(work, tool, body, answer->body.length, &value))
        text_put(result, json_write(&work->arena, value));
    else
        text_json(result, body);
    json_object_put(value);
}

static bool call(struct work *work, const struct tool_definition *tool,
                 struct invocation *invocation, json_object *arguments, struct text *result)
{
    json_object *schema = json_parse(tool->parameters.json);
    const char *misfit = json_misfit(&work->arena, schema, arguments);
    const struct tool_request run = {
        .id = invocation->id, .tool = tool, .arguments = arguments, .at = clock_now()};
    struct http_answer answer;

    json_object_put(schema);
    if (misfit)
        return fail_field(work, "args", "Function '%s' failed: %s", tool->name, misfit);
    if (!ask(work, &run, &answer))
        return false;
    invocation->http_status = answer.status;
    if (answer.status / 100 != 2)
        return fail(work, UPSTREAM, "Function '%s' failed: HTTP status %d", tool->name,
                    answer.status);
    put_answer(work, tool, &answer, result);
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
