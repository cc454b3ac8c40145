#include "stream/logs_role.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

enum { SOCKETS_OF_TENANT = 20, MESSAGES = 50, SLOW = 4408, MOST_TAIL = 500 };

static bool read_query(struct visitor *visitor, const char *query)
{
    char level[16], tail[16];

    visitor_query(query, "level", level, sizeof level);
    visitor->level = visitor_level(level[0] ? level : "info");
    visitor_query(query, "event", visitor->event, sizeof visitor->event);
    if (!visitor->call[0])
        visitor_query(query, "stream_sid", visitor->call, sizeof visitor->call);
    visitor_query(query, "tail", tail, sizeof tail);
    visitor->tail = strtol(tail, NULL, 10);
    return visitor->level >= 0 && visitor->tail >= 0 && visitor->tail <= MOST_TAIL &&
           strspn(tail, "0123456789") == strlen(tail);
}

/* A line for a person: what was said, or what went wrong, or what it is called. */
static void add_message(struct text *out, const struct event_news *news)
{
    json_object *payload = json_parse(news->payload.json ? news->payload.json : "{}");
    static const char *const names[] = {"message", "text", "reason", "state"};
    const char *words = NULL;

    for (size_t i = 0; !words && i < COUNT(names); i++)
        words = json_text(payload, names[i]);
    text_put(out, ",\"message\":");
    text_json(out, words ? arena_format(out->arena, "%s: %s", news->type, words) : news->type);
    json_object_put(payload);
}

static bool render(const struct visitor *visitor, const struct event_news *news, struct text *out)
{
    char at[32], id[27], stream[35] = "MZ";

    uid_write_base32(news->id, id);
    instant_write_iso(news->occurred_at, ISO_MILLISECONDS, at);
    uid_write_hex(news->session_id, stream + 2);
    text_add(out, "{\"type\":\"log\",\"id\":\"%s\",\"level\":\"%s\",\"timestamp\":\"%s\"", id,
             news->level, at);
    text_put(out, ",\"tenant\":");
    text_json(out, visitor->proven.tenant_key);
    text_put(out, ",\"stream_sid\":");
    text_json(out, news->stream_sid                ? news->stream_sid
                   : uid_is_none(news->session_id) ? NULL
                                                   : stream);
    text_put(out, ",\"call_sid\":");
    text_json(out, news->call_sid);
    text_add(out, ",\"event\":\"%s\"", news->type);
    add_message(out, news);
    text_add(out, ",\"data\":%s}", news->payload.json ? news->payload.json : "{}");
    return true;
}

const struct stage logs_stage = {
    .path = "/api/v1/logs",
    .also = "/logs",
    .proof = {.key_kind = "stateset", .ticket = "logs", .most_sockets = SOCKETS_OF_TENANT},
    .takes_legacy_query = true,
    .read_query = read_query,
    .render = render,
};

static int admit(const struct upgrade *upgrade, void **with)
{
    return visitor_admit(&logs_stage, upgrade, with);
}

const struct role logs_role = {
    .name = "logs",
    .path = "/api/v1/logs",
    .most = VISITOR_MESSAGE,
    .most_queued = VISITOR_BACKLOG,
    .most_messages = MESSAGES,
    .slow_code = SLOW,
    .is_talk = true,
    .admit = admit,
    .opened = visitor_opened,
    .message = visitor_message,
    .closed = visitor_closed,
};
