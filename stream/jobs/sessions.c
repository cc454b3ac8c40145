/* What lost nodes held, and sessions that nobody ever connected to. */
#include "core/clock.h"
#include "domain/nodes.h"
#include "domain/orphans.h"
#include "domain/socket_places.h"
#include "stream/jobs/each.h"
#include "stream/jobs/runs.h"

enum {
    ORPHANS_AT_ONCE = 100,
    EXPIRED_AT_ONCE = 500,
    CLOCKS_DIFFER_MS = 30 * 1000, /* tokens are taken for so long after their time */
};

static bool settle_one(struct work *work, void *row)
{
    return orphan_settle(work, row, NULL);
}

bool run_orphans(struct work *work)
{
    struct rows rows;

    return sessions_orphaned(work, instant_after(db_now(work), -NODE_STALE_MS), ORPHANS_AT_ONCE,
                             &rows) &&
           for_each(work, &rows, sizeof(struct voice_session), settle_one);
}

bool run_places(struct work *work)
{
    return socket_places_sweep(work, NULL);
}

bool run_expired(struct work *work)
{
    uint64_t expired;

    return sessions_expire(work, instant_after(clock_now(), -CLOCKS_DIFFER_MS), EXPIRED_AT_ONCE,
                           &expired);
}
