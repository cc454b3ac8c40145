/* Orders and releases of numbers whose end nobody saw. */
#include "core/clock.h"
#include "domain/provisioning.h"
#include "stream/jobs/each.h"
#include "stream/jobs/runs.h"

enum { NUMBERS_AT_ONCE = 10, UNTOUCHED_MS = 2 * 60 * 1000 };

static bool settle_one(struct work *work, void *row)
{
    return provisioning_settle(work, row);
}

bool run_numbers(struct work *work)
{
    struct rows rows;

    return numbers_unsettled(work, instant_after(clock_now(), -UNTOUCHED_MS), NUMBERS_AT_ONCE,
                             &rows) &&
           for_each(work, &rows, sizeof(struct phone_number), settle_one);
}
