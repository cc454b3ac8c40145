/*
 * stream/chat.h - a mind that reads and writes: a streaming chat model, for a line that takes words
 * (openai-realtime.md 6.3).
 *
 * The caller's words come by mind_tell() and mind_speak(); the model's go to the line word by word.
 * The conversation is kept for the call; what was not heard is not in it.
 */
#ifndef STREAM_CHAT_H
#define STREAM_CHAT_H

#include "stream/chat_link.h"
#include "stream/chat_talk.h"
#include "stream/mind.h"
#include "stream/wording.h"

struct agent_version;

struct chat_settings {
    const char *model;
    const char *tools;  /* a JSON array; "[]": none */
    int64_t max_tokens; /* of one answer */
    double temperature; /* NAN: the model's own */
};

struct chat {
    struct chat_settings settings;
    struct talk talk;
    struct chat_stream *stream; /* the answer under way; NULL: none */
    unsigned serial;            /* of answers */
    char item[ID_SIZE];         /* the one under way */
    struct wording wording;
    struct speak asked;    /* what the answer under way was asked for with */
    bool has_spoken;       /* words of it were sent */
    bool is_unsaid;        /* it failed before a word was sent */
    bool wants_more;       /* to go on talking once all tools have answered */
    unsigned retries;      /* of the answer under way */
    unsigned rounds;       /* answers in a row that called tools */
    int64_t retry_us;      /* when to send it again; 0: it is not to be */
    size_t sent, received; /* bytes of the request and of the answer, for an answer that is cut */
    bool obeys;            /* a command in its text is being carried out */
};

/* Makes the call's chat by the agent version's document, and the mind that goes with it. */
const struct mind *chat_begin(struct live *live, const struct agent_version *version);

/* What is due, ten times a second. */
void chat_tick(struct live *live);

extern const struct mind chat_mind;

#endif
