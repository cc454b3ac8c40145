/*
 * remote/openai.h - Chat Completions, as OpenAI, Azure and compatible servers speak it: where to
 * send a request, what it says, and what its streamed answer means (openai-realtime.md 6.1, 7).
 *
 * Nothing is sent from here; remote/http_streams.h does that.
 */
#ifndef REMOTE_OPENAI_H
#define REMOTE_OPENAI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT, CHAT_TOOL };

/* A tool that the model calls. */
struct chat_call {
    const char *id, *name, *arguments; /* arguments: a text that should be JSON */
};

struct chat_message {
    enum chat_role role;
    const char *text;              /* NULL: an assistant who only calls tools */
    const struct chat_call *calls; /* of an assistant */
    size_t ncalls;
    const char *call_ref; /* of a tool: the call that it answers */
};

struct chat_request {
    const char *model;
    const struct chat_message *messages;
    size_t nmessages;
    const char *tools;  /* a JSON array as it is sent; NULL or "[]": none */
    bool no_calls;      /* the tools are shown, because they were called before, only */
    int64_t max_tokens; /* 0: the model's own limit */
    double temperature; /* NAN: the model's own */
};

/* How the server of a base URL wants to be spoken to. */
struct chat_server {
    const char *url; /* of Chat Completions */
    const char *key_header, *key_prefix;
    const char *max_tokens_field;
    bool knows_obfuscation; /* and can be told to leave it out */
};

/*
 * Reads a base URL ("https://api.openai.com/v1", an Azure resource or deployment with its query, a
 * compatible server); texts are in the arena.
 */
void chat_server_of(struct arena *arena, const char *base_url, struct chat_server *server);

/* Writes the request's body: a stream is asked for, and its usage. */
void chat_request_write(struct text *body, const struct chat_server *server,
                        const struct chat_request *request);

/* ---- the answer ---- */

enum { CHAT_CALLS = 8, CHAT_ARGUMENTS = 16 * 1024, CHAT_NAME = 80 };

/* A call whose parts come one after the other. */
struct chat_call_read {
    int64_t index; /* as the server counts */
    char id[CHAT_NAME], name[CHAT_NAME];
    char *arguments; /* malloc'd */
    size_t length;
};

struct chat_usage {
    int64_t in, cached, out;
};

/* What was read of an answer so far. */
struct chat_answer {
    struct chat_call_read calls[CHAT_CALLS];
    size_t ncalls;
    struct chat_usage usage;
    bool has_usage, is_finished; /* finished: it ended by itself, not by a broken connection */
    bool is_cut;                 /* by its limit of tokens, or by a filter */
    bool too_much;               /* more calls, or longer ones, than are taken */
    char error[CHAT_NAME];       /* code of an error; "": none */
};

/*
 * Reads the data of one event.  New words of the answer are added to "words" (malloc'd, with a NUL;
 * *words may move).  False when the event is no JSON: the stream cannot be relied on.
 */
struct chat_words {
    char *at;
    size_t length, room;
};

bool chat_event_read(struct chat_answer *answer, const char *data, size_t length,
                     struct chat_words *words);

/* The error code in the body of an answer that is no stream; "http_<status>" when it names none. */
void chat_error_read(const char *body, size_t length, int status, char code[CHAT_NAME]);

/* Whether a request that failed like that may be sent once more. */
bool chat_may_retry(int status, const char *code);

/* Adds words to others; "at" is the caller's to free. */
void chat_words_add(struct chat_words *words, const char *text, size_t length);

/* Gives back what reading took. */
void chat_answer_free(struct chat_answer *answer);

#endif
