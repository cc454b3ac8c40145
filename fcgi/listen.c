#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi/prefork.h"

enum { BACKLOG = 1024 };

static int complain(const char *address, const char *why)
{
    fprintf(stderr, "trunkline.fcgi: cannot listen on %s: %s\n", address, why);
    return -1;
}

/* Whether somebody answers there; two programs on one socket would steal from one another. */
static bool is_in_use(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answered = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) == 0;

    if (fd >= 0)
        close(fd);
    return answered;
}

static int listen_on_path(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof name.sun_path)
        return complain(path, "the path is too long for a socket");
    memcpy(name.sun_path, path, strlen(path) + 1);
    if (is_in_use(&name))
        return complain(path, "another program does already");
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0) {
        if (fd >= 0)
            close(fd);
        return complain(path, strerror(errno));
    }
    return fd;
}

static int bind_one(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol), on = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

static int listen_on_port(const char *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;
    char host[256];
    size_t skip = *address == '[', length;
    int fd = -1, error;

    length = colon ? (size_t)(colon - address) - 2 * skip : sizeof host;
    if (length >= sizeof host)
        return complain(address, "that is neither unix:/path nor host:port");
    memcpy(host, address + skip, length);
    host[length] = '\0';
    error = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
    if (error)
        return complain(address, gai_strerror(error));
    for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
        fd = bind_one(info);
    error = errno;
    freeaddrinfo(found);
    return fd >= 0 ? fd : complain(address, strerror(error));
}

int listen_on(const char *address)
{
    if (strncmp(address, "unix:", 5) == 0)
        return listen_on_path(address + 5);
    if (*address == '/')
        return listen_on_path(address);
    return listen_on_port(address);
}
