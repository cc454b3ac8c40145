#include "core/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    bool set;
    instant now;
    int64_t monotonic_us;
    int64_t rest_us; /* that the clock went on by, less than a millisecond */
} held;

instant clock_now(void)
{
    struct timespec now;

    if (held.set)
        return held.now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (instant){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    if (held.set)
        return held.monotonic_us;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_set(instant when)
{
    int64_t monotonic_us = held.set ? held.monotonic_us : clock_monotonic_us();

    if (held.set && when.ms > held.now.ms)
        monotonic_us += (when.ms - held.now.ms) * 1000;
    held.set = true;
    held.now = when;
    held.monotonic_us = monotonic_us;
}

void clock_advance_ms(int64_t ms)
{
    clock_set(instant_after(clock_now(), ms));
}

void clock_advance_us(int64_t us)
{
    if (!held.set)
        clock_set(clock_now());
    held.monotonic_us += us;
    held.rest_us += us;
    held.now.ms += held.rest_us / 1000;
    held.rest_us %= 1000;
}

void clock_release(void)
{
    held.set = false;
}

/* Splits into calendar fields and the milliseconds of the second, also before 1970. */
static int split(instant when, struct tm *fields)
{
    int64_t ms = when.ms % 1000;
    time_t seconds = (time_t)(when.ms / 1000);

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    gmtime_r(&seconds, fields);
    return (int)ms;
}

void instant_write_iso(instant when, int precision, char text[32])
{
    struct tm fields;
    int ms = split(when, &fields);
    size_t length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &fields);

    if (precision == ISO_MILLISECONDS || (precision == ISO_SHORTEST && ms))
        snprintf(text + length, 32 - length, ".%03dZ", ms);
    else
        snprintf(text + length, 32 - length, "Z");
}

void instant_write_rfc2822(instant when, char text[40])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm fields;

    split(when, &fields);
    snprintf(text, 40, "%.3s, %02d %.3s %d %02d:%02d:%02d +0000", days + (size_t)fields.tm_wday * 3,
             fields.tm_mday, months + (size_t)fields.tm_mon * 3, fields.tm_year + 1900,
             fields.tm_hour, fields.tm_min, fields.tm_sec);
}

void instant_write_sql(instant when, char text[32])
{
    struct tm fields;
    int ms = split(when, &fields);
    size_t length = strftime(text, 32, "%Y-%m-%d %H:%M:%S", &fields);

    snprintf(text + length, 32 - length, ".%03d", ms);
}

/* Reads exactly "digits" digits and moves on. */
static bool take_number(const char **text, int digits, int *number)
{
    *number = 0;
    while (digits--) {
        if (!isdigit((unsigned char)**text))
            return false;
        *number = *number * 10 + (*(*text)++ - '0');
    }
    return true;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

/*
 * Calendar fields to an instant; false for the 31st of February, and for what lies before the year
 * 1 or after 9999 in UTC.  A leap second counts as the one behind it.
 */
static bool join(struct tm fields, int ms, int offset_minutes, instant *when)
{
    const int64_t first_ms = -62135596800000, last_ms = 253402300799999;
    struct tm day = {.tm_year = fields.tm_year, .tm_mon = fields.tm_mon, .tm_mday = fields.tm_mday};
    int64_t seconds = timegm(&day), total_ms;

    if (day.tm_mday != fields.tm_mday || day.tm_mon != fields.tm_mon || fields.tm_hour > 23 ||
        fields.tm_min > 59 || fields.tm_sec > (fields.tm_min == 59 ? 60 : 59))
        return false;
    seconds += fields.tm_hour * 3600 + (fields.tm_min - offset_minutes) * 60 + fields.tm_sec;
    total_ms = seconds * 1000 + ms;
    if (total_ms < first_ms || total_ms > last_ms)
        return false;
    when->ms = total_ms;
    return true;
}

/* "Z", "+01:00" or "+0100" */
static bool take_zone(const char **text, int *minutes)
{
    int hours, rest, sign = **text == '-' ? -1 : 1;

    *minutes = 0;
    if (take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    if (!take_char(text, '+') && !take_char(text, '-'))
        return false;
    if (!take_number(text, 2, &hours))
        return false;
    take_char(text, ':');
    if (!take_number(text, 2, &rest) || hours > 23 || rest > 59)
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

static bool take_fraction(const char **text, int *ms)
{
    int scale = 100;

    *ms = 0;
    if (!take_char(text, '.'))
        return true;
    if (!isdigit((unsigned char)**text))
        return false;
    for (; isdigit((unsigned char)**text); ++*text, scale /= 10)
        *ms += (**text - '0') * scale;
    return true;
}

bool instant_read_iso(const char *text, instant *when)
{
    struct tm fields = {0};
    int ms = 0, zone = 0;

    if (!take_number(&text, 4, &fields.tm_year) || !take_char(&text, '-') ||
        !take_number(&text, 2, &fields.tm_mon) || !take_char(&text, '-') ||
        !take_number(&text, 2, &fields.tm_mday))
        return false;
    fields.tm_year -= 1900;
    fields.tm_mon -= 1;
    if (!*text)
        return join(fields, 0, 0, when);
    if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
        return false;
    return take_number(&text, 2, &fields.tm_hour) && take_char(&text, ':') &&
           take_number(&text, 2, &fields.tm_min) && take_char(&text, ':') &&
           take_number(&text, 2, &fields.tm_sec) && take_fraction(&text, &ms) &&
           take_zone(&text, &zone) && !*text && join(fields, ms, zone, when);
}

/* One or two digits. */
static bool take_day(const char **text, int *day)
{
    int more;

    if (!take_number(text, 1, day))
        return false;
    if (take_number(text, 1, &more))
        *day = *day * 10 + more;
    return true;
}

/* "Nov": 10 */
static bool take_month(const char **text, int *month)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (*month = 0; *month < 12; ++*month)
        if (strncmp(*text, months + (size_t)*month * 3, 3) == 0) {
            *text += 3;
            return true;
        }
    return false;
}

static bool take_gmt(const char **text)
{
    if (strncmp(*text, "GMT", 3) != 0)
        return false;
    *text += 3;
    return true;
}

bool instant_read_rfc2822(const char *text, instant *when)
{
    const char *comma = strchr(text, ',');
    struct tm fields = {0};
    int zone = 0;

    if (comma && comma != text + 3)
        return false;
    text = comma ? comma + 1 : text;
    text += *text == ' ';
    if (!take_day(&text, &fields.tm_mday) || !take_char(&text, ' ') ||
        !take_month(&text, &fields.tm_mon) || !take_char(&text, ' ') ||
        !take_number(&text, 4, &fields.tm_year) || !take_char(&text, ' '))
        return false;
    fields.tm_year -= 1900;
    return take_number(&text, 2, &fields.tm_hour) && take_char(&text, ':') &&
           take_number(&text, 2, &fields.tm_min) && take_char(&text, ':') &&
           take_number(&text, 2, &fields.tm_sec) && take_char(&text, ' ') &&
           (take_gmt(&text) || take_zone(&text, &zone)) && !*text && join(fields, 0, zone, when);
}
