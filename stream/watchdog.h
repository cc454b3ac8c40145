/*
 * stream/watchdog.h - what a turn of the loop ran, told when the turn took too long.
 *
 * Whoever runs something in the loop names it first.  Noting costs a comparison and a count, no
 * look at a clock; names are constants.
 */
#ifndef STREAM_WATCHDOG_H
#define STREAM_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

enum { LONG_TURN_US = 5000, WATCHDOG_NAMES = 8 };

struct watchdog {
    struct {
        const char *role, *what;
        uint32_t times;
    } ran[WATCHDOG_NAMES];
    size_t count, beyond; /* of different things; those that found no place */
};

extern struct watchdog watchdog;

/* Something else begins: "media", "message". Either may be "". */
static inline void watchdog_runs(const char *role, const char *what)
{
    size_t count = watchdog.count;

    if (count && watchdog.ran[count - 1].role == role && watchdog.ran[count - 1].what == what) {
        watchdog.ran[count - 1].times++;
    } else if (count < WATCHDOG_NAMES) {
        watchdog.ran[count].role = role;
        watchdog.ran[count].what = what;
        watchdog.ran[watchdog.count++].times = 1;
    } else {
        watchdog.beyond++;
    }
}

/* The turn is over and took so long; a long one is logged, at most once a second. */
void watchdog_turn(int64_t turn_us, int64_t now_us);

/* What the last long turn ran: "media.message*30 tasks.claims*1"; "" when there was none. */
const char *watchdog_last(void);

#endif
