#include "stream/jobs/jobs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/uid.h"
#include "domain/leases.h"
#include "stream/jobs/lanes.h"
#include "stream/signals.h"

enum { MAX_JOBS = 64, LONGEST_WAIT_MS = 500, AWAY_MS = 1000 };

const char *jobs_owner(void)
{
    static char owner[48];
    static pid_t pid;
    char key[27];

    if (pid != getpid()) {
        pid = getpid();
        uid_write_base32(uid_new(), key);
        snprintf(owner, sizeof owner, "jobs-%s", key);
    }
    return owner;
}

/* Runs it unless another host does. */
static bool run_alone(struct work *work, const struct job *job)
{
    const char *name = arena_format(&work->arena, "job:%s", job->name);
    int64_t fence;
    bool taken, ok;

    if (!lease_take(work, name, jobs_owner(), job->alone_ms, &fence, &taken))
        return false;
    if (!taken)
        return true;
    ok = job->run(work);
    if (ok)
        return lease_release(work, name, jobs_owner(), fence);
    lease_release(&(struct work){.id = work->id, .db = work->db}, name, jobs_owner(), fence);
    return false;
}

static bool run(struct work *work, const struct job *job)
{
    bool ok;

    work->id = job->name;
    work->tenant = 0;
    ok = job->alone_ms ? run_alone(work, job) : job->run(work);
    if (!ok && work->error.what != BUSY)
        log_warning(work, "job.failed", "job=%s code=%s text=\"%s\"", job->name,
                    failure_code(work->error.what), work->error.message);
    arena_reset(&work->arena);
    return ok;
}

/* What a lane knows from one round to the next. */
struct round {
    enum lane lane;
    int64_t due_us[MAX_JOBS];
    bool away; /* the store does not answer, and the log says so */
};

static void note_store(struct work *work, struct round *round, bool away)
{
    if (away && !round->away)
        log_warning(work, "jobs.waiting", "%s", "the store is away");
    if (!away && round->away)
        log_info(work, "jobs.resumed", "%s", "");
    round->away = away;
}

/*
 * Runs what is due and says how long to wait for the next.  When the store goes away the rest of
 * the round is left, because nothing can be done without it.
 */
static int64_t run_due(struct work *work, struct round *round)
{
    int64_t wait_us = LONGEST_WAIT_MS * 1000;

    for (size_t i = 0; i < jobs_count && !signals_ended(); i++) {
        int64_t now_us = clock_monotonic_us();

        if (jobs[i].lane != round->lane)
            continue;
        if (round->due_us[i] <= now_us) {
            bool ok = run(work, &jobs[i]);

            note_store(work, round, !ok && work->error.what == BUSY);
            if (round->away)
                return AWAY_MS * 1000;
            round->due_us[i] = now_us + jobs[i].interval_ms * 1000;
        }
        now_us = clock_monotonic_us();
        if (round->due_us[i] - now_us < wait_us)
            wait_us = round->due_us[i] - now_us;
    }
    return wait_us;
}

static void finish_all(struct work *work, enum lane lane)
{
    for (size_t i = 0; i < jobs_count; i++)
        if (jobs[i].lane == lane && jobs[i].finish)
            jobs[i].finish(work);
}

static void wait_for(int64_t wait_us)
{
    const struct timespec time = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};

    if (wait_us > 0)
        nanosleep(&time, NULL);
}

void lane_run(struct work *work, enum lane lane)
{
    struct round round = {.lane = lane};

    log_info(work, "jobs.started", "lane=%d", (int)lane);
    while (!signals_ended()) {
        int64_t wait_us = run_due(work, &round);

        if (signals_take_reopen()) {
            log_reopen();
            lanes_pass_on_reopen();
        }
        lanes_keep(work);
        if (!signals_ended())
            wait_for(wait_us);
    }
    finish_all(work, lane);
    log_info(work, "jobs.stopped", "lane=%d", (int)lane);
}

int jobs_main(struct work *work)
{
    lanes_start(work);
    lane_run(work, LANE_DELIVER);
    lanes_stop();
    return 0;
}

static bool is_named(const struct job *job, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(job->name, name) == 0;
}

bool jobs_once(struct work *work, const char *name)
{
    bool found = false, ok = true;

    for (size_t i = 0; i < jobs_count; i++) {
        if (!is_named(&jobs[i], name))
            continue;
        found = true;
        ok = run(work, &jobs[i]) && ok;
        if (jobs[i].finish)
            jobs[i].finish(work);
    }
    return found ? ok : fail(work, NOT_FOUND, "There is no job of that name");
}
