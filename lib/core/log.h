/*
 * core/log.h - one JSON line for each thing worth telling an operator.
 *
 * A line names its event first ("task.claimed"), then what the format adds as "text", then the
 * work it belongs to.  It never holds a secret, a prompt or a transcript.  Whatever a client sent,
 * a line stays one line.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

#include "core/work.h"

/*
 * Opens the log: a file that is appended to, or standard error when "path" is NULL or empty.
 * "program" is named in every line.  False when the file cannot be opened (errno says why).
 */
bool log_open(const char *program, const char *path);

/* Opens the file again, after it was moved away; for SIGHUP. */
void log_reopen(void);

/* Lines below INFO are written only after log_verbose(true). */
void log_verbose(bool verbose);

/*
 * log_info(work, "task.claimed", "operator=%s", who): the event's name is a constant; the text may
 * be empty but not NULL.  "work" may be NULL where there is none.
 */
void log_debug(const struct work *work, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_info(const struct work *work, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_warning(const struct work *work, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_error(const struct work *work, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * One line whose members the caller has written as JSON text without braces, for example
 * "\"status\":200,\"ms\":3"; for the line of each request.
 */
void log_members(const struct work *work, const char *event, const char *members);

#endif
