#include "stream/socket/inside.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/clock.h"
#include "core/log.h"
#include "stream/watchdog.h"

enum {
    READ_SIZE = 16 * 1024, /* the library's, for requests */
    /* What each socket keeps room for, and is read at once; a longer message comes in pieces. */
    CARRIER_MESSAGE = 2 * 1024,
    MODEL_MESSAGE = 8 * 1024,
    TICK_US = 100 * 1000,
    CLOSING_TURNS = 1000,
    HOST_SIZE = 128,
};

static struct {
    const struct sockets *setup;
    struct lws_context *context;
    uv_loop_t uv;
    bool has_uv;
    char hosts[2][HOST_SIZE];
    struct lws_vhost *stream, *control, *client;
    int64_t turn_us; /* when this turn began, 0 until somebody asks */
    lws_sorted_usec_list_t timer;
} loop;

int64_t sockets_now_us(void)
{
    if (!loop.turn_us)
        loop.turn_us = clock_monotonic_us();
    return loop.turn_us;
}
const struct sockets *sockets_setup(void)
{
    return loop.setup;
}

void sockets_place(struct lws_client_connect_info *info)
{
    info->context = loop.context;
    info->vhost = loop.client;
}

/* ---- the listeners ---- */

static const struct lws_protocols stream_protocols[] = {
    {.name = "stream", .callback = socket_on_stream, .rx_buffer_size = CARRIER_MESSAGE},
    {.name = "trunkline", .callback = socket_on_stream, .rx_buffer_size = CARRIER_MESSAGE},
    {.name = NULL},
};

static const struct lws_protocols client_protocols[] = {
    {.name = "client", .callback = socket_on_client, .rx_buffer_size = MODEL_MESSAGE},
    {.name = NULL},
};

static const struct lws_protocols control_protocols[] = {
    {.name = "control",
     .callback = socket_on_control,
     .rx_buffer_size = READ_SIZE,
     .per_session_data_size = sizeof(struct control_exchange)},
    {.name = NULL},
};

/* Asks a silent peer every 30 seconds whether it is still there, and gives it 30 to answer. */
static const lws_retry_bo_t keep_alive = {
    .secs_since_valid_ping = 30,
    .secs_since_valid_hangup = 60,
};

static void say(int level, const char *line)
{
    if (level & LLL_ERR)
        log_warning(NULL, "socket.library", "%.*s", (int)strcspn(line, "\n"), line);
}

static void on_tick(lws_sorted_usec_list_t *timer)
{
    lws_sul_schedule(loop.context, 0, timer, on_tick, TICK_US);
    sockets_now_us();
    watchdog_runs("loop", "tick");
    sockets_cut_overdue();
    sockets_reconsider();
    loop.setup->tick();
}

/* "unix:/path" or "host:port"; the library keeps the host, so there must be room for it. */
static struct lws_vhost *listen_on(const char *address, const char *name,
                                   const struct lws_protocols *protocols, char host[HOST_SIZE])
{
    const char *colon = strrchr(address, ':');
    struct lws_context_creation_info info = {.protocols = protocols, .vhost_name = name};

    if (strncmp(address, "unix:", 5) == 0) {
        info.options = LWS_SERVER_OPTION_UNIX_SOCK;
        info.iface = address + 5;
    } else if (!colon || atoi(colon + 1) <= 0) {
        return NULL;
    } else {
        snprintf(host, HOST_SIZE, "%.*s", (int)(colon - address), address);
        info.iface = host;
        info.port = atoi(colon + 1);
    }
    return lws_create_vhost(loop.context, &info);
}

/*
 * libuv's loop (epoll) costs the same for every number of calls; the library's own (poll) looks at
 * all sockets whenever one is ready.  It serves where the library was built without libuv.
 */
static bool open_context(void)
{
    void *loops[] = {&loop.uv};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_LIBUV,
        .foreign_loops = loops,
        .pt_serv_buf_size = READ_SIZE,
        .retry_and_idle_policy = &keep_alive,
    };

    lws_set_log_level(LLL_ERR, say);
    loop.has_uv = uv_loop_init(&loop.uv) == 0;
    loop.context = loop.has_uv ? lws_create_context(&info) : NULL;
    if (loop.context)
        return true;
    loop.has_uv = false;
    info.options &= ~(uint64_t)LWS_SERVER_OPTION_LIBUV;
    info.foreign_loops = NULL;
    loop.context = lws_create_context(&info);
    return loop.context != NULL;
}

bool sockets_open(const struct sockets *sockets)
{
    /* Without this option of its own it has no TLS, whatever the context has. */
    struct lws_context_creation_info client = {.port = CONTEXT_PORT_NO_LISTEN,
                                               .protocols = client_protocols,
                                               .vhost_name = "client",
                                               .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};

    loop.setup = sockets;
    if (!open_context())
        return false;
    loop.client = lws_create_vhost(loop.context, &client);
    loop.stream =
        listen_on(sockets->config->listen_stream, "stream", stream_protocols, loop.hosts[0]);
    loop.control =
        listen_on(sockets->config->listen_control, "control", control_protocols, loop.hosts[1]);
    if (!loop.client || !loop.stream || !loop.control) {
        log_error(NULL, "socket.not_open", "stream=%s control=%s", sockets->config->listen_stream,
                  sockets->config->listen_control);
        sockets_close();
        return false;
    }
    lws_sul_schedule(loop.context, 0, &loop.timer, on_tick, TICK_US);
    return true;
}

void sockets_turn(void)
{
    if (loop.has_uv)
        uv_run(&loop.uv, UV_RUN_ONCE);
    else
        lws_service(loop.context, 0);
}

int64_t sockets_send(void)
{
    int64_t began_us = sockets_now_us(), now_us;

    sockets_flush();
    loop.turn_us = 0;
    now_us = clock_monotonic_us();
    watchdog_turn(now_us - began_us, now_us);
    return now_us - began_us;
}

void sockets_wake(void)
{
    lws_cancel_service(loop.context);
}

/* With a loop of ours the library goes in steps: what it closes ends in later turns. */
void sockets_close(void)
{
    if (!loop.context)
        return;
    lws_sul_cancel(&loop.timer);
    lws_context_destroy(loop.context);
    if (loop.has_uv) {
        for (int i = 0; i < CLOSING_TURNS && uv_run(&loop.uv, UV_RUN_NOWAIT); i++)
            ;
        lws_context_destroy(loop.context);
        uv_loop_close(&loop.uv);
    }
    loop.context = NULL;
}
