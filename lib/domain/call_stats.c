#include "domain/call_stats.h"

#include <string.h>

#include "domain/call_logs.h"

static const struct column columns_of_stats[] = {
    COLUMN(call_stats, total_calls, NOT_NULL),
    COLUMN(call_stats, completed_calls, NOT_NULL),
    COLUMN(call_stats, escalated_calls, NOT_NULL),
    COLUMN(call_stats, failed_calls, NOT_NULL),
    COLUMN(call_stats, answered_calls, NOT_NULL),
    COLUMN(call_stats, voicemail_calls, NOT_NULL),
    COLUMN(call_stats, no_answer_calls, NOT_NULL),
    COLUMN(call_stats, busy_calls, NOT_NULL),
    COLUMN(call_stats, failed_outcome_calls, NOT_NULL),
    COLUMN(call_stats, answer_rate, NULLABLE),
    COLUMN(call_stats, avg_duration_seconds, NULLABLE),
    COLUMN(call_stats, calls_last_24h, NOT_NULL),
};

const struct entity call_stats_entity =
    ENTITY(call_stats, "statistics of calls", NULL, columns_of_stats);

enum { DAY_MS = 24 * 3600 * 1000 };

#define HOW_MANY(condition, name) " CAST(COALESCE(SUM(" condition "), 0) AS SIGNED) AS " name

/* All of it stands in one index, so that no row of a call is read. */
bool call_stats_get(struct work *work, struct call_stats *stats)
{
    /* clang-format off */
    static const char sql[] =
        "SELECT COUNT(*) AS total_calls,"
        HOW_MANY("log_status = 'completed'", "completed_calls") ","
        HOW_MANY("escalated <> 0",           "escalated_calls") ","
        HOW_MANY("log_status = 'failed'",    "failed_calls") ","
        HOW_MANY("outcome = 'answered'",     "answered_calls") ","
        HOW_MANY("outcome = 'voicemail'",    "voicemail_calls") ","
        HOW_MANY("outcome = 'no_answer'",    "no_answer_calls") ","
        HOW_MANY("outcome = 'busy'",         "busy_calls") ","
        HOW_MANY("outcome = 'failed'",       "failed_outcome_calls") ","
        " SUM(outcome = 'answered') / NULLIF(COUNT(outcome), 0) AS answer_rate,"
        " AVG(duration_seconds) AS avg_duration_seconds,"
        HOW_MANY("started_at > ?",           "calls_last_24h")
        " FROM calls FORCE INDEX (ix_outcome) WHERE tenant_id = ?";
    /* clang-format on */
    instant yesterday = instant_after(clock_now(), -DAY_MS);
    const struct param params[] = {PARAM(yesterday), PARAM(work->tenant)};

    return db_find(work, sql, params, COUNT(params), &call_stats_entity, stats);
}

/* ---- how fast agents answer ---- */

static const struct column columns_of_speed[] = {
    COLUMN(call_speed, call_sample_count, NOT_NULL),
    COLUMN(call_speed, turn_sample_count, NOT_NULL),
    COLUMN(call_speed, avg_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed, max_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed, avg_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed, max_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed, p50_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed, p95_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed, p99_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed, p50_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed, p95_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed, p99_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed, window, NOT_NULL),
    COLUMN(call_speed, bucket, NOT_NULL),
};

const struct entity call_speed_entity =
    ENTITY(call_speed, "latency of calls", NULL, columns_of_speed);

static const struct column columns_of_point[] = {
    COLUMN(call_speed_point, bucket_start, NOT_NULL),
    COLUMN(call_speed_point, call_count, NOT_NULL),
    COLUMN(call_speed_point, p50_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed_point, p95_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed_point, p99_llm_first_token_ms, NULLABLE),
    COLUMN(call_speed_point, p50_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed_point, p95_e2e_first_audio_ms, NULLABLE),
    COLUMN(call_speed_point, p99_e2e_first_audio_ms, NULLABLE),
};

const struct entity call_speed_point_entity =
    ENTITY(call_speed_point, "latency of a time", NULL, columns_of_point);

static const struct column columns_of_slow[] = {
    COLUMN(slow_call, id, NOT_NULL),
    COLUMN(slow_call, call_sid, NULLABLE),
    COLUMN(slow_call, stream_sid, NOT_NULL),
    COLUMN(slow_call, model, NULLABLE),
    COLUMN(slow_call, voice, NULLABLE),
    COLUMN(slow_call, started_at, NOT_NULL),
    COLUMN(slow_call, duration_seconds, NULLABLE),
    COLUMN(slow_call, turn_count, NULLABLE),
    COLUMN(slow_call, llm_p50_ms, NULLABLE),
    COLUMN(slow_call, llm_p95_ms, NULLABLE),
    COLUMN(slow_call, e2e_p95_ms, NULLABLE),
};

const struct entity slow_call_entity = ENTITY(slow_call, "slow call", NULL, columns_of_slow);

static const struct {
    const char *name;
    int64_t days; /* 0: all */
    const char *bucket, *bucket_start;
} windows[] = {
    {"24h", 1, "hour", "CAST(DATE_FORMAT(started_at, '%Y-%m-%d %H:00:00') AS DATETIME(3))"},
    {"7d", 7, "day", "CAST(DATE(started_at) AS DATETIME(3))"},
    {"30d", 30, "day", "CAST(DATE(started_at) AS DATETIME(3))"},
    {"all", 0, "day", "CAST(DATE(started_at) AS DATETIME(3))"},
};

/* clang-format off */
#define PERCENTILE(rank, column, over, name)                                                       \
    " PERCENTILE_CONT(" rank ") WITHIN GROUP (ORDER BY " column ") OVER (" over ") AS " name
#define PERCENTILES(over)                                                                          \
    PERCENTILE("0.50", "llm_p50", over, "p50_llm_first_token_ms") ","                              \
    PERCENTILE("0.95", "llm_p95", over, "p95_llm_first_token_ms") ","                              \
    PERCENTILE("0.99", "llm_p99", over, "p99_llm_first_token_ms") ","                              \
    PERCENTILE("0.50", "e2e_p50", over, "p50_e2e_first_audio_ms") ","                              \
    PERCENTILE("0.95", "e2e_p95", over, "p95_e2e_first_audio_ms") ","                              \
    PERCENTILE("0.99", "e2e_p99", over, "p99_e2e_first_audio_ms")
/* clang-format on */

/*
 * Above so many calls percentiles are taken of an even part of them, told by the random end of
 * their keys: sorting a million calls six times takes a minute, and moves p99 by nothing.
 */
enum { SORTED_AT_MOST = 50000 };

#define IN_SAMPLE " AND MOD(ORD(SUBSTR(call_id, 15, 1)) * 256 + ORD(SUBSTR(call_id, 16, 1)), ?) = 0"

/* Averages and counts, of all calls of the window. */
static bool read_sums(struct work *work, instant since, struct call_speed *speed)
{
    static const char sql[] =
        "SELECT COUNT(*) AS call_sample_count,"
        " CAST(COALESCE(SUM(turn_count), 0) AS SIGNED) AS turn_sample_count,"
        " AVG(llm_avg) AS avg_llm_first_token_ms, MAX(llm_max) AS max_llm_first_token_ms,"
        " AVG(e2e_avg) AS avg_e2e_first_audio_ms, MAX(e2e_max) AS max_e2e_first_audio_ms"
        " FROM call_latency WHERE tenant_id = ? AND started_at >= ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(since)};

    return db_find(work, sql, params, COUNT(params), &call_speed_entity, speed);
}

/* A percentile is a window function here: every row has it, so one row is kept. */
static bool read_percentiles(struct work *work, instant since, int64_t part,
                             struct call_speed *speed)
{
    /* clang-format off */
    static const char sql[] =
        "SELECT" PERCENTILES("")
        " FROM call_latency WHERE tenant_id = ? AND started_at >= ?" IN_SAMPLE " LIMIT 1";
    /* clang-format on */
    const struct param params[] = {PARAM(work->tenant), PARAM(since), PARAM(part)};
    const struct call_speed *found;
    struct rows rows;

    if (!db_select(work, sql, params, COUNT(params), &call_speed_entity, &rows))
        return false;
    found = rows.at;
    if (rows.count == 0)
        return true;
    speed->p50_llm_first_token_ms = found->p50_llm_first_token_ms;
    speed->p95_llm_first_token_ms = found->p95_llm_first_token_ms;
    speed->p99_llm_first_token_ms = found->p99_llm_first_token_ms;
    speed->p50_e2e_first_audio_ms = found->p50_e2e_first_audio_ms;
    speed->p95_e2e_first_audio_ms = found->p95_e2e_first_audio_ms;
    speed->p99_e2e_first_audio_ms = found->p99_e2e_first_audio_ms;
    return true;
}

/* Of a part of the calls, a bucket's count is the part's, made whole again. */
static bool read_points(struct work *work, instant since, int64_t part, const char *bucket_start,
                        struct rows *points)
{
    const struct param params[] = {PARAM(part), PARAM(work->tenant), PARAM(since), PARAM(part)};
    const char *sql = arena_format(
        &work->arena,
        "SELECT DISTINCT bucket_start, COUNT(*) OVER (PARTITION BY bucket_start) * ? AS call_count,"
        "%s FROM (SELECT %s AS bucket_start, llm_p50, llm_p95, llm_p99, e2e_p50, e2e_p95, e2e_p99"
        " FROM call_latency WHERE tenant_id = ? AND started_at >= ?" IN_SAMPLE
        ") AS l ORDER BY bucket_start",
        PERCENTILES("PARTITION BY bucket_start"), bucket_start);

    return db_select(work, sql, params, COUNT(params), &call_speed_point_entity, points);
}

static bool read_slowest(struct work *work, instant since, int64_t samples, struct rows *slowest)
{
    static const char sql[] =
        "SELECT l.call_id AS id, c.call_sid, " CALL_STREAM_SID ", l.model, l.voice, l.started_at,"
        " c.duration_seconds, l.turn_count, l.llm_p50 AS llm_p50_ms, l.llm_p95 AS llm_p95_ms,"
        " l.e2e_p95 AS e2e_p95_ms FROM (SELECT * FROM call_latency WHERE tenant_id = ?"
        " AND started_at >= ? ORDER BY e2e_p95 DESC, started_at DESC LIMIT ?) AS l"
        " JOIN calls AS c ON c.tenant_id = l.tenant_id AND c.id = l.call_id"
        " ORDER BY l.e2e_p95 DESC, l.started_at DESC";
    const struct param params[] = {PARAM(work->tenant), PARAM(since), PARAM(samples)};

    return db_select(work, sql, params, COUNT(params), &slow_call_entity, slowest);
}

bool call_speed_get(struct work *work, const char *window, size_t samples, struct call_speed *speed)
{
    instant since = {0};
    int64_t part;
    size_t i = 0;

    while (window && i < COUNT(windows) && strcmp(windows[i].name, window) != 0)
        i++;
    if (i == COUNT(windows))
        return fail_field(work, "window", "window must be 24h, 7d, 30d or all");
    if (windows[i].days)
        since = instant_after(clock_now(), -windows[i].days * DAY_MS);
    if (!read_sums(work, since, speed))
        return false;
    part = speed->call_sample_count / SORTED_AT_MOST + 1;
    speed->window = windows[i].name;
    speed->bucket = windows[i].bucket;
    return read_percentiles(work, since, part, speed) &&
           read_points(work, since, part, windows[i].bucket_start, &speed->points) &&
           read_slowest(work, since, (int64_t)samples, &speed->slowest);
}
