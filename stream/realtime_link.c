#include "stream/realtime_link.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "stream/call_log.h"
#include "stream/metrics.h"
#include "stream/model.h"
#include "stream/realtime.h"
#include "stream/resolver.h"
#include "stream/socket.h"
#include "stream/ws_url.h"

enum {
    LONGEST_MESSAGE = 1024 * 1024,
    MOST_QUEUED = 256 * 1024, /* of base64 audio twenty seconds */
    MOST_MESSAGES = 4000,     /* in a second; an answer comes in a few hundred */
    SETUP_US = 5 * 1000000,
};

/* One attempt to connect; only the session's current one may speak to it. */
struct link {
    struct live *live;
    struct ws_url url;
    char address[64];
    bool was_reached; /* somebody answered there, if only to refuse */
};

/* Whoever connects next may find the host at another address. */
static void note_end(const struct link *link)
{
    if (!link->was_reached)
        resolver_forget(link->url.host, link->address);
}

/* ---- the socket ---- */

static void opened(void *with, struct outlet *outlet)
{
    struct link *link = with;
    struct live *live = link->live;

    link->was_reached = true;
    if (live->rollover.link == link) {
        rollover_opened(live, outlet);
        return;
    }
    if (live->link != link) {
        outlet->close(outlet, 1000, "");
        return;
    }
    call_log_add(live->log, 'o', "", 0);
    live->model = call_log_tap(live->log, outlet, 'M');
    live->last_error[0] = '\0';
    live->rollover.born_us = sockets_now_us();
}

static bool message(void *with, const char *text, size_t length)
{
    struct link *link = with;

    if (link->live->rollover.link == link)
        return rollover_take(link->live, text, length);
    if (link->live->link != link)
        return true;
    call_log_add(link->live->log, 'm', text, length);
    return realtime_take(link->live, text, length);
}

static void closed(void *with, const struct closing *closing)
{
    struct link *link = with;
    struct live *live = link->live;
    const char *why = live->last_error[0] ? live->last_error : closing->reason;

    log_info(&live->work, "model.closed", "status=%d code=%u", closing->status, closing->code);
    link->was_reached |= closing->status != 0;
    note_end(link);
    if (live->rollover.link == link)
        rollover_gone(live);
    call_log_closed(live->log, live->link == link ? 'x' : 'y', closing);
    if (live->link == link) {
        metrics_count(METRIC_DROPPED, live->model ? (int64_t)live->model->dropped : 0);
        live->model = NULL;
        if (closing->status == 401 || closing->status == 403)
            why = "invalid_api_key";
        model_lost(live, *why ? why : "closed");
    }
    live_release(live);
}

static const struct role link_role = {
    .name = "model",
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .most_messages = MOST_MESSAGES,
    .opened = opened,
    .message = message,
    .closed = closed,
};

/* ---- connecting ---- */

/* Where the call's model is: the provider of the configuration, or the other one after a loss. */
static const char *url_of(const struct live *live)
{
    const struct config *config = live->work.config;

    return live->ladder.is_fallback ? config->openai_realtime_fallback_url
                                    : config->openai_realtime_url;
}

static const char *key_of(const struct live *live)
{
    const struct config *config = live->work.config;
    const char *other = live->ladder.is_fallback ? config->openai_realtime_fallback_key : NULL;

    return other && *other ? other : config->openai_api_key;
}

static const char *model_of(const struct live *live)
{
    const char *other =
        live->ladder.is_fallback ? live->work.config->openai_realtime_fallback_model : NULL;

    return other && *other ? other : live->settings.model;
}

/* Adds the model to the URL, unless the operator wrote one there. */
static void write_path(const struct live *live, const struct ws_url *url, struct text *path)
{
    text_put(path, url->path);
    if (strstr(url->path, "model="))
        return;
    text_put(path, strchr(url->path, '?') ? "&model=" : "?model=");
    text_url(path, model_of(live));
}

/* Begins to connect; false when the URL cannot be read. */
static bool open_link(struct live *live, const char *address, struct link **place)
{
    struct text path = {.arena = &live->scratch};
    struct target target = {.address = address};
    struct link *link;
    struct ws_url url;

    if (!address || !ws_url_read(url_of(live), &url))
        return false;
    write_path(live, &url, &path);
    target.tls = url.tls;
    target.host = url.host;
    target.port = url.port;
    target.path = path.at;
    if (key_of(live) && *key_of(live))
        target.authorization = arena_format(&live->scratch, "Bearer %s", key_of(live));
    live_hold(live);
    link = arena_new(&live->work.arena, struct link, 1);
    *link = (struct link){.live = live, .url = url};
    snprintf(link->address, sizeof link->address, "%s", address);
    *place = link;
    socket_connect(&link_role, &target, link);
    return true;
}

static void connect_to(void *with, const char *address)
{
    struct live *live = with;

    if (live->state == LIVE_CONNECTING && !open_link(live, address, &live->link))
        model_lost(live, "address");
    arena_reset(&live->scratch);
    live_release(live);
}

static void resolve(struct live *live, void (*then)(void *with, const char *address))
{
    struct ws_url url;

    live_hold(live);
    resolver_find(ws_url_read(url_of(live), &url) ? url.host : "", then, live);
}

static void connect_model(struct live *live)
{
    live->state = LIVE_CONNECTING;
    live->connects++;
    live->has_base = false;
    live->deadline_us = sockets_now_us() + SETUP_US;
    resolve(live, connect_to);
}

/* Without an address there is no other session, and the one in use goes on. */
static void connect_beside(void *with, const char *address)
{
    struct live *live = with;

    if (live->state == LIVE_READY && !live->rollover.link)
        open_link(live, address, &live->rollover.link);
    arena_reset(&live->scratch);
    live_release(live);
}

void realtime_open_beside(struct live *live)
{
    resolve(live, connect_beside);
}

/* A link that is still on its way when its time is over is told of too late by its socket. */
static void close_model(struct live *live)
{
    rollover_drop(live);
    if (live->link && sockets_now_us() > live->deadline_us)
        note_end(live->link);
    if (live->model)
        live->model->close(live->model, 1000, "");
    live->model = NULL;
    live->link = NULL;
}

static const char *other_of(const struct config *config)
{
    return config->openai_realtime_fallback_url;
}

const struct mind realtime_mind = {
    .name = "realtime",
    .connect = connect_model,
    .close = close_model,
    .hear = realtime_hear,
    .tell = realtime_tell,
    .speak = realtime_speak,
    .answer_tool = realtime_answer_tool,
    .cancel = realtime_cancel,
    .truncate = realtime_truncate,
    .configure = realtime_configure,
    .other = other_of,
};
