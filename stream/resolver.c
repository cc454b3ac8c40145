#include "stream/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "core/log.h"
#include "stream/offloop.h"

enum { MOST_WAITING = 256, KEPT_US = 30 * 1000000 };

struct question {
    struct task task;
    char host[256], address[INET6_ADDRSTRLEN];
    void (*then)(void *with, const char *address);
    void *with;
};

static struct helper *helper;

/* The last host that was found; models have one. */
static struct {
    char host[256], address[INET6_ADDRSTRLEN];
    int64_t found_us;
} last;

/* IPv4 first: it is what works wherever both are said to. */
static void ask(struct work *work, struct task *task)
{
    struct question *question = (struct question *)task;
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    const struct addrinfo other = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(question->host, NULL, &hints, &found);

    if (rc != 0)
        rc = getaddrinfo(question->host, NULL, &other, &found);
    if (rc == 0)
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, question->address,
                         sizeof question->address, NULL, 0, NI_NUMERICHOST);
    if (rc != 0) {
        log_warning(work, "resolver.failed", "host=%s text=\"%s\"", question->host,
                    gai_strerror(rc));
        question->address[0] = '\0';
    }
    if (found)
        freeaddrinfo(found);
}

static void answer(struct task *task)
{
    struct question *question = (struct question *)task;

    if (question->address[0]) {
        memcpy(last.host, question->host, sizeof last.host);
        memcpy(last.address, question->address, sizeof last.address);
        last.found_us = clock_monotonic_us();
    }
    question->then(question->with, question->address[0] ? question->address : NULL);
    free(question);
}

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool resolver_start(const struct config *config)
{
    helper = helper_start("resolver", config, false, MOST_WAITING);
    return helper != NULL;
}

void resolver_stop(void)
{
    helper_stop(helper);
    helper = NULL;
}

static const char *pretended;

void resolver_pretend(const char *address)
{
    pretended = address;
}

void resolver_find(const char *host, void (*then)(void *with, const char *address), void *with)
{
    struct question *question;

    if (pretended || is_numeric(host)) {
        then(with, pretended ? pretended : host);
        return;
    }
    if (last.found_us && strcmp(last.host, host) == 0 &&
        clock_monotonic_us() - last.found_us < KEPT_US) {
        then(with, last.address);
        return;
    }
    question = calloc(1, sizeof *question);
    if (!question)
        abort();
    *question = (struct question){.task = {.run = ask, .done = answer}, .then = then, .with = with};
    snprintf(question->host, sizeof question->host, "%s", host);
    if (helper && helper_give(helper, &question->task))
        return;
    free(question);
    then(with, NULL);
}
