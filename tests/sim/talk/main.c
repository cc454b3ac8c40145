/*
 * Talks to a Realtime server as a phone bridge would, without a phone: to try the stand-in, or a
 * change of it, by hand.
 *
 *   talk --url ws://127.0.0.1:PORT/v1/realtime?model=gpt-realtime [--key KEY] [--calls N]
 *        [--greeting TEXT] --say TEXT [--say TEXT]...
 *
 * Every text is spoken in real time, 20 ms at a time, after the model has been heard out; one that
 * begins with "!" is spoken into the answer, as soon as a second of it was heard.  Tools are
 * answered with {"status":"ready"}.  The dialogue is printed; with several calls at once, what one
 * of them heard.  It ends with 0 if all that was said on either side came through whole.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/speech.h"
#include "common/watermark.h"
#include "common/web.h"

enum { FRAME = 160, FRAME_MS = 20, CALLS_MAX = 200, LINES_MAX = 32, BARGE_IN_MS = 1000 };

struct line {
    const char *text;
    bool barge_in;
    unsigned char *ulaw;
    size_t samples;
};

static struct {
    struct web *web;
    struct line lines[LINES_MAX];
    size_t line_count;
    const char *greeting;
    int open, ended, bad;
    bool quiet;
} talk;

struct call {
    int number;
    struct web_socket *socket;
    struct web_timer *frame_timer;
    struct watermark_finder *finder;
    int64_t begun_micros, frames;
    size_t line, at; /* being spoken; "at" is a sample of it */
    bool speaking, ready, active, ended;
    bool owes_answer;    /* of the model: to the greeting or the last line */
    int64_t heard_until; /* on web_micros(), when playing of what came is over */
    int64_t reply_begun;
    size_t reply_samples;
    char reply_item[100];
    int whole, broken, tools, turns;
};

static void print(const struct call *call, const char *who, const char *text)
{
    if (!talk.quiet || call->number == 1)
        printf("%7.2f  %-8s %s\n", (double)(web_micros() - call->begun_micros) / 1e6, who, text);
    fflush(stdout);
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value == NULL ? "" : json_object_get_string(value);
}

static struct json_object *object_of(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

static void send_text(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void send_text(struct call *call, const char *format, ...)
{
    char text[4000];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    web_socket_send(call->socket, text, (size_t)length);
}

static void finish(struct call *call)
{
    if (call->ended)
        return;
    call->ended = true;
    talk.ended++;
    web_timer_cancel(call->frame_timer);
    call->frame_timer = NULL;
    if (call->broken > 0 || call->turns < (int)talk.line_count || call->line < talk.line_count)
        talk.bad++;
    print(call, "end", call->broken > 0 ? "something was broken" : "all heard whole");
    if (call->socket != NULL)
        web_socket_close(call->socket, 1000, "done");
    if (talk.ended == talk.open)
        web_stop(talk.web);
}

/* ---- speaking ----------------------------------------------------------------------------- */

static void barge_in(struct call *call)
{
    int64_t played_ms = (web_micros() - call->reply_begun) / 1000;
    int64_t length_ms = (int64_t)call->reply_samples / 8;

    send_text(call,
              "{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\",\"content_index\":0,"
              "\"audio_end_ms\":%lld}",
              call->reply_item, (long long)(played_ms < length_ms ? played_ms : length_ms));
    watermark_forget(call->finder);
    call->heard_until = 0;
}

/* Whether it is time for the next line. */
static bool may_speak(const struct call *call)
{
    int64_t now = web_micros();

    if (!call->ready || call->line >= talk.line_count)
        return false;
    if (talk.lines[call->line].barge_in)
        return call->reply_begun > 0 && now > call->reply_begun + BARGE_IN_MS * 1000;
    return !call->active && !call->owes_answer && now > call->heard_until + 300000;
}

static void next_frame(struct call *call, unsigned char frame[FRAME])
{
    const struct line *line = &talk.lines[call->line];

    memset(frame, 0xFF, FRAME);
    if (!call->speaking && may_speak(call)) {
        call->speaking = true;
        call->owes_answer = true;
        call->at = 0;
        call->reply_begun = 0;
        print(call, "caller", line->text);
    }
    if (!call->speaking)
        return;
    memcpy(frame, line->ulaw + call->at,
           line->samples - call->at < FRAME ? line->samples - call->at : FRAME);
    call->at += FRAME;
    if (call->at >= line->samples) {
        call->speaking = false;
        call->line++;
    }
}

static void frame_due(void *user)
{
    struct call *call = user;
    unsigned char frame[FRAME], base64[FRAME * 2];

    next_frame(call, frame);
    EVP_EncodeBlock(base64, frame, FRAME);
    send_text(call, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"%s\"}", (char *)base64);
    call->frames++;
    call->frame_timer =
        web_at(talk.web, call->begun_micros + call->frames * FRAME_MS * 1000, frame_due, call);
    if (call->line == talk.line_count && !call->speaking && !call->active && !call->owes_answer &&
        web_micros() > call->heard_until)
        finish(call);
}

/* ---- hearing ------------------------------------------------------------------------------ */

static void on_found(void *user, const struct watermark_found *found)
{
    struct call *call = user;

    call->whole += found->whole;
    call->broken += !found->whole;
    print(call, found->whole ? "model" : "BROKEN", found->text == NULL ? "?" : found->text);
}

static void hear(struct call *call, struct json_object *event)
{
    const char *base64 = text_of(event, "delta");
    size_t length = strlen(base64);
    unsigned char *ulaw = malloc(length + 1);
    int64_t now = web_micros();
    int count = EVP_DecodeBlock(ulaw, (const unsigned char *)base64, (int)length);

    for (size_t i = length; i > 0 && base64[i - 1] == '='; i--)
        count--;
    if (strcmp(call->reply_item, text_of(event, "item_id")) != 0) {
        snprintf(call->reply_item, sizeof call->reply_item, "%s", text_of(event, "item_id"));
        call->reply_samples = 0;
        call->reply_begun = now;
    }
    call->reply_samples += (size_t)count;
    call->heard_until = (call->heard_until > now ? call->heard_until : now) + count * 125;
    watermark_feed(call->finder, ulaw, (size_t)count, on_found, call);
    free(ulaw);
}

static void configure(struct call *call)
{
    send_text(call,
              "{\"type\":\"session.update\",\"event_id\":\"cl_1\",\"session\":{\"type\":"
              "\"realtime\",\"instructions\":\"Be brief.\",\"output_modalities\":[\"audio\"],"
              "\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{"
              "\"model\":\"gpt-4o-mini-transcribe\",\"language\":\"en\"},\"turn_detection\":{"
              "\"type\":\"server_vad\",\"silence_duration_ms\":400}},\"output\":{\"format\":{"
              "\"type\":\"audio/pcmu\"},\"voice\":\"marin\"}},\"tools\":[{\"type\":\"function\","
              "\"name\":\"lookup\",\"description\":\"\",\"parameters\":{\"type\":\"object\"}},"
              "{\"type\":\"function\",\"name\":\"end_call\",\"description\":\"\","
              "\"parameters\":{\"type\":\"object\"}}]}}");
}

static void greet(struct call *call)
{
    call->ready = true;
    call->owes_answer = true;
    send_text(call,
              "{\"type\":\"response.create\",\"event_id\":\"cl_2\",\"response\":{\"instructions\":"
              "\"Say exactly: %s\",\"metadata\":{\"client_event_id\":\"cl_2\"}}}",
              talk.greeting);
    frame_due(call);
}

static void answer_tool(struct call *call, struct json_object *item)
{
    if (strcmp(text_of(item, "type"), "function_call") != 0)
        return;
    print(call, "tool", json_object_to_json_string_ext(item, JSON_C_TO_STRING_NOSLASHESCAPE));
    call->tools++;
    send_text(call,
              "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\","
              "\"call_id\":\"%s\",\"output\":\"{\\\"status\\\":\\\"ready\\\"}\"}}",
              text_of(item, "call_id"));
}

static void response_done(struct call *call, struct json_object *response)
{
    const char *status = text_of(response, "status");

    call->active = false;
    if (strcmp(status, "cancelled") != 0 && !call->speaking)
        call->owes_answer = false;
    if (strcmp(status, "completed") != 0)
        print(call, "response", json_object_to_json_string(object_of(response, "status_details")));
    if (call->tools > 0) {
        call->tools = 0;
        call->owes_answer = true;
        send_text(call, "{\"type\":\"response.create\"}");
    }
}

static void on_transcript(struct call *call, const char *transcript)
{
    call->turns++;
    call->broken += strcmp(transcript, "[unintelligible]") == 0;
    print(call, "heard", transcript);
}

static void on_message(struct web_socket *socket, const char *text, size_t length, void *user)
{
    struct call *call = user;
    struct json_object *event = json_tokener_parse(text);
    const char *type = text_of(event, "type");

    (void)socket;
    (void)length;
    if (strcmp(type, "session.created") == 0)
        configure(call);
    else if (strcmp(type, "session.updated") == 0)
        greet(call);
    else if (strcmp(type, "response.created") == 0)
        call->active = true;
    else if (strcmp(type, "response.output_audio.delta") == 0)
        hear(call, event);
    else if (strcmp(type, "response.output_item.done") == 0)
        answer_tool(call, object_of(event, "item"));
    else if (strcmp(type, "response.done") == 0)
        response_done(call, object_of(event, "response"));
    else if (strcmp(type, "input_audio_buffer.speech_started") == 0 && call->reply_begun == 0 &&
             web_micros() < call->heard_until)
        barge_in(call);
    else if (strcmp(type, "conversation.item.input_audio_transcription.completed") == 0)
        on_transcript(call, text_of(event, "transcript"));
    else if (strcmp(type, "error") == 0)
        print(call, "error", text);
    json_object_put(event);
}

static void on_closed(struct web_socket *socket, int code, const char *reason, void *user)
{
    struct call *call = user;
    char why[200];

    (void)socket;
    call->socket = NULL;
    snprintf(why, sizeof why, "%d %s", code, reason == NULL ? "" : reason);
    if (!call->ended) {
        print(call, "closed", why);
        call->broken++;
        finish(call);
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool read_lines(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        struct line *line = &talk.lines[talk.line_count];

        if (strcmp(argv[i], "--say") != 0 || talk.line_count == LINES_MAX)
            continue;
        line->barge_in = argv[i + 1][0] == '!';
        line->text = argv[i + 1] + line->barge_in;
        line->ulaw = speech_ulaw(line->text, NULL, &line->samples);
        if (line->ulaw == NULL)
            return false;
        talk.line_count++;
    }
    return true;
}

static void begin_call(struct call *call, int number, const char *url, const char *const *headers)
{
    static const struct web_socket_events events = {.message = on_message, .closed = on_closed};

    *call =
        (struct call){.number = number, .finder = watermark_new(), .begun_micros = web_micros()};
    call->socket = web_connect(talk.web, url, headers, &events, call);
    if (call->socket == NULL) {
        fprintf(stderr, "no such URL: %s\n", url);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct call calls[CALLS_MAX];
    const char *url = web_option(argc, argv, "url", "");
    char bearer[300];
    const char *const headers[] = {"Authorization", bearer, NULL};

    snprintf(bearer, sizeof bearer, "Bearer %s", web_option(argc, argv, "key", "none"));
    talk.open = atoi(web_option(argc, argv, "calls", "1"));
    talk.greeting = web_option(argc, argv, "greeting", "Hello, this is the model.");
    talk.quiet = talk.open > 1;
    if (talk.open < 1 || talk.open > CALLS_MAX || !read_lines(argc, argv))
        return 2;
    talk.web = web_new();
    for (int i = 0; i < talk.open; i++)
        begin_call(&calls[i], i + 1, url, headers);
    web_run(talk.web);
    printf("%d calls, %d bad\n", talk.open, talk.bad);
    web_free(talk.web);
    for (int i = 0; i < talk.open; i++)
        watermark_free(calls[i].finder);
    for (size_t i = 0; i < talk.line_count; i++)
        free(talk.lines[i].ulaw);
    return talk.bad == 0 && talk.ended == talk.open ? 0 : 1;
}
