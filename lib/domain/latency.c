#include "domain/latency.h"

#include <math.h>
#include <stdlib.h>

#include "db/db.h"

enum { BUCKETS = 64 }; /* four to a doubling: the last begins at about a minute */

static int64_t figure_of(const struct turn *turn, enum latency_of which)
{
    return which == LATENCY_MODEL ? turn->llm_first_token_ms : turn->e2e_first_audio_ms;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The smallest figure that so many of a hundred do not exceed. */
static double percentile(const int64_t *sorted, int64_t count, int64_t percent)
{
    int64_t rank = (count * percent + 99) / 100;

    return (double)sorted[rank - 1];
}

struct latency latency_over(struct arena *arena, const struct turn *turns, size_t count,
                            enum latency_of which)
{
    struct latency latency = {0, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    int64_t *sorted = arena_new(arena, int64_t, count), sum = 0;

    for (size_t i = 0; i < count; i++)
        if (figure_of(&turns[i], which) != NO_INTEGER) {
            sorted[latency.count++] = figure_of(&turns[i], which);
            sum += figure_of(&turns[i], which);
        }
    if (latency.count == 0)
        return latency;
    qsort(sorted, (size_t)latency.count, sizeof *sorted, compare);
    latency.average = (double)sum / (double)latency.count;
    latency.p50 = percentile(sorted, latency.count, 50);
    latency.p95 = percentile(sorted, latency.count, 95);
    latency.p99 = percentile(sorted, latency.count, 99);
    latency.most = (double)sorted[latency.count - 1];
    return latency;
}

bytes latency_histogram(struct arena *arena, const struct turn *turns, size_t count)
{
    unsigned char *buckets = arena_take(arena, 2, BUCKETS);

    for (size_t i = 0; i < count; i++) {
        int64_t ms = turns[i].e2e_first_audio_ms;
        int bucket = ms > 1 ? (int)(log2((double)ms) * 4) : 0;
        unsigned char *at = buckets + (bucket < BUCKETS ? bucket : BUCKETS - 1) * 2;

        if (ms != NO_INTEGER && ++at[1] == 0)
            at[0]++;
    }
    return (bytes){buckets, (size_t)2 * BUCKETS};
}

bool latency_put(struct work *work, uid call, instant started_at, const char *model,
                 const char *voice, const struct turn *turns, size_t count)
{
    static const char sql[] =
        "REPLACE INTO call_latency (tenant_id, call_id, started_at, turn_count, model, voice,"
        " llm_avg, llm_p50, llm_p95, llm_p99, llm_max, e2e_avg, e2e_p50, e2e_p95, e2e_p99,"
        " e2e_max, histogram) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct latency llm = latency_over(&work->arena, turns, count, LATENCY_MODEL);
    struct latency e2e = latency_over(&work->arena, turns, count, LATENCY_ANSWER);
    bytes histogram = latency_histogram(&work->arena, turns, count);
    int64_t measured = llm.count > e2e.count ? llm.count : e2e.count;
    const struct param params[] = {
        PARAM(work->tenant), PARAM(call),        PARAM(started_at), PARAM(measured), PARAM(model),
        PARAM(voice),        PARAM(llm.average), PARAM(llm.p50),    PARAM(llm.p95),  PARAM(llm.p99),
        PARAM(llm.most),     PARAM(e2e.average), PARAM(e2e.p50),    PARAM(e2e.p95),  PARAM(e2e.p99),
        PARAM(e2e.most),     PARAM(histogram),
    };

    return measured == 0 || db_execute(work, sql, params, COUNT(params), NULL);
}
