/* What adds up: days of tenants, and counters of processes that are gone. */
#include "domain/rollups.h"
#include "core/clock.h"
#include "core/log.h"
#include "domain/node_metrics.h"
#include "domain/sweeps.h"
#include "stream/jobs/each.h"
#include "stream/jobs/runs.h"

enum { TENANTS_AT_ONCE = 500, DAY_MS = 24 * 60 * 60 * 1000 };

/* Yesterday still changes, because calls end after midnight. */
static bool roll_up(struct work *work, void *row)
{
    instant now = clock_now(), yesterday = instant_after(now, -DAY_MS);

    (void)row;
    return rollup_usage(work, yesterday) && rollup_usage(work, now) &&
           rollup_latency(work, yesterday) && rollup_latency(work, now);
}

bool run_rollups(struct work *work)
{
    instant since = instant_after(clock_now(), -2 * (int64_t)DAY_MS);
    struct rows tenants;
    int64_t after = 0;

    do {
        if (!tenants_with_calls(work, since, after, TENANTS_AT_ONCE, &tenants) ||
            !for_each(work, &tenants, sizeof(struct sweep_tenant), roll_up))
            return false;
        if (tenants.count)
            after = ((const struct sweep_tenant *)tenants.at)[tenants.count - 1].id;
    } while (tenants.count == TENANTS_AT_ONCE);
    return true;
}

bool run_figures(struct work *work)
{
    uint64_t folded;

    if (!node_figures_fold(work, &folded))
        return false;
    if (folded)
        log_info(work, "figures.folded", "processes=%llu", (unsigned long long)folded);
    return true;
}
