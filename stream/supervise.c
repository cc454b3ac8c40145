#include "stream/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "stream/signals.h"

enum { SHORTEST_US = 1000000, PAUSE_MS = 1000 };

static pid_t start(int (*child)(void *with), void *with)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    exit(child(with));
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Waits for the child; signals that arrive are passed on. */
static int wait_for(pid_t pid)
{
    bool told = false;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (signals_ended() && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
        if (signals_take_reopen()) {
            log_reopen();
            kill(pid, SIGHUP);
        }
        pause_ms(200);
    }
    return status;
}

struct watched {
    int (*child)(void *with);
    void *with;
};

static int watch(void *with)
{
    const struct watched *watched = with;

    while (!signals_ended()) {
        int64_t started_us = clock_monotonic_us();
        pid_t pid = start(watched->child, watched->with);
        int status = pid > 0 ? wait_for(pid) : 0;

        if (signals_ended())
            break;
        log_error(NULL, "jobs.died", "status=%d", status);
        if (clock_monotonic_us() - started_us < SHORTEST_US)
            pause_ms(PAUSE_MS);
    }
    return EXIT_SUCCESS;
}

pid_t supervise(int (*child)(void *with), void *with)
{
    struct watched watched = {child, with};

    return start(watch, &watched);
}

void supervise_signal(pid_t watcher, int signal)
{
    if (watcher > 0)
        kill(watcher, signal);
}

void supervise_stop(pid_t watcher)
{
    if (watcher <= 0)
        return;
    kill(watcher, SIGTERM);
    while (waitpid(watcher, NULL, 0) < 0 && errno == EINTR)
        ;
}
