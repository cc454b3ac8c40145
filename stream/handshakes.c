#include "stream/handshakes.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct {
    const void *connection;
    int64_t since_us;
    char ip[64];
} waiting[HANDSHAKES_MOST];

static size_t count;

bool handshakes_have_room(const char *ip)
{
    size_t here = 0;

    for (size_t i = 0; *ip && i < count; i++)
        here += strcmp(waiting[i].ip, ip) == 0;
    return count < HANDSHAKES_MOST && here < HANDSHAKES_OF_ADDRESS;
}

void handshake_begin(const void *connection, const char *ip, int64_t now_us)
{
    handshake_end(connection);
    if (count == HANDSHAKES_MOST)
        return;
    waiting[count].connection = connection;
    snprintf(waiting[count].ip, sizeof waiting[count].ip, "%s", ip);
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
