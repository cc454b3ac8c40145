#include "relay.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Moves what is there; false at the end. */
static bool move(int from, int to)
{
    char buffer[16384];
    ssize_t length = recv(from, buffer, sizeof buffer, 0);

    return length > 0 && send(to, buffer, (size_t)length, MSG_NOSIGNAL) == length;
}

static void serve(struct relay *relay, int client, int server)
{
    struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};

    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents && !move(client, server))
            return;
        if (!fds[1].revents)
            continue;
        if (relay->losses > 0) {
            relay->losses--;
            return;
        }
        if (!move(server, client))
            return;
    }
}

static void *run(void *with)
{
    struct relay *relay = with;
    int client, server;

    while ((client = accept(relay->listener, NULL, NULL)) >= 0) {
        server = connect_to(relay->path);
        if (server >= 0)
            serve(relay, client, server);
        close(server);
        close(client);
        relay->ended++;
    }
    return NULL;
}

void relay_begin(struct relay *relay, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;

    *relay = (struct relay){.path = path, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    cr_assert_eq(bind(relay->listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(relay->listener, 16), 0);
    cr_assert_eq(getsockname(relay->listener, (struct sockaddr *)&address, &size), 0);
    relay->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&relay->thread, NULL, run, relay), 0);
}

void relay_end(struct relay *relay)
{
    shutdown(relay->listener, SHUT_RDWR);
    pthread_join(relay->thread, NULL);
    close(relay->listener);
}

void relay_wait(struct relay *relay, int ended)
{
    for (int i = 0; relay->ended < ended && i < 1000; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    cr_assert_geq(relay->ended, ended);
}
