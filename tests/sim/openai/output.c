#include "openai/output.h"

#include <stdlib.h>
#include <string.h>

#include "openai/audio.h"
#include "openai/speaker.h"

enum {
    BETWEEN_ITEMS_MS = 20,
    ARGUMENT_BYTES = 7, /* in a piece of a call's arguments */
    SAMPLES_PER_TOKEN = 400,
    SLOW_MS = 2000, /* for the arguments of a call that is made slowly */
};

static struct step *current(struct response *response)
{
    return &response->plan.steps[response->step];
}

static bool in_text(const struct response *response)
{
    struct json_object *modalities = response_setting(response, "output_modalities");

    return strcmp(json_object_get_string(json_object_array_get_idx(modalities, 0)), "text") == 0;
}

/* Sends an event about the item in hand; "members" is taken. */
static void send(struct response *response, const char *type, struct json_object *members)
{
    struct json_object *event = pack("response_id=s item_id=s output_index=i", response->id,
                                     response->item_id, (int64_t)response->step);

    json_object_object_foreach(members, name, value)
    {
        json_object_object_add(event, name, json_object_get(value));
    }
    json_object_put(members);
    session_send(response->session, type, event);
}

/* Pieces of text carry some padding, which a client has to ignore. */
static void send_text(struct response *response, const char *type, const char *delta)
{
    struct step *step = current(response);
    char padding[ID_SIZE];
    const char *obfuscation = make_id(padding, "x") + response->text_sent % 8;

    if (step->kind == CALL)
        send(response, type,
             pack("call_id=s delta=s obfuscation=s", step->call_id, delta, obfuscation));
    else
        send(response, type,
             pack("content_index=i delta=s obfuscation=s", (int64_t)0, delta, obfuscation));
}

/* The conversation's entry for the item in hand; NULL out of band, or when the client deleted
 * it. */
static struct item *entry(struct response *response)
{
    return response->beside ? NULL : item_find(&response->session->items, response->item_id);
}

/* ---- items begin and end ------------------------------------------------------------------ */

static void send_item(struct response *response, const char *type)
{
    session_send(response->session, type,
                 pack("response_id=s output_index=i item=k", response->id, (int64_t)response->step,
                      response->item));
}

static void begin_item(struct response *response, struct json_object *json)
{
    pack_into(json, "id=s object=s status=s", make_id(response->item_id, "item"), "realtime.item",
              "in_progress");
    response->item = json;
    response->sent = response->text_sent = 0;
    response->begun_micros = web_micros();
    send_item(response, "response.output_item.added");
    if (!response->beside)
        item_announce(response->session, "conversation.item.added",
                      item_add(response->session, json_object_get(json), NULL));
}

/* Both events tell the same; which comes first varies. */
static void end_item(struct response *response, const char *status)
{
    struct item *item = entry(response);
    bool first = (response->ordinal + (int64_t)response->step) % 2 == 0;

    pack_into(response->item, "status=s", status);
    if (first)
        send_item(response, "response.output_item.done");
    if (item != NULL)
        item_announce(response->session, "conversation.item.done", item);
    if (!first)
        send_item(response, "response.output_item.done");
    json_object_array_add(response->output, copy_of(response->item));
    json_object_put(response->item);
    response->item = NULL;
}

static void step_done(void *user)
{
    struct response *response = user;

    response->timer = NULL;
    response->step++;
    output_next(response);
}

static void next_step(struct response *response)
{
    response->timer = web_after(model.web, BETWEEN_ITEMS_MS, step_done, response);
}

/* ---- speech ------------------------------------------------------------------------------- */

/* What was said so far becomes the content of the item. */
static void end_message(struct response *response, const char *status)
{
    struct step *step = current(response);
    bool text_only = in_text(response);
    char *said = strndup(step->text, response->text_sent);
    struct json_object *content = json_object_new_array();
    struct item *item = entry(response);

    if (!text_only)
        send(response, "response.output_audio.done", pack("content_index=i", (int64_t)0));
    send(response,
         text_only ? "response.output_text.done" : "response.output_audio_transcript.done",
         pack(text_only ? "content_index=i text=s" : "content_index=i transcript=s", (int64_t)0,
              said));
    send(response, "response.content_part.done",
         pack("content_index=i part=o", (int64_t)0,
              pack(text_only ? "type=s text=s" : "type=s transcript=s",
                   text_only ? "text" : "audio", said)));
    json_object_array_add(content, pack(text_only ? "type=s text=s" : "type=s transcript=s",
                                        text_only ? "output_text" : "output_audio", said));
    pack_into(response->item, "content=o", content);
    if (item != NULL) {
        free(item->words);
        item->words = strdup(said);
    }
    session_note(response->session, "spoken",
                 pack("item_id=s response_id=s text=s audio_ms=i bytes=i status=s",
                      response->item_id, response->id, said, (int64_t)response->sent / 8,
                      (int64_t)(response->sent *
                                audio_width(response_setting(response, "audio.output.format"))),
                      status));
    free(said);
    free(response->ulaw);
    response->ulaw = NULL;
    end_item(response, status);
}

/* Sends the text up to a share of it, to the end of a word. */
static void send_words(struct response *response, double share)
{
    const char *text = current(response)->text;
    size_t length = strlen(text), to = share >= 1 ? length : (size_t)(share * (double)length);
    char *piece;

    while (to < length && text[to] != ' ')
        to++;
    if (to <= response->text_sent)
        return;
    piece = strndup(text + response->text_sent, to - response->text_sent);
    send_text(response,
              in_text(response) ? "response.output_text.delta"
                                : "response.output_audio_transcript.delta",
              piece);
    free(piece);
    response->text_out += to - response->text_sent;
    response->text_sent = to;
}

/* The next piece of audio; its words go ahead of it. */
static void send_audio(struct response *response)
{
    static const size_t sizes[] = {1000, 1600, 600, 2400, 1130, 1777};
    size_t size = sizes[response->deltas++ % (sizeof sizes / sizeof sizes[0])];
    size_t left = response->limit - response->sent;
    struct item *item = entry(response);
    char *base64;

    size = size < left ? size : left;
    base64 = audio_write(response_setting(response, "audio.output.format"),
                         response->ulaw + response->sent, size);
    response->sent += size;
    response->samples_out += size;
    send_words(response, 1.6 * (double)response->sent / (double)response->samples);
    send(response, "response.output_audio.delta",
         pack("content_index=i delta=s", (int64_t)0, base64));
    free(base64);
    response->session->voice_fixed = true;
    if (item != NULL)
        item->samples = response->sent;
}

/* Half of it, when it is to be incomplete; and no more than max_output_tokens. */
static size_t limited(struct response *response, size_t samples)
{
    struct json_object *most = response_setting(response, "max_output_tokens");
    size_t room = samples;

    if (json_object_is_type(most, json_type_int))
        room = (size_t)json_object_get_int64(most) * SAMPLES_PER_TOKEN;
    if (room < samples)
        response->plan.incomplete = "max_output_tokens";
    else if (response->plan.incomplete != NULL)
        room = samples / 2;
    return room < samples ? room : samples;
}

static void speech_fired(void *user)
{
    struct response *response = user;
    int64_t sent_micros;

    response->timer = NULL;
    send_audio(response);
    if (response->sent < response->limit) {
        sent_micros = (int64_t)((double)response->sent * 125 / model.pace);
        response->timer =
            web_at(model.web, response->begun_micros + sent_micros, speech_fired, response);
        return;
    }
    if (response->audible_until < response->begun_micros)
        response->audible_until = response->begun_micros;
    response->audible_until += (int64_t)response->sent * 125;
    if (response->plan.incomplete != NULL) {
        end_message(response, "incomplete");
        response_finish(response, "incomplete", response->plan.incomplete);
    } else {
        end_message(response, "completed");
        next_step(response);
    }
}

static void begin_message(struct response *response)
{
    bool text_only = in_text(response);

    begin_item(response,
               pack("type=s role=s content=o", "message", "assistant", json_object_new_array()));
    send(response, "response.content_part.added",
         pack("content_index=i part=o", (int64_t)0,
              pack(text_only ? "type=s text=s" : "type=s transcript=s",
                   text_only ? "text" : "audio", "")));
}

static struct response *find_response(int64_t session_number, const char *id)
{
    struct session *session = session_find(session_number);
    struct response *response = session == NULL ? NULL : session->responses;

    while (response != NULL && strcmp(response->id, id) != 0)
        response = response->next;
    return response;
}

static void speech_made(int64_t session, const char *id, unsigned char *ulaw, size_t samples)
{
    struct response *response = find_response(session, id);

    if (response == NULL || response->ending) {
        free(ulaw);
    } else if (ulaw == NULL) {
        response_finish(response, "failed", "server_error");
    } else {
        response->ulaw = ulaw;
        response->samples = samples;
        response->limit = limited(response, samples);
        begin_message(response);
        speech_fired(response);
    }
}

static void say_in_text(struct response *response)
{
    begin_message(response);
    for (int part = 1; part <= 4; part++)
        send_words(response, part / 4.0);
    end_message(response, "completed");
    next_step(response);
}

/* ---- calls -------------------------------------------------------------------------------- */

static void end_call(struct response *response, const char *status)
{
    struct step *step = current(response);
    char *arguments = strndup(step->arguments, response->text_sent);

    send(response, "response.function_call_arguments.done",
         pack("call_id=s name=s arguments=s", step->call_id, step->name, arguments));
    pack_into(response->item, "arguments=s", arguments);
    session_note(response->session, "tools",
                 pack("call_id=s name=s arguments=s status=s", step->call_id, step->name, arguments,
                      status));
    free(arguments);
    end_item(response, status);
}

static void call_fired(void *user)
{
    struct response *response = user;
    struct step *step = current(response);
    size_t length = strlen(step->arguments), to = response->text_sent + ARGUMENT_BYTES;
    int64_t wait_ms = step->slowly ? SLOW_MS * ARGUMENT_BYTES / ((int64_t)length + 1) : 5;
    char *piece;

    response->timer = NULL;
    to = to < length ? to : length;
    while (to < length && (step->arguments[to] & 0xC0) == 0x80)
        to++;
    piece = strndup(step->arguments + response->text_sent, to - response->text_sent);
    response->text_out += to - response->text_sent;
    response->text_sent = to;
    send_text(response, "response.function_call_arguments.delta", piece);
    free(piece);
    if (to < length) {
        response->timer = web_after(model.web, wait_ms, call_fired, response);
    } else {
        end_call(response, "completed");
        next_step(response);
    }
}

static void begin_call(struct response *response)
{
    struct step *step = current(response);

    begin_item(response, pack("type=s name=s call_id=s arguments=s", "function_call", step->name,
                              step->call_id, ""));
    call_fired(response);
}

/* ---- the plan ----------------------------------------------------------------------------- */

void output_next(struct response *response)
{
    struct json_object *voice = response_setting(response, "audio.output.voice");

    if (response->step == response->plan.count)
        response_finish(response, "completed", NULL);
    else if (current(response)->kind == CALL)
        begin_call(response);
    else if (in_text(response))
        say_in_text(response);
    else
        speaker_order(current(response)->text,
                      json_object_is_type(voice, json_type_string) ? json_object_get_string(voice)
                                                                   : "",
                      response->session->number, response->id, speech_made);
}

void output_stale(struct response *response)
{
    if (response->item != NULL && response->ulaw != NULL && response->sent < response->limit)
        send_audio(response);
}

void output_cut(struct response *response)
{
    if (response->item == NULL)
        return;
    if (current(response)->kind == CALL)
        end_call(response, "incomplete");
    else
        end_message(response, "incomplete");
}
