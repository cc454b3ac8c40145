/*
 * stream/replay.h - a stored call through the real bridge again, under a clock of its own.
 *
 * What came in (call_log.h) is handed to the same functions that heard it from sockets and the
 * store; what they say is compared with what was said then, word for word and in its place.
 */
#ifndef STREAM_REPLAY_H
#define STREAM_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct replay_result {
    size_t inputs, outputs; /* lines that were handed in, and lines that came out as they should */
    char difference[4096];  /* the first one, for people; empty: there was none */
};

/*
 * Replays a file; false when it cannot be read or is no log, "difference" says why.  The process's
 * clock is held meanwhile, so nothing else may run beside it.
 */
bool replay_file(const char *path, struct replay_result *result);

/*
 * The same for a command line: prints what came of it; the exit status.  "accept": what is said now
 * is what shall be said, and takes the place of what the file holds.
 */
int replay_main(const char *path, bool accept);

#endif
