#include "stream/voice_out.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "stream/bridge.h"
#include "stream/elevenlabs.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/model.h"
#include "stream/said_commands.h"
#include "stream/socket.h"

enum {
    SOUND_US = 2 * 1000000, /* the longest wait for the first sound, and for more of it */
    LONG_ENOUGH = 40,       /* bytes after which a comma is a place to begin */
    TOO_LONG = 240,         /* bytes that do not wait for the end of a sentence */
    HAND_OVERS = 5,         /* a model that still writes after so many cannot speak */
};

/* An item of the model's that is being said, or waits for it. */
struct utterance {
    struct utterance *next;
    struct arena arena;
    char item[ID_SIZE], response[ID_SIZE];
    int64_t content_index;
    struct text text;
    struct bracketed filter;
    size_t given;  /* bytes of the text that the voice was given */
    size_t spoken; /* bytes that it has spoken */
    bool is_whole; /* no more words come */
    bool is_ended; /* and the voice knows */
    bool has_sound;
    int64_t asked_us; /* when something was first to be said; 0: nothing yet */
    int64_t sound_us; /* the last sound, or when it was asked for */
};

static const struct tts_listener listener;

static void drop_first(struct voice_out *voice)
{
    struct utterance *first = voice->first;

    voice->first = first->next;
    arena_free(&first->arena);
    free(first);
}

static struct utterance *find(const struct voice_out *voice, const char *item)
{
    struct utterance *utterance = voice->first;

    while (utterance && strcmp(utterance->item, item) != 0)
        utterance = utterance->next;
    return utterance;
}

/* ---- how it fares ---- */

static void write_use(struct live *live)
{
    const struct voice_out *voice = &live->voice;
    const struct voice_use use = {
        .session_id = live->subject.session,
        .provider = voice->choice.provider,
        .effective = voice->is_on ? voice->choice.provider : VOICE_OPENAI,
        .fallback_reason = voice->reason,
        .failed_at = voice->failed_at,
        .utterances = voice->utterances,
        .first_audio_ms = voice->first_audio_ms,
        .used_at = clock_now(),
    };

    fact_voice(&live->subject, &use);
}

static void close_connections(struct voice_out *voice)
{
    tts_close(voice->speaking);
    tts_close(voice->spare);
    voice->speaking = voice->spare = NULL;
}

/* ---- giving up ---- */

/* The model believes that it has said the whole item; it shall know what was heard of it. */
static void correct_model(struct live *live, const char *item, const char *heard)
{
    struct text text = {.arena = &live->scratch};
    char event[EVENT_SIZE];

    responses_event(&live->responses, "heard", event);
    text_add(&text,
             "{\"type\":\"conversation.item.delete\",\"event_id\":\"%s\",\"item_id\":", event);
    text_json(&text, item);
    text_put(&text, "}");
    outlet_send(live->model, text.at, text.length);
    if (*heard)
        mind_tell(live, SPEAKER_ASSISTANT, heard);
}

/* From the beginning of the word that was not said to its end. */
static const char *unsaid(const struct utterance *utterance)
{
    const char *text = utterance->text.at ? utterance->text.at : "";
    size_t at = utterance->spoken;

    while (at > 0 && text[at] && text[at - 1] != ' ')
        at--;
    return text + at;
}

static void settle(struct live *live, const struct utterance *utterance)
{
    struct slot *slot = transcript_find(&live->transcript, utterance->item);
    const char *whole = utterance->text.at ? utterance->text.at : "";
    const char *text = arena_copy(&live->scratch, whole, (size_t)(unsaid(utterance) - whole));

    if (slot)
        transcript_complete(slot, text);
    bridge_item_ends(live, utterance->item);
    correct_model(live, utterance->item, text);
}

/* What the voice has left unsaid the model says itself, once it is known whole. */
static void hand_over(struct live *live)
{
    struct voice_out *voice = &live->voice;
    struct text rest = {.arena = &live->scratch};

    for (const struct utterance *one = voice->first; one; one = one->next)
        if (!one->is_whole && live->responses.phase != RESPONSE_NONE)
            return;
    while (voice->first) {
        const char *words = unsaid(voice->first);

        if (*words)
            text_add(&rest, "%s%s", rest.length ? " " : "", words);
        settle(live, voice->first);
        drop_first(voice);
    }
    live_write_turns(live);
    if (rest.length && ++voice->handed_over > HAND_OVERS)
        model_lost(live, "writes");
    else if (rest.length)
        mind_say(live, "unsaid", rest.at);
}

static void give_up(struct live *live, const char *why)
{
    struct voice_out *voice = &live->voice;
    struct text payload = {.arena = &live->scratch};

    if (!voice->is_on)
        return;
    snprintf(voice->failure, sizeof voice->failure, "%s", why);
    voice->reason = voice->failure;
    voice->failed_at = clock_now();
    voice->is_on = false;
    close_connections(voice);
    log_warning(&live->work, "voice.fallback", "provider=%s why=%s", voice->choice.provider,
                voice->reason);
    text_add(&payload, "{\"provider\":\"%s\",\"reason\":", voice->choice.provider);
    text_json(&payload, voice->reason);
    text_put(&payload, "}");
    fact_event(&live->subject, "voice.fallback", "warn", "model", payload.at);
    write_use(live);
    live->settings.speaks_text = false;
    if (live->state >= LIVE_CONFIGURING && live->state < LIVE_CLOSING)
        live->mind->configure(live);
    hand_over(live);
}

/* ---- speaking ---- */

/* Where a sentence ends, a long clause pauses, or the text has become too long to wait. */
static size_t piece_length(const struct utterance *utterance)
{
    const char *text = utterance->text.at + utterance->given;
    size_t left = utterance->text.length - utterance->given, end = 0, space = 0;

    if (utterance->is_whole)
        return left;
    for (size_t i = 0; i + 1 < left; i++) {
        if (text[i + 1] != ' ' && text[i + 1] != '\n')
            continue;
        space = i + 2;
        if (strchr(".!?;:\n", text[i]) || (text[i] == ',' && i >= LONG_ENOUGH))
            end = i + 2;
    }
    return end || left < TOO_LONG ? end : space;
}

/* Gives the voice what there is to say, as far as it can take it. */
static void go_on(struct live *live)
{
    struct voice_out *voice = &live->voice;
    struct utterance *first = voice->first;
    size_t length = first && first->text.length > first->given ? piece_length(first) : 0;

    if (!voice->is_on || !first || (!length && !first->is_whole))
        return;
    if (!first->asked_us)
        first->asked_us = first->sound_us = sockets_now_us();
    if (!voice->speaking) {
        voice->speaking = voice->spare ? voice->spare : tts_open(live, &voice->choice, &listener);
        voice->spare = NULL;
    }
    if (!voice->speaking) {
        give_up(live, "refused");
        return;
    }
    if (!tts_is_open(voice->speaking))
        return;
    if (length)
        tts_say(voice->speaking, first->text.at + first->given, length);
    first->given += length;
    if (first->is_whole && !first->is_ended)
        tts_end(voice->speaking);
    first->is_ended = first->is_whole;
}

static void on_opened(struct live *live, struct tts *tts)
{
    if (tts == live->voice.speaking)
        go_on(live);
}

static void note_first_sound(struct live *live, struct utterance *utterance)
{
    struct voice_out *voice = &live->voice;
    int64_t waited_ms = (sockets_now_us() - utterance->asked_us) / 1000;

    utterance->has_sound = true;
    voice->utterances++;
    if (voice->first_audio_ms == NO_INTEGER || waited_ms > voice->first_audio_ms)
        voice->first_audio_ms = waited_ms;
}

static void on_audio(struct live *live, struct tts *tts, struct slice audio, size_t spoken)
{
    struct utterance *first = live->voice.first;
    struct slot *slot = first ? transcript_find(&live->transcript, first->item) : NULL;

    if (tts != live->voice.speaking || !first)
        return;
    if (!first->has_sound)
        note_first_sound(live, first);
    first->sound_us = sockets_now_us();
    spoken += first->spoken;
    if (spoken > first->text.length)
        spoken = first->text.length;
    if (slot && spoken > first->spoken)
        transcript_add(slot, arena_copy(&live->scratch, first->text.at + first->spoken,
                                        spoken - first->spoken));
    first->spoken = spoken;
    bridge_from_model(live, &(struct delta){.response = first->response,
                                            .item = first->item,
                                            .content_index = first->content_index,
                                            .audio = audio});
}

static void on_finished(struct live *live, struct tts *tts)
{
    struct voice_out *voice = &live->voice;
    struct utterance *first = voice->first;
    struct slot *slot;

    if (tts != voice->speaking || !first)
        return;
    voice->speaking = NULL;
    slot = transcript_find(&live->transcript, first->item);
    if (slot && first->text.at)
        transcript_complete(slot, first->text.at);
    bridge_item_ends(live, first->item);
    drop_first(voice);
    if (!voice->spare)
        voice->spare = tts_open(live, &voice->choice, &listener);
    live_write_turns(live);
    go_on(live);
}

/* A spare that only waited too long is no failure; the next utterance opens another. */
static void on_failed(struct live *live, struct tts *tts, const char *why)
{
    struct voice_out *voice = &live->voice;

    if (tts == voice->speaking) {
        voice->speaking = NULL;
        give_up(live, why);
    } else if (tts == voice->spare) {
        voice->spare = NULL;
        if (!tts_was_open(tts))
            give_up(live, why);
    }
}

static const struct tts_listener listener = {
    .opened = on_opened,
    .audio = on_audio,
    .finished = on_finished,
    .failed = on_failed,
};

static void stop_speaking(struct voice_out *voice)
{
    tts_close(voice->speaking);
    voice->speaking = NULL;
}

static void forget(struct voice_out *voice, const char *item)
{
    struct utterance **at = &voice->first, *gone;

    while (*at && strcmp((*at)->item, item) != 0)
        at = &(*at)->next;
    gone = *at;
    if (!gone)
        return;
    if (gone == voice->first)
        stop_speaking(voice);
    *at = gone->next;
    arena_free(&gone->arena);
    free(gone);
}

/* ---- the model's words ---- */

/* The item counts as being played from now on, so that nobody takes the pause for silence. */
static struct utterance *add(struct live *live, const char *item, json_object *event)
{
    struct utterance *utterance = calloc(1, sizeof *utterance), **end = &live->voice.first;
    const char *response = json_text(event, "response_id");

    if (!utterance)
        abort();
    while (*end)
        end = &(*end)->next;
    *end = utterance;
    utterance->text.arena = &utterance->arena;
    snprintf(live->voice.items[live->voice.nitems++ % PLAYBACK_ITEMS], ID_SIZE, "%s", item);
    utterance->content_index = json_integer(event, "content_index", 0);
    snprintf(utterance->item, sizeof utterance->item, "%s", item);
    snprintf(utterance->response, sizeof utterance->response, "%s", response ? response : "");
    playback_sent(&live->playback, utterance->item, utterance->response, utterance->content_index,
                  0, sockets_now_us());
    return utterance;
}

static void note_first_words(struct live *live, const char *item)
{
    struct slot *slot =
        transcript_reserve(&live->transcript, item, NULL, SPEAKER_ASSISTANT, sockets_now_us());

    if (slot && live->speech.stopped_us && slot->first_token_ms == NO_INTEGER)
        slot->first_token_ms = (sockets_now_us() - live->speech.stopped_us) / 1000;
}

void voice_out_words(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id"), *words = json_text(event, "delta");
    const char *response = json_text(event, "response_id");
    struct utterance *utterance;

    if (!live->voice.choice.provider || !item || !words || !response ||
        responses_is_discarded(&live->responses, response))
        return;
    utterance = find(&live->voice, item);
    if (!utterance) {
        utterance = add(live, item, event);
        note_first_words(live, item);
    }
    if (utterance->text.length + strlen(words) <= TRANSCRIPT_TEXT)
        bracketed_take(&utterance->filter, words, false, &utterance->text, said_command, live);
    go_on(live);
}

static bool is_wordless(const struct utterance *utterance)
{
    const char *text = utterance->text.at;

    return !text || !text[strspn(text, " \t\r\n")];
}

/* It held nothing but commands: the voice has nothing to do with it. */
static void pass_over(struct live *live, const char *item)
{
    struct slot *slot = transcript_find(&live->transcript, item);

    if (slot)
        transcript_complete(slot, "");
    bridge_item_ends(live, item);
    forget(&live->voice, item);
    go_on(live);
}

void voice_out_words_done(struct live *live, json_object *event)
{
    const char *item = json_text(event, "item_id");
    struct utterance *utterance = item ? find(&live->voice, item) : NULL;

    if (!utterance)
        return;
    bracketed_take(&utterance->filter, "", true, &utterance->text, said_command, live);
    utterance->is_whole = true;
    if (is_wordless(utterance))
        pass_over(live, item);
    else if (live->voice.is_on)
        go_on(live);
    else
        hand_over(live);
}

/* Whether the item came as text, and is not corrected yet; once asked, it is. */
static bool take_text_item(struct voice_out *voice, const char *item)
{
    for (size_t i = 0; i < PLAYBACK_ITEMS; i++)
        if (strcmp(voice->items[i], item) == 0) {
            voice->items[i][0] = '\0';
            return true;
        }
    return false;
}

/* What of a turn was heard; a turn that was cut already holds nothing else. */
static const char *heard_text(struct live *live, const struct cut *cut)
{
    const struct slot *slot = transcript_find(&live->transcript, cut->item);
    size_t length = slot && slot->text.at ? slot->text.length : 0;

    if (!length)
        return "";
    if (slot->heard_ms == NO_INTEGER)
        length = cut->sent_ms > 0 ? length * (size_t)cut->heard_ms / (size_t)cut->sent_ms : 0;
    while (length > 0 && slot->text.at[length] && slot->text.at[length] != ' ')
        length--;
    return arena_copy(&live->scratch, slot->text.at, length);
}

bool voice_out_cut(struct live *live, const struct cut *cut)
{
    if (!take_text_item(&live->voice, cut->item))
        return false;
    correct_model(live, cut->item, heard_text(live, cut));
    forget(&live->voice, cut->item);
    return true;
}

/* What has sound is cut like any other audio; the rest is known here alone. */
void voice_out_stop(struct live *live)
{
    struct voice_out *voice = &live->voice;

    stop_speaking(voice);
    while (voice->first) {
        if (!voice->first->has_sound && take_text_item(voice, voice->first->item))
            correct_model(live, voice->first->item, "");
        drop_first(voice);
    }
}

/* ---- the session ---- */

static void keep_choice(struct live *live, const struct voice_choice *given)
{
    struct arena *arena = &live->work.arena;

    live->voice.choice = (struct voice_choice){
        .provider = VOICE_ELEVENLABS,
        .obstacle = arena_text(arena, given->obstacle),
        .voice_id = arena_text(arena, given->voice_id),
        .model_id = arena_text(arena, given->model_id),
        .settings_json = arena_text(arena, given->settings_json),
        .api_key = arena_text(arena, given->api_key),
    };
    live->voice.reason = live->voice.choice.obstacle;
}

void voice_out_begin(struct live *live, const struct voice_choice *choice)
{
    struct voice_out *voice = &live->voice;

    voice->first_audio_ms = NO_INTEGER;
    voice->failed_at = NO_INSTANT;
    if (!choice || !choice->provider || strcmp(choice->provider, VOICE_ELEVENLABS) != 0 ||
        !live->line->audio || !live->mind->configure)
        return;
    keep_choice(live, choice);
    voice->is_on = live->settings.speaks_text = !voice->reason;
    write_use(live);
    if (!voice->is_on)
        return;
    voice->spare = tts_open(live, &voice->choice, &listener);
    if (!voice->spare)
        give_up(live, "refused");
}

/* Whether something was given to the voice and not all of it has been heard of. */
static bool is_owed(const struct utterance *utterance)
{
    enum { BLANKS = 2 }; /* behind a sentence, which a voice may leave out */

    return utterance->asked_us && (!utterance->has_sound || utterance->is_ended ||
                                   utterance->spoken + BLANKS < utterance->given);
}

void voice_out_tick(struct live *live)
{
    struct voice_out *voice = &live->voice;
    const struct utterance *first = voice->first;

    if (!first)
        return;
    if (!voice->is_on)
        hand_over(live);
    else if (is_owed(first) && sockets_now_us() - first->sound_us > SOUND_US)
        give_up(live, first->has_sound ? "stalled" : "no_audio");
}

void voice_out_close(struct live *live)
{
    struct voice_out *voice = &live->voice;

    if (!voice->choice.provider)
        return;
    write_use(live);
    close_connections(voice);
    while (voice->first)
        drop_first(voice);
    voice->is_on = false;
}
