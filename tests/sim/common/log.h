/*
 * common/log.h - what a stand-in saw and did: JSON lines in a file and the latest in memory.
 *
 * Every entry has "n" (counting from 1), "at_ms" (milliseconds since 1970) and "event".  All of it
 * runs in the loop's thread.
 */
#ifndef SIM_COMMON_LOG_H
#define SIM_COMMON_LOG_H

#include <json-c/json.h>

#include "common/web.h"

/* Appends to a file from now on; NULL keeps entries in memory only. */
void log_open(const char *path);

/* An event with pairs of name and text; a NULL text is written as null. NULL ends the pairs. */
void log_event(const char *event, ...) __attribute__((sentinel));

/* An event with whatever an object holds (takes the reference; may be NULL). */
void log_json(const char *event, struct json_object *entry);

/* Answers GET /_log?after=N&wait_ms=N: {"entries":[...],"next":N}, waiting until there is one. */
void log_control(struct web *web, struct web_request *request);

#endif
