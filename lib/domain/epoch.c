#include "domain/epoch.h"

#include "core/clock.h"
#include "db/db.h"
#include "domain/host_memory.h"

bool epoch_advance(struct work *work)
{
    static const char sql[] = "INSERT INTO stat_totals (name, folded) VALUES ('keys.epoch', 1)"
                              " ON DUPLICATE KEY UPDATE folded = folded + 1";

    atomic_fetch_add(&host_memory()->key_epoch, 1);
    return db_execute(work, sql, NULL, 0, NULL);
}

uint64_t epoch_now(void)
{
    return atomic_load(&host_memory()->key_epoch);
}

/* Whether this process is the one that asks in this second. */
static bool win_turn(struct host_memory *memory)
{
    int64_t read_at = atomic_load(&memory->epoch_read_at_ms), now = clock_now().ms;

    return (now - read_at >= 1000 || now < read_at) &&
           atomic_compare_exchange_strong(&memory->epoch_read_at_ms, &read_at, now);
}

void epoch_refresh(struct work *work)
{
    static const char sql[] = "SELECT folded FROM stat_totals WHERE name = 'keys.epoch'";
    struct host_memory *memory = host_memory();
    struct error error = work->error;
    int64_t stored;

    if (win_turn(memory) && db_number(work, sql, NULL, 0, 0, &stored) &&
        atomic_exchange(&memory->epoch_stored, stored) != stored)
        atomic_fetch_add(&memory->key_epoch, 1);
    work->error = error;
}
