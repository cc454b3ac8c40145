#include "stream/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "stream/live.h"
#include "stream/socket.h"

static int64_t begin_of(const struct hearing *hearing)
{
    return hearing->since_us == NOT_HEARD ? NOT_HEARD
                                          : hearing->since_us - hearing->heard_ms * 1000;
}

static struct foretold *find(struct checkpoint *checkpoint, const char *item)
{
    for (size_t i = 0; i < checkpoint->count; i++)
        if (strcmp(checkpoint->items[i].slot->item, item) == 0)
            return &checkpoint->items[i];
    return NULL;
}

static bool is_among(const struct hearing *all, size_t count, const char *item)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].item, item) == 0)
            return true;
    return false;
}

/* What is held stands still, and goes on or is cut later. */
static size_t hearing_of(const struct live *live, struct hearing all[PLAYBACK_ITEMS])
{
    const struct interruption *speech = &live->interruption;

    if (speech->state != INTERRUPTION_HELD)
        return playback_hearing(&live->playback, all);
    for (size_t i = 0; i < speech->ncuts; i++)
        all[i] = (struct hearing){.item = speech->cuts[i].item,
                                  .heard_ms = speech->cuts[i].heard_ms,
                                  .sent_ms = speech->cuts[i].sent_ms,
                                  .since_us = NOT_HEARD};
    return speech->ncuts;
}

/* What was under way the last time, and was heard to its end, stands as it is. */
static void drop_ended(struct live *live, const struct hearing *all, size_t count)
{
    struct checkpoint *checkpoint = &live->checkpoint;
    size_t kept = 0;

    for (size_t i = 0; i < checkpoint->count; i++) {
        const struct slot *slot = checkpoint->items[i].slot;

        if (is_among(all, count, slot->item))
            checkpoint->items[kept++] = checkpoint->items[i];
        else if (slot->is_complete && slot->heard_ms == NO_INTEGER)
            fact_heard_so_far(&live->subject, slot, NULL);
    }
    checkpoint->count = kept;
}

/* Whether the last line does not say any more what happens. */
static bool is_due(const struct foretold *told, const struct hearing *hearing, int64_t now_us)
{
    int64_t begin_us = begin_of(hearing), age_us = now_us - told->written_us, left_ms;

    if (told->is_stale)
        return true;
    if (begin_us == NOT_HEARD || told->begin_us == NOT_HEARD)
        return begin_us != told->begin_us || age_us >= CHECKPOINT_LONGEST_US;
    if (llabs(begin_us - told->begin_us) > CHECKPOINT_DRIFT_US)
        return true;
    left_ms = told->sent_ms - (now_us - begin_us) / 1000;
    if (left_ms <= 0 && hearing->sent_ms == told->sent_ms)
        return told->slot->text.length != told->length; /* it was heard, and the line says so */
    if (age_us >= CHECKPOINT_LONGEST_US)
        return true;
    return age_us >= CHECKPOINT_US &&
           (told->slot->text.length != told->length ||
            (hearing->sent_ms > told->sent_ms && left_ms < CHECKPOINT_LEAD_MS));
}

static void foretell(struct live *live, struct foretold *told, const struct hearing *hearing,
                     int64_t now_us)
{
    bool stands = hearing->since_us == NOT_HEARD;
    const struct heard_so_far heard = {
        .heard_ms = hearing->heard_ms,
        .sent_ms = hearing->sent_ms,
        .since =
            stands ? NO_INSTANT : instant_after(clock_now(), (hearing->since_us - now_us) / 1000),
    };

    fact_heard_so_far(&live->subject, told->slot, &heard);
    told->written_us = now_us;
    told->begin_us = begin_of(hearing);
    told->sent_ms = hearing->sent_ms;
    told->length = told->slot->text.length;
    told->is_stale = false;
}

/* An item of which something is to be told; NULL: nothing is known of it, or too many are. */
static struct foretold *add(struct live *live, const char *item)
{
    struct checkpoint *checkpoint = &live->checkpoint;
    const struct slot *slot;

    if (checkpoint->count == CHECKPOINT_ITEMS)
        return NULL;
    slot = transcript_find(&live->transcript, item);
    if (!slot || slot->heard_ms != NO_INTEGER)
        return NULL;
    checkpoint->items[checkpoint->count] = (struct foretold){.slot = slot, .is_stale = true};
    return &checkpoint->items[checkpoint->count++];
}

void checkpoint_turned(struct live *live, const struct slot *slot)
{
    struct foretold *told = find(&live->checkpoint, slot->item);

    if (told)
        told->is_stale = true;
}

void checkpoint_write(struct live *live)
{
    int64_t now_us = sockets_now_us();
    struct hearing all[PLAYBACK_ITEMS];
    size_t count;

    if (!live->checkpoint.count && playback_is_idle(&live->playback))
        return;
    count = hearing_of(live, all);
    drop_ended(live, all, count);
    for (size_t i = 0; i < count; i++) {
        struct foretold *told = find(&live->checkpoint, all[i].item);

        if (!told)
            told = add(live, all[i].item);
        if (told && told->slot->heard_ms == NO_INTEGER && is_due(told, &all[i], now_us))
            foretell(live, told, &all[i], now_us);
    }
}
