/*
 * Callbacks that were stored and not applied, because who stored them died or they came too early,
 * and those that wait in the host's journal.  The parent of a host's workers replays that sooner;
 * where a web server spawns the workers there is no parent.
 */
#include "domain/callbacks.h"
#include "core/clock.h"
#include "core/log.h"
#include "db/db.h"
#include "domain/callback_journal.h"
#include "domain/journal.h"
#include "stream/jobs/runs.h"

enum { AT_ONCE = 100 };

bool run_callbacks(struct work *work)
{
    instant now = clock_now();
    uint64_t applied, late;

    if (!callbacks_retry_new(work, now, AT_ONCE, &applied) ||
        !callbacks_retry_orphans(work, now, AT_ONCE, &late))
        return false;
    if (applied + late)
        log_info(work, "callbacks.applied", "new=%llu orphans=%llu", (unsigned long long)applied,
                 (unsigned long long)late);
    return true;
}

bool run_journal(struct work *work)
{
    size_t applied;

    if (!journal_waiting(work))
        return true;
    if (!db_ping(work))
        return false;
    applied = journal_replay(work, callback_replay);
    if (applied)
        log_info(work, "journal.replayed", "records=%zu", applied);
    return true;
}
