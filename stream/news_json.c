#include <string.h>

#include "core/json.h"
#include "stream/news.h"

static void add_key(struct text *out, const char *name, uid key)
{
    char hex[33];

    if (uid_is_none(key))
        return;
    uid_write_hex(key, hex);
    text_add(out, ",\"%s\":\"%s\"", name, hex);
}

static void add_text(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(out, ",\"%s\":", name);
    text_json(out, value);
}

void news_write(struct text *out, const struct event_news *news)
{
    text_add(out, "{\"tenant\":%lld,\"at\":%lld", (long long)news->tenant_id,
             (long long)news->occurred_at.ms);
    add_key(out, "id", news->id);
    add_key(out, "call", news->call_id);
    add_key(out, "session", news->session_id);
    add_text(out, "type", news->type);
    add_text(out, "level", news->level);
    add_text(out, "source", news->source);
    add_text(out, "call_sid", news->call_sid);
    add_text(out, "stream_sid", news->stream_sid);
    text_add(out, ",\"payload\":%s}", news->payload.json ? news->payload.json : "{}");
}

static uid key_of(json_object *tree, const char *name)
{
    const char *text = json_text(tree, name);
    uid key;

    return text && uid_read_hex(text, &key) ? key : NO_UID;
}

static const char *text_of(struct work *work, json_object *tree, const char *name)
{
    return arena_text(&work->arena, json_text(tree, name));
}

bool news_parse(struct work *work, const char *text, size_t length, struct event_news *news)
{
    json_object *tree, *payload;

    if (!json_read(work, text, length, NULL, &tree))
        return false;
    payload = json_member(tree, "payload");
    *news = (struct event_news){
        .tenant_id = json_integer(tree, "tenant", 0),
        .occurred_at = {json_integer(tree, "at", INT64_MIN)},
        .id = key_of(tree, "id"),
        .call_id = key_of(tree, "call"),
        .session_id = key_of(tree, "session"),
        .type = text_of(work, tree, "type"),
        .level = text_of(work, tree, "level"),
        .source = text_of(work, tree, "source"),
        .call_sid = text_of(work, tree, "call_sid"),
        .stream_sid = text_of(work, tree, "stream_sid"),
        .payload = {payload ? json_write(&work->arena, payload) : "{}"},
        .duration_seconds = NO_INTEGER,
    };
    json_object_put(tree);
    return (news->tenant_id && !uid_is_none(news->id) && news->type && news->level &&
            news->source && !instant_is_none(news->occurred_at)) ||
           fail(work, INVALID, "These are no news");
}

struct event_news news_copy(struct arena *arena, const struct event_news *news)
{
    struct event_news copy = *news;

    copy.type = arena_text(arena, news->type);
    copy.level = arena_text(arena, news->level);
    copy.source = arena_text(arena, news->source);
    copy.payload.json = arena_text(arena, news->payload.json);
    copy.call_sid = arena_text(arena, news->call_sid);
    copy.stream_sid = arena_text(arena, news->stream_sid);
    copy.call_state = arena_text(arena, news->call_state);
    copy.direction = arena_text(arena, news->direction);
    copy.from_addr = arena_text(arena, news->from_addr);
    copy.to_addr = arena_text(arena, news->to_addr);
    return copy;
}
