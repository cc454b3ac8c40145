#include "stream/realtime.h"

#include <math.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "stream/bridge.h"
#include "stream/coalesce.h"
#include "stream/media.h"
#include "stream/model.h"
#include "stream/refused.h"
#include "stream/response_end.h"
#include "stream/said_commands.h"
#include "stream/scan.h"
#include "stream/tools.h"

/* ---- what the model is told ---- */

static void send(struct live *live, struct text *text)
{
    if (text->at)
        outlet_send(live->model, text->at, text->length);
}

void realtime_configure(struct live *live)
{
    struct text text = {.arena = &live->scratch};

    responses_event(&live->responses, "session", live->setup_event);
    settings_write(&live->settings, live->setup_event, &text);
    send(live, &text);
}

static void send_create(struct live *live, const struct speak *speak)
{
    struct text text = {.arena = &live->scratch};
    const char *event = live->responses.event;

    text_add(&text, "{\"type\":\"response.create\",\"event_id\":\"%s\",\"response\":{", event);
    if (speak->instructions) {
        text_put(&text, "\"instructions\":");
        text_json(&text, speak->instructions);
        text_put(&text, ",");
    }
    if (speak->no_tools)
        text_put(&text, "\"tool_choice\":\"none\",");
    text_add(&text, "\"metadata\":{\"client_event_id\":\"%s\",\"purpose\":\"%s\"}}}", event,
             speak->purpose);
    send(live, &text);
}

void realtime_speak(struct live *live, const struct speak *speak)
{
    if (responses_ask(&live->responses, speak, sockets_now_us()))
        send_create(live, speak);
}

void realtime_speak_waiting(struct live *live)
{
    struct speak speak = live->responses.waiting;

    if (live->responses.is_waiting)
        realtime_speak(live, &speak);
}

void realtime_commit(struct live *live)
{
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    responses_event(&live->responses, "commit", event);
    text_add(&text, "{\"type\":\"input_audio_buffer.commit\",\"event_id\":\"%s\"}", event);
    send(live, &text);
}

void realtime_cancel(struct live *live)
{
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    responses_event(&live->responses, "cancel", event);
    text_add(&text, "{\"type\":\"response.cancel\",\"event_id\":\"%s\"", event);
    if (live->responses.active[0]) {
        text_put(&text, ",\"response_id\":");
        text_json(&text, live->responses.active);
    }
    text_put(&text, "}");
    send(live, &text);
}

void realtime_truncate(struct live *live, const struct cut *cut)
{
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    if (voice_out_cut(live, cut) || cut->sent_ms <= 0)
        return;
    responses_event(&live->responses, "trunc", event);
    text_add(&text,
             "{\"type\":\"conversation.item.truncate\",\"event_id\":\"%s\",\"item_id\":", event);
    text_json(&text, cut->item);
    text_add(&text, ",\"content_index\":%lld,\"audio_end_ms\":%lld}", (long long)cut->content_index,
             (long long)cut->heard_ms);
    send(live, &text);
}

void realtime_tell(struct live *live, enum speaker speaker, const char *words)
{
    static const char *const roles[] = {[SPEAKER_USER] = "user",
                                        [SPEAKER_ASSISTANT] = "assistant",
                                        [SPEAKER_SYSTEM] = "system",
                                        [SPEAKER_TOOL] = "system"};
    const char *type = speaker == SPEAKER_ASSISTANT ? "output_text" : "input_text";
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    responses_event(&live->responses, "tell", event);
    text_add(&text,
             "{\"type\":\"conversation.item.create\",\"event_id\":\"%s\",\"item\":{"
             "\"type\":\"message\",\"role\":\"%s\",\"content\":[{\"type\":\"%s\",\"text\":",
             event, roles[speaker], type);
    text_json(&text, words);
    text_put(&text, "}]}}");
    send(live, &text);
}

void realtime_answer_tool(struct live *live, const char *call_ref, const char *output)
{
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    responses_event(&live->responses, "tool", event);
    text_add(&text,
             "{\"type\":\"conversation.item.create\",\"event_id\":\"%s\",\"item\":{"
             "\"type\":\"function_call_output\",\"call_id\":",
             event);
    text_json(&text, call_ref);
    text_put(&text, ",\"output\":");
    text_json(&text, output);
    text_put(&text, "}}");
    send(live, &text);
}

void realtime_append(struct outlet *outlet, struct slice audio)
{
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    static const char tail[] = "\"}";
    size_t behind = sizeof head - 1 + audio.length, length = behind + sizeof tail - 1;
    char *room = outlet ? outlet->begin(outlet, MESSAGE_AUDIO, length) : NULL;

    if (!room)
        return;
    memcpy(room, head, sizeof head - 1);
    memcpy(room + sizeof head - 1, audio.at, audio.length);
    memcpy(room + behind, tail, sizeof tail - 1);
    outlet->end(outlet, length);
}

void realtime_hear(struct live *live, struct slice audio)
{
    if (!coalesce_add(&live->held, &audio))
        return;
    realtime_append(live->model, audio);
    rollover_hear(live, audio);
}

/* ---- session and errors ---- */

static void on_session_created(struct live *live, json_object *event)
{
    (void)event;
    if (live->state != LIVE_CONNECTING)
        return;
    live->state = LIVE_CONFIGURING;
    realtime_configure(live);
}

/* A model that fell back to another format would make noise of every frame. */
static bool speaks_ulaw(json_object *event)
{
    json_object *audio = json_member(json_member(event, "session"), "audio");
    const char *sides[] = {"input", "output"};

    for (size_t i = 0; i < COUNT(sides); i++) {
        json_object *format = json_member(json_member(audio, sides[i]), "format");
        const char *type = json_text(format, "type");

        if (type && strcmp(type, "audio/pcmu") != 0)
            return false;
    }
    return true;
}

static void on_session_updated(struct live *live, json_object *event)
{
    if (live->state != LIVE_CONFIGURING)
        return;
    if (speaks_ulaw(event))
        live_ready(live);
    else
        model_lost(live, "format");
}

bool realtime_is_fatal(const char *code)
{
    static const char *const fatal[] = {
        "invalid_api_key",     "insufficient_quota",
        "account_deactivated", "billing_hard_limit_reached",
        "model_not_found",     "beta_api_shape_disabled",
        SOCKET_UNTRUSTED,
    };

    for (size_t i = 0; i < COUNT(fatal); i++)
        if (strstr(code, fatal[i]))
            return true;
    return false;
}

/* An error by itself never ends a call; what it leaves undone does. */
static void on_error(struct live *live, json_object *event)
{
    json_object *error = json_member(event, "error");
    const char *code = json_text(error, "code"), *ours = json_text(error, "event_id");

    if (!code)
        code = json_text(error, "type");
    if (!code)
        code = "unknown";
    snprintf(live->last_error, sizeof live->last_error, "%s", code);
    log_info(&live->work, "model.error", "code=%s", live->last_error);
    if (ours && strcmp(ours, live->setup_event) == 0 &&
        refused_setting(live, code, json_text(error, "param")))
        realtime_configure(live);
    else if (realtime_is_fatal(code) ||
             (live->state == LIVE_CONFIGURING && ours && strcmp(ours, live->setup_event) == 0))
        model_lost(live, code);
    else if (ours && responses_refused(&live->responses, ours, code))
        response_retry(live, code);
}

/* ---- the caller's speech ---- */

static void on_speech_started(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id");

    if (voicemail_is_on(live))
        return;
    live->speech = (struct speech){
        .at = clock_now(),
        .start_ms = live->base_ms + json_integer(event, "audio_start_ms", 0),
        .end_ms = NO_INTEGER,
    };
    snprintf(live->speech.item, sizeof live->speech.item, "%s", item ? item : "");
    responses_caller_speaks(&live->responses, true);
    live_heard(live, true);
    if (live->state == LIVE_READY)
        interruption_begins(live);
}

/* A turn that is committed next is answered then, unless its words are judged first. */
static void on_speech_stopped(struct live *live, json_object *event)
{
    bool is_judged = live->settings.interruption.decides && live->interruption.is_over_agent &&
                     !live->interruption.is_protected;

    live->speech.end_ms = live->base_ms + json_integer(event, "audio_end_ms", 0);
    live->speech.stopped_us = sockets_now_us();
    interruption_pauses(live);
    if (responses_caller_speaks(&live->responses, false) && is_judged)
        realtime_speak_waiting(live);
}

static struct slot *reserve(struct live *live, const char *item, const char *previous,
                            enum speaker speaker)
{
    struct slot *slot =
        transcript_reserve(&live->transcript, item, previous, speaker, sockets_now_us());

    if (slot && speaker == SPEAKER_USER && strcmp(live->speech.item, item) == 0) {
        slot->at = live->speech.at;
        slot->start_ms = live->speech.start_ms;
        slot->end_ms = live->speech.end_ms;
    }
    return slot;
}

static void on_committed(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id");

    struct slot *slot =
        item ? reserve(live, item, json_text(event, "previous_item_id"), SPEAKER_USER) : NULL;

    if (live->last_words_us)
        live->speech.item[0] = '\0'; /* whatever it was called before */
    else if (!live->settings.interruption.decides) {
        responses_turn_taken(&live->responses);
        response_drop_retry(live);
    } else if (live->state == LIVE_READY)
        interruption_turn(live, slot);
}

/* How sure the model is of a text, from 0 to 1: the mean of its pieces; negative when unknown. */
static double confidence_of(json_object *event)
{
    json_object *list = json_member(event, "logprobs");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        json_object *piece = json_object_array_get_idx(list, i);

        sum += exp(json_object_get_double(json_member(piece, "logprob")));
    }
    return count ? sum / (double)count : -1;
}

/* Some models write down what is said while it is said. */
static void on_heard_part(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id"), *words = json_text(event, "delta");
    struct slot *slot = item ? transcript_find(&live->transcript, item) : NULL;

    if (!slot || !words)
        return;
    transcript_add(slot, words);
    fact_saying(&live->subject, slot);
    if (slot->text.length)
        interruption_words(live, slot, slot->text.at, -1, false);
}

static void on_heard(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id"), *words = json_text(event, "transcript");
    struct slot *slot = item ? reserve(live, item, NULL, SPEAKER_USER) : NULL;

    if (!slot)
        return;
    transcript_complete(slot, words ? words : "");
    interruption_words(live, slot, words ? words : "", confidence_of(event), true);
    if (words)
        pace_words(live, words);
}

static void on_not_heard(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id");
    struct slot *slot = item ? transcript_find(&live->transcript, item) : NULL;

    if (!slot || slot->is_complete)
        return;
    transcript_complete(slot, "[unintelligible]");
    interruption_words(live, slot, "", -1, true);
}

/* ---- items ---- */

/* The first text of an item's content, typed or spoken; NULL when there is none. */
static const char *words_of(json_object *item)
{
    json_object *content = json_member(item, "content");

    if (!json_object_is_type(content, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(content); i++) {
        json_object *part = json_object_array_get_idx(content, i);
        const char *words = json_text(part, "transcript");

        if (words || (words = json_text(part, "text")))
            return words;
    }
    return NULL;
}

static bool is_message(json_object *item, const char *role)
{
    const char *type = json_text(item, "type"), *its = json_text(item, "role");

    return type && its && strcmp(type, "message") == 0 && strcmp(its, role) == 0;
}

/* What we told the model ourselves has its text at once; it is no turn of the conversation. */
static void on_item_added(struct live *live, json_object *event)
{
    json_object *item = json_member(event, "item");
    const char *id = json_text(item, "id"), *previous = json_text(event, "previous_item_id");

    if (!id)
        return;
    if (is_message(item, "assistant") && !words_of(item))
        reserve(live, id, previous, SPEAKER_ASSISTANT);
    else if (is_message(item, "user") && strcmp(live->speech.item, id) == 0)
        reserve(live, id, previous, SPEAKER_USER);
}

/* Of a response that the caller has cut off, no command counts that was still to come. */
static bool is_stale(const struct live *live, json_object *event)
{
    const char *response = json_text(event, "response_id");

    return response && responses_is_discarded(&live->responses, response);
}

static void on_words(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id"), *words = json_text(event, "delta");
    struct slot *slot = item ? reserve(live, item, NULL, SPEAKER_ASSISTANT) : NULL;

    if (!slot || !words)
        return;
    live->responses.has_words |= !is_stale(live, event);
    if (live->speech.stopped_us && slot->first_token_ms == NO_INTEGER)
        slot->first_token_ms = (sockets_now_us() - live->speech.stopped_us) / 1000;
    transcript_add(slot, said_words(live, item, words, is_stale(live, event)));
    fact_saying(&live->subject, slot);
}

static void on_words_done(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id"), *words = json_text(event, "transcript");
    struct slot *slot = item ? transcript_find(&live->transcript, item) : NULL;

    if (slot && words && *words)
        transcript_complete(slot, said_item_ends(live, slot, words, is_stale(live, event)));
}

static void on_audio_done(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id");

    if (item)
        bridge_item_ends(live, item);
}

/* Calls are taken here and only when complete: an interrupted one may hold half of its arguments.
 */
static void on_item_done(struct live *live, json_object *event)
{
    json_object *item = json_member(event, "item");
    const char *type = json_text(item, "type"), *status = json_text(item, "status");
    const char *name = json_text(item, "name"), *call_ref = json_text(item, "call_id");

    if (type && status && name && call_ref && strcmp(type, "function_call") == 0 &&
        strcmp(status, "completed") == 0) {
        live->responses.has_come = true;
        tool_call(live, name, call_ref, json_text(item, "arguments"));
    }
}

/* ---- responses ---- */

static void on_response_created(struct live *live, json_object *event)
{
    struct responses *responses = &live->responses;
    json_object *response = json_member(event, "response");
    const char *id = json_text(response, "id");
    const char *ours = json_text(json_member(response, "metadata"), "client_event_id");
    bool is_for_machine = voicemail_is_on(live) && !ours && responses->phase != RESPONSE_ASKED;

    if (!id)
        return;
    if (ours && strcmp(ours, responses->event) == 0)
        interruption_response(live, id, responses->current.purpose);
    if (responses_created(responses, id, ours, sockets_now_us()) ||
        (is_for_machine && responses_interrupt(responses, false)))
        realtime_cancel(live);
}

/* Words are for another voice, where there is one: the model itself says nothing then. */
static void on_text(struct live *live, json_object *event)
{
    live->responses.has_come |= live->settings.speaks_text;
    live->responses.has_words |= !is_stale(live, event);
    voice_out_words(live, event);
}

static const struct event {
    const char *name;
    void (*take)(struct live *live, json_object *event);
    bool is_last; /* of use when the caller has hung up (last_words.h) */
} events[] = {
    /* clang-format off */
    {"session.created",                                       on_session_created},
    {"session.updated",                                       on_session_updated},
    {"error",                                                 on_error},
    {"input_audio_buffer.speech_started",                     on_speech_started},
    {"input_audio_buffer.speech_stopped",                     on_speech_stopped},
    {"input_audio_buffer.committed",                          on_committed, true},
    {"conversation.item.input_audio_transcription.completed", on_heard, true},
    {"conversation.item.input_audio_transcription.delta",     on_heard_part, true},
    {"conversation.item.input_audio_transcription.failed",    on_not_heard, true},
    {"conversation.item.added",                               on_item_added},
    {"conversation.item.created",                             on_item_added},
    {"response.created",                                      on_response_created},
    {"response.output_item.done",                             on_item_done},
    {"response.output_audio.done",                            on_audio_done},
    {"response.audio.done",                                   on_audio_done},
    {"response.output_audio_transcript.delta",                on_words},
    {"response.audio_transcript.delta",                       on_words},
    {"response.output_audio_transcript.done",                 on_words_done},
    {"response.audio_transcript.done",                        on_words_done},
    {"response.output_text.delta",                            on_text},
    {"response.output_text.done",                             voice_out_words_done},
    {"response.done",                                         response_ended},
    /* clang-format on */
};

/* Events that we do not know do not concern us. */
static void take_event(struct live *live, const struct event *event, const char *text,
                       size_t length)
{
    const struct json_rules rules = {.depth = JSON_DEPTH};
    struct work work = {.id = live->id, .arena = live->scratch};
    json_object *tree = NULL;
    bool ok = json_read(&work, text, length, &rules, &tree);

    live->scratch = work.arena;
    if (!ok) {
        log_warning(&live->work, "model.unreadable", "event=%s", event->name);
        return;
    }
    event->take(live, tree);
    json_object_put(tree);
    live_write_turns(live);
}

/* ---- audio ---- */

enum { TYPE, RESPONSE, ITEM, CONTENT_INDEX, DELTA, WANTED };

static bool is_audio(struct slice type)
{
    return slice_is(type, "response.output_audio.delta") || slice_is(type, "response.audio.delta");
}

static void take_audio(struct live *live, const struct member *found)
{
    char response[ID_SIZE], item[ID_SIZE];
    struct delta delta = {
        .response = response,
        .item = item,
        .content_index = slice_number(found[CONTENT_INDEX].value, 0),
        .audio = found[DELTA].value,
    };

    if (found[DELTA].kind != '"' || !slice_copy(found[RESPONSE].value, response, sizeof response) ||
        !slice_copy(found[ITEM].value, item, sizeof item))
        return;
    live->responses.has_come = true;
    if (said_is_heard(live, item, delta.audio.length))
        bridge_from_model(live, &delta);
}

bool realtime_take(struct live *live, const char *text, size_t length)
{
    struct member found[WANTED] = {
        [TYPE] = {.name = "type"},    [RESPONSE] = {.name = "response_id"},
        [ITEM] = {.name = "item_id"}, [CONTENT_INDEX] = {.name = "content_index"},
        [DELTA] = {.name = "delta"},
    };

    bool is_over = live->state >= LIVE_CLOSING;

    if ((is_over && !live->last_words_us) || !scan_members(text, length, found, WANTED))
        return true;
    responses_alive(&live->responses, sockets_now_us());
    if (slice_is(found[TYPE].value, "session.created"))
        rollover_note(live, text, length);
    if (is_audio(found[TYPE].value)) {
        if (!is_over)
            take_audio(live, found);
        return true;
    }
    for (size_t i = 0; i < COUNT(events); i++)
        if (slice_is(found[TYPE].value, events[i].name)) {
            if (!is_over || events[i].is_last)
                take_event(live, &events[i], text, length);
            break;
        }
    arena_reset(&live->scratch);
    return true;
}
