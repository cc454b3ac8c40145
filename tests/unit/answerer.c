#include "answerer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum { MOST = 200, RULES = 32, REQUEST = 65536 };
enum manner { ANSWER, DROP, HOLD };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t released;
    int listener;
    char url[64];
    bool is_released;
    struct heard heard[MOST];
    size_t count, rules;
    struct {
        const char *path;
        enum manner manner;
        int status;
        const void *body;
        size_t length;
    } rule[RULES];
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER};

static bool below(const char *path, const char *prefix)
{
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* Reads head and body into "text", which ends in NUL; where the body begins, NULL at a bad end. */
static char *read_request(int fd, char *text)
{
    size_t length = 0;
    char *body = NULL;

    while (length + 1 < REQUEST) {
        ssize_t some = read(fd, text + length, REQUEST - 1 - length);
        const char *announced;

        if (some <= 0)
            return NULL;
        length += (size_t)some;
        text[length] = '\0';
        if (!body && (body = strstr(text, "\r\n\r\n")))
            body += 4;
        announced = body ? strstr(text, "\r\nContent-Length:") : NULL;
        if (body &&
            length >= (size_t)(body - text) + (announced ? strtoul(announced + 17, 0, 10) : 0))
            return body;
    }
    return NULL;
}

static void remember(char *text, const char *body)
{
    char *line_end = strstr(text, "\r\n");
    struct heard heard = {.headers = line_end + 2, .body = body};

    *line_end = '\0';
    heard.method = strtok(text, " ");
    heard.path = text + strlen(heard.method) + 1;
    *strchr(heard.path, ' ') = '\0';
    cr_assert_lt(server.count, MOST);
    server.heard[server.count++] = heard;
}

/* The rule that was made last and fits; -1 when there is none. */
static int rule_of(const char *path)
{
    for (int i = (int)server.rules - 1; i >= 0; i--)
        if (below(path, server.rule[i].path))
            return i;
    return -1;
}

static void answer(int fd, int status, const void *body, size_t length)
{
    char head[200];
    int head_length =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %d Told\r\nContent-Type: %s\r\n"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                 status, *(const char *)body == '<' ? "text/xml" : "application/json", length);

    if (write(fd, head, (size_t)head_length) < 0 || write(fd, body, length) < 0)
        return;
}

static void *serve(void *with)
{
    int fd = (int)(intptr_t)with, rule;
    char *text = malloc(REQUEST), *body = read_request(fd, text); /* kept: it was heard */

    pthread_mutex_lock(&server.lock);
    if (body) {
        remember(text, body);
        rule = rule_of(server.heard[server.count - 1].path);
        while (rule >= 0 && server.rule[rule].manner == HOLD && !server.is_released)
            pthread_cond_wait(&server.released, &server.lock);
        if (rule < 0 || server.rule[rule].manner == HOLD)
            answer(fd, 200, "{}", 2);
        else if (server.rule[rule].manner == ANSWER)
            answer(fd, server.rule[rule].status, server.rule[rule].body, server.rule[rule].length);
    }
    pthread_mutex_unlock(&server.lock);
    if (!body)
        free(text);
    close(fd);
    return NULL;
}

static void *listen_on(void *with)
{
    int fd;
    pthread_t thread;

    (void)with;
    while ((fd = accept(server.listener, NULL, NULL)) >= 0)
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    return NULL;
}

void answerer_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;

    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(server.listener, (struct sockaddr *)&address, size) == 0 &&
              listen(server.listener, 64) == 0 &&
              getsockname(server.listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert(pthread_create(&thread, NULL, listen_on, NULL) == 0);
    pthread_detach(thread);
}

const char *answerer_url(void)
{
    return server.url;
}

static void add_rule(const char *path, enum manner manner, int status, const void *body,
                     size_t length)
{
    pthread_mutex_lock(&server.lock);
    cr_assert_lt(server.rules, RULES);
    server.rule[server.rules].path = path;
    server.rule[server.rules].manner = manner;
    server.rule[server.rules].status = status;
    server.rule[server.rules].body = body;
    server.rule[server.rules++].length = length;
    pthread_mutex_unlock(&server.lock);
}

void answerer_say(const char *path, int status, const char *body)
{
    add_rule(path, ANSWER, status, body, strlen(body));
}

void answerer_say_bytes(const char *path, int status, const void *body, size_t length)
{
    add_rule(path, ANSWER, status, body, length);
}

void answerer_drop(const char *path)
{
    add_rule(path, DROP, 0, NULL, 0);
}

void answerer_hold(const char *path)
{
    add_rule(path, HOLD, 0, NULL, 0);
}

void answerer_release(void)
{
    pthread_mutex_lock(&server.lock);
    server.is_released = true;
    pthread_cond_broadcast(&server.released);
    pthread_mutex_unlock(&server.lock);
}

size_t answerer_count(const char *path)
{
    size_t count = 0;

    pthread_mutex_lock(&server.lock);
    for (size_t i = 0; i < server.count; i++)
        count += below(server.heard[i].path, path);
    pthread_mutex_unlock(&server.lock);
    return count;
}

struct heard answerer_heard(const char *path, size_t number)
{
    struct heard heard = {0};

    pthread_mutex_lock(&server.lock);
    for (size_t i = 0; i < server.count && !heard.path; i++)
        if (below(server.heard[i].path, path) && number-- == 0)
            heard = server.heard[i];
    pthread_mutex_unlock(&server.lock);
    cr_assert_not_null(heard.path, "nothing was heard below %s", path);
    return heard;
}

const char *heard_header(const struct heard *heard, const char *name)
{
    static const char *kept[MOST * 4]; /* until the test's process ends */
    static size_t count;
    char wanted[80];
    const char *at;

    snprintf(wanted, sizeof wanted, "%s: ", name);
    for (at = heard->headers; *at && *at != '\r'; at = strstr(at, "\r\n") + 2) {
        if (strncasecmp(at, wanted, strlen(wanted)) != 0)
            continue;
        at += strlen(wanted);
        cr_assert_lt(count, sizeof kept / sizeof kept[0]);
        return kept[count++] = strndup(at, strcspn(at, "\r"));
    }
    cr_assert_fail("there is no header %s", name);
    return NULL;
}
