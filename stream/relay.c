#include "stream/relay.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/relay_proof.h"
#include "stream/interruption.h"
#include "stream/mind.h"
#include "stream/node.h"
#include "stream/pace.h"
#include "stream/relay_heard.h"
#include "stream/relay_language.h"

enum {
    LONGEST_MESSAGE = 256 * 1024,
    LONGEST_FIRST = 16 * 1024, /* before the carrier has said who it is */
    MOST_MESSAGES = 100,       /* in a second: words and keys are few */
    MOST_QUEUED = 1024 * 1024,
    MESSAGE_DEPTH = 8,
    LONGEST_PROMPT = 8 * 1024,
    PARTIAL_EVERY_US = 200 * 1000, /* so often who follows the call is told of half a sentence */
    NOISE_US = 3 * 1000000,        /* after an interruption without a word the agent goes on */
    SPEAKS_US = 5 * 1000000,       /* a caller who was heard to begin has said something by then */
};

/* Handshakes that no account of ours signed may be a stranger's: so many may be undecided. */
enum { MOST_PENDING = 200, MOST_PENDING_OF_ADDRESS = 20 };

static const struct config *configuration;

void relay_configure(const struct config *config)
{
    configuration = config;
}

/* ---- what the carrier is told ---- */

static void send(struct live *live, const struct text *text)
{
    outlet_send(live->carrier, text->at, text->length);
}

static void send_words(struct live *live, const char *words, bool last)
{
    struct text text = {.arena = &live->scratch};

    if (live->relay->is_silenced)
        return;
    text_put(&text, "{\"type\":\"text\",\"token\":");
    text_json(&text, words);
    if (interruption_is_forbidden(live))
        text_put(&text, ",\"interruptible\":false");
    text_add(&text, ",\"last\":%s}", last ? "true" : "false");
    send(live, &text);
}

static void keep_mark(struct live *live, const char *name)
{
    struct relay *relay = live->relay;
    int64_t now_us = sockets_now_us();
    struct relay_mark *mark;

    if (relay->nmarks == RELAY_MARKS) {
        playback_heard(&live->playback, relay->marks[0].name, now_us);
        memmove(relay->marks, relay->marks + 1, --relay->nmarks * sizeof *relay->marks);
    }
    mark = &relay->marks[relay->nmarks++];
    snprintf(mark->name, sizeof mark->name, "%s", name);
    mark->due_us = now_us + playback_left_ms(&live->playback, now_us) * 1000;
}

/* Everything that was due by then was spoken. */
static void pass_marks(struct live *live, int64_t until_us)
{
    struct relay *relay = live->relay;
    size_t count = 0;

    while (count < relay->nmarks && relay->marks[count].due_us <= until_us)
        playback_heard(&live->playback, relay->marks[count++].name, sockets_now_us());
    relay->nmarks -= count;
    memmove(relay->marks, relay->marks + count, relay->nmarks * sizeof *relay->marks);
}

/* The carrier has no word for it: it stops speaking by itself when the caller does. */
static void forget_marks(struct live *live)
{
    live->relay->nmarks = 0;
}

static void send_digits(struct live *live, const char *digits)
{
    struct text text = {.arena = &live->scratch};

    text_put(&text, "{\"type\":\"sendDigits\",\"digits\":");
    text_json(&text, digits);
    text_put(&text, "}");
    send(live, &text);
}

/* Comes back to us with the request for what is to follow (reference 5.8). */
static void send_end(struct live *live)
{
    struct text data = {.arena = &live->scratch}, text = {.arena = &live->scratch};

    if (live->is_left || !live->result)
        return;
    text_put(&data, "{\"result\":");
    text_json(&data, live->result);
    text_put(&data, ",\"reason\":");
    text_json(&data, live->end_reason);
    text_put(&data, ",\"session\":");
    text_json(&data, live->id);
    text_put(&data, "}");
    text_put(&text, "{\"type\":\"end\",\"handoffData\":");
    text_json(&text, data.at);
    text_put(&text, "}");
    send(live, &text);
}

const struct line relay_line = {
    .name = "relay",
    .mark = keep_mark,
    .clear = forget_marks,
    .words = send_words,
    .digits = send_digits,
    .leave = send_end,
};

/* ---- what the carrier says ---- */

static bool read_sid(json_object *object, const char *name, char sid[ID_SIZE])
{
    const char *text = json_text(object, name);
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= ID_SIZE)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]))
            return false;
    memcpy(sid, text, length + 1);
    return true;
}

static bool on_setup(struct live *live, json_object *setup)
{
    const char *token = json_text(json_member(setup, "customParameters"), "relay_token");

    if (live->state != LIVE_OPEN || !read_sid(setup, "sessionId", live->stream_sid) ||
        !read_sid(setup, "callSid", live->call_sid) || !token || strlen(token) > TOKEN_LIMIT)
        return false;
    snprintf(live->token, sizeof live->token, "%s", token);
    live->started_us = live->last_media_us = sockets_now_us();
    live_start(live);
    return true;
}

/* The caller's turn. A model that still answers the one before is stopped: what it sent was said.
 */
static void take_turn(struct live *live, const char *words)
{
    struct relay *relay = live->relay;
    char item[ID_SIZE];
    struct slot *slot;

    relay->speaks_until_us = 0;
    relay->owes_rest = false;
    responses_caller_speaks(&live->responses, true);
    if (responses_interrupt(&live->responses, false))
        mind_cancel(live);
    snprintf(item, sizeof item, "prompt_%u", ++relay->prompts);
    slot = transcript_reserve(&live->transcript, item, NULL, SPEAKER_USER, sockets_now_us());
    if (slot) {
        slot->start_ms = slot->end_ms = live_elapsed_ms(live);
        transcript_complete(slot, words);
    }
    live_heard(live, true);
    live_write_turns(live);
    responses_turn_taken(&live->responses);
    relay->is_silenced = false;
    live->speech.stopped_us = sockets_now_us();
    mind_tell(live, SPEAKER_USER, words);
    mind_speak(live, &(struct speak){.purpose = "turn"});
}

static void tell_partial(struct live *live, const char *words)
{
    struct text payload = {.arena = &live->scratch};
    int64_t now_us = sockets_now_us();

    live_heard(live, true);
    responses_caller_speaks(&live->responses, true);
    live->relay->speaks_until_us = now_us + SPEAKS_US;
    if (live->relay->partial_us && now_us - live->relay->partial_us < PARTIAL_EVERY_US)
        return;
    live->relay->partial_us = now_us;
    text_put(&payload, "{\"role\":\"user\",\"text\":");
    text_json(&payload, words);
    text_put(&payload, "}");
    fact_event(&live->subject, "transcript.partial", "info", "media", payload.at);
}

/* The agent cannot answer just now: it will. */
static void keep_early(struct live *live, const char *words)
{
    const char *early = live->relay->early;

    if (early && strlen(early) + strlen(words) > LONGEST_PROMPT)
        return;
    live->relay->early =
        arena_format(&live->work.arena, "%s%s%s", early ? early : "", early ? " " : "", words);
}

static bool on_prompt(struct live *live, json_object *prompt)
{
    const char *words = json_text(prompt, "voicePrompt");
    bool last = json_boolean(prompt, "last", true);
    size_t length;

    if (!words || live->state == LIVE_OPEN)
        return words != NULL;
    words += strspn(words, " ");
    length = strlen(words);
    if (!length || length > LONGEST_PROMPT || live->state >= LIVE_DRAINING)
        return true;
    if (last)
        relay_language_heard(live, json_text(prompt, "lang"));
    if (live->state != LIVE_READY && last)
        keep_early(live, words);
    else if (live->state != LIVE_READY)
        return true;
    else if (last)
        take_turn(live, words);
    else
        tell_partial(live, words);
    return true;
}

/* The carrier has stopped speaking, and says how far it came. */
static bool on_interrupt(struct live *live, json_object *interrupt)
{
    const char *heard = json_text(interrupt, "utteranceUntilInterrupt");
    const char *ms = json_text(interrupt, "durationUntilInterruptMs");
    int64_t heard_ms = ms && strlen(ms) < 9
                           ? strtol(ms, NULL, 10)
                           : json_integer(interrupt, "durationUntilInterruptMs", 0);

    if (live->state != LIVE_READY && live->state != LIVE_DRAINING)
        return true;
    live->relay->is_silenced = live->state == LIVE_READY;
    live->relay->nmarks = 0;
    live->relay->speaks_until_us = sockets_now_us() + NOISE_US;
    responses_caller_speaks(&live->responses, true);
    if (responses_interrupt(&live->responses, false)) {
        mind_cancel(live);
        live->relay->owes_rest = true;
    }
    live->relay->owes_rest |= relay_note_heard(live, heard ? heard : "", heard_ms);
    live_heard(live, true);
    live_write_turns(live);
    return true;
}

/* Keys interrupt the agent as well: the carrier has said so before it tells of the key. */
static bool on_dtmf(struct live *live, json_object *dtmf)
{
    const char *digit = json_text(dtmf, "digit");

    if (!digit || !digit[0] || digit[1] || live->state != LIVE_READY || !pace_key(live, digit[0]))
        return true;
    live->relay->is_silenced = live->relay->owes_rest = false;
    live->relay->speaks_until_us = 0;
    responses_caller_speaks(&live->responses, false);
    return true;
}

static bool on_error(struct live *live, json_object *error)
{
    const char *description = json_text(error, "description");

    log_warning(&live->work, "relay.error", "description=\"%.200s\"",
                description ? description : "");
    return true;
}

/* It is told, where the carrier does so, when the agent's voice ends. */
static bool on_info(struct live *live, json_object *info)
{
    const char *name = json_text(info, "name"), *value = json_text(info, "value");

    if (name && value && strcmp(name, "agentSpeaking") == 0 && strcmp(value, "off") == 0 &&
        live->responses.phase == RESPONSE_NONE)
        pass_marks(live, INT64_MAX);
    return true;
}

static const struct event {
    const char *name;
    bool (*take)(struct live *live, json_object *message);
} events[] = {
    {"setup", on_setup}, {"prompt", on_prompt}, {"interrupt", on_interrupt},
    {"dtmf", on_dtmf},   {"error", on_error},   {"info", on_info},
};

bool relay_take(struct live *live, const char *text, size_t length)
{
    const struct json_rules rules = {.depth = MESSAGE_DEPTH};
    struct work work = {.id = live->id};
    json_object *tree = NULL;
    bool is_short = live->state != LIVE_OPEN || length <= LONGEST_FIRST;
    bool ok = is_short && json_read(&work, text, length, &rules, &tree);
    const char *type = json_text(tree, "type");

    if (live->state < LIVE_CLOSING) {
        ok = ok && type;
        for (size_t i = 0; ok && i < COUNT(events); i++)
            if (strcmp(events[i].name, type) == 0) {
                ok = events[i].take(live, tree);
                break;
            }
    }
    json_object_put(tree);
    work_end(&work);
    arena_reset(&live->scratch);
    return ok; /* types that we do not know do not concern us */
}

/* Nobody said anything after all: what waits is said, or the rest of what a noise cut off. */
static void go_on(struct live *live)
{
    struct relay *relay = live->relay;
    struct speak waiting = live->responses.waiting;
    bool owes_rest = relay->owes_rest && live->state == LIVE_READY;

    relay->speaks_until_us = 0;
    relay->is_silenced = relay->owes_rest = false;
    if (responses_caller_speaks(&live->responses, false))
        mind_speak(live, &waiting);
    else if (owes_rest)
        mind_speak(live, &(struct speak){
                             .purpose = "noise",
                             .instructions = arena_format(
                                 &live->work.arena,
                                 "%s\n\nYou were interrupted by a noise; the caller said "
                                 "nothing. Go on where you stopped.",
                                 live->settings.instructions),
                         });
}

void relay_tick(struct live *live)
{
    struct relay *relay = live->relay;
    int64_t now_us = sockets_now_us();

    if (live->state < LIVE_CONNECTING || live->state > LIVE_DRAINING)
        return;
    pass_marks(live, now_us);
    relay_patience_tick(live);
    if (live->state != LIVE_READY && live->state != LIVE_DRAINING)
        return;
    live->last_media_us = now_us; /* a relay says nothing while nobody speaks */
    if (relay->early && live->state == LIVE_READY) {
        const char *words = relay->early;

        relay->early = NULL;
        take_turn(live, words);
    }
    if (relay->speaks_until_us && now_us > relay->speaks_until_us)
        go_on(live);
}

/* ---- the socket ---- */

bool relay_path(const char *path)
{
    if (strncmp(path, "/n/", 3) == 0)
        path += 3 + strcspn(path + 3, "/");
    return strcmp(path, "/relay/ws") == 0 || strcmp(path, "/relay/ws/") == 0;
}

static bool has_room(const char *ip)
{
    return live_pending(NULL) < MOST_PENDING && live_pending(ip) < MOST_PENDING_OF_ADDRESS;
}

static int refuse(const struct upgrade *upgrade, int status)
{
    log_info(NULL, "relay.refused", "status=%d ip=%s", status, upgrade->ip);
    return status;
}

static int admit(const struct upgrade *upgrade, void **with)
{
    struct live *live;

    if (!relay_path(upgrade->path))
        return 0;
    if (!node_takes_calls() || live_count() >= (size_t)configuration->node_capacity)
        return 503;
    if (!upgrade->signature || !*upgrade->signature)
        return refuse(upgrade, 401);
    live = live_new(configuration, upgrade->ip);
    live->line = &relay_line;
    live->relay = arena_new(&live->work.arena, struct relay, 1);
    relay_handshake_read(&live->work, upgrade->path, upgrade->host, upgrade->signature,
                         &live->relay->handshake);
    live->is_pending = !relay_is_ours(&live->work, &live->relay->handshake);
    if (live->is_pending && !has_room(upgrade->ip)) {
        live_release(live);
        return refuse(upgrade, 429);
    }
    *with = live;
    return 101;
}

static void opened(void *with, struct outlet *outlet)
{
    struct live *live = with;

    live->carrier = outlet;
}

static bool message(void *with, const char *text, size_t length)
{
    return relay_take(with, text, length);
}

/* A caller who hangs up ends the socket in order; one that breaks may be connected again. */
static void closed(void *with, const struct closing *closing)
{
    struct live *live = with;

    log_info(&live->work, "relay.closed", "code=%u", closing->code);
    live->carrier = NULL;
    live->was_stopped = closing->code == 1000 || closing->code == 1001;
    if (live->state < LIVE_CLOSING && live->was_stopped && live->state >= LIVE_CONNECTING)
        live_finish(live, "completed", "caller_hangup");
    else if (live->state < LIVE_CLOSING)
        live_lost(live);
    live_release(live);
}

const struct role relay_role = {
    .name = "relay",
    .most = LONGEST_MESSAGE,
    .most_queued = MOST_QUEUED,
    .most_messages = MOST_MESSAGES,
    .admit = admit,
    .opened = opened,
    .message = message,
    .closed = closed,
};
