/*
 * db/moment.h - times as the driver has them: year, month, day and so on, in UTC.
 */
#ifndef DB_MOMENT_H
#define DB_MOMENT_H

#include <mysql.h>

#include "core/clock.h"

/* As the driver sends it: UTC, to the millisecond. */
void moment_from_instant(instant when, MYSQL_TIME *time);

/* Microseconds are cut to milliseconds; the zero date is NO_INSTANT. */
instant moment_to_instant(const MYSQL_TIME *time);

#endif
