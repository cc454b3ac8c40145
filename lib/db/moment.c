#include "db/moment.h"

#include <time.h>

void moment_from_instant(instant when, MYSQL_TIME *time)
{
    int64_t ms = (when.ms % 1000 + 1000) % 1000; /* also before 1970 */
    time_t seconds = (time_t)((when.ms - ms) / 1000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    *time = (MYSQL_TIME){
        .year = (unsigned)(tm.tm_year + 1900),
        .month = (unsigned)(tm.tm_mon + 1),
        .day = (unsigned)tm.tm_mday,
        .hour = (unsigned)tm.tm_hour,
        .minute = (unsigned)tm.tm_min,
        .second = (unsigned)tm.tm_sec,
        .second_part = (unsigned long)ms * 1000,
        .time_type = MYSQL_TIMESTAMP_DATETIME,
    };
}

instant moment_to_instant(const MYSQL_TIME *time)
{
    struct tm tm = {
        .tm_year = (int)time->year - 1900,
        .tm_mon = (int)time->month - 1,
        .tm_mday = (int)time->day,
        .tm_hour = (int)time->hour,
        .tm_min = (int)time->minute,
        .tm_sec = (int)time->second,
    };

    if (!time->year && !time->month && !time->day)
        return NO_INSTANT;
    return (instant){(int64_t)timegm(&tm) * 1000 + (int64_t)(time->second_part / 1000)};
}
