#include "remote/http_streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "remote/trust.h"

enum { LONGEST_RETRY_MS = 60 * 1000, MOST_CONNECTIONS_KEPT = 64 };

struct http_stream {
    struct http_streams *streams;
    struct http_stream *next;
    CURL *curl;
    struct curl_slist *headers;
    bool (*bytes)(void *with, int status, const char *bytes, size_t length);
    void (*ended)(void *with, const struct http_stream_end *end);
    void *with;
    int64_t retry_ms;
    char problem[CURL_ERROR_SIZE];
};

struct http_streams {
    CURLM *multi;
    struct http_stream *first;
};

struct http_streams *http_streams_open(void)
{
    struct http_streams *streams = calloc(1, sizeof *streams);

    if (!streams || !(streams->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(streams->multi, CURLMOPT_MAXCONNECTS, (long)MOST_CONNECTIONS_KEPT);
    return streams;
}

/* ---- one stream ---- */

static int status_of(const struct http_stream *stream)
{
    long status = 0;

    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t on_body(char *piece, size_t size, size_t count, void *user)
{
    struct http_stream *stream = user;

    return stream->bytes(stream->with, status_of(stream), piece, size * count) ? size * count : 0;
}

/* "retry-after-ms: 250" goes before "retry-after: 2"; dates are passed over. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    static const char in_ms[] = "retry-after-ms:", in_seconds[] = "retry-after:";
    struct http_stream *stream = user;
    char text[64];
    int64_t value = -1;

    snprintf(text, sizeof text, "%.*s", (int)(size * count), line);
    if (strncasecmp(text, in_ms, sizeof in_ms - 1) == 0)
        value = strtol(text + sizeof in_ms - 1, NULL, 10);
    else if (stream->retry_ms < 0 && strncasecmp(text, in_seconds, sizeof in_seconds - 1) == 0)
        value = strtol(text + sizeof in_seconds - 1, NULL, 10) * 1000;
    if (value >= 0)
        stream->retry_ms = value < LONGEST_RETRY_MS ? value : LONGEST_RETRY_MS;
    return size * count;
}

static void add_header(struct http_stream *stream, const char *name, const char *value)
{
    size_t room = strlen(name) + strlen(value) + 3;
    char *line = malloc(room);
    struct curl_slist *longer;

    if (!line)
        abort();
    snprintf(line, room, "%s: %s", name, value);
    longer = curl_slist_append(stream->headers, line);
    explicit_bzero(line, room);
    free(line);
    if (!longer)
        abort();
    stream->headers = longer;
}

/* The environment's proxies are left out of it, as in http.c. */
static void set_limits(CURL *curl, const struct http_stream_order *order)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    trust_set(curl);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)order->connect_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)order->deadline_ms);
}

static void set_up(struct http_stream *stream, const struct http_stream_order *order)
{
    CURL *curl = stream->curl;

    for (size_t i = 0; i < order->nheaders; i++)
        add_header(stream, order->headers[i].name, order->headers[i].value);
    add_header(stream, "Content-Type", order->content_type);
    stream->headers = curl_slist_append(stream->headers, "Expect:");
    set_limits(curl, order);
    curl_easy_setopt(curl, CURLOPT_URL, order->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, stream->headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)order->length);
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, order->body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, stream->problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, stream);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, stream);
}

static void unlink_stream(struct http_streams *streams, const struct http_stream *stream)
{
    struct http_stream **at = &streams->first;

    while (*at && *at != stream)
        at = &(*at)->next;
    if (*at)
        *at = stream->next;
}

void http_streams_cancel(struct http_streams *streams, struct http_stream *stream)
{
    unlink_stream(streams, stream);
    curl_multi_remove_handle(streams->multi, stream->curl);
    curl_easy_cleanup(stream->curl);
    curl_slist_free_all(stream->headers);
    free(stream);
}

struct http_stream *http_streams_begin(struct http_streams *streams,
                                       const struct http_stream_order *order)
{
    struct http_stream *stream = calloc(1, sizeof *stream);

    if (!stream || !(stream->curl = curl_easy_init()))
        abort();
    stream->streams = streams;
    stream->bytes = order->bytes;
    stream->ended = order->ended;
    stream->with = order->with;
    stream->retry_ms = -1;
    set_up(stream, order);
    stream->next = streams->first;
    streams->first = stream;
    curl_multi_add_handle(streams->multi, stream->curl);
    return stream;
}

/* ---- all of them ---- */

static void finish(struct http_stream *stream, CURLcode rc)
{
    const struct http_stream_end end = {
        .status = status_of(stream),
        .problem = rc == CURLE_OK       ? NULL
                   : stream->problem[0] ? stream->problem
                                        : curl_easy_strerror(rc),
        .retry_ms = stream->retry_ms,
    };

    trust_note(NULL, stream->curl, (int)rc);
    stream->ended(stream->with, &end);
    http_streams_cancel(stream->streams, stream);
}

static bool land(struct http_streams *streams)
{
    bool any = false;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(streams->multi, &left))) {
        struct http_stream *stream;
        CURLcode rc = message->data.result;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &stream);
        finish(stream, rc);
        any = true;
    }
    return any;
}

void http_streams_wait(struct http_streams *streams, int64_t wait_ms)
{
    int running;

    curl_multi_perform(streams->multi, &running);
    if (land(streams) || wait_ms <= 0)
        return;
    curl_multi_poll(streams->multi, NULL, 0, (int)wait_ms, NULL);
    curl_multi_perform(streams->multi, &running);
    land(streams);
}

void http_streams_wake(struct http_streams *streams)
{
    curl_multi_wakeup(streams->multi);
}

void http_streams_close(struct http_streams *streams)
{
    if (!streams)
        return;
    while (streams->first)
        http_streams_cancel(streams, streams->first);
    curl_multi_cleanup(streams->multi);
    free(streams);
}
