/*
 * domain/rollups.h - what a tenant's days add up to, so that reports read a row a day
 * (reference 1.13, 1.22).
 *
 * A day is computed from the rows themselves, as often as one likes, and written over what stood
 * there.  Days are UTC.
 */
#ifndef DOMAIN_ROLLUPS_H
#define DOMAIN_ROLLUPS_H

#include "db/store.h"

/* usage_daily: calls of each agent that began on the day of "when", of work->tenant. */
bool rollup_usage(struct work *work, instant when);

/* latency_daily: the histograms of the day's calls, added up. */
bool rollup_latency(struct work *work, instant when);

/* Tenants with a greater number than "after" that had calls since: struct sweep_tenant. */
bool tenants_with_calls(struct work *work, instant since, int64_t after, int64_t limit,
                        struct rows *tenants);

#endif
