#include "stream/jobs/lanes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "db/db.h"

enum { AGAIN_US = 1000 * 1000 };

static struct {
    pid_t pid;
    int64_t started_us;
} children[LANES];

/* A child has a connection of its own; that of its parent it must not even close. */
static _Noreturn void be_child(const struct work *parent, enum lane lane, pid_t parent_pid)
{
    struct work work = {.id = "jobs", .config = parent->config};

    memset(children, 0, sizeof children);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    work.db = db_open(parent->config->database_url);
    if (!work.db)
        _exit(EXIT_FAILURE);
    if (getppid() == parent_pid)
        lane_run(&work, lane);
    db_close(work.db);
    _exit(EXIT_SUCCESS);
}

static void start(struct work *work, enum lane lane)
{
    pid_t self = getpid(), pid = fork();

    if (pid == 0)
        be_child(work, lane, self);
    if (pid < 0)
        log_error(work, "jobs.fork", "lane=%d", (int)lane);
    children[lane].pid = pid < 0 ? 0 : pid;
    children[lane].started_us = clock_monotonic_us();
}

void lanes_start(struct work *work)
{
    for (int lane = LANE_DELIVER + 1; lane < LANES; lane++)
        start(work, (enum lane)lane);
}

void lanes_keep(struct work *work)
{
    for (int lane = 0; lane < LANES; lane++) {
        int status;

        if (!children[lane].started_us ||
            clock_monotonic_us() - children[lane].started_us < AGAIN_US)
            continue;
        if (children[lane].pid && waitpid(children[lane].pid, &status, WNOHANG) == 0)
            continue;
        log_error(work, "jobs.died", "lane=%d", lane);
        start(work, (enum lane)lane);
    }
}

static void tell(int signal)
{
    for (int lane = 0; lane < LANES; lane++)
        if (children[lane].pid)
            kill(children[lane].pid, signal);
}

void lanes_pass_on_reopen(void)
{
    tell(SIGHUP);
}

void lanes_stop(void)
{
    tell(SIGTERM);
    for (int lane = 0; lane < LANES; lane++)
        while (children[lane].pid && waitpid(children[lane].pid, NULL, 0) < 0 && errno == EINTR)
            continue;
}
