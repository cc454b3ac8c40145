/* common/web.c - the loop: timers, posts of other threads, ports, and who gets which callback. */
#include "common/web_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct post {
    void (*run)(void *user);
    void *user;
    struct post *next;
};

struct web_timer {
    struct web *web;
    int64_t due; /* of web_micros() */
    void (*fire)(void *user);
    void *user;
    struct web_timer *previous, *next; /* in the order in which they are due */
};

static struct web *running; /* whom a signal stops */

/* ---- memory and time ---- */

void *web_grow(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

void *web_take(size_t size)
{
    return memset(web_grow(NULL, size), 0, size);
}

char *web_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(web_grow(NULL, size), text, size);
}

int64_t web_micros(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t web_epoch_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * ---- timers ----
 *
 * They hang on one timerfd.  The timers of libwebsockets are no good for media: it waits in whole
 * milliseconds, rounded down, and so spends the last part of every wait spinning.
 */

static void unlink_timer(struct web_timer *timer)
{
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        timer->web->timers = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
}

static void link_timer(struct web_timer *timer)
{
    struct web_timer *before = NULL, *after = timer->web->timers;

    while (after && after->due <= timer->due) {
        before = after;
        after = after->next;
    }
    timer->previous = before;
    timer->next = after;
    if (before)
        before->next = timer;
    else
        timer->web->timers = timer;
    if (after)
        after->previous = timer;
}

/* Sets the timerfd to the first timer; a moment that has passed fires at once. */
static void arm(struct web *web)
{
    int64_t due = web->timers ? web->timers->due : 0;
    struct itimerspec when = {
        .it_value = {.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000}};

    if (due == web->armed)
        return;
    web->armed = due;
    timerfd_settime(web->clock, TFD_TIMER_ABSTIME, &when, NULL);
}

static void fire_due(struct web *web)
{
    int64_t now = web_micros();
    struct web_timer *timer;
    uint64_t times;

    while (read(web->clock, &times, sizeof times) > 0)
        web->armed = 0;
    while ((timer = web->timers) && timer->due <= now) {
        void (*fire)(void *user) = timer->fire;
        void *user = timer->user;

        unlink_timer(timer);
        free(timer);
        fire(user);
    }
    arm(web);
}

struct web_timer *web_at(struct web *web, int64_t micros, void (*fire)(void *user), void *user)
{
    struct web_timer *timer = web_take(sizeof *timer);

    *timer =
        (struct web_timer){.web = web, .due = micros > 0 ? micros : 1, .fire = fire, .user = user};
    link_timer(timer);
    arm(web);
    return timer;
}

struct web_timer *web_after(struct web *web, int64_t ms, void (*fire)(void *user), void *user)
{
    return web_at(web, web_micros() + ms * 1000, fire, user);
}

void web_timer_cancel(struct web_timer *timer)
{
    if (!timer)
        return;
    unlink_timer(timer);
    free(timer);
}

/* ---- posts of other threads ---- */

void web_post(struct web *web, void (*run)(void *user), void *user)
{
    struct post *post = web_take(sizeof *post);

    *post = (struct post){.run = run, .user = user};
    pthread_mutex_lock(&web->lock);
    if (web->last_post)
        web->last_post->next = post;
    else
        web->first_post = post;
    web->last_post = post;
    pthread_mutex_unlock(&web->lock);
    lws_cancel_service(web->context);
}

static struct post *taken_posts(struct web *web)
{
    struct post *posts;

    pthread_mutex_lock(&web->lock);
    posts = web->first_post;
    web->first_post = web->last_post = NULL;
    pthread_mutex_unlock(&web->lock);
    return posts;
}

static void run_posts(struct web *web)
{
    struct post *post = taken_posts(web), *next;

    for (; post; post = next) {
        next = post->next;
        if (!web->draining)
            post->run(post->user);
        free(post);
    }
}

/* ---- callbacks ---- */

struct connection *web_connection(struct web *web, struct lws *wsi, struct service *service)
{
    struct connection *connection = lws_get_opaque_user_data(wsi);

    if (!connection) {
        connection = web_take(sizeof *connection);
        *connection = (struct connection){.wsi = wsi, .web = web, .service = service};
        lws_set_opaque_user_data(wsi, connection);
    }
    return connection;
}

static void connection_gone(struct connection *connection)
{
    lws_set_opaque_user_data(connection->wsi, NULL);
    web_http_gone(connection);
    web_socket_gone(connection);
    free(connection);
}

void web_kill(struct connection *connection)
{
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static bool is_http(enum lws_callback_reasons reason)
{
    return reason == LWS_CALLBACK_HTTP || reason == LWS_CALLBACK_HTTP_BODY ||
           reason == LWS_CALLBACK_HTTP_BODY_COMPLETION || reason == LWS_CALLBACK_HTTP_WRITEABLE;
}

static bool is_accepted(enum lws_callback_reasons reason)
{
    return is_http(reason) || reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE;
}

int web_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                 size_t length)
{
    struct connection *connection = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    struct service *service;

    (void)user;
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        run_posts(lws_context_user(lws_get_context(wsi)));
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        fire_due(lws_context_user(lws_get_context(wsi)));
        return 0;
    }
    if (!connection && wsi && is_accepted(reason)) {
        service = lws_get_vhost_user(lws_get_vhost(wsi));
        connection = web_connection(service->web, wsi, service);
    }
    if (!connection)
        return 0;
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        connection_gone(connection);
        return 0;
    }
    return is_http(reason) ? web_http_event(connection, reason, in, length)
                           : web_socket_event(connection, reason, in, length);
}

/* ---- the loop ---- */

/* Lets the loop wait for the timerfd too. */
static void add_clock(struct web *web)
{
    static const struct lws_protocols protocols[] = {{.name = "clock", .callback = web_callback},
                                                     {.name = NULL}};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .vhost_name = "clock"};
    struct lws_vhost *vhost = lws_create_vhost(web->context, &info);
    lws_sock_file_fd_type clock;

    clock.filefd = web->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!vhost || !lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, clock, "clock", NULL))
        abort();
}

struct web *web_new(void)
{
    struct web *web = web_take(sizeof *web);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .user = web,
        .max_http_header_data = 16384,
        .max_http_header_pool = 256,
        .pt_serv_buf_size = 65536,
        .gid = -1,
        .uid = -1,
    };

    signal(SIGPIPE, SIG_IGN);
    lws_set_log_level(LLL_ERR, NULL);
    pthread_mutex_init(&web->lock, NULL);
    web->context = lws_create_context(&info);
    if (!web->context)
        abort();
    add_clock(web);
    web->client = web_client_vhost(web);
    if (!web->client)
        abort();
    return web;
}

void web_stop(struct web *web)
{
    web->stop = 1;
    lws_cancel_service(web->context);
}

static void stop_running(int sign)
{
    (void)sign;
    if (running)
        web_stop(running);
}

void web_run(struct web *web)
{
    running = web;
    signal(SIGTERM, stop_running);
    signal(SIGINT, stop_running);
    while (!web->stop && lws_service(web->context, 0) >= 0)
        ;
    running = NULL;
}

void web_free(struct web *web)
{
    struct service *service, *next;

    web->draining = true;
    while (web->timers)
        web_timer_cancel(web->timers);
    lws_context_destroy(web->context);
    run_posts(web);
    for (service = web->services; service; service = next) {
        next = service->next;
        free(service);
    }
    pthread_mutex_destroy(&web->lock);
    free(web);
}

/* ---- ports ---- */

static int port_of(const char *address, char *host, size_t room)
{
    const char *colon = strrchr(address, ':');

    if (!colon || (size_t)(colon - address) >= room)
        return -1;
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    return atoi(colon + 1);
}

static struct service *service_new(struct web *web, const struct web_service *is)
{
    struct service *service = web_take(sizeof *service);

    service->web = web;
    service->is = *is;
    service->protocols[0] =
        (struct lws_protocols){.name = "sim", .callback = web_callback, .rx_buffer_size = 65536};
    service->next = web->services;
    web->services = service;
    return service;
}

int web_listen(struct web *web, const char *address, const struct web_service *is)
{
    char host[64];
    int port = port_of(address, host, sizeof host);
    struct service *service = service_new(web, is);
    struct lws_context_creation_info info = {
        .port = port,
        .iface = host,
        .protocols = service->protocols,
        .user = service,
        .vhost_name = address,
        .keepalive_timeout = 60,
        .timeout_secs = 60,
        .server_string = "sim",
    };
    struct lws_vhost *vhost = port < 0 ? NULL : lws_create_vhost(web->context, &info);

    if (!vhost) {
        fprintf(stderr, "cannot listen on %s\n", address);
        return 0;
    }
    return lws_get_vhost_listen_port(vhost);
}

/* ---- the command line ---- */

const char *web_option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name))
            return argv[i + 1];
    return otherwise;
}

void web_announce(int service_port, int control_port)
{
    printf("listening %d %d\n", service_port, control_port);
    fflush(stdout);
}
