/*
 * domain/dashboard_tickets.h - what the operator's dashboard shows as a tenant's bearer (reference
 * 2.4): made anew at each start of the dashboard, good for a quarter of an hour, any number of
 * times.
 */
#ifndef DOMAIN_DASHBOARD_TICKETS_H
#define DOMAIN_DASHBOARD_TICKETS_H

#include "domain/tenants.h"

enum { DASHBOARD_TICKET_MS = 15 * 60 * 1000 };

/* Whether a bearer looks like one, so that keys need not be looked up twice. */
bool dashboard_ticket_looks_like(const char *text);

/* One ticket for each of "count" tenants, in one transaction; texts[i] exists only here. */
bool dashboard_tickets_issue(struct work *work, const struct tenant *tenants, size_t count,
                             const char *by, const char **texts);

/*
 * Whose it is, and who it was made for; UNAUTHENTICATED when it is none, has run out, or the tenant
 * is gone; FORBIDDEN when the tenant is not served.  Does not change the work's tenant.
 */
bool dashboard_ticket_find(struct work *work, const char *text, struct tenant *tenant,
                           const char **by);

#endif
