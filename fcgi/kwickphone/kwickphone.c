#include "fcgi/kwickphone/kwickphone.h"

#include "fcgi/auth.h"
#include "fcgi/rates.h"

enum { WINDOW_SECONDS = 60, BODY_LIMIT = 64 * 1024 };

static bool authenticate(struct request *req)
{
    return auth_key(req, "kwickphone", credential_bearer(req));
}

/* Only a proved key has a limit; who has none is refused anyway. */
static bool limit_rate(struct request *req)
{
    struct rate rate;
    bool ok;

    if (!req->caller.kind)
        return true;
    ok = rate_take(req, "kwickphone.key", rate_key_of(req),
                   req->work.config->rate_limit_key_per_minute, WINDOW_SECONDS, &rate);
    rate_headers(req, "X-RateLimit", &rate);
    return ok;
}

static void bare_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

static void data_list(struct request *req, const struct view *view, const struct page *page,
                      const struct rows *rows)
{
    (void)page;
    text_put(&req->reply, "{\"data\":");
    view_render_rows(req, &req->reply, view, rows);
    text_char(&req->reply, '}');
}

/* Whatever is wrong with a credential looks alike: neither suspension nor allowlists are told. */
static const struct {
    int status;
    const char *code, *message;
} answers[FAILURES] = {
    /* clang-format off */
    [INVALID]         = {400, "invalid_request",      NULL},
    [UNAUTHENTICATED] = {401, "unauthorized",         "Missing or invalid API key."},
    [UNPAID]          = {402, "insufficient_balance", NULL},
    [FORBIDDEN]       = {401, "unauthorized",         "Missing or invalid API key."},
    [NOT_FOUND]       = {404, "not_found",            NULL},
    [NOT_ALLOWED]     = {405, "method_not_allowed",   NULL},
    [CONFLICT]        = {409, "conflict",             NULL},
    [LIMIT_REACHED]   = {409, "limit_reached",        NULL},
    [WRONG_STATE]     = {409, "conflict",             NULL},
    [PRECONDITION]    = {412, "precondition_failed",  NULL},
    [TOO_LARGE]       = {413, "payload_too_large",    NULL},
    [RATE_LIMITED]    = {429, "rate_limited",         NULL},
    [INTERNAL]        = {500, "internal_error",       "The request could not be completed."},
    [UPSTREAM]        = {503, "provider_unavailable", NULL},
    [BUSY]            = {503, "unavailable",          "The service is not available now. Please try again."},
    /* clang-format on */
};

static void refuse(struct request *req)
{
    const struct error *error = &req->work.error;
    const char *message = answers[error->what].message;

    req->status = answers[error->what].status;
    if (req->status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    text_add(&req->reply, "{\"error\":{\"code\":\"%s\",\"message\":", answers[error->what].code);
    text_json(&req->reply, message ? message : error->message);
    text_put(&req->reply, "}}");
}

static void list_schema(struct text *out, const struct route *route, const char *reference)
{
    (void)route;
    text_add(out,
             "{\"type\":\"object\",\"required\":[\"data\"],\"properties\":{\"data\":{"
             "\"type\":\"array\",\"items\":%s}}}",
             reference);
}

static const char security[] =
    "{\"bearerAuth\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"kp_live_…\","
    "\"description\":\"An API key of the account, sent as Authorization: Bearer kp_live_….\"}}";

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"object\","
    "\"required\":[\"code\",\"message\"],\"properties\":{\"code\":{\"type\":\"string\"},"
    "\"message\":{\"type\":\"string\"}}}}}";

static const struct query_parameter paging[] = {
    {"limit", "\"type\":\"integer\",\"minimum\":1,\"maximum\":200", "How many calls at most."},
    {"offset", "\"type\":\"integer\",\"minimum\":0", "How many newer calls to pass over."},
    {NULL, NULL, NULL},
};

static const struct query_parameter range[] = {
    {"range", "\"type\":\"string\"", "A part of the recording: bytes=0-499.", "header"},
    {NULL, NULL, NULL, NULL},
};

static const struct route routes[] = {
    /* clang-format off */
    {"POST /v1/numbers", "key", kwickphone_create_number, &kwickphone_order_view, &kwickphone_created_view,
     "Provision an AI phone number", .flags = IDEMPOTENT | LONG, .success = 201, .answers = "400 401 402 409 429 503",
     .operation = "createNumber",
     .about = "Buys a number, assigns an agent that answers it and charges the first month. An Idempotency-Key makes repeating safe."},
    {"GET /v1/numbers", "key", kwickphone_list_numbers, NULL, &kwickphone_number_view,
     "List your numbers", .flags = LIST, .answers = "401 429", .operation = "listNumbers"},
    {"DELETE /v1/numbers/{id}", "key", kwickphone_release_number, NULL, &kwickphone_released_view,
     "Release a number", .flags = LONG, .answers = "401 404 429", .operation = "releaseNumber"},
    {"GET /v1/calls", "key", kwickphone_list_calls, NULL, &kwickphone_call_view,
     "List calls", .flags = LIST, .answers = "400 401 429", .query = paging, .operation = "listCalls"},
    {"GET /v1/calls/{callSid}/transcript", "key", kwickphone_get_transcript, NULL, &kwickphone_transcript_view,
     "Get a call transcript", .answers = "401 404 429", .operation = "getCallTranscript"},
    {"GET /v1/calls/{callSid}/recording", "key", kwickphone_get_recording, NULL, NULL,
     "Get a call recording", .also = "206", .answers = "401 404 416 429", .query = range, .reply_type = "audio/mpeg",
     .reply_schema = "{\"type\":\"string\",\"format\":\"binary\"}", .operation = "getCallRecording",
     .about = "The whole recording, or with a Range header a part of it (206)."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/v1", NULL};

const struct dialect kwickphone = {
    .name = "kwickphone",
    .prefixes = prefixes,
    .absent_left_out = true,
    .body_limit = BODY_LIMIT,
    .limit = "limit",
    .skip = "offset",
    .page_size = 200,
    .page_most = 200,
    .authenticate = authenticate,
    .limit_rate = limit_rate,
    .item = bare_item,
    .list = data_list,
    .refuse = refuse,
    .title = "KwickPhone Developer API",
    .version = "1.0.0",
    .about = "Provision AI phone numbers and read their calls, transcripts and recordings.",
    .security = security,
    .error_schema = error_schema,
    .list_schema = list_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};
