/*
 * stream/jobs/jobs.h - work that nobody waits for: deliveries, sweeps, retries.
 *
 * It runs in processes of its own beside the calls, or from cron, or on another host.  A job is a
 * row of the table in table.c: its name, how often it runs, and a function.  Every job may run on
 * several hosts at once; it takes what it works on by a lease or a conditional update.
 */
#ifndef STREAM_JOBS_JOBS_H
#define STREAM_JOBS_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "core/work.h"

/*
 * Each lane is a process with a connection of its own, so that what is said within a second never
 * waits for a carrier that takes ten, nor calls and tasks for a mail server that hangs.
 */
enum lane { LANE_DELIVER, LANE_SWEEP, LANE_ROUTE, LANE_CARRIER, LANE_MAIL, LANES };

struct job {
    const char *name; /* "deliveries"; for --once and the log */
    enum lane lane;
    int64_t interval_ms;            /* from beginning to beginning */
    bool (*run)(struct work *work); /* false: it called fail(); it runs again when it is due */
    int64_t alone_ms; /* not 0: only one host at a time, which is believed dead after so long */
    void (*finish)(struct work *work); /* NULL: none; waits for what run() left under way */
};

extern const struct job jobs[];
extern const size_t jobs_count;

/*
 * Runs every job when it is due, until SIGTERM; the exit status of the process.  "work" carries the
 * configuration and a connection of its own; its arena is emptied after each run.  Lanes beside the
 * first are children of this process, which end with it.
 */
int jobs_main(struct work *work);

/*
 * One round of one job by its name, or of every job by the name "all"; false when one failed or
 * there is none of that name (NOT_FOUND).
 */
bool jobs_once(struct work *work, const char *name);

/* Who this process is in leases; at most 48 bytes, another after a fork. */
const char *jobs_owner(void);

#endif
