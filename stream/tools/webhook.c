#include "stream/tools/webhook.h"

#include <string.h>

#include "core/json.h"
#include "domain/tool_requests.h"

enum {
    REDIRECTS = 3,
    SOONER_MS = 50, /* timers may end so much before the time-out */
    PEEK = 400,     /* of a failure's body that the model is told */
};

/* ---- the request ---- */

bool webhook_request(struct tool_run *run)
{
    const struct toolbox *box = run->box;
    const struct tool_caller caller = {
        .call = box->call,
        .session = run->subject.session,
        .call_sid = box->call_sid,
        .direction = box->direction,
        .from = box->from,
        .to = box->to,
        .agent_name = box->agent_name,
    };
    const struct tool_request request = {
        .id = run->id,
        .tool = &run->tool->webhook,
        .arguments = run->arguments,
        .at = run->started_at,
        .caller = &caller,
    };
    bool ok = tool_request_make(&run->work, &request, &run->exchange.request);

    run->exchange.request.cut = true;
    run->exchange.request.canceled = &run->canceled;
    run->exchange.with = run;
    if (!ok)
        run_failed(run, "error", "The tool's secret cannot be opened");
    return ok;
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

/* JSON is given on as JSON, a text that counts and anything else as the text it is. */
static void answered(struct tool_run *run, const char *body, size_t length)
{
    const struct tool_definition *tool = &run->tool->webhook;
    const char *text = body;
    json_object *value;

    if (length == 0) {
        run_answered(run, "{\"status\":\"ok\"}", strlen("{\"status\":\"ok\"}"));
    } else if (!tool_answer_read(&run->work, tool, body, length, &value)) {
        run_answered(run, body, length);
    } else {
        text = tool->response_path && json_object_is_type(value, json_type_string)
                   ? json_object_get_string(value)
                   : json_write(&run->work.arena, value);
        run_answered(run, text, strlen(text));
        json_object_put(value);
    }
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
