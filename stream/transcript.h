/*
 * stream/transcript.h - who said what, in the order of the conversation.
 *
 * A place is reserved when the model takes a turn in, and filled when its text comes, which may be
 * after the answer to it (openai-realtime.md 5.14).  What was cut short keeps only what was heard.
 * A turn is written down as soon as its text is there, and again when it changes; its seq stays.
 */
#ifndef STREAM_TRANSCRIPT_H
#define STREAM_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/text.h"
#include "stream/playback.h" /* ID_SIZE */

enum speaker { SPEAKER_USER, SPEAKER_ASSISTANT, SPEAKER_SYSTEM, SPEAKER_TOOL };

enum {
    TRANSCRIPT_TURNS = 4000,           /* more are not kept */
    TRANSCRIPT_TEXT = 16 * 1024,       /* a longer text is cut */
    TRANSCRIPT_WAIT_US = 10 * 1000000, /* so long a caller's words may take */
};

struct slot {
    struct slot *next;
    char item[ID_SIZE];
    enum speaker speaker;
    int64_t seq;
    struct text text;
    instant at;
    int64_t reserved_us;
    int64_t start_ms, end_ms;               /* from the start of the session; NO_INTEGER: unknown */
    int64_t heard_ms;                       /* NO_INTEGER: not interrupted */
    int64_t first_token_ms, first_audio_ms; /* after the caller stopped; NO_INTEGER: unknown */
    int64_t first_sent_ms;                  /* … until its first frame was on its way */
    int64_t asked_us;                       /* when the caller stopped, for those */
    int64_t over_agent_ms; /* of voice, said over the agent and not judged; NO_INTEGER: it is not */
    bool is_at_end;        /* … when that had little left to say */
    bool is_complete, is_written, is_told; /* told: its event was written */
};

struct transcript {
    struct arena *arena;
    struct slot *first, *last;
    int64_t count;
};

/*
 * The turn of an item; reserved behind "previous" (NULL or unknown: at the end) when it is new.
 * NULL when there are too many.
 */
struct slot *transcript_reserve(struct transcript *transcript, const char *item,
                                const char *previous, enum speaker speaker, int64_t now_us);

/* The turn of an item; NULL when it has none. */
struct slot *transcript_find(const struct transcript *transcript, const char *item);

/* More of a text, or the whole of it; after a cut neither changes anything. */
void transcript_add(struct slot *slot, const char *text);
void transcript_complete(struct slot *slot, const char *text);

/* How many bytes of a text were heard, in whole words. */
size_t transcript_heard(const char *text, int64_t heard_ms, int64_t sent_ms);

/* The caller heard "heard_ms" of the "sent_ms" that this turn lasted so far; the text is cut. */
void transcript_cut(struct slot *slot, int64_t heard_ms, int64_t sent_ms);

/* The same when the heard words themselves are known. */
void transcript_cut_to(struct slot *slot, const char *heard, int64_t heard_ms);

/* The next turn that is to be written down, because it is new or changed; NULL: none. */
struct slot *transcript_take(struct transcript *transcript);

/*
 * Gives up on texts that did not come for TRANSCRIPT_WAIT_US, or on all (at the end of the call);
 * what was said then reads "[unintelligible]".
 */
void transcript_expire(struct transcript *transcript, int64_t now_us, bool all);

/* Whether a caller's words are still being written out. */
bool transcript_is_waiting(const struct transcript *transcript);

#endif
