/*
 * domain/business_hours.h - whether somebody is there: opening hours in a time zone.
 *
 * Hours are an object with a member for each weekday ("monday" or "mon"), which is a text
 * "09:00-12:30, 13:00-17:00", an object {"open":"09:00","close":"17:00"}, a list of either, or
 * null, false or "closed"; a day that is not named is closed.  A close at or before the open
 * belongs to the next day.  "holidays" is a list of dates ("2026-12-25") that are closed,
 * "timezone" a name of the tz database.  The days may also stand in a member "schedule" or "days".
 */
#ifndef DOMAIN_BUSINESS_HOURS_H
#define DOMAIN_BUSINESS_HOURS_H

#include "core/clock.h"
#include "core/json.h"
#include "core/zone.h"

struct business_hours {
    bool open;
    const char *timezone;
    const struct zone *zone;
    instant next_change; /* opening or closing; NO_INSTANT: none in the next week */
    bool unread;         /* some of the hours are in no known form, or no weekday is named */
};

/*
 * False when there are no hours, or the zone is none that we know: then nobody can say.
 * "timezone" counts where the hours name none; NULL: UTC.  Texts live in the arena.
 */
bool business_hours_at(struct arena *arena, json_object *hours, const char *timezone, instant now,
                       struct business_hours *answer);

#endif
