#include "domain/business_hours.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DAYS_BACK = 1, DAYS_AHEAD = 8, SPANS_MOST = 64, DAY_MINUTES = 24 * 60 };

struct span {
    instant from, to;
};

struct week {
    json_object *days, *holidays;
    const struct zone *zone;
    struct span spans[SPANS_MOST];
    size_t count;
    bool named, unread; /* a weekday; what it says */
};

/* "9", "9:30", "09:30", "24:00" as minutes; -1 when it is none.  Moves behind it. */
static int read_minute(const char **at)
{
    int hour = 0, minute = 0, digits = 0;

    while (isspace((unsigned char)**at))
        ++*at;
    for (; isdigit((unsigned char)**at) && digits < 2; ++*at, digits++)
        hour = hour * 10 + (**at - '0');
    if (digits == 0)
        return -1;
    if (**at == ':') {
        for (digits = 0, ++*at; isdigit((unsigned char)**at) && digits < 2; ++*at, digits++)
            minute = minute * 10 + (**at - '0');
    }
    return hour * 60 + minute > DAY_MINUTES || minute > 59 ? -1 : hour * 60 + minute;
}

static int minute_of(const char *text)
{
    return text ? read_minute(&text) : -1;
}

static void add_span(struct week *week, int64_t day, int open, int close)
{
    if (open < 0 || close < 0)
        week->unread = true;
    if (open < 0 || close < 0 || week->count == SPANS_MOST)
        return;
    week->spans[week->count++] = (struct span){
        zone_moment(week->zone, day, open),
        close > open ? zone_moment(week->zone, day, close)
                     : zone_moment(week->zone, day + 1, close),
    };
}

/* "09:00-12:30, 13:00-17:00"; what follows a span that cannot be read does not count. */
static void add_text(struct week *week, int64_t day, const char *text)
{
    if (!*text || strcasecmp(text, "closed") == 0)
        return;
    for (int open; (open = read_minute(&text)) >= 0; text++) {
        text += strspn(text, " ");
        if (*text != '-')
            break;
        text++;
        add_span(week, day, open, read_minute(&text));
        text += strspn(text, " ");
        if (!*text)
            return;
        if (*text != ',' && *text != ';')
            break;
    }
    week->unread = true;
}

static const char *either(json_object *object, const char *name, const char *other)
{
    const char *text = json_text(object, name);

    return text ? text : json_text(object, other);
}

static void add_hours(struct week *week, int64_t day, json_object *given)
{
    if (json_object_is_type(given, json_type_string))
        add_text(week, day, json_object_get_string(given));
    else if (json_object_is_type(given, json_type_object) &&
             json_boolean(given, "enabled", !json_boolean(given, "closed", false)))
        add_span(week, day, minute_of(either(given, "open", "start")),
                 minute_of(either(given, "close", "end")));
    else if (given && !json_object_is_type(given, json_type_object) &&
             (!json_object_is_type(given, json_type_boolean) || json_object_get_boolean(given)))
        week->unread = true;
}

static bool is_holiday(const struct week *week, int64_t day)
{
    struct local_time local = zone_local(week->zone, zone_moment(week->zone, day, 720));
    size_t count = json_object_is_type(week->holidays, json_type_array)
                       ? json_object_array_length(week->holidays)
                       : 0;
    char date[48];

    snprintf(date, sizeof date, "%04d-%02d-%02d", local.year, local.month, local.mday);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(week->holidays, i));

        if (text && strcmp(text, date) == 0)
            return true;
    }
    return false;
}

/* A weekday's member by its whole name or its first three letters, in any case. */
static json_object *hours_of(struct week *week, int weekday)
{
    static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};

    json_object_object_foreach(week->days, name, hours)
    {
        if (strcasecmp(name, names[weekday]) == 0 ||
            (strlen(name) == 3 && strncasecmp(name, names[weekday], 3) == 0)) {
            week->named = true;
            return hours;
        }
    }
    return NULL;
}

static void add_day(struct week *week, int64_t day, int weekday)
{
    json_object *hours = hours_of(week, weekday);
    size_t before = week->count;

    if (json_object_is_type(hours, json_type_array))
        for (size_t i = 0; i < json_object_array_length(hours); i++)
            add_hours(week, day, json_object_array_get_idx(hours, i));
    else
        add_hours(week, day, hours);
    if (is_holiday(week, day))
        week->count = before;
}

/* ---- the answer ---- */

/* Until when it is open without a break, beginning with a moment at which it is. */
static instant open_until(const struct week *week, instant now)
{
    instant end = now;
    bool grew;

    do {
        grew = false;
        for (size_t i = 0; i < week->count; i++)
            if (week->spans[i].from.ms <= end.ms && week->spans[i].to.ms > end.ms) {
                end = week->spans[i].to;
                grew = true;
            }
    } while (grew);
    return end;
}

static instant next_opening(const struct week *week, instant now)
{
    instant next = NO_INSTANT;

    for (size_t i = 0; i < week->count; i++)
        if (week->spans[i].from.ms > now.ms &&
            (instant_is_none(next) || week->spans[i].from.ms < next.ms))
            next = week->spans[i].from;
    return next;
}

static json_object *days_of(json_object *hours)
{
    json_object *days = json_member(hours, "schedule");

    if (!json_object_is_type(days, json_type_object))
        days = json_member(hours, "days");
    return json_object_is_type(days, json_type_object) ? days : hours;
}

bool business_hours_at(struct arena *arena, json_object *hours, const char *timezone, instant now,
                       struct business_hours *answer)
{
    const char *name = either(hours, "timezone", "time_zone");
    struct week week = {.holidays = json_member(hours, "holidays")};
    instant last = instant_after(now, INT64_C(86400000) * (DAYS_AHEAD - 1));
    struct local_time local;

    *answer = (struct business_hours){.next_change = NO_INSTANT};
    if (!json_object_is_type(hours, json_type_object))
        return false;
    name = name ? name : timezone ? timezone : "UTC";
    answer->timezone = arena_text(arena, name);
    answer->zone = week.zone = zone_open(arena, name);
    if (!week.zone)
        return false;
    week.days = days_of(hours);
    local = zone_local(week.zone, now);
    for (int i = -DAYS_BACK; i <= DAYS_AHEAD; i++)
        add_day(&week, local.day + i, ((local.weekday + i) % 7 + 7) % 7);
    answer->unread = week.unread || (!week.named && json_object_object_length(hours) > 0);
    answer->next_change = open_until(&week, now);
    answer->open = answer->next_change.ms > now.ms;
    if (!answer->open)
        answer->next_change = next_opening(&week, now);
    else if (answer->next_change.ms > last.ms)
        answer->next_change = NO_INSTANT;
    return true;
}
