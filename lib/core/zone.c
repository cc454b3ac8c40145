#include "core/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, FILE_MOST = 128 * 1024, HEADER = 44, DATABASE_NAME = 64 };

/* When clocks change in a year: the week's day of a month ("M3.2.0"), or a day of the year. */
struct change {
    bool by_week;
    int month, week, weekday; /* by week; week 5: the last */
    int yday;                 /* 1 to 365, 29 February not counted */
    int64_t at_s;             /* local time of the day */
};

struct zone {
    const unsigned char *times, *kinds, *offsets; /* 8, 1 and 6 bytes each */
    size_t count, nkinds;
    bool has_rule, has_summer;
    int64_t winter_s, summer_s; /* of the rule: east of UTC */
    struct change begins, ends; /* of summer */
};

/* ---- days ---- */

/* Days since 1970 of a date, and back (Hinnant). */
static int64_t day_of(int64_t year, int month, int mday)
{
    int64_t era, of_era, of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
    of_era = (year - era * 400) * 365 + (year - era * 400) / 4 - (year - era * 400) / 100 + of_year;
    return era * 146097 + of_era - 719468;
}

static void date_of(int64_t day, int *year, int *month, int *mday)
{
    int64_t shifted = day + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t its = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * its + its / 4 - its / 100), shifted_month;

    shifted_month = (5 * of_year + 2) / 153;
    *mday = (int)(of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = (int)(its + era * 400 + (*month <= 2));
}

static int weekday_of(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- the rule behind the last transition: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static bool skip_name(const char **at)
{
    const char *from = *at;

    if (**at == '<') {
        *at += strcspn(*at, ">");
        return *(*at)++ == '>';
    }
    while (isalpha((unsigned char)**at))
        ++*at;
    return *at - from >= 3;
}

static bool read_number(const char **at, int64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**at))
        return false;
    *number = strtol(*at, &end, 10);
    *at = end;
    return true;
}

/* "[+-]h[:m[:s]]" in seconds. */
static bool read_clock(const char **at, int64_t *seconds)
{
    int64_t sign = **at == '-' ? -1 : 1, unit = 3600, part;

    if (**at == '-' || **at == '+')
        ++*at;
    for (*seconds = 0; read_number(at, &part); unit /= 60) {
        *seconds += part * unit;
        if (**at != ':' || unit == 1)
            break;
        ++*at;
    }
    *seconds *= sign;
    return unit >= 1;
}

static bool read_change(const char **at, struct change *change)
{
    int64_t parts[3] = {0};

    if (*(*at)++ != ',')
        return false;
    change->by_week = **at == 'M';
    if (**at != 'M' && **at != 'J')
        return false;
    ++*at;
    for (int i = 0; i < (change->by_week ? 3 : 1); i++)
        if ((i > 0 && *(*at)++ != '.') || !read_number(at, &parts[i]))
            return false;
    change->month = (int)parts[0];
    change->week = (int)parts[1];
    change->weekday = (int)parts[2] % 7;
    change->yday = (int)parts[0];
    change->at_s = 2 * 3600;
    if (**at != '/')
        return true;
    ++*at;
    return read_clock(at, &change->at_s);
}

static bool read_rule(struct zone *zone, const char *text)
{
    int64_t west;

    if (!skip_name(&text) || !read_clock(&text, &west))
        return false;
    zone->winter_s = -west;
    if (!*text)
        return true;
    if (!skip_name(&text))
        return false;
    zone->summer_s = zone->winter_s + 3600;
    if (*text != ',') {
        if (!read_clock(&text, &west))
            return false;
        zone->summer_s = -west;
    }
    zone->has_summer = read_change(&text, &zone->begins) && read_change(&text, &zone->ends);
    return zone->has_summer;
}

/* Local seconds since 1970 of a change in a year. */
static int64_t change_in(const struct change *change, int year)
{
    int64_t day = day_of(year, 1, 1);

    if (change->by_week) {
        int64_t first = day_of(year, change->month, 1);
        int64_t next =
            change->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, change->month + 1, 1);

        day = first + (change->weekday - weekday_of(first) + 7) % 7 + (change->week - 1) * 7;
        while (day >= next)
            day -= 7;
    } else {
        day += change->yday - 1 + (change->yday > 59 && day_of(year, 3, 1) - day == 60);
    }
    return day * DAY_S + change->at_s;
}

static int64_t offset_by_rule(const struct zone *zone, int64_t at_s)
{
    int year, month, mday;
    int64_t begins, ends;
    bool is_summer;

    if (!zone->has_summer)
        return zone->winter_s;
    date_of(floor_div(at_s + zone->winter_s, DAY_S), &year, &month, &mday);
    begins = change_in(&zone->begins, year) - zone->winter_s;
    ends = change_in(&zone->ends, year) - zone->summer_s;
    is_summer = begins < ends ? at_s >= begins && at_s < ends : at_s >= begins || at_s < ends;
    return is_summer ? zone->summer_s : zone->winter_s;
}

/* ---- the file ---- */

static int64_t big_endian(const unsigned char *at, size_t count)
{
    uint64_t value = at[0] & 0x80 && count == 4 ? UINT64_MAX : 0;

    for (size_t i = 0; i < count; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static const unsigned char *read_file(struct arena *arena, const char *name, size_t *length)
{
    const char *path = arena_format(arena, "/usr/share/zoneinfo/%s", name);
    unsigned char *data = arena_new(arena, unsigned char, FILE_MOST + 1);
    FILE *file = fopen(path, "rb");

    if (!file)
        return NULL;
    *length = fread(data, 1, FILE_MOST, file);
    fclose(file);
    return data;
}

/* Counts of a header: universal, standard, leap, time, type, character. */
struct counts {
    size_t of[6];
};

static size_t body_size(const struct counts *counts, size_t time_size)
{
    const size_t *of = counts->of;

    return of[3] * (time_size + 1) + of[4] * 6 + of[5] + of[2] * (time_size + 4) + of[1] + of[0];
}

static bool read_header(const unsigned char *at, size_t left, struct counts *counts)
{
    if (left < HEADER || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    for (size_t i = 0; i < 6; i++)
        counts->of[i] = (size_t)(big_endian(at + 20 + i * 4, 4) & 0xffff);
    return true;
}

static bool read_zone(struct zone *zone, const unsigned char *data, size_t length)
{
    const unsigned char *at = data, *end = data + length;
    struct counts counts;
    size_t size;

    if (!read_header(at, length, &counts))
        return false;
    size = HEADER + body_size(&counts, 4);
    if (size > length || !read_header(at + size, length - size, &counts))
        return false;
    at += size + HEADER;
    size = body_size(&counts, 8);
    if (counts.of[4] == 0 || size + 2 > (size_t)(end - at) || at[size] != '\n')
        return false;
    zone->count = counts.of[3];
    zone->nkinds = counts.of[4];
    zone->times = at;
    zone->kinds = at + zone->count * 8;
    zone->offsets = zone->kinds + zone->count;
    at += size + 1;
    size = strcspn((const char *)at, "\n");
    if (size) {
        char rule[80];

        snprintf(rule, sizeof rule, "%.*s", (int)size, (const char *)at);
        zone->has_rule = read_rule(zone, rule);
    }
    return true;
}

struct zone *zone_open(struct arena *arena, const char *name)
{
    struct zone *zone = arena_new(arena, struct zone, 1);
    const unsigned char *data;
    size_t length;

    if (!name || !isalpha((unsigned char)*name) || strlen(name) > DATABASE_NAME ||
        strstr(name, "..") ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789_+-/") != strlen(name))
        return NULL;
    data = read_file(arena, name, &length);
    return data && read_zone(zone, data, length) ? zone : NULL;
}

/* ---- questions ---- */

int64_t zone_offset(const struct zone *zone, instant when)
{
    int64_t at_s = floor_div(when.ms, 1000);
    size_t low = 0, high = zone->count, kind = 0;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (big_endian(zone->times + middle * 8, 8) <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return offset_by_rule(zone, at_s);
    if (low > 0)
        kind = zone->kinds[low - 1];
    return kind < zone->nkinds ? big_endian(zone->offsets + kind * 6, 4) : 0;
}

struct local_time zone_local(const struct zone *zone, instant when)
{
    int64_t local_s = floor_div(when.ms, 1000) + zone_offset(zone, when);
    struct local_time local = {.day = floor_div(local_s, DAY_S)};

    local.weekday = weekday_of(local.day);
    local.minute = (int)((local_s - local.day * DAY_S) / 60);
    date_of(local.day, &local.year, &local.month, &local.mday);
    return local;
}

instant zone_moment(const struct zone *zone, int64_t day, int minute)
{
    int64_t local_ms = (day * DAY_S + minute * 60) * 1000;
    instant guess = {local_ms - zone_offset(zone, (instant){local_ms}) * 1000};
    instant before = {local_ms - zone_offset(zone, instant_after(guess, -3600000)) * 1000};
    instant after = {local_ms - zone_offset(zone, instant_after(guess, 3600000)) * 1000};

    /* Where clocks are put forward both are off; the later one is the next that there is. */
    if (zone_offset(zone, before) * 1000 == local_ms - before.ms)
        return before;
    return zone_offset(zone, after) * 1000 == local_ms - after.ms ? after : before;
}

void zone_write_iso(const struct zone *zone, instant when, char text[ZONE_ISO_SIZE])
{
    struct local_time local = zone_local(zone, when);
    int64_t offset = zone_offset(zone, when), far = offset < 0 ? -offset : offset;
    int second = (int)(floor_div(when.ms, 1000) - floor_div(floor_div(when.ms, 1000), 60) * 60);

    snprintf(text, ZONE_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", local.year % 10000,
             local.month, local.mday, local.minute / 60, local.minute % 60, second,
             offset < 0 ? '-' : '+', (int)(far / 3600 % 100), (int)(far / 60 % 60));
}
