/*
 * fcgi/rates.h - limits on requests, for the dialects (reference, section 4.4).
 *
 * Counting is exact over all processes of the host; other hosts' counts arrive about once a
 * second.  A dialect takes from its buckets in limit_rate() and spells the headers itself.
 */
#ifndef FCGI_RATES_H
#define FCGI_RATES_H

#include "domain/rates.h"
#include "fcgi/request.h"

/*
 * Takes one from a bucket ("kwickphone.key") for a key (an id, an address).  "rate" says where the
 * bucket stands, also when the answer is false: RATE_LIMITED, with retry_after_seconds set; the
 * header Retry-After is added with the refusal.
 */
bool rate_take(struct request *req, const char *bucket, const char *key, int64_t limit,
               int64_t window_seconds, struct rate *rate);

/* Adds the three headers "<prefix>-Limit", "-Remaining" and "-Reset" (seconds since 1970). */
void rate_headers(struct request *req, const char *prefix, const struct rate *rate);

/* The key of the caller as a text for rate_take(). */
const char *rate_key_of(struct request *req);

#endif
