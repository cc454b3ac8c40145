#include "stream/feeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/commands.h"
#include "domain/nodes.h"
#include "stream/control.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/resolver.h"

enum {
    MOST_NODES = 64,
    MOST_TENANTS = 1024, /* that a node may want; the news of further ones it reads itself */
    LOOK_US = 2 * 1000000,
    MOST_MESSAGE = 256 * 1024,
    MOST_QUEUED = 4 * 1024 * 1024,
};

static const char path[] = "/control/events";

static const struct config *configuration;

/* ---- the side that tells ---- */

struct feed {
    struct feed *next;
    struct outlet *outlet;
    int64_t tenants[MOST_TENANTS];
    size_t ntenants;
};

static struct feed *feeds;

static bool wants(const struct feed *feed, int64_t tenant)
{
    for (size_t i = 0; i < feed->ntenants; i++)
        if (feed->tenants[i] == tenant)
            return true;
    return false;
}

bool feeds_want(int64_t tenant)
{
    for (const struct feed *feed = feeds; feed; feed = feed->next)
        if (wants(feed, tenant))
            return true;
    return false;
}

void feeds_publish(const struct event_news *news)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    if (!feeds_want(news->tenant_id))
        return;
    news_write(&text, news);
    for (struct feed *feed = feeds; feed; feed = feed->next)
        if (wants(feed, news->tenant_id) && text.length <= MOST_MESSAGE)
            outlet_send(feed->outlet, text.at, text.length);
    arena_free(&arena);
}

static int admit(const struct upgrade *upgrade, void **with)
{
    const struct control_request request = {
        .method = "GET", .path = path, .signature = upgrade->control, .body = ""};
    struct feed *feed;

    if (strcmp(upgrade->path, path) != 0)
        return 0;
    if (!control_is_signed(configuration->control_secret, &request, clock_now().ms / 1000))
        return 401;
    feed = calloc(1, sizeof *feed);
    if (!feed)
        abort();
    feed->next = feeds;
    feeds = feed;
    *with = feed;
    return 101;
}

static void opened(void *with, struct outlet *outlet)
{
    ((struct feed *)with)->outlet = outlet;
}

/* {"tenants":[7,12]}: what the other node wants from now on. */
static bool message(void *with, const char *text, size_t length)
{
    struct feed *feed = with;
    struct work work = {.id = "feed"};
    json_object *tree = NULL, *list;
    bool ok = json_read(&work, text, length, NULL, &tree);

    list = json_member(tree, "tenants");
    ok = ok && json_object_is_type(list, json_type_array);
    feed->ntenants = 0;
    for (size_t i = 0; ok && i < json_object_array_length(list) && i < MOST_TENANTS; i++)
        feed->tenants[feed->ntenants++] = json_object_get_int64(json_object_array_get_idx(list, i));
    json_object_put(tree);
    work_end(&work);
    return ok;
}

static void closed(void *with, const struct closing *closing)
{
    struct feed **at = &feeds;

    (void)closing;
    while (*at != with)
        at = &(*at)->next;
    *at = (*at)->next;
    free(with);
}

const struct role feed_role = {
    .name = "feed",
    .path = path,
    .is_private = true,
    .most = 32 * 1024,
    .most_queued = MOST_QUEUED,
    .most_messages = 100,
    .admit = admit,
    .opened = opened,
    .message = message,
    .closed = closed,
};

/* ---- the side that asks ---- */

struct peer {
    struct peer *next;
    int64_t node_id, node_epoch;
    char host[256];
    int port;
    struct outlet *outlet; /* NULL: not open */
    bool is_connecting;    /* a socket or a question for an address knows it */
    bool is_up, is_left;   /* is_up: it was there at the last look */
    unsigned told;         /* the version of the tenants that it was told */
};

/* The other nodes, looked up in the helper. */
struct look {
    struct task task;
    int64_t own_id;
    struct {
        int64_t id, epoch;
        char host[256];
        int port;
    } nodes[MOST_NODES];
    size_t count;
    bool ok;
};

static struct {
    struct helper *helper;
    struct peer *first;
    int64_t due_us;
    bool is_looking;
} peers;

static void tell_tenants(struct peer *peer)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    int64_t tenants[MOST_TENANTS];
    unsigned version;
    size_t count = news_tenants(tenants, MOST_TENANTS, &version);

    if (!peer->outlet || peer->told == version)
        return;
    peer->told = version;
    text_put(&text, "{\"tenants\":[");
    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s%lld", i ? "," : "", (long long)tenants[i]);
    text_put(&text, "]}");
    outlet_send(peer->outlet, text.at, text.length);
    arena_free(&arena);
}

static void peer_opened(void *with, struct outlet *outlet)
{
    struct peer *peer = with;

    peer->outlet = outlet;
    log_info(NULL, "feed.open", "node=%lld", (long long)peer->node_id);
    tell_tenants(peer);
}

static bool peer_message(void *with, const char *text, size_t length)
{
    struct work work = {.id = "feed"};
    struct event_news news;
    bool ok = news_parse(&work, text, length, &news);

    (void)with;
    if (ok)
        news_arrived(&news);
    work_end(&work);
    return ok;
}

static void forget(struct peer *peer)
{
    struct peer **at = &peers.first;

    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    free(peer);
}

static void peer_closed(void *with, const struct closing *closing)
{
    struct peer *peer = with;

    log_info(NULL, "feed.closed", "node=%lld code=%u status=%d", (long long)peer->node_id,
             closing->code, closing->status);
    peer->outlet = NULL;
    peer->is_connecting = false;
    peer->told = 0;
    if (peer->is_left)
        forget(peer);
}

static const struct role peer_role = {
    .name = "peer",
    .most = MOST_MESSAGE,
    .most_queued = 64 * 1024,
    .opened = peer_opened,
    .message = peer_message,
    .closed = peer_closed,
};

static void connect_to(void *with, const char *address)
{
    struct peer *peer = with;
    struct work work = {.id = "feed", .config = configuration};
    const struct target target = {
        .address = address,
        .host = peer->host,
        .port = peer->port,
        .path = path,
        .authorization = control_signature(&work, "GET", path, ""),
        .key_header = "x-trunkline-control:",
    };

    if (address && !peer->is_left) {
        socket_connect(&peer_role, &target, peer);
    } else {
        peer->is_connecting = false;
        if (peer->is_left)
            forget(peer);
    }
    work_end(&work);
}

static void look(struct work *work, struct task *task)
{
    struct look *found = (struct look *)task;
    struct rows rows;
    const struct media_node *nodes;

    found->ok = nodes_alive(work, "daemon", &rows);
    nodes = rows.at;
    for (size_t i = 0; found->ok && i < rows.count && found->count < MOST_NODES; i++) {
        const char *url = nodes[i].control_url;

        if (nodes[i].id == found->own_id || !url ||
            sscanf(url, "http://%255[^:/]:%d", found->nodes[found->count].host,
                   &found->nodes[found->count].port) != 2)
            continue;
        found->nodes[found->count].id = nodes[i].id;
        found->nodes[found->count++].epoch = nodes[i].epoch;
    }
}

static struct peer *peer_of(const struct look *found, size_t i)
{
    struct peer *peer = peers.first;

    while (peer && (peer->is_left || peer->node_id != found->nodes[i].id ||
                    peer->node_epoch != found->nodes[i].epoch))
        peer = peer->next;
    if (peer)
        return peer;
    peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->node_id = found->nodes[i].id;
    peer->node_epoch = found->nodes[i].epoch;
    peer->port = found->nodes[i].port;
    memcpy(peer->host, found->nodes[i].host, sizeof peer->host);
    peer->next = peers.first;
    peers.first = peer;
    return peer;
}

static void leave(struct peer *peer)
{
    peer->is_left = true;
    if (peer->outlet)
        peer->outlet->close(peer->outlet, 1000, "");
    if (!peer->is_connecting)
        forget(peer);
}

static void looked(struct task *task)
{
    struct look *found = (struct look *)task;

    peers.is_looking = false;
    for (struct peer *peer = peers.first; found->ok && peer; peer = peer->next)
        peer->is_up = false;
    for (size_t i = 0; found->ok && i < found->count; i++) {
        struct peer *peer = peer_of(found, i);

        peer->is_up = true;
        if (peer->is_connecting)
            continue;
        peer->is_connecting = true;
        resolver_find(peer->host, connect_to, peer);
    }
    for (struct peer *peer = peers.first, *next; found->ok && peer; peer = next) {
        next = peer->next;
        if (!peer->is_up && !peer->is_left)
            leave(peer);
    }
    free(found);
}

static void leave_all(void)
{
    for (struct peer *peer = peers.first, *next; peer; peer = next) {
        next = peer->next;
        if (!peer->is_left)
            leave(peer);
    }
}

/* Without watchers there is nothing to ask others for. */
void feeds_tick(void)
{
    int64_t now_us = clock_monotonic_us(), tenant;
    unsigned version;
    struct look *next;

    if (!news_tenants(&tenant, 1, &version)) {
        leave_all();
        return;
    }
    for (struct peer *peer = peers.first; peer; peer = peer->next)
        tell_tenants(peer);
    if (peers.is_looking || now_us < peers.due_us || !node_id())
        return;
    peers.due_us = now_us + LOOK_US;
    next = calloc(1, sizeof *next);
    if (!next)
        abort();
    next->task = (struct task){.run = look, .done = looked};
    next->own_id = node_id();
    peers.is_looking = helper_give(peers.helper, &next->task);
    if (!peers.is_looking)
        free(next);
}

size_t feeds_open(void)
{
    size_t count = 0;

    for (const struct peer *peer = peers.first; peer; peer = peer->next)
        count += peer->outlet != NULL;
    return count;
}

bool feeds_start(const struct config *config)
{
    configuration = config;
    peers.helper = helper_start("feeds", config, true, 4);
    return peers.helper != NULL;
}

void feeds_stop(void)
{
    leave_all();
    helper_stop(peers.helper);
    peers.helper = NULL;
}
