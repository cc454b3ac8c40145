/*
 * domain/outcome_figures.h - outcomes of a tenant's calls as lists, sums and series (reference
 * 1.11).
 *
 * Everything is of work->tenant, by the time that the calls ended.
 */
#ifndef DOMAIN_OUTCOME_FIGURES_H
#define DOMAIN_OUTCOME_FIGURES_H

#include "domain/outcomes.h"

/* What a list is narrowed to; NULL: anything. */
struct outcome_filter {
    const char *resolution, *billing_status, *billable_sku, *call_type;
};

/* An array of struct voice_outcome, latest first. */
bool outcomes_list(struct work *work, const struct outcome_filter *filter, struct page *page,
                   struct rows *outcomes);

/* The outcome of the call that was spoken over a stream; NOT_FOUND. */
bool outcome_by_stream(struct work *work, const char *stream_sid, struct voice_outcome *outcome);

/* How often something was. */
struct outcome_count {
    const char *name;
    int64_t count;
};

extern const struct entity outcome_count_entity;

struct outcome_stats {
    int64_t total, billable, not_billable, pending_emit, emitted, failed_billing, escalated;
    double avg_duration_seconds; /* NaN where no call has a duration */
    /* Arrays of struct outcome_count, most frequent first; what is not set counts as "unknown". */
    struct rows resolution_mix, billing_status_mix, sku_mix, risk_mix;
};

/* Sums of what ended at "since" or later; NO_INSTANT: of everything. */
bool outcome_stats(struct work *work, instant since, struct outcome_stats *stats);

struct outcome_point {
    instant bucket_start;
    int64_t total, billable, escalated, pending_emit;
    double avg_duration_seconds;
};

extern const struct entity outcome_point_entity;

/*
 * The same as a series of hours or days (bucket_ms) in UTC up to "until", empty ones included: an
 * array of struct outcome_point, oldest first.  The first begins at or before "since", and counts
 * only what came after it.  With NO_INSTANT it begins with the first outcome.
 */
bool outcome_series(struct work *work, instant since, instant until, int64_t bucket_ms,
                    struct rows *points);

#endif
