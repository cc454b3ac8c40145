#include "stream/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t ends, reopen, child;

static void note(int signal)
{
    if (signal == SIGHUP)
        reopen = 1;
    else if (signal == SIGCHLD)
        child = 1;
    else
        ends = signal == SIGINT || ends ? 2 : 1;
}

static const int noted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

void signals_install(void)
{
    struct sigaction action = {.sa_handler = note};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++)
        sigaction(noted[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

static void change(int how)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++)
        sigaddset(&set, noted[i]);
    pthread_sigmask(how, &set, NULL);
}

void signals_block(void)
{
    change(SIG_BLOCK);
}

void signals_unblock(void)
{
    change(SIG_UNBLOCK);
}

void signals_end(void)
{
    if (!ends)
        ends = 1;
}

bool signals_ended(void)
{
    return ends > 0;
}

bool signals_ended_twice(void)
{
    return ends > 1;
}

static bool take(volatile sig_atomic_t *flag)
{
    bool was = *flag;

    *flag = 0;
    return was;
}

bool signals_take_reopen(void)
{
    return take(&reopen);
}

bool signals_take_child(void)
{
    return take(&child);
}
