/*
 * A tenant's own tools: what may be stored, what is posted, and what of the answer reaches the
 * model.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/json.h"
#include "domain/webhooks.h"
#include "stream/tools/webhook.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;
static struct toolbox *box;
static struct tool tool;
static struct tool_run *run;

static void begin(void)
{
    const struct agent_version version = {.agent_name = "Desk"};
    const struct call call = {.direction = "inbound",
                              .from_addr = "+13125550190",
                              .to_addr = "+13125550191",
                              .call_sid = "CA1"};

    work = tenancy_begin(&tenant, NULL);
    box = toolbox_new(&version, &call);
    tool_begin(&tool.webhook);
    tool.webhook.name = tool.name = "get_order";
    tool.webhook.url = "https://shop.example/tool";
    run = arena_new(&work.arena, struct tool_run, 1);
    run->box = box;
    run->tool = &tool;
    run->name = "get_order";
    run->id = uid_new();
    run->started_at = clock_now();
    run->work = (struct work){.id = "test", .config = &tenancy_config, .tenant = work.tenant};
    run->arguments = json_parse("{\"order_id\":\"A 1&2\",\"lines\":[1,2]}");
}

static void end(void)
{
    json_object_put(run->arguments);
    work_end(&run->work);
    toolbox_release(box);
    tenancy_end(&work);
}

TestSuite(tool_webhooks, .init = begin, .fini = end);

/* ---- what may be stored ---- */

static int creating(const char *name, const char *url, const char *headers)
{
    struct tool_definition one = tool.webhook;

    one.id = uid_new();
    one.name = name;
    one.url = url;
    return tool_create(&work, &one, "secret", headers) ? -1 : (int)work.error.what;
}

#define URL "https://shop.example/tool"

Test(tool_webhooks, have_a_name_of_their_own_and_a_public_address)
{
    cr_expect_eq(creating("get_order", URL, NULL), -1);
    cr_expect_eq(creating("get_order", URL, NULL), (int)CONFLICT);
    cr_expect_eq(creating("end_call", URL, NULL), (int)CONFLICT, "it is built in");
    cr_expect_eq(creating("get order", URL, NULL), (int)INVALID);
    cr_expect_eq(creating("", URL, NULL), (int)INVALID);
    cr_expect_eq(creating("a", "http://shop.example/tool", NULL), (int)INVALID);
    cr_expect_eq(creating("a", "https://10.0.0.1/tool", NULL), (int)INVALID);
    cr_expect_eq(creating("a", URL, "{\"X-Key\":\"a\\r\\nHost: b\"}"), (int)INVALID);
    cr_expect_eq(creating("a", URL, "{\"Host\":\"b\"}"), (int)INVALID);
    cr_expect_eq(creating("a", URL, "{\"X-Key\":7}"), (int)INVALID);
    cr_expect_eq(creating("a", URL, "[]"), (int)INVALID);
    tool.webhook.timeout_seconds = 31;
    cr_expect_eq(creating("a", URL, NULL), (int)INVALID);
    tool.webhook.timeout_seconds = 30;
    tool.webhook.parameters.json = "[]";
    cr_expect_eq(creating("a", URL, NULL), (int)INVALID);
}

Test(tool_webhooks, are_read_back_with_what_was_sealed)
{
    struct http_header headers[4];
    const struct tool_definition *read;
    const char *secret;
    struct rows rows;
    size_t count;

    cr_assert_eq(creating("get_order", URL, "{\"X-Key\":\"k\"}"), -1);
    cr_assert(tools_enabled(&work, &rows));
    cr_assert_eq(rows.count, 1u);
    read = rows.at;
    cr_assert(tool_secret(&work, read, &secret) && tool_headers(&work, read, headers, 4, &count));
    cr_expect_str_eq(secret, "secret");
    cr_assert_eq(count, 1u);
    cr_expect_str_eq(headers[0].name, "X-Key");
    cr_expect_str_eq(headers[0].value, "k");
}

/* ---- what is posted ---- */

static const char *header(const char *name)
{
    const struct http_request *request = &run->exchange.request;

    for (size_t i = 0; i < request->nheaders; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

Test(tool_webhooks, are_posted_signed_json)
{
    struct http_request *request = &run->exchange.request;
    const char *signature;
    json_object *body;
    long long at = 0;

    cr_assert(tool_create(&work, &tool.webhook, "secret", "{\"X-Key\":\"k\"}"), "%s",
              work.error.message);
    cr_assert(webhook_request(run));
    cr_expect_str_eq(request->url, URL);
    cr_expect(request->guarded);
    cr_expect_eq(request->deadline_ms, 10000);
    cr_expect_str_eq(header("X-Key"), "k");
    signature = header("X-ThruAI-Signature");
    cr_assert_not_null(signature);
    cr_assert_eq(sscanf(signature, "t=%lld,", &at), 1);
    cr_expect_str_eq(signature,
                     webhook_signature(&work, "secret", (instant){at * 1000}, request->body));
    body = json_parse(request->body);
    cr_expect_str_eq(json_text(body, "tool"), "get_order");
    cr_expect_str_eq(json_text(json_member(body, "call"), "from"), "+13125550190");
    cr_expect_str_eq(json_text(json_member(body, "arguments"), "order_id"), "A 1&2");
    cr_expect_str_eq(json_text(body, "id"), header("X-Event-Id"));
    json_object_put(body);
}

Test(tool_webhooks, that_are_got_have_the_arguments_in_the_query)
{
    tool.webhook.method = "GET";
    tool.webhook.url = URL "?shop=1";
    cr_assert(webhook_request(run));
    cr_expect_str_eq(run->exchange.request.url, URL "?shop=1&order_id=A%201%262&lines=%5B1%2C2%5D");
    cr_expect_null(run->exchange.request.body);
    cr_expect_null(header("X-ThruAI-Signature"), "it has no secret");
}

/* ---- what the model learns ---- */

static void answered(int status, const char *body)
{
    run->exchange.answer = (struct http_answer){.end = HTTP_ANSWERED, .status = status};
    run->exchange.answer.body.arena = &run->work.arena;
    text_bytes(&run->exchange.answer.body, body, strlen(body));
    run->outcome = (struct outcome){0};
    webhook_answer(run);
}

struct answer_case {
    char format[8], path[24], body[80], output[80];
};

ParameterizedTestParameters(tool_webhooks, answers)
{
    static struct answer_case cases[] = {
        {"json", "", "{ \"a\" : [1, 2] }", "{\"a\":[1,2]}"},
        {"json", "", "\"yes\"", "\"yes\""},
        {"json", "", "[1]", "[1]"},
        {"json", "", "7", "7"},
        {"json", "", "null", "null"},
        {"json", "", "It has left.", "It has left."},
        {"json", "", "{broken", "{broken"},
        {"json", "", "", "{\"status\":\"ok\"}"},
        {"json", "a.0.b", "{\"a\":[{\"b\":\"x y\"}]}", "x y"},
        {"json", "a", "{\"a\":{\"b\":1}}", "{\"b\":1}"},
        {"json", "c.d", "{\"a\":1}", "null"},
        {"text", "a", "{\"a\":1}", "{\"a\":1}"},
        {"raw", "", " { } ", " { } "},
    };

    return cr_make_param_array(struct answer_case, cases, COUNT(cases));
}

ParameterizedTest(struct answer_case *given, tool_webhooks, answers)
{
    tool.webhook.response_format = given->format;
    tool.webhook.response_path = given->path[0] ? given->path : NULL;
    answered(200, given->body);
    cr_expect_str_eq(run->outcome.status, "ok");
    cr_expect_str_eq(run->outcome.output, given->output, "%s: %s", given->body,
                     run->outcome.output);
}

Test(tool_webhooks, that_say_too_much_are_cut_between_characters)
{
    struct text body = {.arena = &work.arena};

    text_put(&body, "a");
    for (int i = 0; i < TOOL_RESULT_MOST; i++)
        text_put(&body, "\u00e4");
    answered(200, body.at);
    cr_expect_eq(strlen(run->outcome.output), TOOL_RESULT_MOST - 1 + strlen(" [cut]"));
    cr_expect(strstr(run->outcome.output, "\u00e4 [cut]"));
}

Test(tool_webhooks, that_refuse_tell_their_status_and_why)
{
    answered(404, "no \"such\" order");
    cr_expect_str_eq(run->outcome.status, "error");
    cr_expect_str_eq(run->outcome.output, "{\"error\":\"The tool answered with HTTP status 404\","
                                          "\"answer\":\"no \\\"such\\\" order\"}");
    cr_expect_eq(run->outcome.http_status, 404);
    answered(302, "");
    cr_expect_str_eq(run->outcome.status, "error", "a redirect to nowhere");
}

static const char *ending(enum http_end end, int64_t took_ms)
{
    run->exchange.request.deadline_ms = 1000;
    run->exchange.answer = (struct http_answer){.end = end, .took_ms = took_ms};
    webhook_answer(run);
    return run->outcome.status;
}

Test(tool_webhooks, that_cannot_be_asked_say_so)
{
    cr_expect_str_eq(ending(HTTP_FORBIDDEN, 1), "rejected");
    cr_expect_str_eq(ending(HTTP_UNANSWERED, 1000), "timeout");
    cr_expect_str_eq(ending(HTTP_UNANSWERED, 999), "timeout", "timers are a little early");
    cr_expect_str_eq(ending(HTTP_UNANSWERED, 100), "error");
    cr_expect_str_eq(ending(HTTP_UNREACHED, 100), "error");
    cr_expect(strstr(run->outcome.output, "cannot be reached"));
}
