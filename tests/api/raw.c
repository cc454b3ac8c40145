#include "api/raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum { PATIENCE_MS = 20000, ROOM = 1 << 20 };

struct raw raw_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(fact("PORT"))),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct raw raw = {socket(AF_INET, SOCK_STREAM, 0)};

    cr_assert(raw.fd >= 0);
    cr_assert_eq(connect(raw.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return raw;
}

/* The other side may have closed: then there will be no answer, which the caller sees. */
void raw_send(const struct raw *raw, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length) {
        ssize_t sent = send(raw->fd, at, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        at += sent;
        length -= (size_t)sent;
    }
}

void raw_finish(const struct raw *raw)
{
    shutdown(raw->fd, SHUT_WR);
}

/* Adds what comes to a text; false when nothing more does. */
static bool receive(const struct raw *raw, char *text, size_t *length)
{
    struct pollfd readable = {.fd = raw->fd, .events = POLLIN};
    ssize_t got;

    if (*length >= ROOM || poll(&readable, 1, PATIENCE_MS) <= 0)
        return false;
    got = recv(raw->fd, text + *length, ROOM - *length, 0);
    if (got <= 0)
        return false;
    *length += (size_t)got;
    text[*length] = '\0';
    return true;
}

static const char *body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");

    return end ? end + 4 : NULL;
}

struct reply raw_answer(const struct raw *raw, bool to_head)
{
    char *text = say("%*s", ROOM, "");
    const char *body, *announced;
    struct reply reply = {0};
    size_t length = 0, wanted;

    *text = '\0';
    while (!(body = body_of(text)))
        if (!receive(raw, text, &length))
            return reply;
    reply.headers = say("%.*s", (int)(body - text), text);
    announced = reply_header_of(&reply, "Content-Length");
    wanted = announced && !to_head ? (size_t)strtoul(announced, NULL, 10) : 0;
    while (length - (size_t)(body - text) < wanted && receive(raw, text, &length))
        ;
    reply.status = strtol(text + strcspn(text, " "), NULL, 10);
    reply.body = say("%s", body);
    reply.length = length - (size_t)(body - text);
    if (*reply.body == '{')
        reply.json = kept(json_tokener_parse(reply.body));
    return reply;
}

bool raw_is_usable(const struct raw *raw)
{
    static const char request[] = "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    raw_send(raw, request, sizeof request - 1);
    return raw_answer(raw, false).status == 200;
}

void raw_close(struct raw *raw)
{
    close(raw->fd);
    raw->fd = -1;
}
