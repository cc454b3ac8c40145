/* Calls that nobody finished: the last piece of news was lost, or who heard it died. */
#include "core/clock.h"
#include "domain/finalise.h"
#include "domain/outbound.h"
#include "domain/silent_calls.h"
#include "stream/jobs/each.h"
#include "stream/jobs/runs.h"

enum { FINALISE_AT_ONCE = 100, ASK_AT_ONCE = 20 };

static bool finalise_one(struct work *work, void *row)
{
    return call_finalise(work, ((const struct finalise_due *)row)->id, NULL);
}

bool run_finalise(struct work *work)
{
    struct rows rows;

    return calls_due_for_finalise(work, clock_now(), FINALISE_AT_ONCE, &rows) &&
           for_each(work, &rows, sizeof(struct finalise_due), finalise_one);
}

static bool ask_one(struct work *work, void *row)
{
    const struct sweep_key *key = row;
    bool ours;

    if (!call_take_turn(work, key->id, &ours))
        return false;
    return !ours || call_ask_carrier(work, key->id, NULL);
}

bool run_silent_calls(struct work *work)
{
    struct rows rows;

    return calls_silent(work, clock_now(), ASK_AT_ONCE, &rows) &&
           for_each(work, &rows, sizeof(struct sweep_key), ask_one);
}

static bool settle_order(struct work *work, void *row)
{
    const struct sweep_key *key = row;
    bool ours, settled;

    if (!call_take_turn(work, key->id, &ours))
        return false;
    return !ours || outbound_settle(work, key->id, &settled);
}

bool run_orders(struct work *work)
{
    struct rows rows;

    return orders_open(work, clock_now(), ASK_AT_ONCE, &rows) &&
           for_each(work, &rows, sizeof(struct sweep_key), settle_order);
}
