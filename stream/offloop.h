/*
 * stream/offloop.h - what has to wait is done by threads beside the loop.
 *
 * A task is handed to a helper through a bounded queue; the helper runs it, with a database
 * connection of its own where it needs one; then the loop learns of it by task->done.  The two
 * functions never run at the same time, so a task's members need no lock.
 */
#ifndef STREAM_OFFLOOP_H
#define STREAM_OFFLOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/work.h"

struct task {
    struct task *next;
    void (*run)(struct work *work, struct task *task); /* in the helper; work's arena is its own */
    void (*done)(struct task *task);                   /* in the loop; frees the task */
    const char *what; /* the helper that ran it, NULL: none; for the watchdog */
};

struct helper;

/*
 * Starts a thread that takes at most "most" waiting tasks; "database": with a connection.  NULL
 * when it cannot be started.  The configuration must outlive it.
 */
struct helper *helper_start(const char *name, const struct config *config, bool database,
                            size_t most);

/* Hands over a task; false when the queue is full, the task is then still the caller's. */
bool helper_give(struct helper *helper, struct task *task);

/* Finishes what was handed over, then ends the thread. */
void helper_stop(struct helper *helper);

/* How the loop is woken when a task is done; set once, before the first helper starts. */
void offloop_on_done(void (*wake)(void));

/* Tells the loop of a task that needed no helper, from any thread. */
void offloop_tell(struct task *task);

/* In the loop: tells of every task that is done. */
void offloop_collect(void);

#endif
