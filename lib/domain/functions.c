#include "domain/functions.h"

#include <string.h>

#include "core/e164.h"
#include "core/json_schema.h"
#include "domain/invocations.h"
#include "domain/outbound.h"
#include "domain/words.h"

/* ---- the table ---- */

/* clang-format off */
#define RECIPIENT \
    SCHEMA_TEXT("customer_phone", "40", "another number than the customer's of the call")

/* One text, or several. */
#define LIST_OR_TEXT(name, about) \
    "\"" name "\":{\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"}," \
    "\"description\":\"" about "\"}"

static const struct function functions[] = {
    {
        .name = "send_tracking_sms",
        .description = "Text the customer where an order is: its carrier and tracking number.",
        .parameters = SCHEMA_OBJECT(
            RECIPIENT ","
            SCHEMA_TEXT("order_id", "80", "the order") ","
            SCHEMA_TEXT("carrier", "80", "who delivers it") ","
            SCHEMA_TEXT("tracking_number", "120", "the carrier's") ","
            SCHEMA_TEXT("tracking_url", "500", "where to follow it"),
            "\"carrier\",\"tracking_number\""),
        .run = function_tracking_sms,
    },
    {
        .name = "send_troubleshooting_sms",
        .description = "Text the customer what to try against a problem.",
        .parameters = SCHEMA_OBJECT(
            RECIPIENT ","
            SCHEMA_TEXT("issue", "200", "the problem") ","
            LIST_OR_TEXT("steps", "what to try, in order"),
            "\"steps\""),
        .run = function_troubleshooting_sms,
    },
    {
        .name = "send_phone_order_sms",
        .description = "Text the customer a confirmation of what was ordered on the telephone.",
        .parameters = SCHEMA_OBJECT(
            RECIPIENT ","
            SCHEMA_TEXT("order_id", "80", "the order") ","
            LIST_OR_TEXT("items", "what was ordered") ","
            "\"total\":{\"type\":[\"string\",\"number\"],\"description\":\"what it costs\"}",
            "\"order_id\""),
        .run = function_order_sms,
    },
    {
        .name = "send_issue_intake_sms",
        .description = "Text the customer a link to a form for the details of a problem.",
        .parameters = SCHEMA_OBJECT(
            RECIPIENT ","
            SCHEMA_TEXT("form_url", "500", "the form, when it is not the usual one"),
            ""),
        .run = function_intake_sms,
    },
    {
        .name = "send_post_call_survey_sms",
        .description = "Text the customer a link to a survey about the call.",
        .parameters = SCHEMA_OBJECT(
            RECIPIENT ","
            SCHEMA_TEXT("survey_url", "500", "the survey, when it is not the usual one"),
            ""),
        .run = function_survey_sms,
    },
    {
        .name = "send_loop_followup_email",
        .description = "Mail the customer what was agreed in the call.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("customer_email", "254", "to whom") ","
            SCHEMA_TEXT("subject", "200", "of the mail") ","
            SCHEMA_TEXT("message", "20000", "what it says; the call's summary otherwise"),
            ""),
        .run = function_followup_email,
    },
    {
        .name = "check_business_hours",
        .description = "Whether the business is open now, and when that changes.",
        .parameters = SCHEMA_OBJECT("", ""),
        .run = function_hours,
    },
    {
        .name = "evaluate_escalation_need",
        .description = "Whether what was said so far calls for a human, and why.",
        .parameters = SCHEMA_OBJECT("", ""),
        .run = function_escalation_need,
    },
    {
        .name = "record_voice_session_eval",
        .description = "Record how good a conversation was, from 0 to 1.",
        .parameters = SCHEMA_OBJECT(
            "\"score\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1},"
            "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
            "\"rubric\":{\"type\":\"object\"},"
            SCHEMA_TEXT("notes", "4000", "why") ","
            SCHEMA_TEXT("source", "40", "who judged"),
            "\"score\""),
        .run = function_eval,
    },
    {
        .name = "get_voice_session_eval",
        .description = "The newest evaluation of a conversation.",
        .parameters = SCHEMA_OBJECT("", ""),
        .run = function_get_eval,
    },
};
/* clang-format on */

const struct function *function_at(size_t index)
{
    return index < COUNT(functions) ? &functions[index] : NULL;
}

const struct function *function_named(const char *name)
{
    for (size_t i = 0; i < COUNT(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}

/* ---- for whom ---- */

bool function_context(struct work *work, const char *via, const char *call, const char *session,
                      struct function_context *context)
{
    *context = (struct function_context){.id = uid_new(), .via = via};
    if (session && *session) {
        if (!session_resolve(work, session, &context->session))
            return false;
        context->has_session = true;
        context->has_call = !uid_is_none(context->session.call_id); /* one brought in has none */
        return !context->has_call || call_get(work, context->session.call_id, &context->call);
    }
    if (!call || !*call)
        return true;
    if (!call_resolve(work, call, &context->call))
        return false;
    context->has_call = true;
    context->has_session = session_of_call(work, context->call.id, &context->session);
    return context->has_session || work->error.what == NOT_FOUND;
}

bool function_our_number(struct work *work, const struct function_context *context,
                         const char **number)
{
    const struct call *call = &context->call;
    const char *ours = NULL;

    if (context->has_call)
        ours = strcmp(call->direction, "inbound") == 0 ? call->to_addr : call->from_addr;
    return outbound_from(work, ours && *ours == '+' ? ours : NULL, number);
}

bool function_customer(struct work *work, const struct function_context *context,
                       json_object *arguments, const char **number)
{
    const char *given = json_text(arguments, "to"), *ours;
    char read[E164_SIZE];

    if (!given || !*given)
        given = json_text(arguments, "customer_phone");
    if (!given || !*given)
        given = context->customer_phone;
    if ((!given || !*given) && context->has_call)
        given = context->call.customer_phone;
    if ((!given || !*given) && context->has_session)
        given = context->session.customer_phone;
    if (!given || !*given)
        return fail_field(work, "customer_phone", "missing required field 'customer_phone'");
    if (!function_our_number(work, context, &ours))
        return false;
    if (!e164_read(given, e164_country(ours), read))
        return fail_field(work, "customer_phone", "customer_phone is no telephone number");
    *number = arena_text(&work->arena, read);
    return true;
}

/* ---- running one ---- */

static bool check(struct work *work, const struct function *function, json_object *arguments)
{
    json_object *schema = json_parse(function->parameters);
    const char *misfit = json_misfit(&work->arena, schema, arguments);

    json_object_put(schema);
    return !misfit ||
           fail_field(work, "arguments", "Function '%s' failed: %s", function->name, misfit);
}

/* The failure that whoever asked learns of stays the function's. */
static bool note(struct work *work, struct invocation *invocation, bool ok, int64_t begun_us)
{
    struct error error = work->error;

    invocation->status = ok ? "ok" : error.what == INVALID ? "rejected" : "error";
    invocation->error = ok ? NULL : word_text(&work->arena, error.message, 500);
    invocation->duration_ms = (clock_monotonic_us() - begun_us) / 1000;
    if (!invocation_put(work, invocation))
        return false;
    work->error = error;
    return ok;
}

bool function_run(struct work *work, const struct function *function,
                  const struct function_context *context, json_object *arguments,
                  struct text *result)
{
    int64_t begun_us = clock_monotonic_us();
    struct invocation invocation;
    bool ok;

    invocation_begin(&invocation);
    invocation.id = context->id;
    invocation.tool_name = function->name;
    invocation.via = context->via;
    invocation.arguments.json = json_write(&work->arena, arguments);
    if (context->has_call)
        invocation.call_id = context->call.id;
    if (context->has_session)
        invocation.session_id = context->session.id;
    ok = check(work, function, arguments) && function->run(work, context, arguments, result);
    if (ok)
        invocation.result.json = result->at;
    return note(work, &invocation, ok, begun_us);
}
