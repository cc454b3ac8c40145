#include "stream/watchdog.h"

#include <stdio.h>

#include "core/log.h"

enum { LINE_US = 1000 * 1000 };

struct watchdog watchdog;

static struct {
    char last[256];
    int64_t told_us; /* 0: nothing was told yet */
    unsigned untold;
} told;

static void describe(char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < watchdog.count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s.%s*%u", i ? " " : "",
                                   watchdog.ran[i].role, watchdog.ran[i].what,
                                   (unsigned)watchdog.ran[i].times);
    if (watchdog.beyond && length < size)
        snprintf(text + length, size - length, " and %zu more", watchdog.beyond);
}

void watchdog_turn(int64_t turn_us, int64_t now_us)
{
    if (turn_us > LONG_TURN_US) {
        describe(told.last, sizeof told.last);
        told.untold++;
        if (!told.told_us || now_us - told.told_us >= LINE_US) {
            log_warning(NULL, "loop.long_turn", "us=%lld turns=%u ran=\"%s\"", (long long)turn_us,
                        told.untold, told.last);
            told.told_us = now_us;
            told.untold = 0;
        }
    }
    watchdog.count = watchdog.beyond = 0;
}

const char *watchdog_last(void)
{
    return told.last;
}
