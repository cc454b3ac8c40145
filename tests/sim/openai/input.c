#include "openai/input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/speech.h"
#include "openai/audio.h"
#include "openai/response.h"
#include "openai/session.h"

enum {
    APPEND_MAX = 15 * 1024 * 1024, /* bytes of audio in one event */
    BUFFER_MAX = 8000 * 600,       /* samples kept */
    COMMIT_MIN = 800,              /* samples in a turn: 100 ms */
    LOUD_FRAMES = 3,               /* in a row, before it is taken for speech */
    AHEAD_MS = 3000,               /* of real time, before it is called a mistake */
    TRANSCRIBE_MS = 150,           /* after the turn; and for every second turn so much later */
    TRANSCRIBE_LATE_MS = 600,
};

static const char UNINTELLIGIBLE[] = "[unintelligible]";

void input_begin(struct session *session)
{
    session->input.finder = watermark_new();
    session->input.found = json_object_new_array();
}

void input_free(struct input *input)
{
    watermark_free(input->finder);
    json_object_put(input->found);
    free(input->buffer);
}

static struct json_object *turn_detection(const struct session *session)
{
    return at(session->settings, "audio.input.turn_detection");
}

static int64_t ms_of(uint64_t samples)
{
    return (int64_t)(samples / 8);
}

/* ---- hidden words ------------------------------------------------------------------------- */

static void on_found(void *user, const struct watermark_found *found)
{
    struct session *session = user;
    struct json_object *fact = pack("text=s whole=b samples_total=i samples_heard=i from_ms=i",
                                    found->text == NULL ? "" : found->text, (int)found->whole,
                                    (int64_t)found->samples_total, (int64_t)found->samples_heard,
                                    ms_of(found->first_sample));

    json_object_array_add(session->input.found, copy_of(fact));
    session_note(session, "heard", fact);
}

/* The words of all utterances that came through whole since the last turn, to be freed; NULL when
 * there is none. */
static char *whole_words(const struct input *input)
{
    char *words = NULL;
    size_t length = 0;

    for (size_t i = 0; i < json_object_array_length(input->found); i++) {
        struct json_object *fact = json_object_array_get_idx(input->found, i);
        const char *text = text_at(fact, "text", "");

        if (!true_at(fact, "whole", false))
            continue;
        words = realloc(words, length + strlen(text) + 2);
        if (words == NULL)
            abort();
        if (length > 0)
            words[length++] = ' ';
        strcpy(words + length, text);
        length += strlen(text);
    }
    return words;
}

static void forget_found(struct input *input)
{
    json_object_put(input->found);
    input->found = json_object_new_array();
}

/* ---- transcription ------------------------------------------------------------------------ */

static struct json_object *transcription_usage(const char *model_name, const char *transcript,
                                               int64_t audio_ms)
{
    int64_t in = (audio_ms + 99) / 100, out = (int64_t)strlen(transcript) / 4 + 1;

    if (strcmp(model_name, "whisper-1") == 0)
        return pack("type=s seconds=d", "duration", (double)audio_ms / 1000);
    return pack("type=s total_tokens=i input_tokens=i input_token_details=o output_tokens=i",
                "tokens", in + out, in, pack("text_tokens=i audio_tokens=i", (int64_t)0, in), out);
}

/* Pieces of two words, but all at once from whisper-1. */
static void send_pieces(struct session *session, const char *id, const char *text, bool whole)
{
    while (*text != '\0') {
        size_t length = whole ? strlen(text) : strcspn(text + 1, " ") + 1;
        char *piece;

        if (!whole && text[length] != '\0')
            length += strcspn(text + length + 1, " ") + 1;
        piece = strndup(text, length);
        session_send(session, "conversation.item.input_audio_transcription.delta",
                     pack("item_id=s content_index=i delta=s", id, (int64_t)0, piece));
        free(piece);
        text += length;
    }
}

static void transcribe(struct session *session, struct json_object *job)
{
    const char *id = text_at(job, "item_id", ""), *text = text_at(job, "transcript", "");
    const char *model_name = text_at(job, "model", "");

    if (strstr(text, "cannot be transcribed") != NULL) {
        session_send(session, "conversation.item.input_audio_transcription.failed",
                     pack("item_id=s content_index=i error=o", id, (int64_t)0,
                          pack("type=s code=s message=s param=n", "transcription_error",
                               "audio_unintelligible", "The audio could not be transcribed.")));
        return;
    }
    send_pieces(session, id, text, strcmp(model_name, "whisper-1") == 0);
    session_send(session, "conversation.item.input_audio_transcription.completed",
                 pack("item_id=s content_index=i transcript=s logprobs=n usage=o", id, (int64_t)0,
                      text, transcription_usage(model_name, text, number_at(job, "ms", 0))));
}

/* It runs beside the model: of every second turn it comes when the answer is under way. */
static void order_transcription(struct session *session, const struct item *item,
                                const char *transcript)
{
    struct json_object *wanted = at(session->settings, "audio.input.transcription");
    bool late = json_object_array_length(at(session->record, "turns")) % 2 == 0;

    if (wanted == NULL)
        return;
    session_after(session, TRANSCRIBE_MS + (late ? TRANSCRIBE_LATE_MS : 0), transcribe,
                  pack("item_id=s transcript=s model=s ms=i", item->id, transcript,
                       text_at(wanted, "model", "whisper-1"), ms_of(item->samples)));
}

/* ---- turns -------------------------------------------------------------------------------- */

static struct json_object *user_item(const char *id)
{
    struct json_object *content = json_object_new_array();

    json_object_array_add(content, pack("type=s transcript=n", "input_audio"));
    return pack("id=s object=s type=s status=s role=s content=o", id, "realtime.item", "message",
                "completed", "user", content);
}

/* What a test writes in brackets is heard and is no words: "(coughs)". */
static bool is_noise(const char *words)
{
    return words[0] == '(' && words[strlen(words) - 1] == ')';
}

/* What is in the buffer becomes an item of the conversation. */
static void commit(struct session *session, bool respond, const char *origin)
{
    struct input *input = &session->input;
    char *words = whole_words(input);
    struct watermark_found pending;
    struct item *item;
    const char *transcript = words == NULL ? UNINTELLIGIBLE : is_noise(words) ? "" : words;

    session_send(session, "input_audio_buffer.committed",
                 pack("previous_item_id=s item_id=s", item_last(&session->items), input->item_id));
    item = item_add(session, user_item(input->item_id), NULL);
    item_announce(session, "conversation.item.added", item);
    item_announce(session, "conversation.item.done", item);
    item->audio = input->buffer;
    item->samples = input->buffered;
    free(item->words);
    item->words = words == NULL ? strdup("") : words;
    input->buffer = NULL;
    input->buffered = input->room = 0;
    input->speaking = false;
    session_note(session, "turns",
                 pack("item_id=s transcript=s whole=b audio_ms=i unfinished=b", item->id,
                      transcript, words != NULL, ms_of(item->samples),
                      (int)watermark_pending(input->finder, &pending)));
    forget_found(input);
    order_transcription(session, item, strcmp(origin, "idle") == 0 ? "" : transcript);
    if (respond)
        response_begin(session, origin, NULL);
}

static void start_speech(struct session *session, uint64_t loud_since)
{
    struct input *input = &session->input;
    struct json_object *turn = turn_detection(session);
    int64_t start_ms = ms_of(loud_since) - number_at(turn, "prefix_padding_ms", 300);

    input->speaking = true;
    make_id(input->item_id, "item");
    session_cancel(session->idle);
    session->idle = NULL;
    session_send(session, "input_audio_buffer.speech_started",
                 pack("audio_start_ms=i item_id=s", start_ms > 0 ? start_ms : 0, input->item_id));
    if (true_at(turn, "interrupt_response", true))
        response_interrupt(session);
}

static void stop_speech(struct session *session)
{
    struct input *input = &session->input;

    session_send(session, "input_audio_buffer.speech_stopped",
                 pack("audio_end_ms=i item_id=s", ms_of(input->samples), input->item_id));
    commit(session, true_at(turn_detection(session), "create_response", true), "vad");
}

/* ---- voice activity ----------------------------------------------------------------------- */

static double loudness(const unsigned char *frame)
{
    double sum = 0;

    for (size_t i = 0; i < FRAME_SAMPLES; i++) {
        double sample = speech_decode(frame[i]);

        sum += sample * sample;
    }
    return sqrt(sum / FRAME_SAMPLES);
}

/* How long it must be quiet before a turn is over.  The semantic detector knows that a sentence is
 * complete when its words were heard to their end; until then it waits as long as its eagerness
 * allows. */
static int64_t silence_ms(const struct session *session, struct json_object *turn)
{
    const char *eagerness = text_at(turn, "eagerness", "auto");

    if (strcmp(text_at(turn, "type", ""), "semantic_vad") != 0)
        return number_at(turn, "silence_duration_ms", 200);
    if (json_object_array_length(session->input.found) > 0)
        return 300;
    return strcmp(eagerness, "low") == 0 ? 8000 : strcmp(eagerness, "high") == 0 ? 2000 : 4000;
}

/* A whole frame was heard: threshold 0.5 stands for a root mean square of 400 of 32,767. */
static void judge(struct session *session)
{
    struct input *input = &session->input;
    struct json_object *turn = turn_detection(session);
    double level = 800 * real_at(turn, "threshold", 0.5);
    bool loud = loudness(input->frame) > (input->speaking ? level / 2 : level);

    if (turn == NULL)
        return;
    input->loud_frames = loud ? input->loud_frames + 1 : 0;
    if (loud)
        input->loud_end = input->samples;
    if (!input->speaking && input->loud_frames >= LOUD_FRAMES)
        start_speech(session, input->samples - LOUD_FRAMES * FRAME_SAMPLES);
    else if (input->speaking &&
             ms_of(input->samples - input->loud_end) >= silence_ms(session, turn))
        stop_speech(session);
}

/* ---- the buffer --------------------------------------------------------------------------- */

static void keep(struct input *input, const unsigned char *ulaw, size_t count)
{
    if (input->buffered + count > BUFFER_MAX)
        return;
    if (input->buffered + count > input->room) {
        input->room = 2 * (input->buffered + count);
        input->buffer = realloc(input->buffer, input->room);
        if (input->buffer == NULL)
            abort();
    }
    memcpy(input->buffer + input->buffered, ulaw, count);
    input->buffered += count;
}

/* While nobody speaks, a voice detector needs no more than what would come before the speech. */
static void trim(struct session *session)
{
    struct input *input = &session->input;
    struct json_object *turn = turn_detection(session);
    size_t wanted =
        (size_t)(number_at(turn, "prefix_padding_ms", 300) + LOUD_FRAMES * FRAME_SAMPLES / 8) * 8;

    if (turn == NULL || input->speaking || input->buffered < wanted + 8000)
        return;
    memmove(input->buffer, input->buffer + input->buffered - wanted, wanted);
    input->buffered = wanted;
}

static void hear(struct session *session, const unsigned char *ulaw, size_t count)
{
    struct input *input = &session->input;

    while (count > 0) {
        size_t part = FRAME_SAMPLES - input->framed;

        part = part < count ? part : count;
        memcpy(input->frame + input->framed, ulaw, part);
        keep(input, ulaw, part);
        watermark_feed(input->finder, ulaw, part, on_found, session);
        input->samples += part;
        input->framed += part;
        if (input->framed == FRAME_SAMPLES) {
            input->framed = 0;
            judge(session);
        }
        ulaw += part;
        count -= part;
    }
    trim(session);
}

/* ---- the client's events ------------------------------------------------------------------ */

/* Mistakes that a real server takes without a word. */
static void watch(struct session *session, size_t samples, size_t bytes)
{
    if (!session->configured)
        session_violation(session, "append_before_updated", "%zu bytes", bytes);
    if (samples % FRAME_SAMPLES != 0)
        session_violation(session, "append_not_whole_frames", "%zu bytes", bytes);
    if (!session->input.faster_noted &&
        ms_of(session->input.samples) > session_ms(session) + AHEAD_MS) {
        session->input.faster_noted = true;
        session_violation(session, "append_faster_than_real_time", "%lld ms of audio",
                          (long long)ms_of(session->input.samples));
    }
}

void input_append(struct session *session, struct json_object *event)
{
    const char *base64 = text_at(event, "audio", NULL);
    size_t samples, bytes;
    unsigned char *ulaw;

    if (base64 == NULL || strlen(base64) > APPEND_MAX / 3 * 4) {
        session_violation(session, "bad_append", "no audio, or too much");
        session_error(session, event, "missing_required_parameter", "audio",
                      "Missing required parameter: 'audio'.");
        return;
    }
    ulaw = audio_read(at(session->settings, "audio.input.format"), base64, &samples, &bytes);
    if (ulaw == NULL) {
        session_violation(session, "bad_append", "no base64");
        session_error(session, event, "invalid_value", "audio",
                      "Invalid 'audio'. Expected base64-encoded audio bytes.");
        return;
    }
    count_up(session->record, "appended_bytes", (int64_t)bytes);
    count_up(session->record, "appended_ms", ms_of(samples));
    hear(session, ulaw, samples);
    watch(session, samples, bytes);
    free(ulaw);
}

void input_commit(struct session *session, struct json_object *event)
{
    struct input *input = &session->input;

    if (input->buffered < COMMIT_MIN) {
        session_violation(session, "commit_empty", "%lld ms", (long long)ms_of(input->buffered));
        session_error(session, event, "input_audio_buffer_commit_empty", NULL,
                      "Error committing input audio buffer: buffer too small. Expected at least "
                      "100ms of audio, but buffer only has %lldms of audio.",
                      (long long)ms_of(input->buffered));
        return;
    }
    if (!input->speaking)
        make_id(input->item_id, "item");
    commit(session, false, "client");
}

void input_clear(struct session *session, struct json_object *event)
{
    struct input *input = &session->input;

    (void)event;
    input->buffered = input->framed = 0;
    input->loud_frames = 0;
    input->speaking = false;
    forget_found(input);
    watermark_forget(input->finder);
    session_send(session, "input_audio_buffer.cleared", pack(""));
}

void input_idle(struct session *session, struct json_object *unused)
{
    struct input *input = &session->input;
    int64_t end_ms = ms_of(input->samples);
    int64_t start_ms = end_ms - ms_of(input->buffered);

    (void)unused;
    session->idle = NULL;
    if (input->speaking || response_active(session) != NULL)
        return;
    make_id(input->item_id, "item");
    session_send(
        session, "input_audio_buffer.timeout_triggered",
        pack("audio_start_ms=i audio_end_ms=i item_id=s", start_ms, end_ms, input->item_id));
    commit(session, true, "idle");
}
