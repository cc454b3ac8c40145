#include "stream/media.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "stream/bridge.h"
#include "stream/call_log.h"
#include "stream/claims.h"
#include "stream/metrics.h"
#include "stream/node.h"
#include "stream/realtime.h"
#include "stream/recording_pause.h"
#include "stream/watchdog.h"

enum { LONGEST_MESSAGE = 64 * 1024, MOST_QUEUED = 4 * 1024 * 1024 };

/* A carrier that catches up after a break sends 50 messages for each second of it, and marks. */
enum { MOST_MESSAGES = 4000 };

/* Without a token a socket may be a stranger's: so many may be waiting for their start frame. */
enum { MOST_PENDING = 200, MOST_PENDING_OF_ADDRESS = 20 };

/* A frame of 20 ms comes in a message of 400 bytes; what is longer is no carrier's. */
enum { QUIET_US = 200 * 1000, LONGEST_FRAME = 1024 };

static const struct config *configuration;

void media_configure(const struct config *config)
{
    configuration = config;
}

/* ---- what the carrier says ---- */

/* A name that the carrier gave, safe to be put into a message. */
static bool read_sid(json_object *object, const char *name, char sid[ID_SIZE])
{
    const char *text = json_text(object, name);
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= ID_SIZE)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
            return false;
    memcpy(sid, text, length + 1);
    return true;
}

static bool is_our_format(json_object *format)
{
    const char *encoding = json_text(format, "encoding");

    return !format || (encoding && strcmp(encoding, "audio/x-mulaw") == 0 &&
                       json_integer(format, "sampleRate", 8000) == 8000 &&
                       json_integer(format, "channels", 1) == 1);
}

static bool on_start(struct live *live, json_object *start)
{
    const char *token = json_text(json_member(start, "customParameters"), "stream_token");

    if (live->state != LIVE_OPEN || !read_sid(start, "streamSid", live->stream_sid) ||
        !read_sid(start, "callSid", live->call_sid) ||
        !is_our_format(json_member(start, "mediaFormat")))
        return false;
    if (!live->token[0] && token && strlen(token) <= TOKEN_LIMIT)
        snprintf(live->token, sizeof live->token, "%s", token);
    outage_note(&live->caller, start);
    live->media_head_length = (size_t)snprintf(
        live->media_head, sizeof live->media_head,
        "{\"event\":\"media\",\"streamSid\":\"%s\",\"media\":{\"payload\":\"", live->stream_sid);
    live->started_us = live->last_media_us = sockets_now_us();
    live_start(live);
    return true;
}

static bool on_mark(struct live *live, json_object *mark)
{
    const char *name = json_text(mark, "name");

    if (name && !room_mark_heard(live, name))
        playback_heard(&live->playback, name, sockets_now_us());
    return true;
}

static bool on_dtmf(struct live *live, json_object *dtmf)
{
    const char *digit = json_text(dtmf, "digit");

    if (digit && digit[0] && !digit[1])
        pace_key(live, digit[0]);
    return true;
}

static bool on_stop(struct live *live, json_object *stop)
{
    (void)stop;
    live->was_stopped = true;
    live_finish(live, "completed", "caller_hangup");
    return true;
}

static const struct event {
    const char *name;
    bool (*take)(struct live *live, json_object *details);
} events[] = {
    {"start", on_start},
    {"mark", on_mark},
    {"dtmf", on_dtmf},
    {"stop", on_stop},
};

/* Everything but audio comes so rarely that a tree of it costs nothing. */
static bool take_event(struct live *live, const char *name, const char *text, size_t length)
{
    const struct json_rules rules = {.depth = 8};
    struct work work = {.id = live->id, .arena = live->scratch};
    json_object *tree = NULL, *details;
    bool ok = true;

    for (size_t i = 0; i < COUNT(events); i++) {
        if (strcmp(events[i].name, name) != 0)
            continue;
        watchdog_runs("media", events[i].name);
        ok = json_read(&work, text, length, &rules, &tree);
        live->scratch = work.arena;
        details = ok ? json_member(tree, name) : NULL;
        ok = details && events[i].take(live, details);
        json_object_put(tree);
        arena_reset(&live->scratch);
    }
    return ok; /* carriers add events; those that we do not know do not concern us */
}

/* Notes how long the message was when its frame is one of those that leave together. */
static void take_media(struct live *live, struct slice media, size_t length)
{
    struct member wanted[] = {{.name = "payload"}, {.name = "timestamp"}, {.name = "track"}};
    unsigned count = live->held.count;

    if (!scan_members(media.at, media.length, wanted, COUNT(wanted)) || wanted[0].kind != '"' ||
        slice_is(wanted[2].value, "outbound"))
        return;
    live->last_media_us = sockets_now_us();
    bridge_from_caller(live, wanted[0].value, slice_number(wanted[1].value, -1));
    live->held_bytes = live->held.count != count && length <= LONGEST_FRAME ? length : 0;
}

bool media_take(struct live *live, const char *text, size_t length)
{
    struct member wanted[] = {{.name = "event"}, {.name = "media"}};
    char name[16];

    if (!scan_members(text, length, wanted, COUNT(wanted)))
        return false;
    if (slice_is(wanted[0].value, "media") && wanted[1].kind == '{') {
        take_media(live, wanted[1].value, length);
        return true;
    }
    return !slice_copy(wanted[0].value, name, sizeof name) || take_event(live, name, text, length);
}

/* ---- what the carrier is told ---- */

static bool send_audio(struct live *live, struct slice audio)
{
    static const char tail[] = "\"}}";
    size_t head = live->media_head_length, length = head + audio.length + sizeof tail - 1;
    struct outlet *carrier = live->carrier;
    char *room = carrier ? carrier->begin(carrier, MESSAGE_AUDIO, length) : NULL;

    if (!room)
        return false;
    memcpy(room, live->media_head, head);
    memcpy(room + head, audio.at, audio.length);
    memcpy(room + head + audio.length, tail, sizeof tail - 1);
    carrier->end(carrier, length);
    return true;
}

static void send_mark(struct live *live, const char *name)
{
    char text[160];
    int length = snprintf(text, sizeof text,
                          "{\"event\":\"mark\",\"streamSid\":\"%s\",\"mark\":{\"name\":\"%s\"}}",
                          live->stream_sid, name);

    outlet_send(live->carrier, text, (size_t)length);
}

static void send_clear(struct live *live)
{
    char text[128];
    int length =
        snprintf(text, sizeof text, "{\"event\":\"clear\",\"streamSid\":\"%s\"}", live->stream_sid);

    if (live->carrier)
        live->carrier->drop_audio(live->carrier);
    metrics_count(METRIC_CLEARS, 1);
    outlet_send(live->carrier, text, (size_t)length);
}

const struct line media_line = {
    .name = "media",
    .audio = send_audio,
    .mark = send_mark,
    .clear = send_clear,
};

/* ---- the socket ---- */

bool media_path(const char *path, char token[TOKEN_LIMIT + 1])
{
    static const char name[] = "/media-stream";

    if (strncmp(path, "/n/", 3) == 0)
        path += 3 + strcspn(path + 3, "/");
    if (strncmp(path, name, sizeof name - 1) != 0)
        return false;
    path += sizeof name - 1;
    token[0] = '\0';
    if (!*path || strcmp(path, "/") == 0)
        return true;
    if (*path != '/' || strchr(path + 1, '/') || strlen(path + 1) > TOKEN_LIMIT)
        return false;
    snprintf(token, TOKEN_LIMIT + 1, "%s", path + 1);
    return true;
}

/* The token that a client of the plain protocol may give as ?stream_token=… */
static void find_in_query(const char *query, char token[TOKEN_LIMIT + 1])
{
    static const char name[] = "stream_token=";
    const char *at = strstr(query, name);
    size_t length = at ? strcspn(at + sizeof name - 1, "&") : 0;

    if (at && (at == query || at[-1] == '&') && length > 0 && length <= TOKEN_LIMIT) {
        memcpy(token, at + sizeof name - 1, length);
        token[length] = '\0';
    }
}

/* A token is proven before a session is made for it; the database is asked later. */
static int check_token(const char *text, const char *ip)
{
    struct work work = {.id = "media", .config = configuration};
    struct token token;
    bool ok;

    if (!text[0])
        return live_pending(NULL) < MOST_PENDING && live_pending(ip) < MOST_PENDING_OF_ADDRESS
                   ? 101
                   : 429;
    ok = token_read(&work, TOKEN_STREAM, text, &token);
    work_end(&work);
    return ok ? 101 : 401;
}

static int admit(const struct upgrade *upgrade, void **with)
{
    char token[TOKEN_LIMIT + 1];
    struct live *live;
    bool is_bearer;
    int status;

    if (!media_path(upgrade->path, token))
        return 0;
    if (!token[0])
        find_in_query(upgrade->query, token);
    if (!node_takes_calls() || live_count() >= (size_t)configuration->node_capacity)
        return 503;
    is_bearer = !token[0] && claim_bearer(upgrade->authorization, token);
    status = check_token(is_bearer ? "" : token, upgrade->ip);
    if (status != 101) {
        log_info(NULL, "media.refused", "status=%d ip=%s", status, upgrade->ip);
        return status;
    }
    live = live_new(configuration, upgrade->ip);
    live->line = &media_line;
    live->is_pending = is_bearer || !token[0];
    live->is_bearer = is_bearer;
    snprintf(live->token, sizeof live->token, "%s", token);
    *with = live;
    return 101;
}

static void opened(void *with, struct outlet *outlet)
{
    struct live *live = with;

    live->carrier = call_log_tap(live->log, outlet, 'C');
}

static bool message(void *with, const char *text, size_t length)
{
    call_log_add(((struct live *)with)->log, 'c', text, length);
    return media_take(with, text, length);
}

/*
 * Frames that leave together need not be read one by one; in a room each is also the clock of what
 * the others hear.  Half of the last is enough to know that it came; a carrier that has nothing to
 * say may still have returned a mark, so it is not awaited for long.
 */
static size_t awaits(void *with)
{
    struct live *live = with;
    unsigned frames = coalesce_awaited(&live->held);

    if (frames == 1 || live->room.meeting || sockets_now_us() - live->last_media_us > QUIET_US)
        return 0;
    return (frames - 1) * live->held_bytes + live->held_bytes / 2;
}

static void closed(void *with, const struct closing *closing)
{
    struct live *live = with;

    log_info(&live->work, "media.closed", "code=%u stopped=%d dropped=%zu", closing->code,
             live->was_stopped, live->carrier ? live->carrier->dropped : 0);
    call_log_closed(live->log, 'k', closing);
    metrics_count(METRIC_DROPPED, live->carrier ? (int64_t)live->carrier->dropped : 0);
    live->carrier = NULL;
    if (live->state < LIVE_CLOSING)
        live_lost(live);
    live_release(live);
}

const struct role media_role = {
    .name = "media",
    .path = "/media-stream",
    .plain_status = 400,
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .most_messages = MOST_MESSAGES,
    .admit = admit,
    .opened = opened,
    .message = message,
    .awaits = awaits,
    .closed = closed,
};
