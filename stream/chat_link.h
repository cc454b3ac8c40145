/*
 * stream/chat_link.h - streamed answers of a chat model, fetched by a thread beside the loop.
 *
 * The loop hands over a request and hears of the answer in its own thread, piece by piece; pieces
 * that come while the loop is busy become one.  The thread gives up on a model that says nothing
 * for CHAT_FIRST_MS, or stops in the middle for CHAT_STALL_MS.
 */
#ifndef STREAM_CHAT_LINK_H
#define STREAM_CHAT_LINK_H

#include "remote/openai.h"

enum {
    CHAT_FIRST_MS = 10 * 1000,
    CHAT_STALL_MS = 15 * 1000,
    CHAT_DEADLINE_MS = 120 * 1000, /* the longest answer */
    CHAT_STREAMS = 4096,           /* at once; more are not taken */
};

/* Starts the thread that talks to models; false when that fails, and the log says so. */
bool chat_links_start(void);

/* Ends the thread; the loop must collect once more (offloop.h). */
void chat_links_stop(void);

/* How an answer ended. */
struct chat_end {
    const char *error; /* a code such as "rate_limit_exceeded", "timeout"; NULL: it is whole */
    bool may_retry;    /* the same request may be sent once more */
    int64_t retry_ms;  /* when the server wants that; -1: it did not say */
    const struct chat_answer *answer;
};

/* An answer under way. */
struct chat_stream;

/*
 * Sends a request.  "take" is called in the loop with new words ("" when there are none), and a
 * last time with "end"; the stream is gone then.  NULL when too many are under way.
 */
struct chat_stream *
chat_stream_open(const struct chat_server *server, const char *key, const char *body, size_t length,
                 void (*take)(void *with, const char *words, const struct chat_end *end),
                 void *with);

/* Nothing more is heard of it. */
void chat_stream_cancel(struct chat_stream *stream);

#endif
