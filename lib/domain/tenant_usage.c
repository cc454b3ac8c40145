#include "domain/tenant_usage.h"

#include "core/zone.h"
#include "domain/calls.h"

enum { MOST_CALLS = 100000 };

static const struct column columns_of_usage[] = {
    COLUMN(tenant_usage, agents, NOT_NULL),
    COLUMN(tenant_usage, minutes_this_month, NOT_NULL),
};

static const struct entity usage_entity = ENTITY(tenant_usage, "usage", NULL, columns_of_usage);

/* When the month began where the tenant is. */
static instant month_start(struct arena *arena, const char *timezone, instant now)
{
    const struct zone *zone = zone_open(arena, timezone);
    struct local_time local;

    if (!zone)
        zone = zone_open(arena, "UTC");
    if (!zone)
        return (instant){0};
    local = zone_local(zone, now);
    return zone_moment(zone, local.day - (local.mday - 1), 0);
}

bool tenant_usage(struct work *work, const struct tenant *tenant, struct tenant_usage *usage)
{
    static const char sql[] =
        "SELECT (SELECT COUNT(*) FROM agents WHERE tenant_id = ? AND deleted_at IS NULL) AS agents,"
        " CAST(COALESCE(SUM((COALESCE(duration_seconds, 0) + 59) DIV 60), 0) AS SIGNED)"
        " AS minutes_this_month FROM calls WHERE tenant_id = ? AND started_at >= ?";
    instant since = month_start(&work->arena, tenant->timezone, clock_now());
    const struct param params[] = {PARAM(tenant->id), PARAM(tenant->id), PARAM(since)};
    int64_t before = work->tenant;
    bool ok;

    work->tenant = tenant->id;
    ok = db_find(work, sql, params, COUNT(params), &usage_entity, usage) &&
         calls_live(work, MOST_CALLS, &usage->active_calls);
    work->tenant = before;
    return ok;
}
