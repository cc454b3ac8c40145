/*
 * stream/jobs/each.h - a sweep's way through what it found.
 */
#ifndef STREAM_JOBS_EACH_H
#define STREAM_JOBS_EACH_H

#include "db/db.h"

/*
 * Calls "settle" for each row, under the row's tenant; its first member is tenant_id.  One that
 * fails is told to the log and holds up nobody, but when the store goes away the rest is left:
 * false.  Each has the arena to itself, so it may not keep anything.
 */
bool for_each(struct work *work, const struct rows *rows, size_t size,
              bool (*settle)(struct work *work, void *row));

#endif
