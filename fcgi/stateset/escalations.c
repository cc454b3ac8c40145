/*
 * Passing a live call on to a human, by a tenant's own automation.
 */
#include <string.h>

#include "domain/calls.h"
#include "domain/supervision.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

struct payload {
    const char *call_sid, *session_id, *to, *target_number, *reason, *customer_phone;
    document metadata;
};

static const struct column payload_columns[] = {
    COLUMN(payload, call_sid, NULLABLE, .max = 64),
    COLUMN(payload, session_id, NULLABLE, .max = 64),
    COLUMN(payload, to, NULLABLE, .max = 200),
    COLUMN(payload, target_number, NULLABLE, .max = 200),
    COLUMN(payload, reason, NULLABLE, .max = 500),
    COLUMN(payload, customer_phone, NULLABLE, .max = 32),
    COLUMN(payload, metadata, NULLABLE, .max = 16000),
};

static const struct entity payload_entity = ENTITY(payload, "automation", NULL, payload_columns);

static const struct field payload_fields[] = {
    /* clang-format off */
    FIELD(payload, call_sid,       "call_sid",       CREATE, .about = "The live call; or session_id."),
    FIELD(payload, session_id,     "session_id",     CREATE),
    FIELD(payload, to,             "to",             CREATE, .about = "Whom to call; escalation_number of the tenant's settings when it is not given."),
    FIELD(payload, target_number,  "target_number",  CREATE, .about = "The same, and stands above it."),
    FIELD(payload, reason,         "reason",         CREATE, .about = "Told to the human."),
    FIELD(payload, customer_phone, "customer_phone", CREATE),
    FIELD(payload, metadata,       "metadata",       CREATE, .wire = &wire_json),
    /* clang-format on */
};

const struct view stateset_automation_view =
    VIEW("AutomationPayload", payload_entity, payload_fields);

static const struct column answer_columns[] = {
    COLUMN(automation_answer, ok, NOT_NULL),
    COLUMN(automation_answer, error, NULLABLE),
    COLUMN(automation_answer, result, NULLABLE),
};

static const struct entity answer_entity =
    ENTITY(automation_answer, "automation's answer", NULL, answer_columns);

static const struct field answer_fields[] = {
    FIELD(automation_answer, ok, "ok", READ),
    FIELD(automation_answer, error, "error", READ | OPTIONAL),
    FIELD(automation_answer, result, "result", READ | OPTIONAL, .wire = &wire_json),
};

const struct view stateset_automation_answer_view =
    VIEW("AutomationResponse", answer_entity, answer_fields);

/* The session of the call that is meant; whatever is not live is not found. */
static bool find_session(struct request *req, const struct payload *given,
                         struct voice_session *session)
{
    struct work *work = &req->work;
    struct call call;

    if (given->session_id && *given->session_id)
        return session_resolve(work, given->session_id, session);
    if (!given->call_sid || !*given->call_sid)
        return fail_field(work, "call_sid", "call_sid or session_id is missing");
    return call_resolve(work, given->call_sid, &call) && session_of_call(work, call.id, session);
}

static const char *target_of(struct request *req, const struct payload *given)
{
    if (given->target_number && *given->target_number)
        return given->target_number;
    return given->to && *given->to ? given->to
                                   : tenant_setting(&req->work, req->tenant, "escalation_number");
}

static bool answer(struct request *req, const struct supervised *done, const char *target)
{
    struct text result = {.arena = &req->work.arena};
    char id[37];

    uid_write_uuid(done->handoff, id);
    text_add(&result, "{\"handoff_id\":\"%s\",\"status\":\"%s\",\"target\":", id,
             done->is_queued ? "queued" : "transferring");
    text_json(&result, target);
    text_char(&result, '}');
    return reply_row(req, 200, &stateset_automation_answer_view,
                     &(struct automation_answer){.ok = true, .result = {result.at}});
}

static bool escalate_with(struct request *req, bool warm)
{
    struct supervision wanted = {.action = "escalate", .origin = "stateset", .warm = warm};
    struct voice_session session;
    struct supervised done;
    struct payload given;
    columns set;

    row_clear(&payload_entity, &given);
    if (!read_body(req, &stateset_automation_view, CREATE, &given, &set) ||
        !find_session(req, &given, &session))
        return false;
    wanted.supervisor = "automation";
    wanted.target = target_of(req, &given);
    wanted.reason = wanted.note = given.reason;
    if (!wanted.target || !*wanted.target)
        return fail_field(&req->work, "target_number", "missing required field 'target_number'");
    return supervision_order(&req->work, &session, &wanted, &done) &&
           answer(req, &done, wanted.target);
}

static bool escalate(struct request *req)
{
    return escalate_with(req, false);
}

static bool escalate_with_bridge(struct request *req)
{
    return escalate_with(req, true);
}

static bool old_escalate(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return escalate(req);
}

static bool old_escalate_with_bridge(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return escalate_with_bridge(req);
}

/* ---- the dialect's part ---- */

/* An automation that did not work out is a 400, whatever stood against it. */
void stateset_automation_refuse(struct request *req)
{
    enum failure what = req->work.error.what;

    if (!req->tenant || what == UNAUTHENTICATED || what == RATE_LIMITED || what == NOT_ALLOWED) {
        stateset_refuse_with_ok(req);
        return;
    }
    req->status = what == INTERNAL ? 500 : what == TOO_LARGE ? 413 : what == BUSY ? 503 : 400;
    view_render(req, &req->reply, &stateset_automation_answer_view,
                &(struct automation_answer){.error = req->work.error.message});
}

const char stateset_automation_error[] =
    "{\"type\":\"object\",\"required\":[\"ok\"],\"properties\":{"
    "\"ok\":{\"type\":\"boolean\"},\"error\":{\"type\":[\"string\",\"null\"]},"
    "\"result\":{}}}";

static const struct route routes[] = {
    /* clang-format off */
    {"POST /api/v1/automations/escalate-call", "key", escalate, &stateset_automation_view, &stateset_automation_answer_view,
     "Escalate a call to a human agent", .flags = IDEMPOTENT, .answers = "400 401 500", .operation = "escalate_call",
     .about = "The agent ends its sentence, then the caller is connected with target_number (or to)."},
    {"POST /api/v1/automations/escalate-call-with-bridge", "key", escalate_with_bridge, &stateset_automation_view, &stateset_automation_answer_view,
     "Escalate a call using Twilio call bridge", .flags = IDEMPOTENT, .answers = "400 401 500",
     .operation = "escalate_call_with_bridge",
     .about = "The caller waits in a conference while the human is called, hears what it is about and presses 1 to take "
              "it. When nobody takes it the agent goes on, and a callback task is written."},
    {"POST /automations/escalate-call", "key", old_escalate, &stateset_automation_view, &stateset_automation_answer_view,
     "Escalate a call to a human agent", .flags = IDEMPOTENT | HIDDEN},
    {"POST /automations/escalate-call-with-bridge", "key", old_escalate_with_bridge, &stateset_automation_view, &stateset_automation_answer_view,
     "Escalate a call using Twilio call bridge", .flags = IDEMPOTENT | HIDDEN},
    /* clang-format on */
};

static const char *const prefixes[] = {
    "/api/v1/automations/escalate-call", "/api/v1/automations/escalate-call-with-bridge",
    "/automations/escalate-call", "/automations/escalate-call-with-bridge", NULL};

const struct dialect stateset_escalations = {
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
