/*
 * stream/logs_role.h - /api/v1/logs, once /logs: StateSet's log stream (reference 3.5, 4.12).
 *
 * Every event of the tenant's calls as one frame {"type":"log","level","timestamp","tenant",
 * "stream_sid","call_sid","event","message","data"}.  The query narrows it: level= (the least:
 * debug, info, warn, error; without it info), event= (how the event's name begins), stream_sid= or
 * call_sid= (one call, any spelling); and asks for what was before: tail=N (the last N, at most
 * 500) or after=<event id>.
 */
#ifndef STREAM_LOGS_ROLE_H
#define STREAM_LOGS_ROLE_H

#include "stream/visitor.h"

extern const struct role logs_role;
extern const struct stage logs_stage;

#endif
