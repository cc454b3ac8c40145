/*
 * core/zone.h - local time in any zone of the tz database, without the process's own time zone.
 *
 * The C library knows only one zone at a time, by the environment, which threads share.  So the
 * zone's file (RFC 8536) is read here: its transitions, and the rule for the time behind them.
 */
#ifndef CORE_ZONE_H
#define CORE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"

struct zone;

enum { ZONE_ISO_SIZE = 64 };

/* "Europe/Berlin"; NULL for a name that the tz database does not have.  In the arena. */
struct zone *zone_open(struct arena *arena, const char *name);

/* Seconds east of UTC at that moment. */
int64_t zone_offset(const struct zone *zone, instant when);

/* A moment as its clocks show it. */
struct local_time {
    int64_t day; /* since 1970-01-01 */
    int weekday; /* 0 Sunday … 6 Saturday */
    int minute;  /* of the day */
    int year, month, mday;
};

/* What the zone's clocks show at that moment. */
struct local_time zone_local(const struct zone *zone, instant when);

/* When its clocks show that minute of that day; of two moments the first, of none the next. */
instant zone_moment(const struct zone *zone, int64_t day, int minute);

/* "2026-11-02T10:00:00+01:00" */
void zone_write_iso(const struct zone *zone, instant when, char text[ZONE_ISO_SIZE]);

#endif
