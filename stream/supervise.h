/*
 * stream/supervise.h - the process of the jobs beside the calls, started anew when it dies.
 *
 * It is started before there are threads or sockets, through a small process of its own that does
 * nothing but watch: so a crash of a job never touches a call, and it ends with the daemon.
 */
#ifndef STREAM_SUPERVISE_H
#define STREAM_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

/* Runs "child" in a process of its own, again and again; -1 when it cannot be started. */
pid_t supervise(int (*child)(void *with), void *with);

/* Passes a signal on to it. */
void supervise_signal(pid_t watcher, int signal);

/* Ends both processes, and waits for them. */
void supervise_stop(pid_t watcher);

#endif
