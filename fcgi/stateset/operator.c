/*
 * The table of what the operator asks beside tenants' own things.
 */
#include "fcgi/stateset/operator.h"

#include "fcgi/stateset/stateset.h"

enum { BODY_LIMIT = 1 << 20 };

static void item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

/* Every list of this part stands in an answer of its own. */
static void list(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows)
{
    stateset_list(req, view, page, rows);
}

static const struct query_parameter of_logout[] = {
    {"everywhere", "\"type\":\"boolean\"", "Ends the operator's sessions in all browsers."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_access_requests[] = {
    {"status", "\"type\":\"string\",\"enum\":[\"open\",\"approved\",\"rejected\",\"spam\"]",
     "Filter requests by review status."},
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"",
     "The most rows: 50 when not given, at most 200."},
    {"offset", "\"type\":\"integer\",\"format\":\"int64\"", "How many rows are passed over."},
    {NULL, NULL, NULL},
};

#define ADMIN "/api/v1/admin"
#define WEBHOOKS ADMIN "/twilio/webhook-diagnostics"

static const struct query_parameter of_reset[] = {
    {"clear_hint_cache", "\"type\":\"boolean\"", "Forgets what was remembered as well."},
    {NULL, NULL, NULL},
};

static const struct route routes[] = {
    /* clang-format off */
    {"POST " ADMIN "/auth/login",           NULL,    admin_log_in, &admin_login_view, &admin_logged_in_view, "Admin Login",
     .answers = "401 404", .operation = "admin_login",
     .about = "Five failures of a name from one address close it for a quarter of an hour."},
    {"POST " ADMIN "/auth/logout",          NULL,    admin_log_out, NULL, &admin_status_view, "Admin Logout",
     .answers = "401", .query = of_logout, .operation = "admin_logout"},
    {"GET " ADMIN "/auth/session",          NULL,    admin_show_session, NULL, &admin_status_view, "Get Admin Session Status",
     .operation = "get_admin_session_status"},
    {"GET " ADMIN "/auth/transport",        "admin", admin_show_transport, NULL, &admin_transport_view, "Get Auth Transport Diagnostics",
     .answers = "401 404", .operation = "get_auth_transport_diagnostics"},
    {"GET " ADMIN "/alerts/auth-transport", "admin", admin_show_alerts, NULL, &admin_alerts_view, "Get Auth Transport Alerts",
     .answers = "401 404", .operation = "get_auth_transport_alerts"},

    {"POST /api/v1/access-requests",        NULL,    access_request_submit, &access_order_view, &access_receipt_view, "Submit Api Access Request",
     .success = 202, .answers = "400 429 503", .operation = "submit_api_access_request",
     .about = "Five an hour from one address."},
    {"GET " ADMIN "/api-access-requests",   "admin", admin_list_access_requests, NULL, &access_requests_view, "List Api Access Requests",
     .answers = "401 404 503", .query = of_access_requests, .operation = "list_api_access_requests"},

    {"GET " WEBHOOKS,                       "admin", admin_show_webhooks, NULL, &admin_webhooks_view, "Get Twilio Webhook Diagnostics",
     .answers = "401 404", .operation = "get_twilio_webhook_diagnostics"},
    {"POST " WEBHOOKS "/cache/clear",       "admin", admin_clear_hints, NULL, &admin_hints_cleared_view, "Clear Twilio Webhook Hint Cache Admin",
     .answers = "401 404", .operation = "clear_twilio_webhook_hint_cache_admin"},
    {"POST " WEBHOOKS "/counters/reset",    "admin", admin_reset_webhooks, NULL, &admin_webhooks_reset_view, "Reset Twilio Webhook Diagnostics Admin",
     .answers = "401 404", .query = of_reset, .operation = "reset_twilio_webhook_diagnostics_admin"},

    {"GET " ADMIN "/voice-dashboard/bootstrap", "admin", admin_start_dashboard, NULL, &admin_dashboard_view, "Get Voice Dashboard Bootstrap",
     .answers = "401 404", .operation = "get_voice_dashboard_bootstrap",
     .about = "Each auth_token serves as that tenant's bearer for a quarter of an hour; stored keys are not shown."},
    /* clang-format on */
};

static const char *const prefixes[] = {ADMIN "/auth",
                                       ADMIN "/alerts",
                                       ADMIN "/api-access-requests",
                                       ADMIN "/twilio",
                                       ADMIN "/voice-dashboard",
                                       "/api/v1/access-requests",
                                       NULL};

/* clang-format off */
const struct dialect stateset_operator = {
    STATESET_FOR_OPERATOR,
    .prefixes = prefixes,
    .body_limit = BODY_LIMIT,
    .item = item,
    .list = list,
    .routes = routes,
    .nroutes = COUNT(routes),
};
/* clang-format on */
