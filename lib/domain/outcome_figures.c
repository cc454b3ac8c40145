#include "domain/outcome_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool outcomes_list(struct work *work, const struct outcome_filter *filter, struct page *page,
                   struct rows *outcomes)
{
    struct voice_outcome like;
    columns given = NO_COLUMNS;
    const struct {
        const char *value, **cell;
        size_t offset;
    } narrowed[] = {
        {filter->resolution, &like.resolution, offsetof(struct voice_outcome, resolution)},
        {filter->billing_status, &like.billing_status,
         offsetof(struct voice_outcome, billing_status)},
        {filter->billable_sku, &like.billable_sku, offsetof(struct voice_outcome, billable_sku)},
        {filter->call_type, &like.call_type, offsetof(struct voice_outcome, call_type)},
    };

    row_clear(&voice_outcome_entity, &like);
    for (size_t i = 0; i < COUNT(narrowed); i++) {
        if (!narrowed[i].value)
            continue;
        *narrowed[i].cell = narrowed[i].value;
        given = columns_add(given, &voice_outcome_entity, narrowed[i].offset);
    }
    page->order = "occurred_at";
    return store_list(work, &voice_outcome_entity, &like, given, page, outcomes);
}

bool outcome_by_stream(struct work *work, const char *stream_sid, struct voice_outcome *outcome)
{
    struct voice_outcome like;

    row_clear(&voice_outcome_entity, &like);
    like.stream_sid = stream_sid;
    return store_find(
        work, &voice_outcome_entity, &like,
        columns_add(NO_COLUMNS, &voice_outcome_entity, offsetof(struct voice_outcome, stream_sid)),
        outcome);
}

/* ---- sums ---- */

static const struct column columns_of_count[] = {
    COLUMN(outcome_count, name, NOT_NULL),
    COLUMN(outcome_count, count, NOT_NULL),
};

const struct entity outcome_count_entity = ENTITY(outcome_count, "count", NULL, columns_of_count);

/* Outcomes that are alike in what is counted; there are few kinds of them. */
struct kind {
    const char *resolution, *billing_status, *billable_sku, *risk_level;
    int64_t count, escalated, timed, seconds;
};

static const struct column columns_of_kind[] = {
    COLUMN(kind, resolution, NOT_NULL),   COLUMN(kind, billing_status, NOT_NULL),
    COLUMN(kind, billable_sku, NULLABLE), COLUMN(kind, risk_level, NULLABLE),
    COLUMN(kind, count, NOT_NULL),        COLUMN(kind, escalated, NOT_NULL),
    COLUMN(kind, timed, NOT_NULL),        COLUMN(kind, seconds, NOT_NULL),
};

static const struct entity kind_entity = ENTITY(kind, "kind of outcome", NULL, columns_of_kind);

static bool select_kinds(struct work *work, instant since, struct rows *kinds)
{
    static const char sql[] =
        "SELECT resolution, billing_status, billable_sku, risk_level, COUNT(*) AS count,"
        " COUNT(IF(escalated, 1, NULL)) AS escalated, COUNT(duration_seconds) AS timed,"
        " CAST(COALESCE(SUM(duration_seconds), 0) AS SIGNED) AS seconds FROM voice_outcomes"
        " WHERE tenant_id = ? AND occurred_at >= ?"
        " GROUP BY resolution, billing_status, billable_sku, risk_level";
    instant from = instant_is_none(since) ? (instant){0} : since;
    const struct param params[] = {PARAM(work->tenant), PARAM(from)};

    return db_select(work, sql, params, COUNT(params), &kind_entity, kinds);
}

static int by_count(const void *a, const void *b)
{
    const struct outcome_count *one = a, *other = b;

    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return strcmp(one->name, other->name);
}

/* Adds up by one member of the kinds. */
static struct rows mix_of(struct work *work, const struct rows *kinds, size_t member)
{
    struct outcome_count *mix = arena_new(&work->arena, struct outcome_count, kinds->count + 1);
    size_t count = 0;

    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *kind = (const struct kind *)kinds->at + i;
        const char *name = *(const char *const *)((const char *)kind + member);
        size_t at = 0;

        name = name ? name : "unknown";
        while (at < count && strcmp(mix[at].name, name) != 0)
            at++;
        if (at == count)
            mix[count++] = (struct outcome_count){name, 0};
        mix[at].count += kind->count;
    }
    qsort(mix, count, sizeof *mix, by_count);
    return (struct rows){mix, count};
}

static int64_t count_of(const struct rows *mix, const char *name)
{
    const struct outcome_count *at = mix->at;

    for (size_t i = 0; i < mix->count; i++)
        if (strcmp(at[i].name, name) == 0)
            return at[i].count;
    return 0;
}

bool outcome_stats(struct work *work, instant since, struct outcome_stats *stats)
{
    int64_t timed = 0, seconds = 0;
    struct rows kinds;

    if (!select_kinds(work, since, &kinds))
        return false;
    *stats = (struct outcome_stats){
        .resolution_mix = mix_of(work, &kinds, offsetof(struct kind, resolution)),
        .billing_status_mix = mix_of(work, &kinds, offsetof(struct kind, billing_status)),
        .sku_mix = mix_of(work, &kinds, offsetof(struct kind, billable_sku)),
        .risk_mix = mix_of(work, &kinds, offsetof(struct kind, risk_level)),
    };
    for (size_t i = 0; i < kinds.count; i++) {
        const struct kind *kind = (const struct kind *)kinds.at + i;

        stats->total += kind->count;
        stats->escalated += kind->escalated;
        timed += kind->timed;
        seconds += kind->seconds;
    }
    stats->not_billable = count_of(&stats->billing_status_mix, "not_billable");
    stats->pending_emit = count_of(&stats->billing_status_mix, "pending_emit");
    stats->emitted = count_of(&stats->billing_status_mix, "emitted");
    stats->failed_billing = count_of(&stats->billing_status_mix, "failed");
    stats->billable = stats->total - stats->not_billable;
    stats->avg_duration_seconds = timed ? (double)seconds / (double)timed : (double)NAN;
    return true;
}

/* ---- series ---- */

static const struct column columns_of_point[] = {
    COLUMN(outcome_point, bucket_start, NOT_NULL),
    COLUMN(outcome_point, total, NOT_NULL),
    COLUMN(outcome_point, billable, NOT_NULL),
    COLUMN(outcome_point, escalated, NOT_NULL),
    COLUMN(outcome_point, pending_emit, NOT_NULL),
    COLUMN(outcome_point, avg_duration_seconds, NULLABLE),
};

const struct entity outcome_point_entity =
    ENTITY(outcome_point, "point of a series", NULL, columns_of_point);

/* A bucket that has something in it; its number counts from 1970. */
struct bucket {
    int64_t number, total, billable, escalated, pending_emit;
    double avg_duration_seconds;
};

static const struct column columns_of_bucket[] = {
    COLUMN(bucket, number, NOT_NULL),       COLUMN(bucket, total, NOT_NULL),
    COLUMN(bucket, billable, NOT_NULL),     COLUMN(bucket, escalated, NOT_NULL),
    COLUMN(bucket, pending_emit, NOT_NULL), COLUMN(bucket, avg_duration_seconds, NULLABLE),
};

static const struct entity bucket_entity = ENTITY(bucket, "bucket", NULL, columns_of_bucket);

static bool select_buckets(struct work *work, instant since, instant until, int64_t bucket_ms,
                           struct rows *buckets)
{
    static const char sql[] =
        "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', occurred_at) DIV ? AS number,"
        " COUNT(*) AS total, COUNT(IF(billing_status <> 'not_billable', 1, NULL)) AS billable,"
        " COUNT(IF(escalated, 1, NULL)) AS escalated,"
        " COUNT(IF(billing_status = 'pending_emit', 1, NULL)) AS pending_emit,"
        " CAST(AVG(duration_seconds) AS DOUBLE) AS avg_duration_seconds FROM voice_outcomes"
        " WHERE tenant_id = ? AND occurred_at >= ? AND occurred_at <= ?"
        " GROUP BY number ORDER BY number";
    instant from = instant_is_none(since) ? (instant){0} : since;
    int64_t seconds = bucket_ms / 1000;
    const struct param params[] = {PARAM(seconds), PARAM(work->tenant), PARAM(from), PARAM(until)};

    return db_select(work, sql, params, COUNT(params), &bucket_entity, buckets);
}

bool outcome_series(struct work *work, instant since, instant until, int64_t bucket_ms,
                    struct rows *points)
{
    int64_t last = until.ms / bucket_ms, first = last;
    struct outcome_point *point;
    const struct bucket *bucket;
    struct rows buckets;

    if (!select_buckets(work, since, until, bucket_ms, &buckets))
        return false;
    bucket = buckets.at;
    if (!instant_is_none(since))
        first = since.ms / bucket_ms;
    else if (buckets.count)
        first = bucket->number;
    point = arena_new(&work->arena, struct outcome_point, (size_t)(last - first + 1));
    *points = (struct rows){point, (size_t)(last - first + 1)};
    for (size_t i = 0, filled = 0; i < points->count; i++) {
        point[i].bucket_start = (instant){(first + (int64_t)i) * bucket_ms};
        point[i].avg_duration_seconds = (double)NAN;
        if (filled < buckets.count && bucket[filled].number == first + (int64_t)i) {
            point[i].total = bucket[filled].total;
            point[i].billable = bucket[filled].billable;
            point[i].escalated = bucket[filled].escalated;
            point[i].pending_emit = bucket[filled].pending_emit;
            point[i].avg_duration_seconds = bucket[filled++].avg_duration_seconds;
        }
    }
    return true;
}
