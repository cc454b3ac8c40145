/* twilio/media.c - one media stream, from the handshake to its stop. */
#include "twilio/media.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/watermark.h"
#include "twilio/call.h"
#include "twilio/media_in.h"
#include "twilio/recordings.h"
#include "twilio/stream.h"
#include "twilio/webhook.h"

enum { NORMAL_CLOSE = 1000 };

/* ---- telling ---- */

static void tell(struct stream *stream, const char *event, const char *error)
{
    struct webhook webhook = {.kind = "stream",
                              .account = stream->call->account,
                              .url = stream->status_callback,
                              .method = stream->status_callback_method,
                              .subject = stream->call->sid,
                              .status = event,
                              .record = stream->call->webhooks};
    char date[DATE_SIZE];

    log_event(event, "call", stream->call->sid, "stream", stream->sid, "error", error, NULL);
    if (!stream->status_callback)
        return;
    form_add(&webhook.form, "AccountSid", stream->call->account->sid);
    form_add(&webhook.form, "CallSid", stream->call->sid);
    form_add(&webhook.form, "StreamSid", stream->sid);
    form_add(&webhook.form, "StreamName", stream->name ? stream->name : stream->sid);
    form_add(&webhook.form, "StreamEvent", event);
    form_add(&webhook.form, "StreamError", error);
    form_add(&webhook.form, "Timestamp", date_iso(web_epoch_ms(), date));
    webhook_send(&webhook, NULL, NULL);
}

/* ---- messages out ---- */

static struct json_object *message(struct stream *stream, const char *event)
{
    struct json_object *body = json_object_new_object();
    char number[24];

    snprintf(number, sizeof number, "%lld", (long long)++stream->sequence);
    json_set(body, "event", event);
    json_set(body, "sequenceNumber", number);
    json_set(body, "streamSid", stream->sid);
    return body;
}

static struct json_object *start_facts(const struct stream *stream)
{
    struct json_object *start = json_object_new_object(), *format = json_object_new_object();
    struct json_object *tracks = json_object_new_array();

    json_object_array_add(tracks, json_object_new_string("inbound"));
    json_set(format, "encoding", "audio/x-mulaw");
    json_set_integer(format, "sampleRate", 8000);
    json_set_integer(format, "channels", 1);
    json_set(start, "accountSid", stream->call->account->sid);
    json_set(start, "streamSid", stream->sid);
    json_set(start, "callSid", stream->call->sid);
    json_set_object(start, "tracks", tracks);
    json_set_object(start, "mediaFormat", format);
    json_set_object(start, "customParameters", json_object_get(stream->parameters));
    return start;
}

static void send_start(struct stream *stream)
{
    struct json_object *body = message(stream, "start");

    json_set_object(body, "start", start_facts(stream));
    web_socket_send_json(stream->socket, body);
}

static void send_connected(struct stream *stream)
{
    static const char connected[] =
        "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}";

    web_socket_send(stream->socket, connected, sizeof connected - 1);
    for (int i = 0; i < stream->faults.starts; i++)
        send_start(stream);
}

static void send_mark(void *user, const char *name)
{
    struct stream *stream = user;
    struct json_object *body, *mark = json_object_new_object();

    json_object_array_add(stream->marks, json_object_new_string(name));
    json_set(mark, "name", name);
    body = message(stream, "mark");
    json_set_object(body, "mark", mark);
    web_socket_send_json(stream->socket, body);
}

void stream_mark(struct stream *stream, const char *name)
{
    playout_mark(&stream->playout, name, send_mark, stream);
}

static void send_stop(struct stream *stream)
{
    struct json_object *body = message(stream, "stop"), *stop = json_object_new_object();

    json_set(stop, "accountSid", stream->call->account->sid);
    json_set(stop, "callSid", stream->call->sid);
    json_set_object(body, "stop", stop);
    web_socket_send_json(stream->socket, body);
}

static void send_media(struct stream *stream, const unsigned char *voice)
{
    char text[512], payload[(STEP_BYTES + 2) / 3 * 4 + 1];
    int length;

    stream->chunk++;
    if (fault_covers(&stream->faults.drop, stream->chunk)) {
        stream->sequence++;
        stream->dropped++;
        return;
    }
    EVP_EncodeBlock((unsigned char *)payload, voice, STEP_BYTES);
    length = snprintf(text, sizeof text,
                      "{\"event\":\"media\",\"sequenceNumber\":\"%lld\",\"media\":{\"track\":"
                      "\"inbound\",\"chunk\":\"%lld\",\"timestamp\":\"%lld\",\"payload\":\"%s\"},"
                      "\"streamSid\":\"%s\"}",
                      (long long)++stream->sequence, (long long)stream->chunk,
                      (long long)stream->chunk * STEP_MS, payload, stream->sid);
    if (fault_covers(&stream->faults.garbage, stream->chunk))
        length =
            snprintf(text, sizeof text, "{\"event\":\"media\",\"media\":{\"payload\":\"%%%%%%");
    web_socket_send(stream->socket, text, (size_t)length);
    stream->frames_sent++;
}

/* ---- what is heard ---- */

static void note_found(void *user, const struct watermark_found *found)
{
    struct stream *stream = user;
    int64_t at_ms = found->first_sample == stream->utterance
                        ? stream->utterance_ms
                        : call_now_ms(stream->call) + STEP_MS - (int64_t)found->samples_heard / 8;

    call_said(stream->call, &(struct said){.who = "agent",
                                           .text = found->text,
                                           .at_ms = at_ms,
                                           .heard_ms = (int64_t)found->samples_heard / 8,
                                           .total_ms = (int64_t)found->samples_total / 8,
                                           .gap_ms = stream->gap_ms,
                                           .whole = found->whole});
    stream->gap_ms = 0;
    stream->found = true;
}

/* An utterance that has begun will not go on. */
static void cut_off(struct stream *stream)
{
    struct watermark_found found;

    if (!stream->finder || !watermark_pending(stream->finder, &found))
        return;
    found.whole = false;
    note_found(stream, &found);
    watermark_forget(stream->finder);
}

void stream_clear(struct stream *stream)
{
    struct json_object *entry = json_object_new_object();

    json_set_integer(entry, "at_ms", call_now_ms(stream->call));
    json_set_integer(entry, "dropped_ms", (int64_t)stream->playout.waiting / 8);
    json_object_array_add(stream->clears, entry);
    log_event("clear", "call", stream->call->sid, NULL);
    playout_clear(&stream->playout, send_mark, stream);
    cut_off(stream);
}

/* Follows the utterance that is being played. */
static void follow(struct stream *stream, size_t played)
{
    struct watermark_found found;
    bool pending = watermark_pending(stream->finder, &found);

    if (pending && found.first_sample != stream->utterance) {
        stream->utterance = found.first_sample;
        stream->utterance_ms =
            call_now_ms(stream->call) + STEP_MS - (int64_t)found.samples_heard / 8;
    } else if (pending) {
        stream->gap_ms += (STEP_BYTES - (int64_t)played) / 8;
    }
}

static void hear(struct stream *stream, unsigned char *sound)
{
    struct call *call = stream->call;
    size_t played = playout_play(&stream->playout, sound, STEP_BYTES, send_mark, stream);
    struct watermark_found found;
    bool voice = is_voice(sound, played), marked = watermark_pending(stream->finder, &found);

    if (voice)
        hearing_voice(&call->hearing, call_now_ms(call));
    keys_hear(&stream->keys, sound, played);
    stream->found = false;
    watermark_feed(stream->finder, sound, played, note_found, stream);
    stream->played += played;
    follow(stream, played);
    if (voice && !marked && !stream->found && !watermark_pending(stream->finder, &found))
        stream->unmarked_ms += STEP_MS;
}

/* ---- steps ---- */

static bool is_stalled(struct stream *stream)
{
    bool stalled = fault_covers(&stream->faults.stall, stream->steps);

    if (stalled != stream->stalled)
        web_socket_pause(stream->socket, stalled);
    stream->stalled = stalled;
    return stalled;
}

void media_step(struct call *call, const unsigned char *voice)
{
    struct stream *stream = call->stream;
    unsigned char sound[STEP_BYTES];

    memset(sound, 0xFF, sizeof sound);
    if (media_is_open(call)) {
        stream->steps++;
        if (stream->faults.close_at && stream->steps >= stream->faults.close_at) {
            web_socket_drop(stream->socket);
        } else if (!is_stalled(stream)) {
            send_media(stream, voice);
            hear(stream, sound);
        }
    }
    recording_take(call, voice, sound);
}

void media_digit(struct call *call, char digit)
{
    struct stream *stream = call->stream;
    struct json_object *body, *dtmf;
    char text[2] = {digit, '\0'};

    if (!media_is_open(call))
        return;
    dtmf = json_object_new_object();
    json_set(dtmf, "track", "inbound_track");
    json_set(dtmf, "digit", text);
    body = message(stream, "dtmf");
    json_set_object(body, "dtmf", dtmf);
    web_socket_send_json(stream->socket, body);
}

bool media_is_open(const struct call *call)
{
    return call->stream && call->stream->open;
}

/* ---- opening and closing ---- */

static void stream_opened(struct web_socket *socket, struct web_request *request, void *user)
{
    struct stream *stream = user;

    (void)request;
    (void)socket;
    stream->open = true;
    stream->opened_ms = call_now_ms(stream->call);
    send_connected(stream);
    tell(stream, "stream-started", NULL);
}

/* The stream has ended in one way or the other; the call goes on when it was still in it. */
static void stream_over(struct stream *stream)
{
    struct call *call = stream->call;

    cut_off(stream);
    stream->open = false;
    watermark_free(stream->finder);
    stream->finder = NULL;
    playout_free(&stream->playout);
    if (call->stream != stream)
        return;
    call->stream = NULL;
    program_next(call);
}

static void stream_closed(struct web_socket *socket, int code, const char *reason, void *user)
{
    struct stream *stream = user;
    bool was_open = stream->open, ours = stream->stopping || stream->faults.close_at;

    (void)socket;
    stream->socket = NULL;
    stream->close_code = code;
    text_replace(&stream->close_reason, reason);
    if (was_open && !ours)
        call_alert(stream->call, 31921, reason);
    else if (!was_open && !ours)
        call_alert(stream->call, strstr(reason, "101") ? 31920 : 31902, reason);
    if (was_open)
        tell(stream, "stream-stopped", NULL);
    else if (!stream->stopping)
        tell(stream, "stream-error", reason);
    stream_over(stream);
}

static void stream_message(struct web_socket *socket, const char *text, size_t length, void *user)
{
    (void)socket;
    media_in(user, text, length);
}

static const struct web_socket_events stream_events = {
    .open = stream_opened, .message = stream_message, .closed = stream_closed};

/* The URL that is asked for: queries are not supported and do not arrive. */
static char *stream_url(const char *url)
{
    return strndup(url, strcspn(url, "?#"));
}

static struct stream *stream_new(struct call *call, const struct media_order *order)
{
    struct stream *stream = calloc(1, sizeof *stream);

    sid_new("MZ", stream->sid);
    stream->call = call;
    stream->name = text_copy(order->name);
    stream->url = stream_url(order->url ? order->url : "");
    stream->status_callback = text_copy(order->status_callback);
    stream->status_callback_method = text_copy(order->status_callback_method);
    stream->parameters = order->parameters;
    stream->marks = json_object_new_array();
    stream->clears = json_object_new_array();
    stream->malformed = json_object_new_array();
    stream->finder = watermark_new();
    stream->utterance = UINT64_MAX;
    stream_order_faults(stream);
    stream->older = call->streams;
    call->streams = stream;
    call->stream = stream;
    return stream;
}

static void cannot_begin(void *user)
{
    struct stream *stream = user;

    call_alert(stream->call, 31922, stream->url);
    tell(stream, "stream-error", "the URL is not one of a websocket");
    stream_over(stream);
}

void media_begin(struct call *call, const struct media_order *order)
{
    struct stream *stream = stream_new(call, order);
    char signature[SIGNATURE_SIZE], *as_signed = signature_url(stream->url, SIGNED_VOICE);
    const char *headers[] = {"x-twilio-signature", signature, "User-Agent", "Twilio.TmeWs/1.0",
                             NULL};

    signature_of(call->account->token, as_signed, NULL, signature);
    free(as_signed);
    stream->socket = web_connect(carrier.web, stream->url, headers, &stream_events, stream);
    if (!stream->socket)
        web_after(carrier.web, 0, cannot_begin, stream);
}

void media_end(struct call *call)
{
    struct stream *stream = call->stream;

    if (!stream)
        return;
    call->stream = NULL;
    stream->stopping = true;
    cut_off(stream);
    if (stream->open) {
        send_stop(stream);
        web_socket_close(stream->socket, NORMAL_CLOSE, "");
    } else if (stream->socket) {
        web_socket_drop(stream->socket);
    }
}
