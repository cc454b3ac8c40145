/*
 * fcgi/stateset/operator.h - what the operator asks beside tenants' own things: signing in, who
 * asks for access, what processes remember, how the carrier's callbacks are proved, the dashboard.
 */
#ifndef FCGI_STATESET_OPERATOR_H
#define FCGI_STATESET_OPERATOR_H

#include "core/config.h"
#include "fcgi/dialect.h"

/* Signing in, and how streams prove themselves (admin_auth.c). */
extern const struct view admin_login_view, admin_logged_in_view, admin_status_view;
extern const struct view admin_transport_view, admin_alerts_view;
bool admin_log_in(struct request *req);
bool admin_log_out(struct request *req);
bool admin_show_session(struct request *req);
bool admin_show_transport(struct request *req);
bool admin_show_alerts(struct request *req);

/* How the configuration has streams prove themselves. */
struct operator_transport {
    bool legacy_query_auth_enabled, stream_auth_primary_configured, stream_auth_previous_configured;
    int64_t stream_auth_secret_count;
};
struct operator_transport operator_transport_of(const struct config *config);

/* What processes remember (admin_cache.c). */
extern const struct view admin_cache_metrics_view, admin_cached_keys_view;
extern const struct view admin_cached_tenants_view, admin_eviction_view, admin_reloads_view;
bool admin_show_cache_metrics(struct request *req);
bool admin_list_cached_keys(struct request *req);
bool admin_list_cached_tenants(struct request *req);
bool admin_evict_idle(struct request *req);
bool admin_reload_cached(struct request *req);

/* How the carrier's callbacks are proved (admin_webhooks.c). */
extern const struct view admin_webhooks_view, admin_hints_cleared_view, admin_webhooks_reset_view;
bool admin_show_webhooks(struct request *req);
bool admin_clear_hints(struct request *req);
bool admin_reset_webhooks(struct request *req);

/* Who asks for access (access_requests.c). */
extern const struct view access_order_view, access_receipt_view, access_requests_view;
bool access_request_submit(struct request *req);
bool admin_list_access_requests(struct request *req);

/* Settings that are tried out (admin_runtime.c). */
extern const struct view admin_verdict_view;
bool admin_validate_tenant(struct request *req);

/* The dashboard's tenants (admin_dashboard.c). */
extern const struct view admin_dashboard_view;
bool admin_start_dashboard(struct request *req);

#endif
