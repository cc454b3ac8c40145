/*
 * domain/latency.h - how fast the agent answered in a call (reference 1.13).
 */
#ifndef DOMAIN_LATENCY_H
#define DOMAIN_LATENCY_H

#include <stdint.h>

#include "core/column.h"
#include "core/work.h"
#include "domain/turns.h"

/* Figures over the turns of a call, in milliseconds; NaN where no turn had any. */
struct latency {
    int64_t count; /* turns that had a figure */
    double average, p50, p95, p99, most;
};

/* Of which figure of a turn. */
enum latency_of { LATENCY_MODEL, LATENCY_ANSWER };

/* The figures of so many turns; work memory is taken from the arena. */
struct latency latency_over(struct arena *arena, const struct turn *turns, size_t count,
                            enum latency_of which);

/*
 * Logarithmic buckets of the answers' times, four to a doubling from 1 ms on, each two bytes
 * big-endian: adding buckets of two calls gives those of both.
 */
bytes latency_histogram(struct arena *arena, const struct turn *turns, size_t count);

/* Writes call_latency of a call; nothing when no turn had a figure. Replaces an earlier row. */
bool latency_put(struct work *work, uid call, instant started_at, const char *model,
                 const char *voice, const struct turn *turns, size_t count);

#endif
