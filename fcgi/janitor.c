#include "fcgi/janitor.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "db/db.h"
#include "db/migrate.h"
#include "domain/epoch.h"
#include "domain/host_memory.h"
#include "domain/host_node.h"
#include "domain/idempotency.h"
#include "domain/process_figures.h"
#include "domain/rates.h"

enum { HEARTBEAT_ROUNDS = 2, SWEEP_ROUNDS = 60, SECOND_US = 1000000 };

bool schema_ensure(struct work *work)
{
    bool current;
    unsigned applied;

    if (!migrate_is_current(work, &current))
        return false;
    if (current)
        return true;
    if (!migrate(work, &applied)) {
        log_error(work, "schema.not_current", "%s", work->error.message);
        return false;
    }
    log_info(work, "schema.migrated", "files=%u", applied);
    return true;
}

static void replay(struct work *work)
{
    if (journal_applier && journal_waiting(work) && db_ping(work))
        journal_replay(work, journal_applier);
}

void janitor_lend_a_hand(struct work *work)
{
    static int64_t next_us;
    int64_t now_us = clock_monotonic_us();

    if (now_us < next_us)
        return;
    next_us = now_us + SECOND_US;
    replay(work);
}

/* One second's work; nothing of it is missed when the database is away. */
static void make_round(struct work *work, unsigned round, bool *ready)
{
    *ready = *ready || schema_ensure(work);
    if (!*ready)
        return;
    replay(work);
    epoch_refresh(work);
    figures_flush(work, false);
    if (round % HEARTBEAT_ROUNDS == 0)
        host_node_heartbeat(work);
    if (round % SWEEP_ROUNDS == 0) {
        rates_sweep(work);
        idempotency_sweep(work);
    }
}

/* Waits a second, or less when a signal comes; false when it says to end. */
static bool wait_a_second(const sigset_t *watched)
{
    const struct timespec second = {.tv_sec = 1};
    int signal = sigtimedwait(watched, NULL, &second);

    if (signal == SIGHUP)
        log_reopen();
    return signal != SIGTERM && signal != SIGINT;
}

int janitor_serve(int socket, int32_t pool)
{
    struct work work = {.id = "janitor", .config = config_load()};
    bool ready = false;
    sigset_t watched;

    (void)socket, (void)pool;
    if (!work.config || !(work.db = db_open(work.config->database_url)))
        return EXIT_FAILURE;
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    for (unsigned round = 0; round == 0 || wait_a_second(&watched); round++) {
        make_round(&work, round, &ready);
        work_end(&work);
        work.tenant = 0;
    }
    db_close(work.db);
    return EXIT_SUCCESS;
}
