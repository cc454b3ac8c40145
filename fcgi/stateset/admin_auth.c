/*
 * The operator in a browser: signing in and out, and how streams prove themselves.
 */
#include <string.h>

#include "core/config.h"
#include "domain/admin_sessions.h"
#include "fcgi/auth.h"
#include "fcgi/stateset/operator.h"

/* ---- signing in ---- */

struct login {
    bool ok;
    const char *username, *password;
};

static const struct column login_columns[] = {
    COLUMN(login, ok, NOT_NULL),
    COLUMN(login, username, NOT_NULL, .max = 120),
    COLUMN(login, password, NOT_NULL, .max = 1000, .secret = true),
};

static const struct entity login_entity = ENTITY(login, "login", NULL, login_columns);

static const struct field login_fields[] = {
    FIELD(login, username, "username", CREATE | REQUIRED),
    FIELD(login, password, "password", CREATE | REQUIRED),
};

const struct view admin_login_view = VIEW("AdminLoginRequest", login_entity, login_fields);

static const struct field logged_in_fields[] = {
    FIELD(login, ok, "ok", READ),
    FIELD(login, username, "username", READ),
};

const struct view admin_logged_in_view = VIEW("AdminLoginResponse", login_entity, logged_in_fields);

/* A browser keeps a Secure cookie only where the page itself came safely. */
static void set_cookie(struct request *req, const char *token, int life_seconds)
{
    const char *base = req->work.config->public_base_url;
    bool secure = (req->scheme && strcmp(req->scheme, "https") == 0) ||
                  (base && strncmp(base, "https:", 6) == 0);

    reply_header(req, "Set-Cookie",
                 arena_format(&req->work.arena,
                              ADMIN_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
                              token, life_seconds, secure ? "; Secure" : ""));
    reply_header(req, "Cache-Control", "no-store");
}

/* The contract knows no 400 here: what is no name and password signs nobody in. */
bool admin_log_in(struct request *req)
{
    struct login body = {.ok = true};
    const char *token;
    columns given;

    if (!admin_login_enabled(req->work.config))
        return fail(&req->work, NOT_FOUND, "There is nothing at this path");
    if (!read_body(req, &admin_login_view, CREATE, &body, &given))
        return req->work.error.what == INVALID
                   ? fail(&req->work, UNAUTHENTICATED, "Name or password is missing")
                   : false;
    const struct admin_login login = {
        .username = body.username,
        .password = body.password,
        .ip = req->client_ip,
        .user_agent = request_header(req, "User-Agent"),
    };
    if (!admin_sign_in(&req->work, &login, &token))
        return false;
    set_cookie(req, token, ADMIN_SESSION_SECONDS);
    return reply_row(req, 200, &admin_logged_in_view, &body);
}

/* ---- the session ---- */

struct status {
    bool ok, authenticated, login_enabled, workos_enabled;
    const char *username, *workos_authorize_url;
};

static const struct column status_columns[] = {
    COLUMN(status, ok, NOT_NULL),
    COLUMN(status, authenticated, NOT_NULL),
    COLUMN(status, login_enabled, NOT_NULL),
    COLUMN(status, workos_enabled, NOT_NULL),
    COLUMN(status, username, NULLABLE),
    COLUMN(status, workos_authorize_url, NULLABLE),
};

static const struct entity status_entity = ENTITY(status, "session", NULL, status_columns);

static const struct field status_fields[] = {
    /* clang-format off */
    FIELD(status, ok,                   "ok",                   READ),
    FIELD(status, authenticated,        "authenticated",        READ),
    FIELD(status, login_enabled,        "login_enabled",        READ, .about = "Whether somebody can sign in by password."),
    FIELD(status, username,             "username",             READ | PRESENT),
    FIELD(status, workos_enabled,       "workos_enabled",       READ, .about = "This server signs nobody in through WorkOS."),
    FIELD(status, workos_authorize_url, "workos_authorize_url", READ | PRESENT),
    /* clang-format on */
};

const struct view admin_status_view =
    VIEW("AdminSessionStatusResponse", status_entity, status_fields);

static bool reply_status(struct request *req, bool authenticated)
{
    const struct status answer = {
        .ok = true,
        .authenticated = authenticated,
        .login_enabled = admin_login_enabled(req->work.config),
        .username = authenticated ? req->caller.label : NULL,
    };

    reply_header(req, "Cache-Control", "no-store");
    return reply_row(req, 200, &admin_status_view, &answer);
}

/* Whoever asks may know whether he is known; only a store that is away is a failure. */
bool admin_show_session(struct request *req)
{
    bool known = auth_admin(req);

    if (!known && req->work.error.what == BUSY)
        return false;
    return reply_status(req, known);
}

/* From a foreign page nobody is signed out; without a session there is nothing to end. */
bool admin_log_out(struct request *req)
{
    const char *everywhere = request_query(req, "everywhere");
    const char *token = request_cookie(req, ADMIN_COOKIE);

    if (token && *token && !request_is_same_origin(req))
        return fail(&req->work, UNAUTHENTICATED, "The session is good on our own pages only");
    if (!admin_sign_out(&req->work, token, everywhere && strcmp(everywhere, "true") == 0))
        return false;
    set_cookie(req, "", 0);
    return reply_status(req, false);
}

/* ---- how streams prove themselves ---- */

struct transport {
    bool ok;
    int64_t stream_auth_secret_count;
    bool legacy_query_auth_enabled, stream_auth_primary_configured, stream_auth_previous_configured;
    const char *status;
    int64_t count;
    struct rows alerts;
};

static const struct column transport_columns[] = {
    COLUMN(transport, ok, NOT_NULL),
    COLUMN(transport, stream_auth_secret_count, NOT_NULL),
    COLUMN(transport, legacy_query_auth_enabled, NOT_NULL),
    COLUMN(transport, stream_auth_primary_configured, NOT_NULL),
    COLUMN(transport, stream_auth_previous_configured, NOT_NULL),
    COLUMN(transport, status, NOT_NULL),
    COLUMN(transport, count, NOT_NULL),
};

static const struct entity transport_entity =
    ENTITY(transport, "transport", NULL, transport_columns);

static const struct field transport_parts[] = {
    /* clang-format off */
    FIELD(transport, legacy_query_auth_enabled,       "legacy_query_auth_enabled",       READ, .about = "Whether keys are taken from query strings."),
    FIELD(transport, stream_auth_primary_configured,  "stream_auth_primary_configured",  READ, .about = "The secret that signs new stream tokens."),
    FIELD(transport, stream_auth_previous_configured, "stream_auth_previous_configured", READ, .about = "The one before, whose tokens are still taken."),
    FIELD(transport, stream_auth_secret_count,        "stream_auth_secret_count",        READ),
    /* clang-format on */
};

static const struct view diagnostics_view =
    VIEW("AdminAuthTransportDiagnostics", transport_entity, transport_parts);

static const struct field transport_fields[] = {
    FIELD(transport, ok, "ok", READ),
    NESTED("auth_transport", diagnostics_view, READ),
};

const struct view admin_transport_view =
    VIEW("AdminAuthTransportResponse", transport_entity, transport_fields);

struct alert {
    const char *code, *severity, *message, *action;
};

static const struct column alert_columns[] = {
    COLUMN(alert, code, NOT_NULL),
    COLUMN(alert, severity, NOT_NULL),
    COLUMN(alert, message, NOT_NULL),
    COLUMN(alert, action, NOT_NULL),
};

static const struct entity alert_entity = ENTITY(alert, "alert", NULL, alert_columns);

static const struct field alert_fields[] = {
    FIELD(alert, code, "code", READ),
    FIELD(alert, severity, "severity", READ, .about = "info, warning or critical."),
    FIELD(alert, message, "message", READ),
    FIELD(alert, action, "action", READ, .about = "What to do about it."),
};

static const struct view alert_view = VIEW("AdminAuthTransportAlert", alert_entity, alert_fields);

static const struct field alerts_fields[] = {
    FIELD(transport, ok, "ok", READ),
    FIELD(transport, status, "status", READ, .about = "ok, warning or critical."),
    FIELD(transport, count, "count", READ),
    ROWS(transport, alerts, "alerts", alert_view, READ),
    NESTED("diagnostics", diagnostics_view, READ),
};

const struct view admin_alerts_view =
    VIEW("AdminAuthTransportAlertsResponse", transport_entity, alerts_fields);

struct operator_transport operator_transport_of(const struct config *config)
{
    struct operator_transport now = {
        .legacy_query_auth_enabled = config->legacy_query_auth_enabled,
        .stream_auth_primary_configured = config->stream_auth_secret && *config->stream_auth_secret,
        .stream_auth_previous_configured =
            config->stream_auth_secret_previous && *config->stream_auth_secret_previous,
    };

    now.stream_auth_secret_count =
        now.stream_auth_primary_configured + now.stream_auth_previous_configured;
    return now;
}

static struct transport look(const struct config *config)
{
    const struct operator_transport is = operator_transport_of(config);

    return (struct transport){
        .ok = true,
        .status = "ok",
        .legacy_query_auth_enabled = is.legacy_query_auth_enabled,
        .stream_auth_primary_configured = is.stream_auth_primary_configured,
        .stream_auth_previous_configured = is.stream_auth_previous_configured,
        .stream_auth_secret_count = is.stream_auth_secret_count,
    };
}

bool admin_show_transport(struct request *req)
{
    const struct transport now = look(req->work.config);

    return reply_row(req, 200, &admin_transport_view, &now);
}

/* In the order in which they matter. */
static const struct alert no_primary = {"stream_auth_secret_missing", "critical",
                                        "Stream tokens are signed with no secret",
                                        "Set STREAM_AUTH_SECRET and restart the programs."};
static const struct alert query_keys = {
    "legacy_query_auth_enabled", "warning", "Keys are taken from query strings, which are logged",
    "Move clients to headers, then set LEGACY_QUERY_AUTH_ENABLED to no."};
static const struct alert previous_secret = {
    "stream_auth_previous_accepted", "info", "Tokens of the previous stream secret are still taken",
    "Remove STREAM_AUTH_SECRET_PREVIOUS once the rotation is over."};

bool admin_show_alerts(struct request *req)
{
    struct transport now = look(req->work.config);
    struct alert *alerts = arena_new(&req->work.arena, struct alert, 3);

    if (!now.stream_auth_primary_configured)
        alerts[now.count++] = no_primary;
    if (now.legacy_query_auth_enabled)
        alerts[now.count++] = query_keys;
    if (now.stream_auth_previous_configured)
        alerts[now.count++] = previous_secret;
    if (now.count && strcmp(alerts[0].severity, "info") != 0)
        now.status = alerts[0].severity;
    now.alerts = (struct rows){alerts, (size_t)now.count};
    return reply_row(req, 200, &admin_alerts_view, &now);
}
