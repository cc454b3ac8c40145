/*
 * remote/http_streams.h - requests whose answers come in pieces over a long time, many at once.
 *
 * For a thread that does nothing else: it begins streams, waits, and is told of bytes and ends.
 * Connections are kept and used again.  The addresses are the operator's own, so no guard is asked
 * and no redirect followed.
 */
#ifndef REMOTE_HTTP_STREAMS_H
#define REMOTE_HTTP_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#include "remote/http.h" /* struct http_header */

struct http_streams;
struct http_stream;

/* How a stream ended. */
struct http_stream_end {
    int status;          /* 0: nothing was answered */
    const char *problem; /* why it is not whole, for operators; NULL: it is */
    int64_t retry_ms;    /* when the server wants to be asked again; -1: it did not say */
};

/* A POST; texts are copied. */
struct http_stream_order {
    const char *url, *content_type, *body;
    size_t length;
    const struct http_header *headers;
    size_t nheaders;
    int64_t connect_ms, deadline_ms; /* until it is connected; until its end */

    /* Bytes of the body; "status" is the answer's.  False ends the stream. */
    bool (*bytes)(void *with, int status, const char *bytes, size_t length);

    /* Its last word, unless it was canceled. */
    void (*ended)(void *with, const struct http_stream_end *end);
    void *with;
};

/* None under way yet; all calls but http_streams_wake() are for one thread. */
struct http_streams *http_streams_open(void);

/* Ends what is under way without a word. NULL is no mistake. */
void http_streams_close(struct http_streams *streams);

/*
 * Begins one; nothing is told of it before the next http_streams_wait().  It is gone once "ended"
 * was called for it or it was canceled.
 */
struct http_stream *http_streams_begin(struct http_streams *streams,
                                       const struct http_stream_order *order);

/* Not from within "bytes" or "ended". */
void http_streams_cancel(struct http_streams *streams, struct http_stream *stream);

/* Lets streams go on until something comes, at most so long. */
void http_streams_wait(struct http_streams *streams, int64_t wait_ms);

/* Ends a wait, from any thread. */
void http_streams_wake(struct http_streams *streams);

#endif
