/* What keeps the store small: balances are folded, what is old is deleted. */
#include "core/clock.h"
#include "core/log.h"
#include "domain/ledger.h"
#include "domain/retention.h"
#include "domain/sweeps.h"
#include "stream/jobs/each.h"
#include "stream/jobs/runs.h"

enum { TENANTS_AT_ONCE = 500, FOLD_BEFORE_MS = 2 * 60 * 60 * 1000 };

/* Ledger rows are made a moment before they are committed; two hours are many moments. */
static instant fold_before(void)
{
    return instant_after(clock_now(), -FOLD_BEFORE_MS);
}

static bool open_ledger(struct work *work, int64_t after, struct rows *tenants)
{
    return tenants_with_open_ledger(work, fold_before(), after, TENANTS_AT_ONCE, tenants);
}

static bool every_tenant(struct work *work, int64_t after, struct rows *tenants)
{
    return tenants_after(work, after, TENANTS_AT_ONCE, tenants);
}

/* Goes through tenants in pieces, so that any number of them may exist. */
static bool for_tenants(struct work *work,
                        bool (*next)(struct work *work, int64_t after, struct rows *tenants),
                        bool (*settle)(struct work *work, void *row))
{
    struct rows tenants;
    int64_t after = 0;

    do {
        if (!next(work, after, &tenants) ||
            !for_each(work, &tenants, sizeof(struct sweep_tenant), settle))
            return false;
        if (tenants.count)
            after = ((const struct sweep_tenant *)tenants.at)[tenants.count - 1].id;
    } while (tenants.count == TENANTS_AT_ONCE);
    return true;
}

static bool fold_one(struct work *work, void *row)
{
    (void)row;
    return ledger_fold(work, LEDGER_CURRENCY, fold_before());
}

bool run_balances(struct work *work)
{
    return for_tenants(work, open_ledger, fold_one);
}

static bool clear_one(struct work *work, void *row)
{
    uint64_t deleted;

    (void)row;
    if (!retention_of_tenant(work, clock_now(), &deleted))
        return false;
    if (deleted)
        log_info(work, "retention.deleted", "rows=%llu", (unsigned long long)deleted);
    return true;
}

bool run_retention(struct work *work)
{
    return retention_shared(work, clock_now()) && for_tenants(work, every_tenant, clear_one);
}
