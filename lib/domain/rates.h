/*
 * domain/rates.h - how often something happened within a window (reference, sections 1.26, 4.4).
 *
 * Windows are fixed and begin at multiples of their length.  Hits are counted in memory that all
 * processes of the host share, exactly; rates_fold() tells MariaDB about them and learns of the
 * other hosts' hits.  Counting never waits for the database and works while it is away.
 */
#ifndef DOMAIN_RATES_H
#define DOMAIN_RATES_H

#include "core/work.h"

struct rate {
    int64_t limit, remaining;
    int64_t reset_at_seconds; /* Unix time at which the window ends */
    int64_t retry_after_seconds;
    bool allowed;
};

/* Counts one hit of "key" in a bucket and says how that stands against the limit. */
struct rate rate_count(struct work *work, const char *bucket, const char *key, int64_t limit,
                       int64_t window_seconds);

/*
 * Shares the hits that this process counted with other hosts: each bucket once a second, or after
 * 20 hits when a tenth of a second has passed.  Call it after an answer has gone out.  Does nothing
 * when nothing is due or the database is away.
 */
void rates_fold(struct work *work);

/*
 * The strict form, for limits that must hold over all hosts: counted in MariaDB itself, in the
 * caller's transaction.  False when the database fails; rate->allowed is the answer.
 */
bool rate_count_strictly(struct work *work, const char *bucket, const char *key, int64_t limit,
                         int64_t window_seconds, struct rate *rate);

/* Removes windows that ended two lengths ago, at most 500; for the janitor. */
bool rates_sweep(struct work *work);

#endif
