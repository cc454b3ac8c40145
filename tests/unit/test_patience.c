/*
 * Messages of which only several together are of use stay with the kernel until all are there,
 * over a real socket: one client, and the loop that serves it.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "harness/websocket.h"
#include "stream/socket.h"

#define MESSAGE "{\"event\":\"media\",\"media\":{\"payload\":\"////////////////////////\"}}"

enum { FAR_TOO_LONG = 200 };

static struct config config;
static char address[32];
static int port;
static unsigned heard, ticks;
static size_t awaited;
static bool is_closed;
static struct outlet *to_client;

static int admit(const struct upgrade *upgrade, void **with)
{
    *with = &heard;
    return strcmp(upgrade->path, "/patience") == 0 ? 101 : 0;
}

static void opened(void *with, struct outlet *outlet)
{
    (void)with;
    to_client = outlet;
}

static bool message(void *with, const char *text, size_t length)
{
    (void)with;
    cr_assert_eq(length, sizeof MESSAGE - 1, "%.*s", (int)length, text);
    heard++;
    return true;
}

static size_t awaits(void *with)
{
    (void)with;
    return awaited;
}

static void closed(void *with, const struct closing *closing)
{
    (void)with, (void)closing;
    is_closed = true;
}

static void tick(void)
{
    ticks++;
}

static const struct role role = {
    .name = "patience",
    .most = 1000,
    .most_queued = 1000,
    .admit = admit,
    .opened = opened,
    .message = message,
    .awaits = awaits,
    .closed = closed,
};

/* ---- the client, in a thread of its own ---- */

static pthread_t client;
static sem_t may_speak, has_spoken;
static int says; /* so many messages at once; 0: it hangs up */

static void *talk(void *with)
{
    struct websocket ws = websocket_open(port, "/patience", "");

    do {
        for (int i = 0; i < says; i++)
            websocket_say(&ws, MESSAGE);
        sem_post(&has_spoken);
        sem_wait(&may_speak);
    } while (says);
    websocket_end(&ws);
    return with;
}

static void turn(void)
{
    sockets_turn();
    sockets_send();
}

/* Lets the client say so many messages more; they have left when this returns. */
static void client_says(int count)
{
    says = count;
    sem_post(&may_speak);
    sem_wait(&has_spoken);
}

static void turns_until(unsigned wanted)
{
    for (int i = 0; i < FAR_TOO_LONG && heard < wanted; i++)
        turn();
    cr_assert_eq(heard, wanted);
}

static void ticks_pass(unsigned count)
{
    for (ticks = 0; ticks < count;)
        turn();
}

static int free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&any, length), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&any, &length), 0);
    close(fd);
    return ntohs(any.sin_port);
}

static void begin(void)
{
    static const struct role *const roles[] = {&role, NULL};
    static const struct sockets sockets = {.config = &config, .roles = roles, .tick = tick};
    static char control[32];

    port = free_port();
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    snprintf(control, sizeof control, "127.0.0.1:%d", free_port());
    config.listen_stream = address;
    config.listen_control = control;
    sem_init(&may_speak, 0, 0);
    sem_init(&has_spoken, 0, 0);
    cr_assert(sockets_open(&sockets));
    says = 1;
    pthread_create(&client, NULL, talk, NULL);
    turns_until(1);
    sem_wait(&has_spoken);
}

static void end(void)
{
    says = 0;
    sem_post(&may_speak);
    for (int i = 0; i < FAR_TOO_LONG && !is_closed; i++)
        turn();
    cr_expect(is_closed, "a client that hangs up is noticed, whatever is awaited");
    pthread_join(client, NULL);
    sockets_close();
}

TestSuite(patience, .init = begin, .fini = end);

Test(patience, reads_each_message_at_once_where_nothing_is_awaited)
{
    client_says(1);
    turns_until(2);
}

/* What is awaited counts from the message after which it was said. */
Test(patience, reads_messages_together_once_the_last_of_them_comes)
{
    awaited = 2 * sizeof MESSAGE + sizeof MESSAGE / 2;
    client_says(1);
    turns_until(2);
    for (int i = 0; i < 3; i++) {
        unsigned before = heard;

        client_says(2);
        ticks_pass(3);
        cr_assert_eq(heard, before, "not yet");
        client_says(1);
        while (heard == before)
            turn();
        cr_assert_eq(heard, before + 3, "all in one turn");
    }
}

Test(patience, reads_what_is_there_when_no_more_is_awaited)
{
    awaited = 2 * sizeof MESSAGE;
    client_says(1);
    turns_until(2);
    client_says(1);
    ticks_pass(3);
    cr_assert_eq(heard, 2);
    awaited = 0;
    turns_until(3);
    client_says(1);
    turns_until(4);
}

Test(patience, does_not_keep_an_answer_from_leaving)
{
    awaited = 10 * sizeof MESSAGE;
    client_says(1);
    turns_until(2);
    client_says(1);
    cr_assert(outlet_send(to_client, "{}", 2));
    ticks_pass(2);
    cr_expect_eq(to_client->waiting, 0);
    cr_expect_eq(heard, 2);
}
