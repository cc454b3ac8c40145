#include "openai/chat_stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "openai/json.h"
#include "openai/model.h"

enum { EVENT_MS = 12, KEEP_ALIVE_EVERY = 7 };

struct stream {
    struct web_request *request;
    struct web_timer *timer;
    char *body, *at, id[ID_SIZE];
    int sent, hang_after, break_after; /* -1: never */
};

static void stream_free(struct stream *stream, const char *how)
{
    log_event("chat_over", "id", stream->id, "how", how, NULL);
    web_timer_cancel(stream->timer);
    free(stream->body);
    free(stream);
}

static void client_left(void *user)
{
    stream_free(user, "left");
}

/* An event in two pieces, and now and then a comment that keeps the connection alive. */
static void send_event(struct stream *stream)
{
    char *end = strstr(stream->at, "\n\n");
    size_t length = end ? (size_t)(end - stream->at) + 2 : strlen(stream->at);
    size_t cut = length * (size_t)(stream->sent % 5 + 1) / 6;

    if (stream->sent % KEEP_ALIVE_EVERY == KEEP_ALIVE_EVERY - 1)
        web_stream_piece(stream->request, ": keep-alive\n\n", 14);
    web_stream_piece(stream->request, stream->at, cut);
    web_stream_piece(stream->request, stream->at + cut, length - cut);
    stream->at += length;
    stream->sent++;
}

static void go_on(void *user)
{
    struct stream *stream = user;

    stream->timer = NULL;
    if (stream->sent == stream->hang_after)
        return;
    if (stream->sent == stream->break_after) {
        web_stream_break(stream->request);
        stream_free(stream, "broken");
        return;
    }
    send_event(stream);
    if (*stream->at) {
        stream->timer = web_after(model.web, EVENT_MS, go_on, stream);
        return;
    }
    web_stream_end(stream->request);
    stream_free(stream, "whole");
}

static const struct fault *ordered(const char *act, const char *model_name)
{
    return fault_strike(act, "event", "chat", "model", model_name, NULL);
}

static int count_of(const struct fault *fault)
{
    return fault ? (int)number_at(fault->order, "count", 0) : -1;
}

void chat_stream(struct web_request *request, char *body, const char *id, const char *model_name)
{
    const struct fault *slow = ordered("slow", model_name);
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream)
        abort();
    stream->request = request;
    stream->body = stream->at = body;
    strncpy(stream->id, id, sizeof stream->id - 1);
    stream->hang_after = count_of(ordered("hang", model_name));
    stream->break_after = count_of(ordered("break", model_name));
    web_stream_begin(request, 200, "text/event-stream", client_left, stream);
    stream->timer = web_after(model.web, slow ? slow->ms : model.think_ms, go_on, stream);
}
