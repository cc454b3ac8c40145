#include "stream/transcript.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/column.h" /* NO_INTEGER */

struct slot *transcript_find(const struct transcript *transcript, const char *item)
{
    struct slot *slot = transcript->first;

    if (transcript->last && strcmp(transcript->last->item, item) == 0)
        return transcript->last; /* of which most is told */
    while (slot && strcmp(slot->item, item) != 0)
        slot = slot->next;
    return slot;
}

/* Turns behind the new one move on by one; those already written are written anew. */
static void insert_after(struct transcript *transcript, struct slot *before, struct slot *slot)
{
    slot->next = before->next;
    before->next = slot;
    slot->seq = before->seq + 1;
    if (!slot->next)
        transcript->last = slot;
    for (struct slot *later = slot->next; later; later = later->next) {
        later->seq++;
        later->is_written = false;
    }
}

struct slot *transcript_reserve(struct transcript *transcript, const char *item,
                                const char *previous, enum speaker speaker, int64_t now_us)
{
    struct slot *slot = transcript_find(transcript, item);
    struct slot *before = previous ? transcript_find(transcript, previous) : NULL;

    if (slot || transcript->count == TRANSCRIPT_TURNS)
        return slot;
    slot = arena_new(transcript->arena, struct slot, 1);
    snprintf(slot->item, sizeof slot->item, "%s", item);
    slot->speaker = speaker;
    slot->text.arena = transcript->arena;
    slot->at = clock_now();
    slot->reserved_us = now_us;
    slot->start_ms = slot->end_ms = slot->heard_ms = NO_INTEGER;
    slot->first_token_ms = slot->first_audio_ms = slot->first_sent_ms = NO_INTEGER;
    slot->over_agent_ms = NO_INTEGER;
    transcript->count++;
    if (!before)
        before = transcript->last;
    if (before) {
        insert_after(transcript, before, slot);
    } else {
        slot->seq = 1;
        transcript->first = transcript->last = slot;
    }
    return slot;
}

/* The longest piece of whole UTF-8 characters within "most" bytes. */
static size_t whole_characters(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void transcript_add(struct slot *slot, const char *text)
{
    size_t room = TRANSCRIPT_TEXT - slot->text.length;

    if (slot->is_complete || slot->heard_ms != NO_INTEGER)
        return;
    text_bytes(&slot->text, text, whole_characters(text, strlen(text), room));
}

void transcript_complete(struct slot *slot, const char *text)
{
    if (slot->heard_ms != NO_INTEGER)
        return;
    slot->text.length = 0;
    slot->is_complete = false;
    transcript_add(slot, text);
    slot->is_complete = true;
    slot->is_written = false;
}

/* Back to the end of a whole word, so that nobody reads half of one. */
static size_t whole_words(const char *text, size_t length, size_t most)
{
    if (most >= length)
        return length;
    while (most > 0 && !isspace((unsigned char)text[most]))
        most--;
    while (most > 0 && isspace((unsigned char)text[most - 1]))
        most--;
    return most;
}

size_t transcript_heard(const char *text, int64_t heard_ms, int64_t sent_ms)
{
    size_t length = strlen(text);

    if (sent_ms <= 0 || heard_ms >= sent_ms)
        return length;
    return whole_words(text, length, (size_t)((int64_t)length * heard_ms / sent_ms));
}

void transcript_cut(struct slot *slot, int64_t heard_ms, int64_t sent_ms)
{
    if (slot->heard_ms != NO_INTEGER)
        return;
    if (slot->text.at) {
        slot->text.length = transcript_heard(slot->text.at, heard_ms, sent_ms);
        slot->text.at[slot->text.length] = '\0';
    }
    slot->heard_ms = heard_ms;
    if (slot->start_ms != NO_INTEGER)
        slot->end_ms = slot->start_ms + heard_ms;
    slot->is_complete = true;
    slot->is_written = false;
}

void transcript_cut_to(struct slot *slot, const char *heard, int64_t heard_ms)
{
    if (slot->heard_ms != NO_INTEGER)
        return;
    slot->is_complete = false;
    slot->text.length = 0;
    transcript_add(slot, heard);
    transcript_cut(slot, heard_ms, 0);
}

struct slot *transcript_take(struct transcript *transcript)
{
    for (struct slot *slot = transcript->first; slot; slot = slot->next) {
        if (!slot->is_complete || slot->is_written)
            continue;
        slot->is_written = true;
        if (slot->text.length > 0 || slot->heard_ms != NO_INTEGER)
            return slot;
    }
    return NULL;
}

void transcript_expire(struct transcript *transcript, int64_t now_us, bool all)
{
    for (struct slot *slot = transcript->first; slot; slot = slot->next) {
        if (slot->is_complete || (!all && now_us - slot->reserved_us < TRANSCRIPT_WAIT_US))
            continue;
        if (slot->speaker == SPEAKER_USER && slot->text.length == 0)
            transcript_complete(slot, "[unintelligible]");
        else if (all || slot->speaker == SPEAKER_USER)
            slot->is_complete = true;
    }
}

bool transcript_is_waiting(const struct transcript *transcript)
{
    for (const struct slot *slot = transcript->first; slot; slot = slot->next)
        if (!slot->is_complete && slot->speaker == SPEAKER_USER)
            return true;
    return false;
}
