/*
 * domain/tenant_usage.h - how much of what it may have a tenant has now.
 */
#ifndef DOMAIN_TENANT_USAGE_H
#define DOMAIN_TENANT_USAGE_H

#include "domain/tenants.h"

struct tenant_usage {
    int64_t agents;
    int64_t active_calls;       /* between order and end, at most 100,000 are counted */
    int64_t minutes_this_month; /* each call rounded up; the month of the tenant's time zone */
};

/* Counts them now, of that tenant, whoever the work's is. */
bool tenant_usage(struct work *work, const struct tenant *tenant, struct tenant_usage *usage);

#endif
