/*
 * domain/call_stats.h - figures over all calls of a tenant, computed in the store (reference 1.13).
 */
#ifndef DOMAIN_CALL_STATS_H
#define DOMAIN_CALL_STATS_H

#include "db/store.h"

struct call_stats {
    int64_t total_calls, completed_calls, escalated_calls, failed_calls;
    /* By outcome, of calls that have one. */
    int64_t answered_calls, voicemail_calls, no_answer_calls, busy_calls, failed_outcome_calls;
    double answer_rate;          /* answered ones among those with an outcome; NaN without any */
    double avg_duration_seconds; /* of calls whose duration is known; NaN without any */
    int64_t calls_last_24h;
};

extern const struct entity call_stats_entity;

/* Those of work->tenant; all of it 0, and the averages NaN, while it has no calls. */
bool call_stats_get(struct work *work, struct call_stats *stats);

/*
 * How fast agents answered in the calls that began within a window.  A percentile is that of the
 * calls' own percentiles: p95 is the p95 of each call's p95; above 50,000 calls that of an even
 * part of them.  Milliseconds; NaN where no call has the figure.
 */
struct call_speed {
    int64_t call_sample_count, turn_sample_count;
    double avg_llm_first_token_ms, max_llm_first_token_ms;
    double avg_e2e_first_audio_ms, max_e2e_first_audio_ms;
    double p50_llm_first_token_ms, p95_llm_first_token_ms, p99_llm_first_token_ms;
    double p50_e2e_first_audio_ms, p95_e2e_first_audio_ms, p99_e2e_first_audio_ms;
    const char *window, *bucket; /* "24h", "7d", "30d" or "all"; "hour" or "day" */
    struct rows points;          /* struct call_speed_point, oldest first */
    struct rows slowest;         /* struct slow_call, slowest first */
};

/* The same of an hour or a day (UTC) of the window in which there were calls. */
struct call_speed_point {
    instant bucket_start;
    int64_t call_count;
    double p50_llm_first_token_ms, p95_llm_first_token_ms, p99_llm_first_token_ms;
    double p50_e2e_first_audio_ms, p95_e2e_first_audio_ms, p99_e2e_first_audio_ms;
};

struct slow_call {
    uid id;
    const char *call_sid, *stream_sid, *model, *voice;
    instant started_at;
    int64_t duration_seconds, turn_count;
    double llm_p50_ms, llm_p95_ms, e2e_p95_ms;
};

extern const struct entity call_speed_entity, call_speed_point_entity, slow_call_entity;

/*
 * "window" is NULL for the last 24 hours; INVALID when it is none that there is.  At most "samples"
 * slow calls.
 */
bool call_speed_get(struct work *work, const char *window, size_t samples,
                    struct call_speed *speed);

#endif
