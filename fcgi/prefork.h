/*
 * fcgi/prefork.h - workers, kept alive.
 *
 * The parent binds nothing and answers nothing: it starts workers, replaces those that die, kills
 * those that hang, and passes signals on.  SIGTERM lets each worker finish what it has in hand,
 * SIGHUP reopens the log.
 */
#ifndef FCGI_PREFORK_H
#define FCGI_PREFORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A group of processes that do the same. */
struct pool {
    const char *name;
    size_t workers;
    int socket; /* handed to "serve"; -1 where there is none */
    /* What a worker does from its start to its end; the answer is its exit status. */
    int (*serve)(int socket, int32_t pool);
};

enum { MAX_WORKERS = 600, STUCK_SECONDS = 60, END_SECONDS = 30 };

/* Runs the pools until SIGTERM or SIGINT; the answer is the program's exit status. */
int prefork_run(const struct pool *pools, size_t npools);

/*
 * Listens on "unix:/path" (or "/path"), mode 0660, or on "host:port"; a socket left behind by a
 * process that is gone is replaced.  -1, with a line on standard error, when that is impossible.
 */
int listen_on(const char *address);

#endif
