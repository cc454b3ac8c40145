#include "fcgi/callback/callback.h"

#include "domain/number_webhooks.h"

enum { BODY_LIMIT = 64 * 1024 };

static bool authenticate(struct request *req)
{
    (void)req; /* whose token may have signed depends on what was posted: each handler asks */
    return true;
}

static void bare_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

static void bare_list(struct request *req, const struct view *view, const struct page *page,
                      const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, view, rows);
}

/* Plain text: the carrier shows it in its debugger. */
static void refuse(struct request *req, int unauthenticated)
{
    const struct error *error = &req->work.error;

    req->status = error->what == UNAUTHENTICATED ? unauthenticated : failure_status(error->what);
    req->reply_type = "text/plain; charset=utf-8";
    text_add(&req->reply, "%s\n", error->message);
}

static void refuse_with_401(struct request *req)
{
    refuse(req, 401);
}

static void refuse_with_403(struct request *req)
{
    refuse(req, 403);
}

/* Unversioned paths are those that older consoles still hold. */
static bool deprecated(struct request *req, handler *handle)
{
    reply_header(req, "Deprecation", "true");
    return handle(req);
}

static bool old_incoming_call(struct request *req)
{
    return deprecated(req, incoming_call);
}

static bool old_outbound_call(struct request *req)
{
    return deprecated(req, outbound_call);
}

static bool old_call_status(struct request *req)
{
    return deprecated(req, call_status);
}

#define TEXT "{\"type\":\"string\"}"
#define ACKNOWLEDGED                                                                               \
    "{\"type\":\"object\",\"required\":[\"ok\"],\"properties\":{\"ok\":{\"type\":\"boolean\"}}}"

static const struct route callback_routes[] = {
    /* clang-format off */
    {"POST /api/v1/incoming-call", NULL, incoming_call,     NULL, NULL, "Incoming Call",  .answers = "400 401 500", .reply_type = "text/xml", .reply_schema = TEXT, .operation = "incoming_call", .about = "What the carrier asks when a call comes in to a number of a tenant; answers TwiML."},
    {"POST /api/v1/outbound-call", NULL, outbound_call,     NULL, NULL, "Outbound Call",  .answers = "400 401 500", .reply_type = "text/xml", .reply_schema = TEXT, .operation = "outbound_call", .about = "What the carrier asks when a call that we ordered is answered; answers TwiML."},
    {"POST /api/v1/call-status",   NULL, call_status,       NULL, NULL, "Call Status",    .answers = "400 401", .reply_schema = ACKNOWLEDGED, .operation = "call_status", .about = "What the carrier tells of a call."},
    {"POST /incoming-call",        NULL, old_incoming_call, NULL, NULL, "Answer an incoming call",                    .flags = HIDDEN},
    {"POST /outbound-call",        NULL, old_outbound_call, NULL, NULL, "Connect an ordered call that was answered",  .flags = HIDDEN},
    {"POST /call-status",          NULL, old_call_status,   NULL, NULL, "Take news of a call",                        .flags = HIDDEN},
    /* clang-format on */
};

static const struct route hook_routes[] = {
    /* clang-format off */
    {"POST /hooks/twilio/after/{token}", NULL, after_hook,      NULL, NULL, "Say what follows when a stream has ended", .flags = HIDDEN},
    {"POST /hooks/twilio/human/{token}", NULL, human_hook,      NULL, NULL, "Say what a human hears who is called", .flags = HIDDEN},
    {"POST /hooks/twilio/twiml/{token}", NULL, customer_twiml_hook,       NULL, NULL, "Ask a customer what follows",    .flags = HIDDEN},
    {"POST /hooks/twilio/callback/{token}", NULL, customer_callback_hook, NULL, NULL, "Take news for a customer",       .flags = HIDDEN, .success = 204},
    {"POST /hooks/twilio/amd",           NULL, amd_hook,        NULL, NULL, "Take who answered",                  .flags = HIDDEN, .success = 204},
    {"POST /hooks/twilio/recording",     NULL, recording_hook,  NULL, NULL, "Take news of a recording",           .flags = HIDDEN, .success = 204},
    {"POST /hooks/twilio/stream",        NULL, stream_hook,     NULL, NULL, "Take news of a stream",              .flags = HIDDEN, .success = 204},
    {"POST /hooks/twilio/conference",    NULL, conference_hook, NULL, NULL, "Take news of a conference",          .flags = HIDDEN, .success = 204},
    {"POST /hooks/twilio/sms",           NULL, sms_hook,        NULL, NULL, "Take in a message",                  .flags = HIDDEN},
    {"POST /hooks/twilio/sms-status",    NULL, sms_status_hook, NULL, NULL, "Take news of a message",             .flags = HIDDEN, .success = 204},
    {"POST " PROBE_PATH,                 NULL, probe_hook,      NULL, NULL, "Say that a signed request arrived",  .flags = HIDDEN},
    /* clang-format on */
};

static const char *const callback_prefixes[] = {"/api/v1/incoming-call",
                                                "/api/v1/outbound-call",
                                                "/api/v1/call-status",
                                                "/incoming-call",
                                                "/outbound-call",
                                                "/call-status",
                                                NULL};

static const char *const hook_prefixes[] = {"/hooks/twilio", NULL};

const struct dialect callbacks = {
    .name = "stateset",
    .security = "{\"twilio_signature\":{\"type\":\"apiKey\",\"in\":\"header\","
                "\"name\":\"X-Twilio-Signature\",\"description\":\"The carrier's own.\"}}",
    .error_schema = TEXT,
    .error_type = "text/plain",
    .prefixes = callback_prefixes,
    .forms = true,
    .body_limit = BODY_LIMIT,
    .authenticate = authenticate,
    .item = bare_item,
    .list = bare_list,
    .refuse = refuse_with_401,
    .routes = callback_routes,
    .nroutes = COUNT(callback_routes),
};

const struct dialect hooks = {
    .name = "hooks",
    .prefixes = hook_prefixes,
    .forms = true,
    .body_limit = BODY_LIMIT,
    .authenticate = authenticate,
    .item = bare_item,
    .list = bare_list,
    .refuse = refuse_with_403,
    .routes = hook_routes,
    .nroutes = COUNT(hook_routes),
};
