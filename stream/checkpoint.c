#include "stream/checkpoint.h"

#include <string.h>

#include "stream/live.h"
#include "stream/socket.h"

/* A turn as it would stand in the transcript if nothing more were heard of it. */
static void write_cut(struct live *live, const struct slot *slot, const struct cut *cut)
{
    struct slot copy = *slot;

    copy.text = (struct text){.arena = &live->scratch};
    text_put(&copy.text, slot->text.at ? slot->text.at : "");
    transcript_cut(&copy, cut->heard_ms, cut->sent_ms);
    fact_heard_so_far(&live->subject, &copy);
}

static bool is_among(const struct cut *cuts, size_t count, const char *item)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(cuts[i].item, item) == 0)
            return true;
    return false;
}

/* What was under way the last time, and was heard to its end, stands as it is. */
static void write_ended(struct live *live, const struct cut *cuts, size_t count)
{
    const struct checkpoint *checkpoint = &live->checkpoint;

    for (size_t i = 0; i < checkpoint->count; i++) {
        const struct slot *slot = transcript_find(&live->transcript, checkpoint->items[i]);

        if (slot && slot->is_complete && !is_among(cuts, count, checkpoint->items[i]))
            fact_heard_so_far(&live->subject, slot);
    }
}

void checkpoint_write(struct live *live)
{
    struct checkpoint *checkpoint = &live->checkpoint;
    int64_t now_us = sockets_now_us();
    struct playback playback;
    struct cut cuts[PLAYBACK_ITEMS];
    size_t count;

    if ((!live->playback.nitems && !checkpoint->count) ||
        now_us - checkpoint->written_us < CHECKPOINT_US)
        return;
    checkpoint->written_us = now_us;
    playback = live->playback;
    count = playback_cut(&playback, now_us, cuts);
    write_ended(live, cuts, count);
    checkpoint->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct slot *slot = transcript_find(&live->transcript, cuts[i].item);

        if (!slot || slot->heard_ms != NO_INTEGER || checkpoint->count == CHECKPOINT_ITEMS)
            continue;
        write_cut(live, slot, &cuts[i]);
        memcpy(checkpoint->items[checkpoint->count++], cuts[i].item, ID_SIZE);
    }
}
