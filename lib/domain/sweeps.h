/*
 * domain/sweeps.h - how sweeps go through all tenants.
 */
#ifndef DOMAIN_SWEEPS_H
#define DOMAIN_SWEEPS_H

#include "db/db.h"

/* A tenant's number. */
struct sweep_tenant {
    int64_t id;
};

/* Tenants with a greater number than "after", at most "limit", in order: struct sweep_tenant. */
bool tenants_after(struct work *work, int64_t after, int64_t limit, struct rows *tenants);

/* The same of those that have ledger rows to fold from before "before". */
bool tenants_with_open_ledger(struct work *work, instant before, int64_t after, int64_t limit,
                              struct rows *tenants);

#endif
