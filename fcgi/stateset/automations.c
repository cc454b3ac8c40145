/*
 * Automations: a function of the program for each path, run for a call, a session or a customer.
 */
#include <string.h>

#include "domain/functions.h"
#include "fcgi/stateset/stateset.h"

/* Which path runs what; the part behind "/automations". */
static const struct {
    const char *path, *function;
} automations[] = {
    {"/email/loop-followup", "send_loop_followup_email"},
    {"/sms/issue-intake", "send_issue_intake_sms"},
    {"/sms/phone-order", "send_phone_order_sms"},
    {"/sms/post-call-survey", "send_post_call_survey_sms"},
    {"/sms/tracking", "send_tracking_sms"},
    {"/sms/troubleshooting", "send_troubleshooting_sms"},
    {"/voice/business-hours", "check_business_hours"},
    {"/voice/escalation-need", "evaluate_escalation_need"},
    {"/voice/evaluation", "record_voice_session_eval"},
    {"/voice/get-eval", "get_voice_session_eval"},
};

static const struct function *function_of(const struct request *req)
{
    const char *path = strstr(req->path, "/automations") + strlen("/automations");

    for (size_t i = 0; i < COUNT(automations); i++)
        if (strcmp(automations[i].path, path) == 0)
            return function_named(automations[i].function);
    return NULL;
}

/* A null is a value that was not given. */
static void add_members(json_object *to, json_object *from)
{
    if (!json_object_is_type(from, json_type_object))
        return;
    json_object_object_foreach(from, name, value)
    {
        if (value)
            json_object_object_add(to, name, json_object_get(value));
    }
}

/* The arguments: members of metadata, and above them those that stand beside it. */
static json_object *arguments_of(json_object *payload)
{
    json_object *arguments = json_object_new_object();

    add_members(arguments, json_member(payload, "metadata"));
    add_members(arguments, payload);
    json_object_object_del(arguments, "metadata");
    return arguments;
}

static bool run_with(struct request *req, json_object *arguments)
{
    struct text result = {.arena = &req->work.arena};
    struct function_context context;

    return function_context(&req->work, "automation", json_text(arguments, "call_sid"),
                            json_text(arguments, "session_id"), &context) &&
           function_run(&req->work, function_of(req), &context, arguments, &result) &&
           reply_row(req, 200, &stateset_automation_answer_view,
                     &(struct automation_answer){.ok = true, .result = {result.at}});
}

static bool automate(struct request *req)
{
    json_object *payload = NULL, *arguments;
    bool ok;

    if (!json_read(&req->work, req->body ? req->body : "", req->body_length, NULL, &payload))
        return false;
    if (!json_object_is_type(payload, json_type_object)) {
        json_object_put(payload);
        return fail(&req->work, INVALID, "The body must be a JSON object");
    }
    arguments = arguments_of(payload);
    ok = run_with(req, arguments);
    json_object_put(arguments);
    json_object_put(payload);
    return ok;
}

static bool old_automate(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return automate(req);
}

/* ---- the dialect's part ---- */

#define ROW(path, title, id, what)                                                                 \
    {"POST /api/v1/automations" path,                                                              \
     "key",                                                                                        \
     automate,                                                                                     \
     &stateset_automation_view,                                                                    \
     &stateset_automation_answer_view,                                                             \
     title,                                                                                        \
     .flags = IDEMPOTENT | LONG,                                                                   \
     .answers = "400 401 500",                                                                     \
     .operation = (id),                                                                            \
     .about = (what)},                                                                             \
    {                                                                                              \
        "POST /automations" path, "key", old_automate, &stateset_automation_view,                  \
            &stateset_automation_answer_view, title, .flags = IDEMPOTENT | LONG | HIDDEN           \
    }

static const struct route routes[] = {
    ROW("/email/loop-followup", "Send a Loop followup email", "send_loop_followup_email",
        "metadata: customer_email, and subject and message; without a message the call's summary "
        "is sent. From email_from of the tenant's settings where the server lets mail of its "
        "domain out; else answers go there."),
    ROW("/sms/issue-intake", "Send an issue intake SMS", "send_issue_intake_sms",
        "metadata.form_url, or form_url of the tenant's settings, is sent to the customer."),
    ROW("/sms/phone-order", "Send a phone order confirmation SMS", "send_phone_order_sms",
        "metadata: order_id, and items and total where they are known."),
    ROW("/sms/post-call-survey", "Send a post-call survey SMS", "send_post_call_survey_sms",
        "metadata.survey_url, or survey_url of the tenant's settings, is sent to the customer."),
    ROW("/sms/tracking", "Send a tracking SMS to the customer", "send_tracking_sms",
        "metadata: carrier and tracking_number, and order_id and tracking_url where known."),
    ROW("/sms/troubleshooting", "Send a troubleshooting SMS to the customer",
        "send_troubleshooting_sms", "metadata: steps, a text or a list of them, and issue."),
    ROW("/voice/business-hours", "Check if current time is within business hours",
        "check_business_hours",
        "In the hours of the call's agent, or the tenant's: open, timezone, now, next_change."),
    ROW("/voice/escalation-need", "Evaluate whether a call needs escalation",
        "evaluate_escalation_need",
        "From what was said and what failed: should_escalate, confidence, reasons."),
    ROW("/voice/evaluation", "Record a voice session evaluation", "record_voice_session_eval",
        "score from 0 to 1, notes, tags, source; beside session_id or in metadata."),
    ROW("/voice/get-eval", "Retrieve a voice session evaluation", "get_voice_session_eval",
        "The newest of the session."),
};

static const char *const prefixes[] = {"/api/v1/automations/email",
                                       "/automations/email",
                                       "/api/v1/automations/sms",
                                       "/automations/sms",
                                       "/api/v1/automations/voice",
                                       "/automations/voice",
                                       NULL};

const struct dialect stateset_automations = {
    STATESET_FOR_TENANTS,
    .prefixes = prefixes,
    .body_limit = 64 * 1024,
    .item = stateset_item,
    .list = stateset_list,
    .refuse = stateset_automation_refuse,
    .error_schema = stateset_automation_error,
    .routes = routes,
    .nroutes = COUNT(routes),
};
