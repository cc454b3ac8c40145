#include "stream/model.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "stream/realtime.h"
#include "stream/resolver.h"
#include "stream/ws_url.h"

enum {
    LONGEST_MESSAGE = 1024 * 1024,
    MOST_QUEUED = 256 * 1024, /* of base64 audio twenty seconds */
    SETUP_US = 5 * 1000000,
    ATTEMPTS = 2,
    TOLD_TURNS = 30, /* so many turns a new connection learns of what was said */
};

/* One attempt to connect; only the session's current one may speak to it. */
struct link {
    struct live *live;
};

/* Adds the model to the URL, unless the operator wrote one there. */
static void write_path(const struct live *live, const struct ws_url *url, struct text *path)
{
    text_put(path, url->path);
    if (strstr(url->path, "model="))
        return;
    text_put(path, strchr(url->path, '?') ? "&model=" : "?model=");
    text_url(path, live->settings.model);
}

static void connect_to(void *with, const char *address)
{
    struct live *live = with;
    const struct config *config = live->work.config;
    struct text path = {.arena = &live->scratch};
    struct target target = {.address = address};
    struct ws_url url;

    if (live->state == LIVE_CONNECTING && address &&
        ws_url_read(config->openai_realtime_url, &url)) {
        write_path(live, &url, &path);
        target.tls = url.tls;
        target.host = url.host;
        target.port = url.port;
        target.path = path.at;
        if (config->openai_api_key && *config->openai_api_key)
            target.authorization =
                arena_format(&live->scratch, "Bearer %s", config->openai_api_key);
        live_hold(live);
        live->link = arena_new(&live->work.arena, struct link, 1);
        live->link->live = live;
        socket_connect(&model_role, &target, live->link);
    } else if (live->state == LIVE_CONNECTING) {
        model_lost(live, "address");
    }
    arena_reset(&live->scratch);
    live_release(live);
}

void model_connect(struct live *live)
{
    const struct config *config = live->work.config;
    struct ws_url url;

    live->state = LIVE_CONNECTING;
    live->connects++;
    live->has_base = false;
    live->deadline_us = sockets_now_us() + SETUP_US;
    live_hold(live);
    resolver_find(ws_url_read(config->openai_realtime_url, &url) ? url.host : "", connect_to, live);
}

void model_tell_history(struct live *live)
{
    const struct slot *slot = live->transcript.first;
    int64_t skip = live->transcript.count - TOLD_TURNS;

    for (size_t i = 0; i < live->nhistory; i++)
        realtime_tell(live, live->history[i].speaker, live->history[i].text);
    for (; slot; slot = slot->next)
        if (slot->seq > skip && slot->is_complete && slot->text.length > 0)
            realtime_tell(live, slot->speaker, slot->text.at);
}

void model_close(struct live *live)
{
    if (live->model)
        live->model->close(live->model, 1000, "");
    live->model = NULL;
    live->link = NULL;
}

void model_lost(struct live *live, const char *why)
{
    bool again = live->connects < ATTEMPTS && !realtime_is_fatal(why);
    struct text payload = {.arena = &live->scratch};

    if (live->state < LIVE_CONNECTING || live->state >= LIVE_CLOSING)
        return;
    log_warning(&live->work, "model.lost", "why=%s again=%d", why, again);
    text_put(&payload, "{\"why\":");
    text_json(&payload, why);
    text_put(&payload, "}");
    fact_event(&live->subject, "model.error", "warn", "model", payload.at);
    model_close(live);
    responses_forget(&live->responses);
    if (live->state == LIVE_DRAINING)
        live_finish(live, "completed", "agent_end");
    else if (again)
        model_connect(live);
    else
        live_finish(live, "failed", "model_error");
}

/* ---- the socket ---- */

static void opened(void *with, struct outlet *outlet)
{
    struct link *link = with;
    struct live *live = link->live;

    if (live->link != link) {
        outlet->close(outlet, 1000, "");
        return;
    }
    live->model = outlet;
    live->last_error[0] = '\0';
}

static bool message(void *with, const char *text, size_t length)
{
    struct link *link = with;

    return link->live->link != link || realtime_take(link->live, text, length);
}

static void closed(void *with, const struct closing *closing)
{
    struct link *link = with;
    struct live *live = link->live;
    const char *why = live->last_error[0] ? live->last_error : closing->reason;

    log_info(&live->work, "model.closed", "status=%d code=%u", closing->status, closing->code);
    if (live->link == link) {
        live->model = NULL;
        if (closing->status == 401 || closing->status == 403)
            why = "invalid_api_key";
        model_lost(live, *why ? why : "closed");
    }
    live_release(live);
}

const struct role model_role = {
    .name = "model",
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .opened = opened,
    .message = message,
    .closed = closed,
};
