#include "stream/handshakes.h"

#include <stddef.h>

static struct {
    const void *connection;
    int64_t since_us;
} waiting[HANDSHAKES_MOST];

static size_t count;

bool handshakes_have_room(void)
{
    return count < HANDSHAKES_MOST;
}

void handshake_begin(const void *connection, int64_t now_us)
{
    handshake_end(connection);
    if (count == HANDSHAKES_MOST)
        return;
    waiting[count].connection = connection;
    waiting[count++].since_us = now_us;
}

static void forget(size_t at)
{
    waiting[at] = waiting[--count];
}

void handshake_end(const void *connection)
{
    for (size_t i = 0; i < count; i++)
        if (waiting[i].connection == connection) {
            forget(i);
            return;
        }
}

const void *handshake_overdue(int64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        const void *connection = waiting[i].connection;

        if (now_us - waiting[i].since_us < HANDSHAKE_US)
            continue;
        forget(i);
        return connection;
    }
    return NULL;
}
