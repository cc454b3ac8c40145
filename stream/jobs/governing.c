/* Rollouts are held to their policies, and outcomes that are billed are told of. */
#include "core/log.h"
#include "domain/billing_outcomes.h"
#include "domain/governance_sweep.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"

enum { OUTCOMES_AT_ONCE = 200 };

/* Whoever enabled a policy wants it kept, so what should go does. */
bool run_governance(struct work *work)
{
    const struct sweep_order order = {
        .apply = true,
        .limit = SWEEP_MOST_TENANTS,
        .holder = jobs_owner(),
        .by = {"system", "governance"},
    };
    struct governance_sweep sweep;

    if (!governance_sweep(work, &order, &sweep))
        return false;
    if (sweep.attempted_agents)
        log_info(work, "governance.swept", "agents=%lld rolled_back=%lld failed=%zu",
                 (long long)sweep.attempted_agents, (long long)sweep.rollbacks_applied,
                 sweep.failures.count);
    return true;
}

bool run_billing(struct work *work)
{
    struct billing_sweep sweep;

    return !billing_is_configured(work) ||
           billing_deliver(work, jobs_owner(), OUTCOMES_AT_ONCE, &sweep);
}
