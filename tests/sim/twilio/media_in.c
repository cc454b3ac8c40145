/* twilio/media_in.c - media, mark and clear of the server, and what is wrong with them. */
#include "twilio/media_in.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/watermark.h"
#include "twilio/media.h"
#include "twilio/stream.h"

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

enum { MALFORMED_KEPT = 50, WAITING_MAX = 8000 * 3600 };

static void malformed(struct stream *stream, const char *why, const char *text)
{
    struct json_object *entry = json_object_new_object();

    if (!json_object_array_length(stream->malformed))
        call_alert(stream->call, 31951, why);
    json_set(entry, "why", why);
    json_object_object_add(entry, "text",
                           json_object_new_string_len(text, (int)strnlen(text, 200)));
    if (json_object_array_length(stream->malformed) < MALFORMED_KEPT)
        json_object_array_add(stream->malformed, json_object_get(entry));
    json_set(entry, "call", stream->call->sid);
    log_json("malformed", entry);
}

/* True when an object has these members and no others; "detail" may be NULL. */
static bool only_has(struct json_object *object, const char *const *names, int count)
{
    int found = 0;

    if (!object || !json_object_is_type(object, json_type_object))
        return false;
    for (int i = 0; i < count; i++)
        found += json_member(object, names[i]) != NULL;
    return found == count && json_object_object_length(object) == count;
}

static const char *take_media(struct stream *stream, struct json_object *body)
{
    static const char *const names[] = {"event", "streamSid", "media"}, *const inner[] = {
                                                                            "payload"};
    struct json_object *media = json_member(body, "media");
    const char *payload = json_text(media, "payload");
    size_t length = payload ? strlen(payload) : 0;
    unsigned char *ulaw;
    int count;

    if (!only_has(body, names, 3) || !only_has(media, inner, 1))
        return "missing or extra fields";
    if (!length || length % 4 || strspn(payload, BASE64) != length)
        return "the payload is not base64";
    ulaw = malloc(length);
    count = EVP_DecodeBlock(ulaw, (const unsigned char *)payload, (int)length);
    if (count > 0)
        count -= (payload[length - 1] == '=') + (payload[length - 2] == '=');
    if (count > 0 && stream->playout.waiting < WAITING_MAX) {
        playout_audio(&stream->playout, ulaw, (size_t)count);
        stream->media_messages++;
        stream->received += count;
    }
    free(ulaw);
    return count > 0 ? NULL : "the payload is not base64";
}

static const char *take_mark(struct stream *stream, struct json_object *body)
{
    static const char *const names[] = {"event", "streamSid", "mark"}, *const inner[] = {"name"};
    struct json_object *mark = json_member(body, "mark");

    if (!only_has(body, names, 3) || !only_has(mark, inner, 1) ||
        !json_object_is_type(json_member(mark, "name"), json_type_string) ||
        !*json_text(mark, "name"))
        return "missing or extra fields";
    stream_mark(stream, json_text(mark, "name"));
    return NULL;
}

static const char *take_clear(struct stream *stream, struct json_object *body)
{
    static const char *const names[] = {"event", "streamSid"};

    if (!only_has(body, names, 2))
        return "missing or extra fields";
    stream_clear(stream);
    return NULL;
}

static const char *take(struct stream *stream, struct json_object *body)
{
    const char *event = json_text(body, "event");

    if (!event)
        return "not a JSON object with an event";
    if (!text_is(json_text(body, "streamSid"), stream->sid))
        return "not the stream's SID";
    if (!strcmp(event, "media"))
        return take_media(stream, body);
    if (!strcmp(event, "mark"))
        return take_mark(stream, body);
    if (!strcmp(event, "clear"))
        return take_clear(stream, body);
    return "unknown event";
}

void media_in(struct stream *stream, const char *text, size_t length)
{
    struct json_object *body;
    const char *why;

    (void)length;
    stream->messages++;
    if (stream->stopping)
        return;
    body = json_tokener_parse(text);
    why = take(stream, body);
    if (why)
        malformed(stream, why, text);
    json_object_put(body);
}

/* ---- faults ---- */

bool fault_covers(const struct cover *cover, int64_t n)
{
    return n >= cover->from && n < cover->from + cover->count;
}

static const struct fault *ordered(const struct stream *stream, const char *act)
{
    const struct call *call = stream->call;

    return fault_strike(act, "event", "media", "call", call->sid, "from", call->from, "to",
                        call->to, NULL);
}

static struct cover cover_of(const struct fault *fault)
{
    int64_t from, count;

    if (!fault)
        return (struct cover){.count = 0};
    from = fault->ms / STEP_MS + 1;
    count = json_integer(fault->order, "count",
                         json_integer(fault->order, "duration_ms", STEP_MS) / STEP_MS);
    return (struct cover){.from = from, .count = count};
}

void stream_order_faults(struct stream *stream)
{
    const struct fault *close = ordered(stream, "close");

    stream->faults.close_at = close ? close->ms / STEP_MS + 1 : 0;
    stream->faults.drop = cover_of(ordered(stream, "drop-frames"));
    stream->faults.stall = cover_of(ordered(stream, "stall"));
    stream->faults.garbage = cover_of(ordered(stream, "garbage-frames"));
    stream->faults.starts = ordered(stream, "no-start") ? 0 : ordered(stream, "two-starts") ? 2 : 1;
}

/* ---- the control port's view ---- */

static struct json_object *view(struct stream *stream)
{
    struct json_object *body = json_object_new_object();
    struct watermark_found found;

    json_set(body, "stream_sid", stream->sid);
    json_set(body, "url", stream->url);
    json_set_flag(body, "open", stream->open);
    json_set_integer(body, "opened_ms", stream->opened_ms);
    json_set_object(body, "parameters", json_object_get(stream->parameters));
    json_set_integer(body, "frames_sent", stream->frames_sent);
    json_set_integer(body, "frames_dropped", stream->dropped);
    json_set_integer(body, "messages_received", stream->messages);
    json_set_integer(body, "media_received", stream->media_messages);
    json_set_integer(body, "samples_received", stream->received);
    json_set_integer(body, "samples_played", (int64_t)stream->played);
    json_set(body, "keys", stream->keys.pressed);
    json_set_integer(body, "longest_queue_ms", (int64_t)stream->playout.longest / 8);
    json_set_integer(body, "unmarked_ms", stream->unmarked_ms);
    json_set_object(body, "marks", json_object_get(stream->marks));
    json_set_object(body, "clears", json_object_get(stream->clears));
    json_set_object(body, "malformed", json_object_get(stream->malformed));
    json_set_integer(body, "close_code", stream->close_code);
    json_set(body, "close_reason", stream->close_reason);
    if (stream->finder && watermark_pending(stream->finder, &found))
        json_set(body, "speaking", found.text);
    return body;
}

struct json_object *media_view(const struct call *call)
{
    struct json_object *all = json_object_new_array();

    for (struct stream *stream = call->streams; stream; stream = stream->older)
        json_object_array_add(all, view(stream));
    return all;
}
