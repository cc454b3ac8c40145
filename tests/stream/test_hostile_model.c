/*
 * A model that is no model: what it sends is bounded like what anybody sends.
 */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "own_call.h"

/* A websocket server of the test's own, to which its daemon connects as to its model. */
struct model {
    int listener, port, fd;
};

static struct model model_begin(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    struct model model = {.listener = socket(AF_INET, SOCK_STREAM, 0), .fd = -1};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(model.listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(model.listener, 16), 0);
    getsockname(model.listener, (struct sockaddr *)&address, &length);
    model.port = ntohs(address.sin_port);
    return model;
}

static bool is_readable(int fd, int ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, ms) == 1;
}

static const char *accept_of(const char *key)
{
    const char *text = say("%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    unsigned char digest[20], base64[32];

    cr_assert(EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL));
    EVP_EncodeBlock(base64, digest, sizeof digest);
    return say("%s", (const char *)base64);
}

/* Takes the daemon in. */
static void model_accept(struct model *model)
{
    static const char name[] = "sec-websocket-key: ";
    char request[4096] = "";
    const char *key, *answer;
    size_t length = 0;
    ssize_t got = 1;

    cr_assert(is_readable(model->listener, 20000), "nobody connects");
    model->fd = accept(model->listener, NULL, NULL);
    while (got > 0 && !strstr(request, "\r\n\r\n")) {
        got = recv(model->fd, request + length, sizeof request - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    key = strcasestr(request, name);
    cr_assert(key, "%s", request);
    answer = say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\n\r\n",
                 accept_of(key + sizeof name - 1));
    cr_assert_eq(send(model->fd, answer, strlen(answer), MSG_NOSIGNAL), (ssize_t)strlen(answer));
}

/* Sends one message after the other, whatever the daemon says meanwhile. */
static void model_floods(struct model *model, int messages)
{
    static const char message[] = "\x81\x0c{\"type\":\"x\"}";

    for (int i = 0; i < messages; i++)
        if (send(model->fd, message, sizeof message - 1, MSG_NOSIGNAL) < 0)
            return;
}

/* The code in the close frame among masked frames; 0: none has come yet. */
static int code_in(const unsigned char *at, size_t length)
{
    const unsigned char *end = at + length;

    while (end - at >= 6) {
        size_t size = at[1] & 127, head = 6;

        if (size == 126) {
            size = (size_t)at[2] << 8 | at[3];
            head = 8;
        }
        if (size == 127 || (size_t)(end - at) < head + size)
            return 0;
        if ((at[0] & 15) == 8 && size >= 2)
            return (at[6] ^ at[2]) << 8 | (at[7] ^ at[3]);
        at += head + size;
    }
    return 0;
}

/* With which code the daemon closes; 0: it does not. */
static int model_is_closed(struct model *model)
{
    static unsigned char said[1 << 20];
    size_t length = 0;
    int code = 0;

    while (!code && length < sizeof said && is_readable(model->fd, 20000)) {
        ssize_t got = recv(model->fd, said + length, sizeof said - length, 0);

        if (got <= 0)
            break;
        length += (size_t)got;
        code = code_in(said, length);
    }
    return code;
}

Test(hostile_model, one_that_floods_is_hung_up_on, .timeout = 90)
{
    struct model model = model_begin();
    struct own_call call = own_call_new();
    struct own_daemon daemon;
    struct websocket ws;

    setenv("OPENAI_REALTIME_URL", say("ws://127.0.0.1:%d/v1/realtime", model.port), 1);
    daemon = own_daemon_start();
    ws = own_call_open(&call, daemon.port);
    own_call_start(&call, &ws);
    model_accept(&model);
    model_floods(&model, 50000);
    cr_expect_eq(model_is_closed(&model), 1008);
    websocket_end(&ws);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}
