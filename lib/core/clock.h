/*
 * core/clock.h - what time it is.  Everybody asks here, so that a test can set it.
 *
 * An instant is UTC in milliseconds since 1970; it is a struct so that the compiler tells it from
 * a number.  Durations and distances are plain integers with their unit in the name.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t ms;
} instant;

#define NO_INSTANT ((instant){INT64_MIN}) /* a time that is not there */

static inline bool instant_is_none(instant when)
{
    return when.ms == INT64_MIN;
}

static inline instant instant_after(instant when, int64_t ms)
{
    return (instant){when.ms + ms};
}

/* The time of day, as the test set it or as the system has it. */
instant clock_now(void);

/* A clock that never jumps, in microseconds since some moment; also settable. */
int64_t clock_monotonic_us(void);

/* From now on the clock stands at "when", and the monotonic clock moves along; for tests. */
void clock_set(instant when);
void clock_advance_ms(int64_t ms);
void clock_advance_us(int64_t us);

/* Back to the system's clock. */
void clock_release(void);

/* "2026-11-02T10:00:00.123Z"; with milliseconds never (0), always (1) or when not zero (2). */
enum { ISO_SECONDS, ISO_MILLISECONDS, ISO_SHORTEST };
void instant_write_iso(instant when, int precision, char text[32]);

/* "Mon, 02 Nov 2026 10:00:00 +0000" */
void instant_write_rfc2822(instant when, char text[40]);

/* "2026-11-02 10:00:00.123", as MariaDB reads and writes it. */
void instant_write_sql(instant when, char text[32]);

/*
 * Reads RFC 3339 with any offset, or a date alone (midnight UTC).  False when it is neither, or a
 * day that does not exist.
 */
bool instant_read_iso(const char *text, instant *when);

/* Reads RFC 2822 with a numeric zone or GMT. */
bool instant_read_rfc2822(const char *text, instant *when);

#endif
