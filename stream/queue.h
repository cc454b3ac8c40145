/*
 * stream/queue.h - messages that wait for their connection, in the order in which they leave.
 *
 * They lie one behind the other in one block, each with room before it for the websocket's header,
 * so that what is queued within a turn of the loop costs no allocation.  A queue has a limit in
 * bytes: a message beyond it takes the place of the oldest audio, or finds no room.
 */
#ifndef STREAM_QUEUE_H
#define STREAM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/outlet.h" /* enum message_kind */

enum { QUEUE_HEADROOM = 16 }; /* what a websocket header and libwebsockets need before a message */

struct queue {
    char *block;
    size_t room, first, last; /* bytes: of the block, and where its messages begin and end */
    size_t limit;
    size_t dropped;
};

/* Room for a message of up to "most" bytes; NULL when it cannot be had within the limit. */
char *queue_begin(struct queue *queue, enum message_kind kind, size_t most);

/* The message that was begun has this length; 0 takes it back. */
void queue_end(struct queue *queue, size_t length);

/* The oldest message, NULL when there is none; QUEUE_HEADROOM bytes before it may be written. */
char *queue_first(const struct queue *queue, size_t *length);
void queue_drop_first(struct queue *queue);

/* The message behind one that queue_first or queue_next gave. */
char *queue_next(const struct queue *queue, char *message, size_t *length);

/* Removes all audio, and says how many messages that were. */
size_t queue_drop_audio(struct queue *queue);

static inline bool queue_is_empty(const struct queue *queue)
{
    return queue->first == queue->last;
}

/* Bytes that wait, with what goes before each message. */
static inline size_t queue_size(const struct queue *queue)
{
    return queue->last - queue->first;
}

/* Drops all that is in it, and its memory; it may be used again. */
void queue_free(struct queue *queue);

#endif
