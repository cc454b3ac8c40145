#include "stream/playback.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stream/audio.h"

enum { MARK_EVERY = 500 * AUDIO_BYTES_PER_MS, ROOM_FOR_LAST_MARKS = 16 };

static void drop_items(struct playback *playback, size_t count)
{
    playback->nitems -= count;
    memmove(playback->items, playback->items + count, playback->nitems * sizeof playback->items[0]);
}

static void drop_marks(struct playback *playback, size_t count)
{
    playback->nmarks -= count;
    memmove(playback->marks, playback->marks + count, playback->nmarks * sizeof playback->marks[0]);
}

static struct spoken *find_item(struct playback *playback, const char *item)
{
    for (size_t i = playback->nitems; i-- > 0;)
        if (strcmp(playback->items[i].item, item) == 0)
            return &playback->items[i];
    return NULL;
}

/* The first in the queue plays at once; a later one begins when those before it were heard. */
static struct spoken *add_item(struct playback *playback, const char *item, const char *response,
                               int64_t content_index, int64_t now_us)
{
    struct spoken *spoken;

    if (playback->nitems == PLAYBACK_ITEMS)
        drop_items(playback, 1);
    spoken = &playback->items[playback->nitems++];
    *spoken = (struct spoken){
        .content_index = content_index,
        .since_us = now_us,
        .serial = playback->next_serial++,
    };
    snprintf(spoken->item, sizeof spoken->item, "%s", item);
    snprintf(spoken->response, sizeof spoken->response, "%s", response);
    return spoken;
}

/* Never more than was sent, whatever the clock says. */
static int64_t heard_bytes(const struct spoken *first, int64_t now_us)
{
    int64_t heard = first->heard + (now_us - first->since_us) * AUDIO_BYTES_PER_MS / 1000;

    if (heard < 0)
        return 0;
    return heard < first->sent ? heard : first->sent;
}

/* When all of it was played before more came, the clock of what follows begins now. */
static void note_pause(struct spoken *spoken, int64_t now_us)
{
    if (heard_bytes(spoken, now_us) < spoken->sent)
        return;
    spoken->heard = spoken->sent;
    spoken->since_us = now_us;
}

void playback_sent(struct playback *playback, const char *item, const char *response,
                   int64_t content_index, size_t amount, int64_t now_us)
{
    struct spoken *spoken = find_item(playback, item);

    if (!spoken)
        spoken = add_item(playback, item, response, content_index, now_us);
    if (spoken == &playback->items[0])
        note_pause(spoken, now_us);
    spoken->sent += (int64_t)amount;
}

static void add_mark(struct playback *playback, struct spoken *spoken, bool last,
                     char name[MARK_SIZE])
{
    if (playback->nmarks == PLAYBACK_MARKS)
        drop_marks(playback, 1);
    playback->marks[playback->nmarks++] = (struct mark){
        .number = playback->next_mark,
        .serial = spoken->serial,
        .bytes = spoken->sent,
        .last = last,
    };
    spoken->marked = spoken->sent;
    snprintf(name, MARK_SIZE, "g%u.%u", playback->generation, playback->next_mark++);
}

bool playback_mark(struct playback *playback, char name[MARK_SIZE])
{
    struct spoken *spoken = playback->nitems ? &playback->items[playback->nitems - 1] : NULL;

    if (!spoken || playback->nmarks >= PLAYBACK_MARKS - ROOM_FOR_LAST_MARKS)
        return false;
    if (spoken->marked && spoken->sent - spoken->marked < MARK_EVERY)
        return false;
    add_mark(playback, spoken, false, name);
    return true;
}

bool playback_end(struct playback *playback, const char *item, char name[MARK_SIZE])
{
    struct spoken *spoken = find_item(playback, item);

    if (!spoken)
        return false;
    add_mark(playback, spoken, true, name);
    return true;
}

/* Everything up to the mark was played, so earlier items are over and this one is so far. */
static void advance(struct playback *playback, const struct mark *mark, int64_t now_us)
{
    size_t over = 0;

    while (over < playback->nitems && playback->items[over].serial != mark->serial)
        over++;
    if (over == playback->nitems)
        return;
    if (mark->last)
        over++;
    else
        playback->items[over].heard = mark->bytes;
    drop_items(playback, over);
    if (playback->nitems)
        playback->items[0].since_us = now_us;
}

bool playback_heard(struct playback *playback, const char *name, int64_t now_us)
{
    unsigned generation, number;
    char behind;

    if (sscanf(name, "g%u.%u%c", &generation, &number, &behind) != 2 ||
        generation != playback->generation)
        return false;
    for (size_t i = 0; i < playback->nmarks; i++) {
        struct mark mark = playback->marks[i];

        if (mark.number != number)
            continue;
        drop_marks(playback, i + 1);
        advance(playback, &mark, now_us);
        return playback_is_idle(playback);
    }
    return false;
}

bool playback_is_idle(const struct playback *playback)
{
    return playback->nitems == 0;
}

int64_t playback_left_ms(const struct playback *playback, int64_t now_us)
{
    int64_t left = 0;

    for (size_t i = 0; i < playback->nitems; i++)
        left += playback->items[i].sent;
    if (playback->nitems)
        left -= heard_bytes(&playback->items[0], now_us);
    return left / AUDIO_BYTES_PER_MS;
}

/* When no mark told that an item ended, its time does: what ran over belongs to the next. */
void playback_pass(struct playback *playback, int64_t now_us)
{
    while (playback->nitems > 1) {
        struct spoken *first = &playback->items[0];
        int64_t left_us = (first->sent - first->heard) * 1000 / AUDIO_BYTES_PER_MS;

        if (now_us - first->since_us < left_us)
            return;
        playback->items[1].since_us = first->since_us + left_us;
        drop_items(playback, 1);
    }
}

size_t playback_hearing(const struct playback *playback, struct hearing hearing[PLAYBACK_ITEMS])
{
    int64_t from_us = INT64_MIN;

    for (size_t i = 0; i < playback->nitems; i++) {
        const struct spoken *spoken = &playback->items[i];
        int64_t since_us = spoken->since_us > from_us ? spoken->since_us : from_us;

        hearing[i] = (struct hearing){
            .item = spoken->item,
            .heard_ms = spoken->heard / AUDIO_BYTES_PER_MS,
            .sent_ms = spoken->sent / AUDIO_BYTES_PER_MS,
            .since_us = since_us,
        };
        from_us = since_us + (spoken->sent - spoken->heard) * 1000 / AUDIO_BYTES_PER_MS;
    }
    return playback->nitems;
}

size_t playback_cut(struct playback *playback, int64_t now_us, struct cut cuts[PLAYBACK_ITEMS])
{
    size_t count;

    playback_pass(playback, now_us);
    count = playback->nitems;
    for (size_t i = 0; i < count; i++) {
        const struct spoken *spoken = &playback->items[i];

        cuts[i] = (struct cut){
            .content_index = spoken->content_index,
            .heard_ms = i == 0 ? heard_bytes(spoken, now_us) / AUDIO_BYTES_PER_MS : 0,
            .sent_ms = spoken->sent / AUDIO_BYTES_PER_MS,
        };
        memcpy(cuts[i].item, spoken->item, ID_SIZE);
        memcpy(cuts[i].response, spoken->response, ID_SIZE);
    }
    playback->generation++;
    playback->nitems = playback->nmarks = 0;
    return count;
}

void playback_continue(struct playback *playback, const struct cut *cut, int64_t now_us)
{
    struct spoken *spoken =
        add_item(playback, cut->item, cut->response, cut->content_index, now_us);

    spoken->sent = spoken->heard = spoken->marked = cut->heard_ms * AUDIO_BYTES_PER_MS;
}
