/*
 * fcgi/stateset/operator.h - what the operator asks beside tenants' own things: signing in, who
 * asks for access, what processes remember, how the carrier's callbacks are proved, the dashboard.
 */
#ifndef FCGI_STATESET_OPERATOR_H
#define FCGI_STATESET_OPERATOR_H

#include "fcgi/dialect.h"

/*
 * A number of the query; the operator's lists know no refusal: what cannot be read is not there,
 * and what is too much is the most.
 */
size_t operator_number(const struct request *req, const char *name, size_t usual, size_t most);

/* Signing in, and how streams prove themselves (admin_auth.c). */
extern const struct view admin_login_view, admin_logged_in_view, admin_status_view;
extern const struct view admin_transport_view, admin_alerts_view;
bool admin_log_in(struct request *req);
bool admin_log_out(struct request *req);
bool admin_show_session(struct request *req);
bool admin_show_transport(struct request *req);
bool admin_show_alerts(struct request *req);

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
