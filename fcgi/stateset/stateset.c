#include "fcgi/stateset/stateset.h"

#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/e164.h"
#include "core/json.h"
#include "domain/dashboard_tickets.h"
#include "domain/tenants.h"
#include "fcgi/auth.h"
#include "fcgi/rates.h"

enum { BODY_LIMIT = 1 << 20, MINUTE = 60 };

bool stateset_authenticate(struct request *req)
{
    const char *bearer = credential_bearer(req);

    if (dashboard_ticket_looks_like(bearer))
        return auth_dashboard(req, bearer);
    return auth_key(req, "stateset", bearer);
}

/* Who is recognized leaves his address's bucket, or one office of operators would lock itself out.
 */
bool stateset_limit_rate(struct request *req)
{
    const struct config *config = req->work.config;
    struct rate rate;
    bool ok;

    if (req->caller.kind)
        ok = rate_take(req, "stateset.tenant",
                       arena_format(&req->work.arena, "%lld", (long long)req->work.tenant),
                       config->rate_limit_tenant_per_minute, MINUTE, &rate);
    else
        ok = rate_take(req, "stateset.ip", req->client_ip ? req->client_ip : "",
                       config->rate_limit_ip_per_minute, MINUTE, &rate);
    rate_headers(req, "X-RateLimit", &rate);
    return ok;
}

void stateset_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

void stateset_list(struct request *req, const struct view *view, const struct page *page,
                   const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, view, rows);
}

static const struct {
    int status;
    const char *code;
} answers[FAILURES] = {
    /* clang-format off */
    [INVALID]         = {400, "VALIDATION_ERROR"},
    [UNAUTHENTICATED] = {401, "UNAUTHORIZED"},
    [UNPAID]          = {402, "BALANCE_EXHAUSTED"},
    [FORBIDDEN]       = {403, "TENANT_SUSPENDED"},
    [NOT_FOUND]       = {404, "NOT_FOUND"},
    [NOT_ALLOWED]     = {405, "NOT_ALLOWED"},
    [CONFLICT]        = {409, "CONFLICT"},
    [LIMIT_REACHED]   = {429, "LIMIT_REACHED"},
    [WRONG_STATE]     = {400, "INVALID_STATE"},
    [PRECONDITION]    = {412, "PRECONDITION_FAILED"},
    [TOO_LARGE]       = {413, "PAYLOAD_TOO_LARGE"},
    [RATE_LIMITED]    = {429, "RATE_LIMITED"},
    [INTERNAL]        = {500, "INTERNAL_ERROR"},
    [UPSTREAM]        = {503, "UPSTREAM_UNAVAILABLE"},
    [BUSY]            = {503, "SERVICE_UNAVAILABLE"},
    /* clang-format on */
};

void stateset_refuse(struct request *req)
{
    const struct error *error = &req->work.error;

    req->status = answers[error->what].status;
    if (req->status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    text_put(&req->reply, "{\"success\":false,\"error\":");
    text_json(&req->reply, error->message);
    text_add(&req->reply, ",\"code\":\"%s\",\"details\":", answers[error->what].code);
    if (*error->field) {
        text_put(&req->reply, "{\"field\":");
        text_json(&req->reply, error->field);
        text_char(&req->reply, '}');
    } else {
        text_put(&req->reply, "null");
    }
    text_put(&req->reply, ",\"request_id\":");
    text_json(&req->reply, req->work.id);
    text_char(&req->reply, '}');
}

const char stateset_error_schema[] =
    "{\"type\":\"object\",\"required\":[\"success\",\"error\",\"code\"],\"properties\":{"
    "\"success\":{\"type\":\"boolean\"},\"error\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"string\"},\"details\":{\"description\":\"The field at fault.\"},"
    "\"request_id\":{\"type\":[\"string\",\"null\"]}}}";

const char stateset_security[] = "{\"bearer_auth\":{\"type\":\"http\",\"scheme\":\"bearer\","
                                 "\"description\":\"A key of the tenant.\"}}";

static const struct route routes[] = {
    {"GET /api/v1/logs", "key", .summary = "Logs Ws", .flags = DAEMON, .success = 101,
     .answers = "401", .operation = "logs_ws",
     .about = "A websocket that tells what happens in the tenant's calls, one JSON object a frame: "
              "type, id, level, timestamp, tenant, stream_sid, call_sid, event, message, data. "
              "?level=, ?event=, ?stream_sid= and ?call_sid= narrow it, ?tail=N and ?after=ID "
              "begin with what was before. Browsers offer the subprotocols \"trunkline\" and "
              "\"bearer.<token>\", or show a ?ticket=."},
};

static const char *const prefixes[] = {"/api/v1", NULL};

/* The operator's API and everybody else's: whose programmers need not know of each other. */
static const char *const excerpts[] = {"public", "admin", NULL};

static const char *excerpt_of(const struct route *route)
{
    return strstr(route->line, " /api/v1/admin/") ? "admin" : "public";
}

/* Of the whole API; what is said of events belongs to no operation. */
static const char about[] =
    "Tenants ask with their bearer keys, the operator with x-admin-key.\n\n"
    "Events are posted to webhook_url of the tenant's settings: call.started, call.completed, "
    "call.updated, call.escalated, session.evaluated, callback_task.* and "
    "webhook.delivery_failed, each as {id, event, created_at, timestamp, tenant_id, api_version, "
    "call_sid, voice_session_id, data, payload}; payload is data again, and webhook_event_prefix "
    "stands before the names. X-Idempotency-Key is the event's id, the same at every attempt. "
    "X-StateSet-Signature is t=<seconds>,v1=<hex HMAC-SHA-256 of \"t.body\" under "
    "webhook_secret>. What is not answered 2xx is posted again after 10 s, 1 min, 5 min, 30 min, "
    "2 h, 6 h, 12 h and 24 h.";

const struct dialect stateset = {
    STATESET_FOR_TENANTS,
    .prefixes = prefixes,
    .body_limit = BODY_LIMIT,
    STATESET_PAGES(200),
    .item = stateset_item,
    .list = stateset_list,
    .refuse = stateset_refuse,
    .error_schema = stateset_error_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
    .about = about,
    .excerpts = excerpts,
    .excerpt_of = excerpt_of,
};

size_t stateset_number_in(const struct request *req, const char *name, size_t usual, size_t most)
{
    const char *text = request_query(req, name);
    size_t length = text ? strlen(text) : 0, value;

    if (!length || length > 8 || strspn(text, "0123456789") != length)
        return usual;
    value = strtoul(text, NULL, 10);
    return value < most ? value : most;
}

struct page stateset_page_without_refusal(const struct request *req)
{
    return (struct page){.size = stateset_number_in(req, "limit", 50, 200),
                         .skip = stateset_number_in(req, "offset", 0, 999999),
                         .before_time = NO_INSTANT};
}

static const char *parse_phone(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    const char *text = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    char number[E164_SIZE];

    (void)field;
    if (!e164_read(text, tenant_country(&req->work, req->tenant), number))
        return "a telephone number";
    *(const char **)cell = arena_text(&req->work.arena, number);
    return NULL;
}

const struct wire stateset_phone = {.parse = parse_phone, .schema = "\"type\":\"string\""};

bool stateset_narrow_to_tenant(struct request *req, int64_t *tenant, bool *known)
{
    const char *key = request_query(req, "tenant_id");
    struct tenant found;

    *tenant = 0;
    *known = true;
    if (!key)
        return true;
    *known = tenant_by_key(&req->work, key, &found);
    if (*known)
        *tenant = found.id;
    return *known || req->work.error.what == NOT_FOUND;
}
