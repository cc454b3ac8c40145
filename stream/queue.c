#include "stream/queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 2048, KEPT = 8192 };

/* What stands before each message. */
struct head {
    uint32_t size; /* of the whole record, a multiple of 8 */
    uint32_t length;
    enum message_kind kind;
    uint32_t unused;
    unsigned char headroom[QUEUE_HEADROOM];
};

static size_t record_size(size_t length)
{
    return (sizeof(struct head) + length + 7) / 8 * 8;
}

static struct head *head_at(const struct queue *queue, size_t at)
{
    return (struct head *)(void *)(queue->block + at);
}

static char *message_of(struct head *head)
{
    return (char *)(head + 1);
}

/* Makes room behind the last message: by moving to the front, or in a larger block. */
static void make_room(struct queue *queue, size_t size)
{
    size_t used = queue->last - queue->first, room = queue->room ? queue->room : SMALLEST;

    if (queue->room - queue->last >= size)
        return;
    if (used)
        memmove(queue->block, queue->block + queue->first, used);
    queue->first = 0;
    queue->last = used;
    while (room - used < size)
        room *= 2;
    if (room == queue->room)
        return;
    queue->block = realloc(queue->block, room);
    if (!queue->block)
        abort();
    queue->room = room;
}

static void remove_at(struct queue *queue, size_t at)
{
    size_t size = head_at(queue, at)->size;

    if (at == queue->first) {
        queue->first += size;
        return;
    }
    memmove(queue->block + at, queue->block + at + size, queue->last - at - size);
    queue->last -= size;
}

static bool drop_oldest_audio(struct queue *queue)
{
    for (size_t at = queue->first; at < queue->last; at += head_at(queue, at)->size)
        if (head_at(queue, at)->kind == MESSAGE_AUDIO) {
            remove_at(queue, at);
            queue->dropped++;
            return true;
        }
    return false;
}

char *queue_begin(struct queue *queue, enum message_kind kind, size_t most)
{
    size_t size = record_size(most);
    struct head *head;

    while (queue->last - queue->first + size > queue->limit)
        if (!drop_oldest_audio(queue))
            return NULL;
    make_room(queue, size);
    head = head_at(queue, queue->last);
    head->size = (uint32_t)size;
    head->length = (uint32_t)most;
    head->kind = kind;
    return message_of(head);
}

void queue_end(struct queue *queue, size_t length)
{
    struct head *head = head_at(queue, queue->last);

    if (length == 0)
        return;
    head->size = (uint32_t)record_size(length);
    head->length = (uint32_t)length;
    queue->last += head->size;
}

char *queue_first(const struct queue *queue, size_t *length)
{
    struct head *head;

    if (queue_is_empty(queue))
        return NULL;
    head = head_at(queue, queue->first);
    *length = head->length;
    return message_of(head);
}

char *queue_next(const struct queue *queue, char *message, size_t *length)
{
    struct head *head = (struct head *)(void *)message - 1;
    size_t at = (size_t)((char *)head - queue->block) + head->size;

    if (at >= queue->last)
        return NULL;
    *length = head_at(queue, at)->length;
    return message_of(head_at(queue, at));
}

/* An empty queue begins anew at the front, and gives back what a slow time made it take. */
void queue_drop_first(struct queue *queue)
{
    queue->first += head_at(queue, queue->first)->size;
    if (!queue_is_empty(queue))
        return;
    queue->first = queue->last = 0;
    if (queue->room > KEPT)
        queue_free(queue);
}

size_t queue_drop_audio(struct queue *queue)
{
    size_t at = queue->first, count = 0;

    while (at < queue->last) {
        size_t size = head_at(queue, at)->size;
        bool was_first = at == queue->first;

        if (head_at(queue, at)->kind != MESSAGE_AUDIO) {
            at += size;
            continue;
        }
        remove_at(queue, at);
        count++;
        if (was_first)
            at = queue->first;
    }
    return count;
}

void queue_free(struct queue *queue)
{
    free(queue->block);
    queue->block = NULL;
    queue->room = queue->first = queue->last = 0;
}
