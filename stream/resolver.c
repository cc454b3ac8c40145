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

enum { MOST_WAITING = 256, HOST_SIZE = 256 };

struct asker {
    struct asker *next;
    void (*then)(void *with, const char *address);
    void *with;
};

/* The helper reads the first two and writes the address; the rest is the loop's meanwhile. */
struct question {
    struct task task;
    char host[HOST_SIZE], avoided[INET6_ADDRSTRLEN], address[INET6_ADDRSTRLEN];
    struct question *next; /* of those that are under way */
    struct asker *first, **end;
};

static struct helper *helper;
static struct question *under_way;
static const char *pretended;

/* ---- what is known ---- */

static struct known {
    int64_t until_us;
    char host[HOST_SIZE], address[INET6_ADDRSTRLEN]; /* "": it has none */
    bool is_bad;                                     /* nothing could be connected to there */
} known[RESOLVER_HOSTS];

/* What was known of the host last, however long ago; NULL: nothing. */
static struct known *known_of(const char *host)
{
    for (size_t i = 0; i < RESOLVER_HOSTS; i++)
        if (strcmp(known[i].host, host) == 0)
            return &known[i];
    return NULL;
}

/* NULL when nothing is known any more. */
static const struct known *recall(const char *host)
{
    const struct known *one = known_of(host);

    return one && one->until_us > clock_monotonic_us() ? one : NULL;
}

static struct known *known_for_the_shortest_time(void)
{
    struct known *place = &known[0];

    for (size_t i = 1; i < RESOLVER_HOSTS; i++)
        if (known[i].until_us < place->until_us)
            place = &known[i];
    return place;
}

/* A host that had an address keeps it while it cannot be looked up. */
static void remember(struct question *question)
{
    struct known *place = known_of(question->host);
    bool was_found = question->address[0] != '\0';

    if (!place) {
        place = known_for_the_shortest_time();
        *place = (struct known){0};
        memcpy(place->host, question->host, sizeof place->host);
    }
    if (was_found) {
        memcpy(place->address, question->address, sizeof place->address);
        place->is_bad = false;
    }
    memcpy(question->address, place->address, sizeof question->address);
    place->until_us = clock_monotonic_us() + (was_found ? RESOLVER_KEPT_US : RESOLVER_FAILED_US);
}

void resolver_forget(const char *host, const char *address)
{
    struct known *one = known_of(host);

    if (!one || strcmp(one->address, address) != 0)
        return;
    one->until_us = clock_monotonic_us();
    one->is_bad = true;
}

/* ---- looking up ---- */

/* The first that is not avoided, or else the last; 0 or an error of getnameinfo(). */
static int write_one(const struct addrinfo *found, const char *avoided, char *address, size_t size)
{
    int rc = 0;

    for (; found; found = found->ai_next) {
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)size, NULL, 0,
                         NI_NUMERICHOST);
        if (rc != 0 || strcmp(address, avoided) != 0)
            break;
    }
    return rc;
}

/* IPv4 first: it is what works wherever both are said to. */
static bool ask_system(const char *host, const char *avoided, char *address, size_t size)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    const struct addrinfo other = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);

    if (rc != 0)
        rc = getaddrinfo(host, NULL, &other, &found);
    if (rc == 0)
        rc = write_one(found, avoided, address, size);
    if (rc != 0)
        log_warning(NULL, "resolver.failed", "host=%s text=\"%s\"", host, gai_strerror(rc));
    if (found)
        freeaddrinfo(found);
    return rc == 0;
}

static bool (*look_up)(const char *host, const char *avoided, char *address,
                       size_t size) = ask_system;

static void run(struct work *work, struct task *task)
{
    struct question *question = (struct question *)task;

    (void)work;
    if (!look_up(question->host, question->avoided, question->address, sizeof question->address))
        question->address[0] = '\0';
}

static void tell(struct question *question)
{
    const char *address = question->address[0] ? question->address : NULL;

    while (question->first) {
        struct asker *asker = question->first;

        question->first = asker->next;
        asker->then(asker->with, address);
        free(asker);
    }
    free(question);
}

/* Who is told may ask again at once, so nothing is under way by then. */
static void was_found(struct task *task)
{
    struct question *question = (struct question *)task;
    struct question **at = &under_way;

    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    remember(question);
    tell(question);
}

static void is_known(struct task *task)
{
    tell((struct question *)task);
}

/* ---- asking ---- */

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static struct question *new_question(const char *host)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question)
        abort();
    question->end = &question->first;
    snprintf(question->host, sizeof question->host, "%s", host);
    return question;
}

static void join(struct question *question, void (*then)(void *with, const char *address),
                 void *with)
{
    struct asker *asker = calloc(1, sizeof *asker);

    if (!asker)
        abort();
    asker->then = then;
    asker->with = with;
    *question->end = asker;
    question->end = &asker->next;
}

static struct question *find_under_way(const char *host)
{
    struct question *question = under_way;

    while (question && strcmp(question->host, host) != 0)
        question = question->next;
    return question;
}

/* A new question; NULL when it cannot be asked. */
static struct question *ask(const char *host)
{
    struct question *question = new_question(host);
    const struct known *one = known_of(host);

    if (one && one->is_bad)
        memcpy(question->avoided, one->address, sizeof question->avoided);
    question->task = (struct task){.run = run, .done = was_found};
    if (!helper || !helper_give(helper, &question->task)) {
        free(question);
        return NULL;
    }
    question->next = under_way;
    under_way = question;
    return question;
}

/* Not at once: who hears that there is no address tries again, and would be in his own way. */
static struct question *answer_later(const char *host)
{
    struct question *question = new_question(host);

    question->task = (struct task){.done = is_known};
    offloop_tell(&question->task);
    return question;
}

void resolver_find(const char *host, void (*then)(void *with, const char *address), void *with)
{
    const struct known *one = recall(host);
    struct question *question;

    if (pretended || is_numeric(host)) {
        then(with, pretended ? pretended : host);
        return;
    }
    if (one && one->address[0]) {
        then(with, one->address);
        return;
    }
    question = one ? answer_later(host) : find_under_way(host);
    if (!question)
        question = ask(host);
    if (question)
        join(question, then, with);
    else
        then(with, NULL);
}

void resolver_pretend(const char *address)
{
    pretended = address;
}

void resolver_look_up_by(bool (*other)(const char *host, const char *avoided, char *address,
                                       size_t size))
{
    look_up = other ? other : ask_system;
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
