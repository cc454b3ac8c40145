/*
 * stream/signals.h - what the operating system tells a process: to end, or to open its log again.
 *
 * The handlers only note it.  A loop that waits is interrupted by them and asks here afterwards.
 */
#ifndef STREAM_SIGNALS_H
#define STREAM_SIGNALS_H

#include <stdbool.h>

/* Notes SIGTERM, SIGINT, SIGHUP and SIGCHLD from now on; SIGPIPE is ignored. */
void signals_install(void);

/* Keeps the signals from the calling thread and those it starts, so that the loop gets them. */
void signals_block(void);
void signals_unblock(void);

/* As if SIGTERM had come; a process that ends already goes on to. */
void signals_end(void);

/* Whether the process was told to end. */
bool signals_ended(void);

/* Whether it was told so a second time, or by SIGINT: now, without waiting for calls. */
bool signals_ended_twice(void);

/* Whether the log is to be opened again, once for each SIGHUP. */
bool signals_take_reopen(void);

/* Whether a child process ended since the last time this was asked. */
bool signals_take_child(void);

#endif
