/* twilio/playout.c - a queue of audio and marks. */
#include "twilio/playout.h"

#include <stdlib.h>
#include <string.h>

enum { SILENCE = 0xFF };

struct playout_item {
    struct playout_item *next;
    char *mark; /* NULL: audio */
    size_t count, at;
    unsigned char ulaw[];
};

static void append(struct playout *playout, struct playout_item *item)
{
    if (playout->last)
        playout->last->next = item;
    else
        playout->first = item;
    playout->last = item;
}

void playout_audio(struct playout *playout, const unsigned char *ulaw, size_t count)
{
    struct playout_item *item = malloc(sizeof *item + count);

    *item = (struct playout_item){.count = count};
    memcpy(item->ulaw, ulaw, count);
    append(playout, item);
    playout->waiting += count;
    if (playout->waiting > playout->longest)
        playout->longest = playout->waiting;
}

void playout_mark(struct playout *playout, const char *name, playout_mark_reached reached,
                  void *user)
{
    struct playout_item *item;

    if (!playout->first) {
        reached(user, name);
        return;
    }
    item = malloc(sizeof *item);
    *item = (struct playout_item){.mark = strdup(name)};
    append(playout, item);
}

static void drop_first(struct playout *playout)
{
    struct playout_item *item = playout->first;

    playout->first = item->next;
    if (!playout->first)
        playout->last = NULL;
    free(item->mark);
    free(item);
}

/* Marks in front of the queue are reached. */
static void reach(struct playout *playout, playout_mark_reached reached, void *user)
{
    while (playout->first && playout->first->mark) {
        reached(user, playout->first->mark);
        drop_first(playout);
    }
}

size_t playout_play(struct playout *playout, unsigned char *ulaw, size_t count,
                    playout_mark_reached reached, void *user)
{
    struct playout_item *item;
    size_t played = 0, part;

    while (played < count && (item = playout->first)) {
        part = item->count - item->at < count - played ? item->count - item->at : count - played;
        memcpy(ulaw + played, item->ulaw + item->at, part);
        item->at += part;
        played += part;
        if (item->at == item->count)
            drop_first(playout);
        reach(playout, reached, user);
    }
    playout->waiting -= played;
    memset(ulaw + played, SILENCE, count - played);
    return played;
}

void playout_clear(struct playout *playout, playout_mark_reached reached, void *user)
{
    while (playout->first) {
        if (playout->first->mark)
            reached(user, playout->first->mark);
        drop_first(playout);
    }
    playout->waiting = 0;
}

void playout_free(struct playout *playout)
{
    while (playout->first)
        drop_first(playout);
    playout->waiting = 0;
}
