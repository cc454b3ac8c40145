/*
 * The functions there are, and running one by hand.
 */
#include <string.h>

#include "domain/functions.h"
#include "domain/tool_calls.h"
#include "fcgi/stateset/stateset.h"

/* ---- which there are ---- */

static void put_tool(struct text *out, size_t count, const char *name, const char *description,
                     const char *parameters)
{
    text_put(out, count ? ",{\"name\":" : "{\"name\":");
    text_json(out, name);
    text_put(out, ",\"definition\":{\"type\":\"function\",\"name\":");
    text_json(out, name);
    text_put(out, ",\"description\":");
    text_json(out, description ? description : "");
    text_add(out, ",\"parameters\":%s}}", parameters);
}

static bool list_tools(struct request *req)
{
    struct text *out = &req->reply;
    const struct function *function;
    const struct tool_definition *own;
    struct rows tools;
    size_t count = 0;

    if (!tools_enabled(&req->work, &tools))
        return false;
    text_put(out, "{\"tools\":[");
    for (; (function = function_at(count)); count++)
        put_tool(out, count, function->name, function->description, function->parameters);
    own = tools.at;
    for (size_t i = 0; i < tools.count; i++, count++)
        put_tool(out, count, own[i].name, own[i].description, own[i].parameters.json);
    text_add(out, "],\"count\":%zu}", count);
    req->status = 200;
    return true;
}

/* ---- running one ---- */

struct function_request {
    const char *name;
    document args, context;
};

static const struct column request_columns[] = {
    COLUMN(function_request, name, NOT_NULL, .max = 64),
    COLUMN(function_request, args, NOT_NULL, .max = 32000),
    COLUMN(function_request, context, NULLABLE, .max = 16000),
};

static const struct entity request_entity =
    ENTITY(function_request, "function", NULL, request_columns);

static const char *parse_context(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    return wire_document.parse(req, field, in, cell);
}

static const struct wire context_wire = {
    .parse = parse_context,
    .schema =
        "\"type\":[\"object\",\"null\"],\"properties\":{\"agent_name\":{\"type\":[\"string\","
        "\"null\"]},\"authenticated\":{\"type\":\"boolean\"},\"customer_id\":{\"type\":["
        "\"string\",\"null\"]},\"customer_phone\":{\"type\":[\"string\",\"null\"]},\"org_id\":{"
        "\"type\":[\"string\",\"null\"]},\"session_id\":{\"type\":[\"string\",\"null\"]}}",
};

static const struct field request_fields[] = {
    /* clang-format off */
    FIELD(function_request, name,    "name",    CREATE | REQUIRED),
    FIELD(function_request, args,    "args",    CREATE | REQUIRED, .wire = &wire_json, .about = "Checked against the function's schema."),
    FIELD(function_request, context, "context", CREATE, .wire = &context_wire, .about = "session_id names the session that it is run for, customer_phone the customer where there is none."),
    /* clang-format on */
};

static const struct view request_view = VIEW("FunctionTestRequest", request_entity, request_fields);

static bool run(struct request *req, const struct function_request *wanted, json_object *args,
                json_object *given, struct text *result)
{
    const struct function *function = function_named(wanted->name);
    struct function_context context;
    struct tool_definition tool;

    if (!function)
        return tool_named(&req->work, wanted->name, &tool) &&
               tool_call_alone(&req->work, &tool, "test", args, result);
    if (!function_context(&req->work, "test", NULL, json_text(given, "session_id"), &context))
        return false;
    context.customer_phone = json_text(given, "customer_phone");
    return function_run(&req->work, function, &context, args, result);
}

static bool test_function(struct request *req)
{
    struct text result = {.arena = &req->work.arena};
    struct function_request wanted;
    json_object *args, *context;
    columns set;
    bool ok;

    row_clear(&request_entity, &wanted);
    if (!read_body(req, &request_view, CREATE, &wanted, &set))
        return false;
    args = json_parse(wanted.args.json);
    context = wanted.context.json ? json_parse(wanted.context.json) : NULL;
    ok = json_object_is_type(args, json_type_object)
             ? run(req, &wanted, args, context, &result)
             : fail_field(&req->work, "args", "args must be an object");
    json_object_put(args);
    json_object_put(context);
    if (!ok) {
        if (req->work.error.what != BUSY)
            req->work.error.what = INTERNAL; /* whatever it was, the function did not work */
        return false;
    }
    text_add(&req->reply, "{\"ok\":true,\"result\":%s}", result.at);
    req->status = 200;
    return true;
}

/* As any operation refuses, and "ok" for those who look at that alone. */
void stateset_refuse_with_ok(struct request *req)
{
    char *refusal;

    stateset_refuse(req);
    refusal = arena_text(&req->work.arena, req->reply.at);
    req->reply.length = 0;
    text_put(&req->reply, "{\"ok\":false,");
    text_put(&req->reply, refusal + 1);
}

/* ---- the dialect's parts ---- */

#define TOOLS_SCHEMA                                                                               \
    "{\"type\":\"object\",\"required\":[\"tools\",\"count\"],\"properties\":{\"count\":{\"type\":" \
    "\"integer\",\"minimum\":0},\"tools\":{\"type\":\"array\",\"items\":{\"type\":\"object\","     \
    "\"required\":[\"name\",\"definition\"],\"properties\":{\"name\":{\"type\":\"string\"},"       \
    "\"definition\":{\"type\":\"object\",\"required\":[\"type\",\"name\",\"description\","         \
    "\"parameters\"],\"properties\":{\"type\":{\"type\":\"string\"},\"name\":{\"type\":"           \
    "\"string\"},\"description\":{\"type\":\"string\"},\"parameters\":{\"type\":\"object\"}}}}}}}" \
    "}"
#define RESULT_SCHEMA                                                                              \
    "{\"type\":\"object\",\"required\":[\"ok\"],\"properties\":{\"ok\":{\"type\":\"boolean\"},"    \
    "\"error\":{\"type\":[\"string\",\"null\"]},\"result\":{}}}"

static const struct route tool_routes[] = {
    {"GET /tools", "key", list_tools, .summary = "Tools", .answers = "401",
     .reply_schema = TOOLS_SCHEMA, .operation = "tools",
     .about = "The functions that automations and agents run, and the tenant's own tools."},
};

static const struct route test_routes[] = {
    {"POST /test-function", "key", test_function, &request_view, NULL, "Test Function",
     .flags = LONG, .answers = "400 401 500", .reply_schema = RESULT_SCHEMA,
     .operation = "test_function",
     .about = "Really runs the function: a message that it sends is sent."},
};

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"ok\",\"success\",\"error\",\"code\"],\"properties\":{"
    "\"ok\":{\"type\":\"boolean\"},\"success\":{\"type\":\"boolean\"},\"error\":{\"type\":"
    "\"string\"},\"code\":{\"type\":\"string\"},\"details\":{},\"result\":{},\"request_id\":{"
    "\"type\":[\"string\",\"null\"]}}}";

static const char *const tool_prefixes[] = {"/tools", NULL};
static const char *const test_prefixes[] = {"/test-function", NULL};

const struct dialect stateset_tools = {
    .name = "stateset",
    .prefixes = tool_prefixes,
    .body_limit = 64 * 1024,
    .authenticate = stateset_authenticate,
    .security = stateset_security,
    .limit_rate = stateset_limit_rate,
    .item = stateset_item,
    .list = stateset_list,
    .refuse = stateset_refuse,
    .error_schema = stateset_error_schema,
    .routes = tool_routes,
    .nroutes = COUNT(tool_routes),
};

const struct dialect stateset_test_function = {
    .name = "stateset",
    .prefixes = test_prefixes,
    .body_limit = 64 * 1024,
    .authenticate = stateset_authenticate,
    .security = stateset_security,
    .limit_rate = stateset_limit_rate,
    .item = stateset_item,
    .list = stateset_list,
    .refuse = stateset_refuse_with_ok,
    .error_schema = error_schema,
    .routes = test_routes,
    .nroutes = COUNT(test_routes),
};
