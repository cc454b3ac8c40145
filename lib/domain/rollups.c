#include "domain/rollups.h"

#include <string.h>

#include "domain/sweeps.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, BUCKETS = 64 };

/* A day as its first moment, the next day's, and its name. */
struct day {
    instant from, to;
    char name[11];
};

static struct day day_of(instant when)
{
    struct day day = {.from = {when.ms - when.ms % DAY_MS}};
    char text[32];

    day.to = instant_after(day.from, DAY_MS);
    instant_write_sql(day.from, text);
    memcpy(day.name, text, 10);
    day.name[10] = '\0';
    return day;
}

bool rollup_usage(struct work *work, instant when)
{
    static const char sql[] =
        "REPLACE INTO usage_daily (tenant_id, day, agent_id, calls, completed, seconds,"
        " rounded_minutes, transcription_seconds, sms, emails, tool_calls, cost, computed_at)"
        " SELECT c.tenant_id, ?, COALESCE(c.agent_id, x'00000000000000000000000000000000'),"
        " COUNT(*), SUM(c.state = 'completed'), SUM(COALESCE(c.duration_seconds, 0)),"
        " SUM(CEIL(COALESCE(c.duration_seconds, 0) / 60)),"
        " SUM(IF(c.turn_count > 0, COALESCE(c.duration_seconds, 0), 0)),"
        " SUM((SELECT COUNT(*) FROM sms_messages AS s WHERE s.tenant_id = c.tenant_id"
        " AND s.call_id = c.id)), 0,"
        " SUM((SELECT COUNT(*) FROM tool_invocations AS t WHERE t.tenant_id = c.tenant_id"
        " AND t.call_id = c.id)),"
        " JSON_OBJECT('call', SUM(COALESCE(c.cost_micros, 0))), ?"
        " FROM calls AS c WHERE c.tenant_id = ? AND c.started_at >= ? AND c.started_at < ?"
        " GROUP BY c.agent_id";
    struct day day = day_of(when);
    const char *name = day.name;
    instant now = clock_now();
    const struct param params[] = {PARAM(name), PARAM(now), PARAM(work->tenant), PARAM(day.from),
                                   PARAM(day.to)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

struct latency_row {
    int64_t turn_count;
    bytes histogram;
};

static const struct column columns_of_latency[] = {
    COLUMN(latency_row, turn_count, NOT_NULL),
    COLUMN(latency_row, histogram, NULLABLE),
};

static const struct entity latency_entity =
    ENTITY(latency_row, "latency", NULL, columns_of_latency);

/* A call's buckets have two bytes, a day's four. */
static void add(uint32_t sums[BUCKETS], const struct latency_row *row)
{
    for (size_t i = 0; i < BUCKETS && 2 * i + 1 < row->histogram.length; i++)
        sums[i] += (uint32_t)(row->histogram.at[2 * i] << 8 | row->histogram.at[2 * i + 1]);
}

static bool put_latency(struct work *work, const struct day *day, const struct rows *rows)
{
    static const char sql[] = "REPLACE INTO latency_daily (tenant_id, day, calls, turns, histogram,"
                              " computed_at) VALUES (?, ?, ?, ?, ?, ?)";
    const struct latency_row *row = rows->at;
    uint32_t sums[BUCKETS] = {0};
    unsigned char raw[4 * BUCKETS];
    int64_t calls = (int64_t)rows->count, turns = 0;
    const char *name = day->name;
    instant now = clock_now();
    const bytes histogram = {raw, sizeof raw};
    const struct param params[] = {PARAM(work->tenant), PARAM(name),      PARAM(calls),
                                   PARAM(turns),        PARAM(histogram), PARAM(now)};

    for (size_t i = 0; i < rows->count; i++) {
        turns += row[i].turn_count;
        add(sums, &row[i]);
    }
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)(sums[i / 4] >> (24 - 8 * (i % 4)));
    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool rollup_latency(struct work *work, instant when)
{
    static const char sql[] = "SELECT turn_count, histogram FROM call_latency"
                              " WHERE tenant_id = ? AND started_at >= ? AND started_at < ?";
    struct day day = day_of(when);
    const struct param params[] = {PARAM(work->tenant), PARAM(day.from), PARAM(day.to)};
    struct rows rows;

    if (!db_select(work, sql, params, COUNT(params), &latency_entity, &rows))
        return false;
    return rows.count == 0 || put_latency(work, &day, &rows);
}

static const struct column columns_of_tenant[] = {COLUMN(sweep_tenant, id, NOT_NULL)};

static const struct entity tenant_entity_of_sweep =
    ENTITY(sweep_tenant, "tenant", NULL, columns_of_tenant);

bool tenants_with_calls(struct work *work, instant since, int64_t after, int64_t limit,
                        struct rows *tenants)
{
    static const char sql[] =
        "SELECT t.id FROM tenants AS t WHERE t.id > ? AND EXISTS (SELECT 1 FROM calls AS c"
        " WHERE c.tenant_id = t.id AND c.id >= ?) ORDER BY t.id LIMIT ?";
    uid least = uid_at(since);
    const struct param params[] = {PARAM(after), PARAM(least), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &tenant_entity_of_sweep, tenants);
}
