#define _GNU_SOURCE /* strcasestr */
#include "harness/websocket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"

enum { REST_MS = 5000 }; /* for a frame that has begun to come */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads exactly "length" bytes before the deadline. */
static bool take(struct websocket *ws, void *bytes, size_t length, int64_t until_ms)
{
    char *to = bytes;

    while (length) {
        struct pollfd waiting = {.fd = ws->fd, .events = POLLIN};
        int64_t left = until_ms - now_ms();
        ssize_t got;

        if (left < 0 || poll(&waiting, 1, (int)left) <= 0)
            return false;
        got = recv(ws->fd, to, length, 0);
        if (got <= 0) {
            ws->close_code = ws->close_code ? ws->close_code : 1006;
            return false;
        }
        to += got;
        length -= (size_t)got;
    }
    return true;
}

static void read_protocol(struct websocket *ws, const char *answer)
{
    static const char name[] = "\nsec-websocket-protocol: ";
    const char *at = strcasestr(answer, name);

    if (at)
        sscanf(at + sizeof name - 1, "%63[^\r\n]", ws->protocol);
}

static struct websocket connect_with(int port, int room)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct websocket ws = {.fd = socket(AF_INET, SOCK_STREAM, 0)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (room)
        setsockopt(ws.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    ws.is_broken = connect(ws.fd, (struct sockaddr *)&address, sizeof address) != 0;
    return ws;
}

struct websocket websocket_connect(int port)
{
    return connect_with(port, 0);
}

bool websocket_is_cut(struct websocket *ws, int ms)
{
    int64_t until_ms = now_ms() + ms;
    char byte;

    while (take(ws, &byte, 1, until_ms))
        ;
    return ws->close_code != 0;
}

static struct websocket open_with(int port, const char *path, const char *headers, int room)
{
    struct websocket ws = connect_with(port, room);
    char answer[4096] = "";
    size_t length = 0;
    const char *request;

    if (ws.is_broken)
        return ws;
    request = say("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                  path, port, headers);
    websocket_raw(&ws, request, strlen(request));
    while (length + 1 < sizeof answer && !strstr(answer, "\r\n\r\n") &&
           take(&ws, answer + length, 1, now_ms() + 10000))
        length++;
    sscanf(answer, "HTTP/1.1 %d", &ws.status);
    read_protocol(&ws, answer);
    return ws;
}

struct websocket websocket_open(int port, const char *path, const char *headers)
{
    return open_with(port, path, headers, 0);
}

struct websocket websocket_open_narrow(int port, const char *path, const char *headers)
{
    return open_with(port, path, headers, 4096);
}

void websocket_raw(struct websocket *ws, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length) {
        ssize_t sent = send(ws->fd, from, length, MSG_NOSIGNAL);

        if (sent <= 0) {
            ws->is_broken = true;
            return;
        }
        from += sent;
        length -= (size_t)sent;
    }
}

void websocket_say(struct websocket *ws, const char *text)
{
    size_t length = strlen(text), head = length < 126 ? 6 : length < 65536 ? 8 : 14;
    unsigned char *frame = calloc(1, head + length);

    if (!frame)
        abort();
    frame[0] = 0x81;
    frame[1] = (unsigned char)(0x80 | (head == 6 ? length : head == 8 ? 126 : 127));
    if (head == 8)
        frame[2] = (unsigned char)(length >> 8), frame[3] = (unsigned char)length;
    for (size_t i = 0; head == 14 && i < 8; i++)
        frame[2 + i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
    memcpy(frame + head, text, length); /* the mask is zero, so the text stays as it is */
    websocket_raw(ws, frame, head + length);
    free(frame);
}

/*
 * One frame; NULL at the end of the socket or the time.  One that has begun gets the time it needs,
 * because half of it would make nonsense of all that follow.
 */
static char *frame(struct websocket *ws, int *kind, bool *last, size_t *length, int64_t until_ms)
{
    unsigned char head[2], more[8];
    uint64_t size;
    char *payload;

    if (!take(ws, head, 2, until_ms))
        return NULL;
    until_ms = now_ms() + REST_MS;
    *kind = head[0] & 15;
    *last = head[0] & 0x80;
    size = head[1] & 127;
    if (size > 125) {
        int bytes = size == 126 ? 2 : 8;

        if (!take(ws, more, (size_t)bytes, until_ms))
            return NULL;
        size = 0;
        for (int i = 0; i < bytes; i++)
            size = size << 8 | more[i];
    }
    payload = say("%*s", (int)size, "");
    *length = (size_t)size;
    return take(ws, payload, (size_t)size, until_ms) ? payload : NULL;
}

const char *websocket_hear(struct websocket *ws, int seconds)
{
    int64_t until_ms = now_ms() + seconds * 1000;
    char *message = say("%s", ""), *part;
    size_t length;
    bool last;
    int kind;

    while ((part = frame(ws, &kind, &last, &length, until_ms))) {
        if (kind == 8) {
            ws->close_code =
                length >= 2 ? (unsigned char)part[0] << 8 | (unsigned char)part[1] : 1005;
            if (length > 2)
                snprintf(ws->close_reason, sizeof ws->close_reason, "%.*s", (int)length - 2,
                         part + 2);
            return NULL;
        }
        if (kind > 8)
            continue;
        message = say("%s%.*s", message, (int)length, part);
        if (last)
            return message;
    }
    return NULL;
}

const char *websocket_hear_with(struct websocket *ws, const char *part, int seconds)
{
    int64_t until_ms = now_ms() + seconds * 1000;
    const char *message;

    while (now_ms() < until_ms && (message = websocket_hear(ws, seconds)))
        if (strstr(message, part))
            return message;
    return NULL;
}

bool websocket_closed(struct websocket *ws, int seconds)
{
    int64_t until_ms = now_ms() + seconds * 1000;

    while (!ws->close_code && now_ms() < until_ms)
        websocket_hear(ws, 1);
    return ws->close_code != 0;
}

void websocket_end(struct websocket *ws)
{
    close(ws->fd);
    ws->fd = -1;
}
