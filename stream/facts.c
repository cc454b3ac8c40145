#include "stream/facts.h"

#include <string.h>

#include "core/column.h"
#include "core/redact.h"
#include "core/text.h"
#include "domain/event_news.h"
#include "domain/outage_calls.h"
#include "stream/metrics.h"

static facts_sink *sink;

void facts_to(facts_sink *to)
{
    sink = to;
}

static struct {
    void (*publish)(const struct event_news *news);
    bool (*wanted)(int64_t tenant);
} live;

void facts_tell(void (*publish)(const struct event_news *news), bool (*wanted)(int64_t tenant))
{
    live.publish = publish;
    live.wanted = wanted;
}

static bool is_wanted(const struct subject *subject)
{
    return live.wanted && live.wanted(subject->tenant);
}

static const char *known(const char *sid)
{
    return *sid ? sid : NULL;
}

static void tell(const struct subject *subject, struct event_news news)
{
    news.tenant_id = subject->tenant;
    news.call_id = subject->call;
    news.session_id = subject->session;
    news.call_sid = known(subject->call_sid);
    news.stream_sid = known(subject->stream_sid);
    news.duration_seconds = NO_INTEGER;
    live.publish(&news);
}

static void add_key(struct text *line, const char *name, uid key)
{
    char hex[33];

    uid_write_hex(key, hex);
    text_add(line, ",\"%s\":\"%s\"", name, hex);
}

static void add_number(struct text *line, const char *name, int64_t value)
{
    if (value == NO_INTEGER)
        return;
    text_add(line, ",\"%s\":%lld", name, (long long)value);
}

static struct text begin(struct arena *arena, const char *kind, const struct subject *subject)
{
    struct text line = {.arena = arena};

    text_add(&line, "{\"kind\":\"%s\",\"tenant\":%lld", kind, (long long)subject->tenant);
    add_key(&line, "call", subject->call);
    add_key(&line, "session", subject->session);
    add_number(&line, "at", clock_now().ms);
    return line;
}

static void finish(struct text *line)
{
    text_put(line, "}");
    if (sink)
        sink(line->at, line->length);
    arena_free(line->arena);
}

static const char *const roles[] = {
    [SPEAKER_USER] = "user",
    [SPEAKER_ASSISTANT] = "assistant",
    [SPEAKER_SYSTEM] = "system",
    [SPEAKER_TOOL] = "tool",
};

/* What is needed to say later how far it came. */
static void add_heard(struct text *line, const struct slot *slot, const struct heard_so_far *heard)
{
    add_number(line, "from_ms", heard->heard_ms);
    add_number(line, "sent_ms", heard->sent_ms);
    if (!instant_is_none(heard->since))
        add_number(line, "since", heard->since.ms);
    text_add(line, ",\"whole\":%s", slot->is_complete ? "true" : "false");
}

static void put_turn(const char *kind, const struct subject *subject, const struct slot *slot,
                     const struct heard_so_far *heard)
{
    struct arena arena = {0};
    struct text line = begin(&arena, kind, subject);
    int64_t redactions = 0;

    add_number(&line, "seq", slot->seq);
    text_member(&line, "role", roles[slot->speaker]);
    text_member(
        &line, "text",
        redact_text(&arena, slot->text.at ? slot->text.at : "", subject->redacts, &redactions));
    add_number(&line, "redactions", redactions);
    add_number(&line, "said_at", slot->at.ms);
    add_number(&line, "start_ms", slot->start_ms);
    add_number(&line, "end_ms", slot->end_ms);
    add_number(&line, "heard_ms", slot->heard_ms);
    add_number(&line, "first_token_ms", slot->first_token_ms);
    add_number(&line, "first_audio_ms", slot->first_audio_ms);
    text_member(&line, "item", slot->item);
    if (heard)
        add_heard(&line, slot, heard);
    finish(&line);
}

void fact_turn(const struct subject *subject, const struct slot *slot)
{
    metrics_turn(subject->tenant, slot);
    put_turn("turn", subject, slot, NULL);
}

void fact_heard_so_far(const struct subject *subject, const struct slot *slot,
                       const struct heard_so_far *heard)
{
    put_turn("partial", subject, slot, heard);
}

void fact_said(const struct subject *subject, const struct slot *slot)
{
    struct arena arena = {0};
    struct text payload = {.arena = &arena};

    text_add(&payload, "{\"seq\":%lld,\"role\":\"%s\",\"text\":", (long long)slot->seq,
             roles[slot->speaker]);
    text_json(&payload, slot->text.at ? slot->text.at : "");
    add_number(&payload, "start_ms", slot->start_ms);
    text_put(&payload, "}");
    fact_event(subject, "transcript.final", "info", "model", payload.at);
    arena_free(&arena);
}

/* Told as it is said, never written down. */
static bool is_passing(const char *type)
{
    return strcmp(type, "transcript.partial") == 0;
}

/* Of half a number nobody can tell yet what it will be, so half a sentence keeps no digits. */
static unsigned redacts_of(const struct subject *subject, const char *type)
{
    return is_passing(type) && subject->redacts ? REDACT_ALL : subject->redacts;
}

static void put_event(struct arena *arena, const struct subject *subject,
                      const struct event_news *news)
{
    struct text line = begin(arena, "event", subject);

    metrics_event(news->type);
    add_key(&line, "id", news->id);
    text_member(&line, "type", news->type);
    text_member(&line, "level", news->level);
    text_member(&line, "source", news->source);
    text_add(&line, ",\"payload\":%s", news->payload.json);
    finish(&line);
}

void fact_event(const struct subject *subject, const char *type, const char *level,
                const char *source, const char *payload)
{
    bool wanted = is_wanted(subject);
    struct arena arena = {0};
    struct event_news news = {.type = type, .level = level, .source = source};

    if (is_passing(type) && !wanted)
        return;
    news.id = uid_new();
    news.occurred_at = clock_now();
    news.payload.json =
        redact_json(&arena, payload ? payload : "{}", redacts_of(subject, type), NULL);
    if (wanted)
        tell(subject, news);
    if (is_passing(type))
        arena_free(&arena);
    else
        put_event(&arena, subject, &news);
}

void fact_saying(const struct subject *subject, const struct slot *slot)
{
    struct arena arena = {0};
    struct text payload = {.arena = &arena};

    if (!is_wanted(subject) || !slot->text.length)
        return;
    text_add(&payload, "{\"role\":\"%s\",\"text\":", roles[slot->speaker]);
    text_json(&payload, slot->text.at);
    text_put(&payload, "}");
    fact_event(subject, "transcript.partial", "debug", "model", payload.at);
    arena_free(&arena);
}

void fact_claimed(const struct outage_call *call, const char *stream_sid, int64_t node_id,
                  int64_t node_epoch)
{
    const struct subject subject = {
        .tenant = call->tenant_id, .call = call->call, .session = call->session};
    struct arena arena = {0};
    struct text line = begin(&arena, "claimed", &subject);

    text_member(&line, "stream_sid", stream_sid);
    add_number(&line, "node", node_id);
    add_number(&line, "epoch", node_epoch);
    text_put(&line, ",\"outage\":");
    outage_call_write(&line, call);
    finish(&line);
}

void fact_active(const struct subject *subject)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "active", subject);

    metrics_count(METRIC_CALLS_STARTED, 1);
    finish(&line);
}

void fact_draining(const struct subject *subject)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "draining", subject);

    finish(&line);
}

void fact_end(const struct subject *subject, const char *result, const char *end_reason,
              int64_t duration_ms, int64_t segments)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "end", subject);

    metrics_end(result);
    text_member(&line, "result", result);
    text_member(&line, "reason", end_reason);
    add_number(&line, "duration_ms", duration_ms);
    add_number(&line, "segments", segments);
    finish(&line);
}

void fact_lost(const struct subject *subject)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "lost", subject);

    metrics_count(METRIC_CALLS_LOST, 1);
    finish(&line);
}

void fact_tool(const struct subject *subject, const struct tool_fact *tool)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "tool", subject);

    metrics_tool(tool->status);
    add_key(&line, "id", tool->id);
    text_member(&line, "name", tool->name);
    text_member(&line, "ref", tool->call_ref);
    text_member(&line, "status", tool->status);
    text_member(&line, "error", redact_text(&arena, tool->error, subject->redacts, NULL));
    text_member(&line, "arguments", redact_json(&arena, tool->arguments, subject->redacts, NULL));
    text_member(&line, "result", redact_json(&arena, tool->result, subject->redacts, NULL));
    add_number(&line, "started_at", tool->started_at.ms);
    add_number(&line, "duration_ms", tool->duration_ms);
    text_member(&line, "via", tool->via);
    add_number(&line, "http_status", tool->http_status);
    if (!uid_is_none(tool->tool_id))
        add_key(&line, "tool_id", tool->tool_id);
    finish(&line);
}

void fact_room(const struct subject *subject, uid room, const char *state)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "room", subject);

    add_key(&line, "room", room);
    text_member(&line, "state", state);
    finish(&line);
}

void fact_voice(const struct subject *subject, const struct voice_use *use)
{
    struct arena arena = {0};
    struct text line = begin(&arena, "voice", subject);

    text_member(&line, "provider", use->provider);
    text_member(&line, "effective", use->effective);
    text_member(&line, "reason", use->fallback_reason);
    if (!instant_is_none(use->failed_at))
        add_number(&line, "failed_at", use->failed_at.ms);
    add_number(&line, "utterances", use->utterances);
    add_number(&line, "first_audio_ms", use->first_audio_ms);
    finish(&line);
}
