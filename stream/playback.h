/*
 * stream/playback.h - what of the agent's speech the caller has heard.
 *
 * The model speaks faster than real time, the carrier queues it.  Marks sent behind the audio come
 * back when it was played, and so tell how far the caller has listened.  A mark's name holds the
 * generation of the audio: after a clear the carrier returns all marks at once, and those of an
 * older generation mean nothing (openai-realtime.md 5.6, 5.7).
 *
 * Times are microseconds of the monotonic clock, amounts bytes of µ-law audio.
 */
#ifndef STREAM_PLAYBACK_H
#define STREAM_PLAYBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ID_SIZE = 64, /* of the model's ids of items and responses */
    MARK_SIZE = 24,
    PLAYBACK_ITEMS = 24,
    PLAYBACK_MARKS = 64,
};

/* An item of the conversation that is being played, or waits for it. */
struct spoken {
    char item[ID_SIZE], response[ID_SIZE];
    int64_t content_index;
    int64_t sent, heard; /* bytes; "heard" as the last mark told */
    int64_t since_us;    /* when "heard" was true, or when it began to play */
    int64_t marked;      /* bytes up to the last mark sent */
    unsigned serial;
};

struct mark {
    unsigned number, serial; /* serial of the item it belongs to */
    int64_t bytes;           /* of that item, when it comes back */
    bool last;               /* nothing of the item follows */
};

struct playback {
    unsigned generation, next_mark, next_serial;
    struct spoken items[PLAYBACK_ITEMS];
    size_t nitems;
    struct mark marks[PLAYBACK_MARKS];
    size_t nmarks;
};

/* Audio of an item was sent to the carrier. */
void playback_sent(struct playback *playback, const char *item, const char *response,
                   int64_t content_index, size_t amount, int64_t now_us);

/*
 * Whether a mark should follow now: behind the first audio of an item, then twice a second of
 * audio.  Its name is written; the caller sends it.
 */
bool playback_mark(struct playback *playback, char name[MARK_SIZE]);

/* No audio of the item follows: the mark that says when it was played whole; false: it had none. */
bool playback_end(struct playback *playback, const char *item, char name[MARK_SIZE]);

/* A mark came back; true when that was the end of everything that was to be heard. */
bool playback_heard(struct playback *playback, const char *name, int64_t now_us);

/* Whether nothing is played or waits for it. */
bool playback_is_idle(const struct playback *playback);

/* How long the audio that was sent goes on, as far as we know. */
int64_t playback_left_ms(const struct playback *playback, int64_t now_us);

/* How an item is heard: so much of it at a time, and from then on as time goes, up to "sent_ms". */
struct hearing {
    const char *item;
    int64_t heard_ms, sent_ms;
    int64_t since_us; /* NOT_HEARD: it stands still */
};

#define NOT_HEARD INT64_MIN

/* The same for every item; one behind others begins when they are over.  Says how many. */
size_t playback_hearing(const struct playback *playback, struct hearing hearing[PLAYBACK_ITEMS]);

/* An item that was cut short. */
struct cut {
    char item[ID_SIZE], response[ID_SIZE];
    int64_t content_index, heard_ms, sent_ms;
};

/* Passes over items that have had their time, when no mark told that they ended. */
void playback_pass(struct playback *playback, int64_t now_us);

/* An item that was cut goes on from where it was heard: its audio from there on is sent again. */
void playback_continue(struct playback *playback, const struct cut *cut, int64_t now_us);

/*
 * The caller interrupts: says of every item how much of it was heard (0: nothing), and forgets all.
 * Marks that come back from now on belong to the past.
 */
size_t playback_cut(struct playback *playback, int64_t now_us, struct cut cuts[PLAYBACK_ITEMS]);

#endif
