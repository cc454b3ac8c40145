/* Callback tasks: who is called back, alerted, reminded; what ticket systems know. */
#include "domain/queue_sweeps.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"

enum { ROUND_US = 30 * 1000 * 1000 };

static bool round_of(struct work *work,
                     bool (*run)(struct work *work, const struct sweep_order *order,
                                 struct sweep_result *result))
{
    const struct sweep_order order = {
        .limit = SWEEP_LIMIT,
        .owner = jobs_owner(),
        .until_us = clock_monotonic_us() + ROUND_US,
    };
    struct sweep_result result;

    return run(work, &order, &result);
}

bool run_dispatch(struct work *work)
{
    return round_of(work, sweep_dispatch);
}

bool run_sla(struct work *work)
{
    return round_of(work, sweep_sla);
}

bool run_follow_ups(struct work *work)
{
    return round_of(work, sweep_follow_ups);
}

bool run_tickets(struct work *work)
{
    return round_of(work, sweep_tickets);
}
