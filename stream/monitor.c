#include "stream/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/tickets.h"
#include "stream/audio.h"
#include "stream/live.h"
#include "stream/offloop.h"
#include "stream/socket.h"
#include "stream/takeover.h"

#define PATH "/monitor/ws"

enum {
    MOST_WAITING = 64,
    MOST_OF_SESSION = 5,
    LONGEST_MESSAGE = 16 * 1024,
    MOST_QUEUED = 1024 * 1024,
    MOST_MESSAGES = 200, /* a second: fifty carry audio */
    BACKLOG_CODE = 4408,
};

/* A supervisor's socket.  It lives until its socket and its ticket's task have let go of it. */
struct monitor {
    struct task task;      /* redeems the ticket */
    struct monitor *next;  /* of the session */
    struct live *live;     /* NULL: not yet, or not any more */
    struct outlet *outlet; /* NULL: closed */
    char ticket[TICKET_LIMIT + 1];
    bool is_asked, ok, is_over; /* the ticket's task runs; it was good; the socket is gone */
    struct work work;           /* of the task */
    struct ticket given;
    bool speaks;
};

static struct {
    const struct config *config;
    struct helper *helper;
} monitors;

/* ---- to the supervisor ---- */

static bool send(struct monitor *monitor, const struct text *text)
{
    return outlet_send(monitor->outlet, text->at, text->length);
}

static struct text begin(struct live *live, const char *type)
{
    struct text text = {.arena = &live->scratch};

    text_add(&text, "{\"type\":\"%s\"", type);
    return text;
}

static void add(struct text *text, const char *name, const char *value)
{
    text_add(text, ",\"%s\":", name);
    text_json(text, value);
}

static void send_all(struct live *live, struct text *text)
{
    text_char(text, '}');
    for (struct monitor *monitor = live->monitors, *next; monitor; monitor = next) {
        next = monitor->next;
        send(monitor, text);
    }
}

void monitor_audio(struct live *live, const char *speaker, struct slice audio)
{
    struct text text;

    if (!live->monitors)
        return;
    text = begin(live, "audio");
    add(&text, "speaker", speaker);
    text_add(&text, ",\"at_ms\":%lld,\"audio\":\"", (long long)live_elapsed_ms(live));
    text_bytes(&text, audio.at, audio.length);
    text_char(&text, '"');
    send_all(live, &text);
}

void monitor_clear(struct live *live)
{
    struct text text;

    if (!live->monitors)
        return;
    text = begin(live, "clear");
    add(&text, "speaker", "agent");
    send_all(live, &text);
}

static struct text turn_of(struct live *live, const struct slot *slot)
{
    static const char *const speakers[] = {[SPEAKER_USER] = "caller",
                                           [SPEAKER_ASSISTANT] = "agent",
                                           [SPEAKER_SYSTEM] = "system",
                                           [SPEAKER_TOOL] = "tool"};
    struct text text = begin(live, "transcript");

    text_add(&text, ",\"seq\":%lld", (long long)slot->seq);
    add(&text, "speaker", speakers[slot->speaker]);
    add(&text, "text", slot->text.length ? slot->text.at : "");
    text_add(&text, ",\"interrupted\":%s", slot->heard_ms == NO_INTEGER ? "false" : "true");
    return text;
}

void monitor_turn(struct live *live, const struct slot *slot)
{
    struct text text;

    if (!live->monitors)
        return;
    text = turn_of(live, slot);
    send_all(live, &text);
}

static void send_mode(struct monitor *monitor, struct live *live)
{
    struct text text = begin(live, "mode");

    add(&text, "mode", monitor->speaks ? "barge" : "monitor");
    text_char(&text, '}');
    send(monitor, &text);
}

/* Who comes late learns what was said before. */
static void welcome(struct monitor *monitor, struct live *live)
{
    struct text text = begin(live, "session");

    add(&text, "session_id", live->id);
    add(&text, "call_sid", live->call_sid);
    add(&text, "stream_sid", live->stream_sid);
    add(&text, "mode", monitor->speaks ? "barge" : "monitor");
    text_put(&text, ",\"encoding\":\"audio/x-mulaw\",\"sample_rate\":8000}");
    send(monitor, &text);
    for (const struct slot *slot = live->transcript.first; slot; slot = slot->next) {
        if (!slot->is_complete)
            continue;
        text = turn_of(live, slot);
        text_char(&text, '}');
        send(monitor, &text);
    }
}

/* ---- coming and going ---- */

static void release(struct monitor *monitor)
{
    if (!monitor->is_over || monitor->is_asked)
        return;
    work_end(&monitor->work);
    free(monitor);
}

static void close_with(struct monitor *monitor, unsigned code, const char *reason)
{
    if (monitor->outlet)
        monitor->outlet->close(monitor->outlet, code, reason);
}

static void stop_speaking(struct monitor *monitor)
{
    if (!monitor->speaks)
        return;
    monitor->speaks = false;
    if (monitor->live)
        takeover_resume(monitor->live);
}

static void detach(struct monitor *monitor)
{
    struct monitor **at;

    if (!monitor->live)
        return;
    at = &monitor->live->monitors;
    while (*at != monitor)
        at = &(*at)->next;
    *at = monitor->next;
    stop_speaking(monitor);
    monitor->live = NULL;
}

void monitor_end(struct live *live)
{
    while (live->monitors) {
        struct monitor *monitor = live->monitors;
        struct text text = begin(live, "ended");

        add(&text, "reason", live->end_reason ? live->end_reason : "lost");
        text_char(&text, '}');
        send(monitor, &text);
        monitor->speaks = false;
        detach(monitor);
        close_with(monitor, 1000, "");
    }
}

static size_t listeners(const struct live *live)
{
    size_t count = 0;

    for (const struct monitor *monitor = live->monitors; monitor; monitor = monitor->next)
        count++;
    return count;
}

static void attach(struct monitor *monitor, struct live *live)
{
    if (listeners(live) >= MOST_OF_SESSION) {
        close_with(monitor, 4429, "too many listen");
        return;
    }
    monitor->speaks =
        monitor->given.mode && strcmp(monitor->given.mode, "barge") == 0 && takeover_begin(live);
    monitor->live = live;
    monitor->next = live->monitors;
    live->monitors = monitor;
    welcome(monitor, live);
    log_info(&live->work, "monitor.opened", "speaks=%d", monitor->speaks);
}

/* ---- the ticket ---- */

static void redeem(struct work *work, struct task *task)
{
    struct monitor *monitor = (struct monitor *)task;

    monitor->work = (struct work){.id = "monitor", .db = work->db, .config = work->config};
    monitor->ok =
        ticket_redeem(&monitor->work, monitor->ticket, monitor_role.name, &monitor->given);
    explicit_bzero(monitor->ticket, sizeof monitor->ticket);
}

static void refuse(struct monitor *monitor)
{
    if (monitor->work.error.what == UNAUTHENTICATED)
        close_with(monitor, 1008, "unauthorized");
    else
        close_with(monitor, 1011, "try again later");
}

static void redeemed(struct task *task)
{
    struct monitor *monitor = (struct monitor *)task;
    struct live *live;

    monitor->is_asked = false;
    if (monitor->is_over) {
        release(monitor);
        return;
    }
    live = monitor->ok ? live_find(monitor->given.session) : NULL;
    if (!monitor->ok)
        refuse(monitor);
    else if (!live || live->subject.tenant != monitor->work.tenant)
        close_with(monitor, 4404, "no such session");
    else {
        attach(monitor, live);
        arena_reset(&live->scratch);
    }
}

/* ---- the socket ---- */

/* The value of a parameter "ticket" in the query; false when there is none of a good length. */
static bool find_ticket(const char *query, char ticket[TICKET_LIMIT + 1])
{
    static const char name[] = "ticket=";
    size_t length;

    while (*query && strncmp(query, name, sizeof name - 1) != 0) {
        query += strcspn(query, "&");
        query += *query == '&';
    }
    if (!*query)
        return false;
    query += sizeof name - 1;
    length = strcspn(query, "&");
    if (!length || length > TICKET_LIMIT)
        return false;
    memcpy(ticket, query, length);
    ticket[length] = '\0';
    return true;
}

static int admit(const struct upgrade *upgrade, void **with)
{
    char ticket[TICKET_LIMIT + 1];
    struct monitor *monitor;

    if (strcmp(socket_path(upgrade->path), PATH) != 0)
        return 0;
    if (!find_ticket(upgrade->query, ticket))
        return 401;
    monitor = calloc(1, sizeof *monitor);
    if (!monitor)
        abort();
    memcpy(monitor->ticket, ticket, sizeof ticket);
    *with = monitor;
    return 101;
}

/* The ticket is asked about when there is a socket to answer on. */
static void opened(void *with, struct outlet *outlet)
{
    struct monitor *monitor = with;

    monitor->outlet = outlet;
    monitor->task = (struct task){.run = redeem, .done = redeemed};
    monitor->is_asked = helper_give(monitors.helper, &monitor->task);
    if (!monitor->is_asked)
        close_with(monitor, 4429, "too many at once");
}

static void take_audio(struct monitor *monitor, const char *audio)
{
    size_t length = audio ? strlen(audio) : 0;

    if (monitor->speaks && length && audio_is_base64(audio, length))
        takeover_say(monitor->live, (struct slice){audio, length});
}

static bool message(void *with, const char *text, size_t length)
{
    struct monitor *monitor = with;
    struct live *live = monitor->live;
    struct work work = {.id = "monitor", .config = monitors.config};
    json_object *tree = NULL;
    bool ok = !live || json_read(&work, text, length, &(struct json_rules){.depth = 3}, &tree);
    const char *type = json_text(tree, "type");

    if (!live) {
        ok = true; /* the ticket is being looked at, or the session has just ended */
    } else if (ok && type && strcmp(type, "audio") == 0) {
        take_audio(monitor, json_text(tree, "audio"));
    } else if (ok && type && strcmp(type, "release") == 0) {
        stop_speaking(monitor);
        send_mode(monitor, live);
        arena_reset(&live->scratch);
    } else {
        ok = false;
    }
    json_object_put(tree);
    work_end(&work);
    return ok;
}

static void closed(void *with, const struct closing *closing)
{
    struct monitor *monitor = with;

    if (monitor->live)
        log_info(&monitor->live->work, "monitor.closed", "code=%u", closing->code);
    monitor->outlet = NULL;
    monitor->is_over = true;
    detach(monitor);
    release(monitor);
}

const struct role monitor_role = {
    .name = "monitor",
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .most_messages = MOST_MESSAGES,
    .slow_code = BACKLOG_CODE,
    .path = PATH,
    .admit = admit,
    .opened = opened,
    .message = message,
    .closed = closed,
};

bool monitors_start(const struct config *config)
{
    monitors.config = config;
    monitors.helper = helper_start("monitors", config, true, MOST_WAITING);
    return monitors.helper != NULL;
}

void monitors_stop(void)
{
    helper_stop(monitors.helper);
    monitors.helper = NULL;
}
