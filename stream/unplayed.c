#include "stream/unplayed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/audio.h"

struct unplayed_item *unplayed_find(const struct unplayed *unplayed, const char *item)
{
    struct unplayed_item *found = unplayed->first;

    while (found && strcmp(found->item, item) != 0)
        found = found->next;
    return found;
}

static struct unplayed_item *add_item(struct unplayed *unplayed, const char *item,
                                      const char *response, int64_t content_index)
{
    struct unplayed_item *added = calloc(1, sizeof *added), **end = &unplayed->first;

    if (!added)
        abort();
    snprintf(added->item, sizeof added->item, "%s", item);
    snprintf(added->response, sizeof added->response, "%s", response);
    added->content_index = content_index;
    while (*end)
        end = &(*end)->next;
    *end = added;
    return added;
}

static void make_room(struct unplayed_item *item, size_t more)
{
    if (item->count + more <= item->room)
        return;
    item->room = 2 * (item->count + more);
    item->bytes = realloc(item->bytes, item->room);
    if (!item->bytes)
        abort();
}

void unplayed_add(struct unplayed *unplayed, const char *item, const char *response,
                  int64_t content_index, struct slice audio)
{
    struct unplayed_item *kept = unplayed_find(unplayed, item);
    size_t most = audio.length / 4 * 3, count;

    if (!kept)
        kept = add_item(unplayed, item, response, content_index);
    if (unplayed->total + most > UNPLAYED_MOST)
        return;
    make_room(kept, most);
    count = audio_decode(audio.at, audio.length, kept->bytes + kept->count);
    kept->count += count;
    unplayed->total += count;
}

void unplayed_end(struct unplayed *unplayed, const char *item)
{
    struct unplayed_item *kept = unplayed_find(unplayed, item);

    if (kept)
        kept->is_over = true;
}

static bool is_played(const struct playback *playback, const char *item)
{
    for (size_t i = 0; i < playback->nitems; i++)
        if (strcmp(playback->items[i].item, item) == 0)
            return false;
    return true;
}

static void drop(struct unplayed *unplayed, struct unplayed_item **at)
{
    struct unplayed_item *gone = *at;

    *at = gone->next;
    unplayed->total -= gone->count;
    free(gone->bytes);
    free(gone);
}

void unplayed_trim(struct unplayed *unplayed, const struct playback *playback)
{
    struct unplayed_item **at = &unplayed->first;

    while (*at)
        if ((*at)->is_over && is_played(playback, (*at)->item))
            drop(unplayed, at);
        else
            at = &(*at)->next;
}

void unplayed_free(struct unplayed *unplayed)
{
    while (unplayed->first)
        drop(unplayed, &unplayed->first);
}
