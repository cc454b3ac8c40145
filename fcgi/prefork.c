#include "fcgi/prefork.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "domain/host_memory.h"

enum { A_SECOND = 1000000 /* in µs */, TEN_MS = 10000000 /* in ns */ };

struct child {
    pid_t pid; /* 0: there is none */
    int32_t pool;
    int64_t started_us, not_before_us;
    int64_t wait_us; /* before it is started again: longer each time it dies at once */
};

static struct child children[MAX_WORKERS];
static size_t nchildren;

static void run_child(const struct pool *pools, int32_t pool, const sigset_t *before, pid_t parent)
{
    /* A worker without its parent would be looked after by nobody. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, before, NULL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    exit(pools[pool].serve(pools[pool].socket, pool));
}

static void start_child(struct child *child, const struct pool *pools, const sigset_t *before)
{
    pid_t parent = getpid();

    child->started_us = clock_monotonic_us();
    child->pid = fork();
    if (child->pid == 0)
        run_child(pools, child->pool, before, parent);
    if (child->pid < 0) {
        log_error(NULL, "prefork.no_worker", "%s", strerror(errno));
        child->pid = 0;
        child->not_before_us = child->started_us + A_SECOND;
    }
}

static void start_missing(const struct pool *pools, const sigset_t *before)
{
    int64_t now = clock_monotonic_us();

    for (size_t i = 0; i < nchildren; i++)
        if (!children[i].pid && now >= children[i].not_before_us)
            start_child(&children[i], pools, before);
}

/* One that ends at once is started again more and more slowly, up to half a minute. */
static void note_end(struct child *child, int status, const struct pool *pools)
{
    int64_t now = clock_monotonic_us(), lived_us = now - child->started_us;

    log_warning(NULL, "prefork.worker_ended", "pool=%s pid=%d %s=%d", pools[child->pool].name,
                (int)child->pid, WIFSIGNALED(status) ? "signal" : "exit",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    child->pid = 0;
    if (lived_us / A_SECOND >= 5)
        child->wait_us = 0;
    else if (!child->wait_us)
        child->wait_us = A_SECOND / 10;
    else if (child->wait_us / A_SECOND < 30)
        child->wait_us *= 2;
    child->not_before_us = now + child->wait_us;
}

static void reap(const struct pool *pools, bool ending)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < nchildren; i++)
            if (children[i].pid == pid) {
                if (ending)
                    children[i].pid = 0;
                else
                    note_end(&children[i], status, pools);
            }
}

static void kill_stuck(void)
{
    int64_t now = clock_monotonic_us();

    for (size_t i = 0; i < nchildren; i++) {
        const struct worker_slot *slot = children[i].pid ? worker_slot_of(children[i].pid) : NULL;
        int64_t since = slot ? atomic_load(&slot->busy_since_us) : 0;

        if (since && now - since > (int64_t)STUCK_SECONDS * A_SECOND) {
            log_error(NULL, "prefork.worker_stuck", "pid=%d", (int)children[i].pid);
            kill(children[i].pid, SIGKILL);
        }
    }
}

static bool signal_children(int signal)
{
    bool any = false;

    for (size_t i = 0; i < nchildren; i++)
        if (children[i].pid) {
            kill(children[i].pid, signal);
            any = true;
        }
    return any;
}

/* Everybody may finish what he has in hand, but not for ever. */
static void end_children(const struct pool *pools)
{
    int64_t until = clock_monotonic_us() + (int64_t)END_SECONDS * A_SECOND;

    signal_children(SIGTERM);
    while (signal_children(0)) {
        if (clock_monotonic_us() > until)
            signal_children(SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = TEN_MS}, NULL);
        reap(pools, true);
    }
}

static void plan_children(const struct pool *pools, size_t npools)
{
    for (size_t pool = 0; pool < npools; pool++)
        for (size_t i = 0; i < pools[pool].workers && nchildren < MAX_WORKERS; i++)
            children[nchildren++] = (struct child){.pool = (int32_t)pool};
}

int prefork_run(const struct pool *pools, size_t npools)
{
    const struct timespec a_while = {.tv_sec = 1};
    sigset_t watched, before;
    int signal = 0;

    plan_children(pools, npools);
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, &before);
    while (signal != SIGTERM && signal != SIGINT) {
        atomic_store(&host_memory()->watched_at_us, clock_monotonic_us());
        start_missing(pools, &before);
        signal = sigtimedwait(&watched, NULL, &a_while);
        reap(pools, false);
        kill_stuck();
        if (signal == SIGHUP) {
            log_reopen();
            signal_children(SIGHUP);
        }
    }
    log_info(NULL, "prefork.ending", "workers=%zu", nchildren);
    end_children(pools);
    return EXIT_SUCCESS;
}
