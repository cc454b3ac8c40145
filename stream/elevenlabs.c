#include "stream/elevenlabs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "stream/resolver.h"
#include "stream/socket.h"
#include "stream/ws_url.h"

enum {
    LONGEST_MESSAGE = 1024 * 1024,
    MOST_QUEUED = 64 * 1024,
    MOST_MESSAGES = 4000,  /* in a second; a voice sends a few for each sentence */
    PIECE = 6400,          /* of base64 at a time: 600 ms, as a model sends it at most */
    SLOW_US = 1000 * 1000, /* to connect */
};

struct tts {
    struct live *live;
    const struct voice_choice *choice;
    const struct tts_listener *listener; /* NULL: nobody wants to hear of it any more */
    struct outlet *outlet;
    struct ws_url url;
    char address[64]; /* that is being connected to; "": none, or somebody answered there */
    int64_t since_us;
    bool was_open;
    bool is_beginning; /* tts_open has not returned yet: there is nobody to tell of a failure */
    char why[64];      /* what the provider said when it gave up */
};

bool tts_is_open(const struct tts *tts)
{
    return tts->outlet != NULL;
}

bool tts_was_open(const struct tts *tts)
{
    return tts->was_open;
}

/* ---- what it is told ---- */

static void send(struct tts *tts, struct text *text)
{
    outlet_send(tts->outlet, text->at, text->length);
}

/* The first message holds no words, only how they shall sound. */
static void begin(struct tts *tts)
{
    struct text text = {.arena = &tts->live->scratch};

    text_add(&text, "{\"text\":\" \",\"voice_settings\":%s}", tts->choice->settings_json);
    send(tts, &text);
}

void tts_say(struct tts *tts, const char *words, size_t length)
{
    struct arena *arena = &tts->live->scratch;
    struct text text = {.arena = arena};

    text_put(&text, "{\"text\":");
    text_json(&text, arena_copy(arena, words, length));
    text_put(&text, "}");
    send(tts, &text);
}

void tts_end(struct tts *tts)
{
    static const char end[] = "{\"text\":\"\"}";

    outlet_send(tts->outlet, end, sizeof end - 1);
}

/* Whoever connects next may find the host at another address. */
static void note_unreached(const struct tts *tts)
{
    if (tts->address[0])
        resolver_forget(tts->url.host, tts->address);
}

/* One that nobody wants to wait for any longer is told of too late by its socket. */
void tts_close(struct tts *tts)
{
    if (!tts)
        return;
    if (sockets_now_us() - tts->since_us > SLOW_US)
        note_unreached(tts);
    tts->listener = NULL;
    if (tts->outlet)
        tts->outlet->close(tts->outlet, 1000, "");
    tts->outlet = NULL;
}

/* ---- what it says ---- */

/* How many bytes of text the characters of an alignment are. */
static size_t characters(struct live *live, struct slice alignment)
{
    const struct json_rules rules = {.depth = 8};
    struct work work = {.id = live->id, .arena = live->scratch};
    json_object *tree = NULL, *chars;
    size_t length = 0;

    if (!alignment.at || *alignment.at != '{')
        return 0;
    if (json_read(&work, alignment.at, alignment.length, &rules, &tree)) {
        chars = json_member(tree, "chars");
        for (size_t i = 0;
             json_object_is_type(chars, json_type_array) && i < json_object_array_length(chars);
             i++)
            length += (size_t)json_object_get_string_len(json_object_array_get_idx(chars, i));
    }
    live->scratch = work.arena;
    json_object_put(tree);
    return length;
}

static void take_audio(struct tts *tts, struct slice audio, size_t spoken)
{
    while (tts->listener && audio.length) {
        size_t length = audio.length < PIECE ? audio.length : PIECE;
        bool is_last = length == audio.length;

        tts->listener->audio(tts->live, tts, (struct slice){audio.at, length},
                             is_last ? spoken : 0);
        audio.at += length;
        audio.length -= length;
    }
}

static void broke(struct tts *tts, const char *why)
{
    const struct tts_listener *listener = tts->listener;

    if (!listener)
        return;
    tts_close(tts);
    listener->failed(tts->live, tts, why);
}

static void finish(struct tts *tts)
{
    const struct tts_listener *listener = tts->listener;

    tts_close(tts);
    listener->finished(tts->live, tts);
}

static bool message(void *with, const char *text, size_t length)
{
    enum { AUDIO, ALIGNMENT, FINAL, ERROR, WANTED };
    struct member found[WANTED] = {
        [AUDIO] = {.name = "audio"},
        [ALIGNMENT] = {.name = "alignment"},
        [FINAL] = {.name = "isFinal"},
        [ERROR] = {.name = "error"},
    };
    struct tts *tts = with;

    if (!tts->listener || !scan_members(text, length, found, WANTED))
        return true;
    if (found[ERROR].kind == '"') {
        if (!slice_copy(found[ERROR].value, tts->why, sizeof tts->why))
            snprintf(tts->why, sizeof tts->why, "error");
        broke(tts, tts->why);
        return true;
    }
    if (found[AUDIO].kind == '"')
        take_audio(tts, found[AUDIO].value, characters(tts->live, found[ALIGNMENT].value));
    if (tts->listener && found[FINAL].kind == 't')
        finish(tts);
    arena_reset(&tts->live->scratch);
    return true;
}

/* ---- the socket ---- */

static void opened(void *with, struct outlet *outlet)
{
    struct tts *tts = with;

    tts->address[0] = '\0';
    if (!tts->listener) {
        outlet->close(outlet, 1000, "");
        return;
    }
    tts->outlet = outlet;
    tts->was_open = true;
    begin(tts);
    tts->listener->opened(tts->live, tts);
    arena_reset(&tts->live->scratch);
}

static void release(struct tts *tts)
{
    struct live *live = tts->live;

    free(tts);
    live_release(live);
}

static void closed(void *with, const struct closing *closing)
{
    struct tts *tts = with;

    if (tts->listener)
        log_info(&tts->live->work, "voice.closed", "status=%d code=%u", closing->status,
                 closing->code);
    tts->outlet = NULL;
    if (!closing->status)
        note_unreached(tts);
    tts->address[0] = '\0';
    if (tts->is_beginning) {
        tts->listener = NULL;
        return;
    }
    broke(tts, tts->was_open ? "closed" : "refused");
    release(tts);
}

static const struct role tts_role = {
    .name = "voice",
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .most_messages = MOST_MESSAGES,
    .opened = opened,
    .message = message,
    .closed = closed,
};

/* ---- connecting ---- */

/* "https://api.elevenlabs.io" is reached at "wss://api.elevenlabs.io". */
static bool read_base(const struct tts *tts, struct ws_url *url)
{
    const char *base = tts->live->work.config->elevenlabs_base_url;
    char text[600];

    return base && strncmp(base, "http", 4) == 0 &&
           snprintf(text, sizeof text, "ws%s", base + 4) < (int)sizeof text &&
           ws_url_read(text, url);
}

static const char *write_path(struct tts *tts)
{
    struct text path = {.arena = &tts->live->scratch};
    size_t length = strlen(tts->url.path);

    text_bytes(&path, tts->url.path, length - (tts->url.path[length - 1] == '/'));
    text_put(&path, "/v1/text-to-speech/");
    text_url(&path, tts->choice->voice_id);
    text_put(&path, "/stream-input?model_id=");
    text_url(&path, tts->choice->model_id);
    text_put(&path, "&output_format=ulaw_8000&auto_mode=true&sync_alignment=true"
                    "&inactivity_timeout=180");
    return path.at;
}

static void connect_to(void *with, const char *address)
{
    struct tts *tts = with;
    struct target target = {.address = address, .key_header = "xi-api-key:"};

    if (!tts->listener || !address) {
        closed(tts, &(struct closing){.reason = ""});
        return;
    }
    target.tls = tts->url.tls;
    target.host = tts->url.host;
    target.port = tts->url.port;
    target.path = write_path(tts);
    target.authorization = tts->choice->api_key;
    snprintf(tts->address, sizeof tts->address, "%s", address);
    tts->since_us = sockets_now_us();
    socket_connect(&tts_role, &target, tts);
}

struct tts *tts_open(struct live *live, const struct voice_choice *choice,
                     const struct tts_listener *listener)
{
    struct tts *tts = calloc(1, sizeof *tts);

    if (!tts)
        abort();
    *tts = (struct tts){.live = live, .choice = choice, .listener = listener, .is_beginning = true};
    live_hold(live);
    resolver_find(read_base(tts, &tts->url) ? tts->url.host : "", connect_to, tts);
    tts->is_beginning = false;
    if (tts->listener)
        return tts;
    release(tts);
    return NULL;
}
