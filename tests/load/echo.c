/*
 * tests/load/echo.c - a model for load tests: it says again what it hears.
 *
 *   echo PORT plain|cues|mute [PEM]    until SIGTERM; with TLS when a certificate and key are given
 *
 * Every input_audio_buffer.append comes back as response.output_audio.delta; "mute" listens and
 * says nothing.  With "cues" the stamps in the audio are looked at: where the caller begins to
 * speak the response is cancelled and speech_started is said, and when the caller has stopped the
 * next response begins.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "socket.h"
#include "stamp.h"

struct session {
    unsigned response;
    bool is_caller_speaking;
    int64_t heard_ms;
};

static bool with_cues, is_mute;
static volatile sig_atomic_t ended;

static void end(int number)
{
    (void)number;
    ended = 1;
}

static void say(struct socket *socket, const char *text)
{
    load_put(socket, text, strlen(text));
}

static void begin_response(struct socket *socket, const char *ours)
{
    struct session *session = socket->with;
    char text[400];

    session->response++;
    snprintf(text, sizeof text,
             "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%u\",\"metadata\":{"
             "\"client_event_id\":\"%s\"}}}",
             session->response, ours);
    say(socket, text);
    snprintf(text, sizeof text,
             "{\"type\":\"conversation.item.added\",\"previous_item_id\":null,\"item\":{\"id\":"
             "\"item_%u\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}",
             session->response);
    say(socket, text);
}

static void end_response(struct socket *socket)
{
    struct session *session = socket->with;
    char text[200];

    snprintf(
        text, sizeof text,
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%u\",\"status\":\"cancelled\"}}",
        session->response);
    say(socket, text);
}

static void take_cue(struct socket *socket, enum stamp_flag flag)
{
    struct session *session = socket->with;
    char text[400];

    if (flag == STAMP_SPEECH_BEGINS && !session->is_caller_speaking) {
        session->is_caller_speaking = true;
        snprintf(text, sizeof text,
                 "{\"type\":\"input_audio_buffer.speech_started\",\"audio_start_ms\":%lld,"
                 "\"item_id\":\"user_%u\"}",
                 (long long)session->heard_ms, session->response);
        say(socket, text);
        end_response(socket);
    } else if (flag == STAMP_SPEECH_ENDS && session->is_caller_speaking) {
        session->is_caller_speaking = false;
        snprintf(text, sizeof text,
                 "{\"type\":\"input_audio_buffer.speech_stopped\",\"audio_end_ms\":%lld,"
                 "\"item_id\":\"user_%u\"}",
                 (long long)session->heard_ms, session->response);
        say(socket, text);
        snprintf(text, sizeof text,
                 "{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"user_%u\"}",
                 session->response);
        say(socket, text);
        snprintf(text, sizeof text,
                 "{\"type\":\"conversation.item.input_audio_transcription.completed\","
                 "\"item_id\":\"user_%u\",\"transcript\":\"What the caller said.\"}",
                 session->response);
        say(socket, text);
        begin_response(socket, "");
    }
}

static void find_cues(struct socket *socket, const char *audio, size_t length)
{
    uint8_t bytes[16384];
    struct stamp stamp;
    size_t count = load_decode(audio, length < 20000 ? length : 20000, bytes);

    for (size_t at = stamp_find(bytes, 0, count, &stamp); at < count;
         at = stamp_find(bytes, at + STAMP_BYTES, count, &stamp)) {
        ((struct session *)socket->with)->heard_ms += 20;
        if (stamp.flag != STAMP_PLAIN)
            take_cue(socket, (enum stamp_flag)stamp.flag);
    }
}

static void send_back(struct socket *socket, const char *audio, size_t length)
{
    struct session *session = socket->with;
    char text[24000];
    int head =
        snprintf(text, sizeof text,
                 "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1\",\"response_"
                 "id\":\"resp_%u\","
                 "\"item_id\":\"item_%u\",\"output_index\":0,\"content_index\":0,\"delta\":\"",
                 session->response, session->response);

    if ((size_t)head + length + 3 > sizeof text)
        return;
    memcpy(text + head, audio, length);
    memcpy(text + (size_t)head + length, "\"}", 2);
    load_put(socket, text, (size_t)head + length + 2);
}

static void take_append(struct socket *socket, char *text, size_t length)
{
    static const char name[] = "\"audio\":\"";
    char *audio = memmem(text, length, name, sizeof name - 1), *behind;

    if (!audio)
        return;
    audio += sizeof name - 1;
    behind = memchr(audio, '"', length - (size_t)(audio - text));
    if (!behind)
        return;
    if (with_cues)
        find_cues(socket, audio, (size_t)(behind - audio));
    if (!is_mute && !((struct session *)socket->with)->is_caller_speaking)
        send_back(socket, audio, (size_t)(behind - audio));
}

static bool begins_with(const char *text, size_t length, const char *what)
{
    return length > strlen(what) && memcmp(text, what, strlen(what)) == 0;
}

static void message(struct socket *socket, char *text, size_t length)
{
    const char *event;
    char ours[64] = "";

    if (!text) {
        say(socket, "{\"type\":\"session.created\",\"event_id\":\"event_1\",\"session\":{\"type\":"
                    "\"realtime\"}}");
    } else if (begins_with(text, length, "{\"type\":\"input_audio_buffer.append\"")) {
        take_append(socket, text, length);
    } else if (begins_with(text, length, "{\"type\":\"session.update\"")) {
        say(socket, "{\"type\":\"session.updated\",\"event_id\":\"event_1\",\"session\":{\"type\":"
                    "\"realtime\",\"audio\":{"
                    "\"input\":{\"format\":{\"type\":\"audio/pcmu\"}},"
                    "\"output\":{\"format\":{\"type\":\"audio/pcmu\"}}}}}");
    } else if (begins_with(text, length, "{\"type\":\"response.create\"")) {
        event = memmem(text, length, "\"event_id\":\"", 12);
        if (event)
            sscanf(event + 12, "%63[^\"]", ours);
        begin_response(socket, ours);
    }
}

static void serve(int loop, struct epoll_event *event)
{
    struct socket *socket = event->data.ptr;

    if (load_read(socket, message) && load_flush(socket))
        return;
    epoll_ctl(loop, EPOLL_CTL_DEL, socket->fd, NULL);
    free(socket->with);
    load_close(socket);
    free(socket);
}

static void welcome(int loop, int listener)
{
    struct socket *socket = calloc(1, sizeof *socket);

    while (socket && load_accept(socket, listener)) {
        socket->with = calloc(1, sizeof(struct session));
        epoll_ctl(loop, EPOLL_CTL_ADD, socket->fd,
                  &(struct epoll_event){.events = EPOLLIN, .data.ptr = socket});
        socket = calloc(1, sizeof *socket);
    }
    free(socket);
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    int listener, loop = epoll_create1(0);

    if (argc < 3) {
        fputs("usage: echo PORT plain|cues|mute [PEM]\n", stderr);
        return 2;
    }
    with_cues = strcmp(argv[2], "cues") == 0;
    is_mute = strcmp(argv[2], "mute") == 0;
    if (argc > 3)
        load_serve_tls(argv[3]);
    signal(SIGPIPE, SIG_IGN);
    listener = load_listen(atoi(argv[1]));
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    signal(SIGTERM, end);
    signal(SIGINT, end);
    while (!ended) {
        int count = epoll_wait(loop, events, 256, 1000);

        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                serve(loop, &events[i]);
            else
                welcome(loop, listener);
    }
    return 0;
}
