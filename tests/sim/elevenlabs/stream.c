#include "elevenlabs/stream.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/speech.h"

enum { CHUNK = 2000, RECORDS_MAX = 1000, VOICE_MAX = 64 };

struct service service;

/* A piece of text that is spoken, or waits for it. */
struct piece {
    struct piece *next;
    char *text;
    unsigned char *ulaw;
    size_t samples, sent;
};

struct stream {
    struct web_socket *socket;
    char voice[VOICE_MAX];
    struct piece *first, **last;
    struct web_timer *timer;
    struct json_object *record;
    int texts, chunks;
    bool began, ended, muted;
};

/* ---- what is kept of it ---- */

static struct json_object *begin_record(const char *voice, struct web_request *request)
{
    static const char *const options[] = {"model_id", "output_format", "auto_mode"};
    struct json_object *record = json_object_new_object();

    json_object_object_add(record, "voice", json_object_new_string(voice));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = web_query_value(request, options[i]);

        json_object_object_add(record, options[i], value ? json_object_new_string(value) : NULL);
    }
    json_object_object_add(record, "texts", json_object_new_array());
    json_object_object_add(record, "state", json_object_new_string("open"));
    if (json_object_array_length(service.records) >= RECORDS_MAX)
        json_object_array_del_idx(service.records, 0, 1);
    json_object_array_add(service.records, json_object_get(record));
    return record;
}

static void note_state(struct stream *stream, const char *state)
{
    json_object_object_add(stream->record, "state", json_object_new_string(state));
}

static void note_text(struct stream *stream, const char *text)
{
    struct json_object *texts = NULL;

    json_object_object_get_ex(stream->record, "texts", &texts);
    json_object_array_add(texts, json_object_new_string(text));
    log_event("text", "voice", stream->voice, "text", text, NULL);
}

/* ---- faults ---- */

/*
 * error ("code" such as quota_exceeded, then the connection is closed)   close   disconnect (no
 * close frame)   mute (no more audio).  Returns whether things go on.
 */
static bool go_on(struct stream *stream, const char *event, int count)
{
    char nth[16];
    const struct fault *fault;
    struct json_object *message, *code = NULL;

    snprintf(nth, sizeof nth, "%d", count);
    fault = fault_strike(NULL, "event", event, "voice", stream->voice, "nth", nth, NULL);
    if (fault == NULL)
        return true;
    if (strcmp(fault->act, "mute") == 0) {
        stream->muted = true;
    } else if (strcmp(fault->act, "disconnect") == 0) {
        web_socket_drop(stream->socket);
    } else if (strcmp(fault->act, "close") == 0) {
        web_socket_close(stream->socket, 1011, "internal error");
    } else if (strcmp(fault->act, "error") == 0) {
        json_object_object_get_ex(fault->order, "code", &code);
        message = json_object_new_object();
        json_object_object_add(message, "message", json_object_new_string("A fault was ordered"));
        json_object_object_add(
            message, "error",
            json_object_new_string(code ? json_object_get_string(code) : "internal_error"));
        json_object_object_add(message, "code", json_object_new_int(1008));
        web_socket_send_json(stream->socket, message);
        web_socket_close(stream->socket, 1008, "A fault was ordered");
    }
    return false;
}

/* ---- speaking ---- */

static char *to_base64(const unsigned char *bytes, size_t count)
{
    char *text = malloc(count / 3 * 4 + 8);

    if (text == NULL)
        abort();
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)count);
    return text;
}

/* The characters that a chunk says, each with when it begins in the chunk and how long it takes. */
static struct json_object *alignment_of(const struct piece *piece, size_t from, size_t to)
{
    struct json_object *alignment = json_object_new_object(), *chars = json_object_new_array();
    struct json_object *starts = json_object_new_array(), *lengths = json_object_new_array();
    size_t length = strlen(piece->text);

    for (size_t i = length * from / piece->samples; i < length * to / piece->samples; i++) {
        size_t begins = i * piece->samples / length;
        char one[2] = {piece->text[i], '\0'};

        json_object_array_add(chars, json_object_new_string(one));
        json_object_array_add(
            starts, json_object_new_int64(begins > from ? (int64_t)(begins - from) / 8 : 0));
        json_object_array_add(lengths,
                              json_object_new_int64((int64_t)(piece->samples / length / 8)));
    }
    json_object_object_add(alignment, "chars", chars);
    json_object_object_add(alignment, "charStartTimesMs", starts);
    json_object_object_add(alignment, "charDurationsMs", lengths);
    return alignment;
}

static void send_chunk(struct stream *stream, struct piece *piece)
{
    size_t left = piece->samples - piece->sent, count = left < CHUNK ? left : CHUNK;
    struct json_object *message = json_object_new_object();
    char *base64 = to_base64(piece->ulaw + piece->sent, count);

    json_object_object_add(message, "audio", json_object_new_string(base64));
    json_object_object_add(message, "isFinal", NULL);
    json_object_object_add(message, "alignment",
                           alignment_of(piece, piece->sent, piece->sent + count));
    web_socket_send_json(stream->socket, message);
    free(base64);
    piece->sent += count;
}

static void drop_piece(struct stream *stream)
{
    struct piece *piece = stream->first;

    stream->first = piece->next;
    if (stream->first == NULL)
        stream->last = &stream->first;
    free(piece->text);
    free(piece->ulaw);
    free(piece);
}

static void finish(struct stream *stream)
{
    struct json_object *message = json_object_new_object();

    json_object_object_add(message, "isFinal", json_object_new_boolean(true));
    web_socket_send_json(stream->socket, message);
    web_socket_close(stream->socket, 1000, "");
    note_state(stream, "finished");
}

static void speak(void *user)
{
    struct stream *stream = user;
    struct piece *piece = stream->first;

    stream->timer = NULL;
    if (stream->muted)
        return;
    if (piece == NULL) {
        if (stream->ended)
            finish(stream);
        return;
    }
    if (!go_on(stream, "audio", ++stream->chunks))
        return;
    send_chunk(stream, piece);
    if (piece->sent == piece->samples)
        drop_piece(stream);
    stream->timer = web_after(service.web, (int64_t)(CHUNK / 8 / service.pace), speak, stream);
}

static void add_piece(struct stream *stream, const char *text)
{
    struct piece *piece = calloc(1, sizeof *piece);

    if (piece == NULL || (piece->text = strdup(text)) == NULL)
        abort();
    *stream->last = piece;
    stream->last = &piece->next;
    piece->ulaw = speech_ulaw(text, "en-us+m5", &piece->samples);
    if (piece->ulaw == NULL)
        abort();
    note_text(stream, text);
}

/* ---- the connection ---- */

static bool read_voice(const char *path, char voice[VOICE_MAX])
{
    char tail[32] = "";

    return sscanf(path, "/v1/text-to-speech/%63[^/]/%31s", voice, tail) == 2 &&
           strcmp(tail, "stream-input") == 0;
}

static int upgrade(struct web_request *request, void *user)
{
    const char *key = web_header(request, "xi-api-key");
    const char *format = web_query_value(request, "output_format");
    const struct fault *fault;
    char voice[VOICE_MAX];

    (void)user;
    if (!read_voice(web_path(request), voice))
        return 404;
    fault = fault_strike("status", "event", "upgrade", "voice", voice, NULL);
    if (fault != NULL)
        return fault->status;
    if (service.key != NULL && (key == NULL || strcmp(key, service.key) != 0))
        return 401;
    return format != NULL && strcmp(format, "ulaw_8000") == 0 ? 101 : 400;
}

static void opened(struct web_socket *socket, struct web_request *request, void *user)
{
    struct stream *stream = calloc(1, sizeof *stream);

    (void)user;
    if (stream == NULL)
        abort();
    stream->socket = socket;
    stream->last = &stream->first;
    read_voice(web_path(request), stream->voice);
    stream->record = begin_record(stream->voice, request);
    web_socket_set(socket, stream);
}

static void take_text(struct stream *stream, const char *text)
{
    if (!stream->began) {
        stream->began = true;
        return;
    }
    if (*text == '\0')
        stream->ended = true;
    else if (go_on(stream, "text", ++stream->texts))
        add_piece(stream, text);
    if (stream->timer == NULL)
        stream->timer = web_after(service.web, 30, speak, stream);
}

static void message(struct web_socket *socket, const char *text, size_t length, void *user)
{
    struct stream *stream = web_socket_data(socket);
    struct json_object *tree = json_tokener_parse(text), *words = NULL;

    (void)length;
    (void)user;
    if (tree != NULL && json_object_object_get_ex(tree, "text", &words) && !stream->ended)
        take_text(stream, json_object_get_string(words));
    json_object_put(tree);
}

static void closed(struct web_socket *socket, int code, const char *reason, void *user)
{
    struct stream *stream = web_socket_data(socket);

    (void)code;
    (void)reason;
    (void)user;
    if (stream == NULL)
        return;
    web_timer_cancel(stream->timer);
    if (stream->first != NULL || !stream->ended)
        note_state(stream, "broken");
    while (stream->first != NULL)
        drop_piece(stream);
    json_object_put(stream->record);
    free(stream);
}

const struct web_socket_events stream_events = {
    .upgrade = upgrade, .open = opened, .message = message, .closed = closed};
