#include "stream/chat_link.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "remote/http_streams.h"
#include "remote/sse.h"
#include "stream/offloop.h"

enum {
    LOOK_MS = 250, /* how often it is looked for streams that stand still */
    EVENT_LIMIT = 128 * 1024,
    ERROR_LIMIT = 8 * 1024, /* of an answer that is no stream, so much is read */
};

struct chat_stream {
    struct task task; /* first: tells the loop that something came */

    /* The order; the thread's once it was handed over. */
    struct chat_stream *next;
    char *url, *key_header, *key, *body;
    size_t length;

    /* Shared, under the lock. */
    struct chat_words words;
    bool is_told, is_canceled, is_over;

    /* The thread's; the loop's once it is over. */
    struct http_stream *http;
    struct sse sse;
    struct chat_answer answer;
    struct chat_words fresh, refusal; /* refusal: the body of an answer that is no stream */
    int64_t since_us;                 /* when something was last heard */
    bool has_begun;                   /* something was said */
    char error[CHAT_NAME];
    bool may_retry;
    int64_t retry_ms;

    /* The loop's. */
    void (*take)(void *with, const char *words, const struct chat_end *end);
    void *with;
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    struct http_streams *streams;
    struct chat_stream *orders;  /* handed over, not begun; under the lock */
    struct chat_stream *running; /* the thread's */
    size_t count;                /* not freed yet; the loop's */
    bool is_running, is_stopping;
} links = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- from the thread to the loop ---- */

static void stream_free(struct chat_stream *stream)
{
    explicit_bzero(stream->key, strlen(stream->key));
    free(stream->url);
    free(stream->key_header);
    free(stream->key);
    free(stream->body);
    free(stream->words.at);
    free(stream->fresh.at);
    free(stream->refusal.at);
    sse_free(&stream->sse);
    chat_answer_free(&stream->answer);
    free(stream);
    links.count--;
}

/* Hands what is new to the loop; once "over" is said the stream is the loop's. */
static void tell(struct chat_stream *stream, bool over)
{
    bool wakes;

    pthread_mutex_lock(&links.lock);
    if (stream->fresh.length)
        chat_words_add(&stream->words, stream->fresh.at, stream->fresh.length);
    stream->fresh.length = 0;
    wakes = !stream->is_told;
    stream->is_told = true;
    stream->is_over = over;
    pthread_mutex_unlock(&links.lock);
    if (wakes)
        offloop_tell(&stream->task);
}

/* In the loop. */
static void hear(struct task *task)
{
    struct chat_stream *stream = (struct chat_stream *)task;
    struct chat_words words;
    struct chat_end end;
    bool over;

    pthread_mutex_lock(&links.lock);
    words = stream->words;
    stream->words = (struct chat_words){0};
    stream->is_told = false;
    over = stream->is_over;
    pthread_mutex_unlock(&links.lock);
    if (over)
        end = (struct chat_end){
            .error = stream->error[0] ? stream->error : NULL,
            .may_retry = stream->may_retry,
            .retry_ms = stream->retry_ms,
            .answer = &stream->answer,
        };
    if (stream->take && (over || words.length))
        stream->take(stream->with, words.at ? words.at : "", over ? &end : NULL);
    free(words.at);
    if (over)
        stream_free(stream);
}

/* ---- in the thread ---- */

static void blame(struct chat_stream *stream, const char *error)
{
    if (!stream->error[0])
        snprintf(stream->error, sizeof stream->error, "%s", error);
}

static void on_event(void *with, const char *data, size_t length)
{
    struct chat_stream *stream = with;

    if (!chat_event_read(&stream->answer, data, length, &stream->fresh))
        blame(stream, "unreadable");
    if (stream->answer.error[0])
        blame(stream, stream->answer.error);
    stream->has_begun = stream->has_begun || stream->fresh.length || stream->answer.ncalls;
    stream->since_us = clock_monotonic_us();
}

static bool on_bytes(void *with, int status, const char *piece, size_t length)
{
    struct chat_stream *stream = with;
    size_t room = ERROR_LIMIT - stream->refusal.length;

    if (status != 200) {
        chat_words_add(&stream->refusal, piece, length < room ? length : room);
        return true;
    }
    if (!sse_feed(&stream->sse, piece, length) || stream->answer.too_much)
        blame(stream, "too_long");
    if (stream->fresh.length)
        tell(stream, false);
    return !stream->error[0];
}

static void drop(struct chat_stream *stream)
{
    struct chat_stream **at = &links.running;

    while (*at && *at != stream)
        at = &(*at)->next;
    if (*at)
        *at = stream->next;
    stream->http = NULL;
    tell(stream, true);
}

static void on_end(void *with, const struct http_stream_end *end)
{
    struct chat_stream *stream = with;
    const char *problem = end->problem;

    if (end->status == 200)
        sse_end(&stream->sse);
    if (end->status != 200 && end->status != 0) {
        chat_words_add(&stream->refusal, "", 0);
        chat_error_read(stream->refusal.at, stream->refusal.length, end->status, stream->error);
    } else if (end->status == 0) {
        blame(stream, "unreachable");
    } else if (!stream->answer.is_finished) {
        blame(stream, "truncated");
    }
    if (stream->error[0])
        log_warning(NULL, "chat.failed", "status=%d code=%s problem=\"%s\"", end->status,
                    stream->error, problem ? problem : "-");
    /* A 200 stream that broke off is as good as a 5xx, as long as nothing of it was spoken. */
    stream->may_retry =
        chat_may_retry(end->status == 200 ? 0 : end->status, stream->error) && !stream->has_begun;
    stream->retry_ms = end->retry_ms;
    drop(stream);
}

static void begin(struct chat_stream *stream)
{
    const struct http_header header = {stream->key_header, stream->key};
    const struct http_stream_order order = {
        .url = stream->url,
        .content_type = "application/json",
        .body = stream->body,
        .length = stream->length,
        .headers = &header,
        .nheaders = *stream->key ? 1 : 0,
        .connect_ms = CHAT_FIRST_MS,
        .deadline_ms = CHAT_DEADLINE_MS,
        .bytes = on_bytes,
        .ended = on_end,
        .with = stream,
    };

    stream->since_us = clock_monotonic_us();
    stream->sse = (struct sse){.most = EVENT_LIMIT, .event = on_event, .with = stream};
    stream->next = links.running;
    links.running = stream;
    stream->http = http_streams_begin(links.streams, &order);
}

/* What was ordered since the last look; false when the thread is to end. */
static bool take_orders(void)
{
    struct chat_stream *orders, *next;
    bool stopping;

    pthread_mutex_lock(&links.lock);
    orders = links.orders;
    links.orders = NULL;
    stopping = links.is_stopping;
    pthread_mutex_unlock(&links.lock);
    for (; orders; orders = next) {
        next = orders->next;
        begin(orders);
    }
    return !stopping;
}

static bool was_canceled(struct chat_stream *stream)
{
    bool is;

    pthread_mutex_lock(&links.lock);
    is = stream->is_canceled;
    pthread_mutex_unlock(&links.lock);
    return is;
}

/* Ends what nobody wants any more, and what stands still; "all": everything. */
static void look_after(bool all)
{
    int64_t now_us = clock_monotonic_us();

    for (struct chat_stream *stream = links.running, *next; stream; stream = next) {
        int64_t limit_ms = stream->has_begun ? CHAT_STALL_MS : CHAT_FIRST_MS;

        next = stream->next;
        if (!all && !was_canceled(stream)) {
            if (now_us - stream->since_us < limit_ms * 1000)
                continue;
            blame(stream, "timeout");
            stream->may_retry = !stream->has_begun;
            stream->retry_ms = -1;
            log_warning(NULL, "chat.failed", "code=timeout begun=%d", stream->has_begun);
        }
        http_streams_cancel(links.streams, stream->http);
        drop(stream);
    }
}

static void *run(void *with)
{
    (void)with;
    while (take_orders()) {
        http_streams_wait(links.streams, links.running ? LOOK_MS : 60 * 1000);
        look_after(false);
    }
    look_after(true);
    return NULL;
}

/* ---- in the loop ---- */

bool chat_links_start(void)
{
    links.streams = http_streams_open();
    links.is_stopping = false;
    links.is_running = pthread_create(&links.thread, NULL, run, NULL) == 0;
    if (!links.is_running)
        log_error(NULL, "helper.not_started", "helper=%s", "chat");
    return links.is_running;
}

void chat_links_stop(void)
{
    if (!links.is_running)
        return;
    pthread_mutex_lock(&links.lock);
    links.is_stopping = true;
    pthread_mutex_unlock(&links.lock);
    http_streams_wake(links.streams);
    pthread_join(links.thread, NULL);
    http_streams_close(links.streams);
    links.streams = NULL;
    links.is_running = false;
}

static char *copy(const char *text)
{
    char *own = strdup(text);

    if (!own)
        abort();
    return own;
}

/* "Bearer sk-…" */
static char *key_text(const char *prefix, const char *key)
{
    size_t room = strlen(prefix) + (key ? strlen(key) : 0) + 1;
    char *text = calloc(1, room);

    if (!text)
        abort();
    if (key && *key)
        snprintf(text, room, "%s%s", prefix, key);
    return text;
}

struct chat_stream *
chat_stream_open(const struct chat_server *server, const char *key, const char *body, size_t length,
                 void (*take)(void *with, const char *words, const struct chat_end *end),
                 void *with)
{
    struct chat_stream *stream;

    if (!links.is_running || links.count >= CHAT_STREAMS)
        return NULL;
    stream = calloc(1, sizeof *stream);
    if (!stream || !(stream->body = malloc(length + 1)))
        abort();
    links.count++;
    memcpy(stream->body, body, length);
    stream->body[length] = '\0';
    stream->length = length;
    stream->task.done = hear;
    stream->url = copy(server->url);
    stream->key_header = copy(server->key_header);
    stream->key = key_text(server->key_prefix, key);
    stream->retry_ms = -1;
    stream->take = take;
    stream->with = with;
    pthread_mutex_lock(&links.lock);
    stream->next = links.orders;
    links.orders = stream;
    pthread_mutex_unlock(&links.lock);
    http_streams_wake(links.streams);
    return stream;
}

void chat_stream_cancel(struct chat_stream *stream)
{
    stream->take = NULL;
    pthread_mutex_lock(&links.lock);
    stream->is_canceled = true;
    pthread_mutex_unlock(&links.lock);
    http_streams_wake(links.streams);
}
