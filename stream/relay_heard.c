#include "stream/relay_heard.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "stream/mind.h"
#include "stream/socket.h"

static const char *behind_spaces(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

bool relay_covers(const char *text, const char *heard, size_t *covered, const char **rest)
{
    const char *at = behind_spaces(text);

    heard = behind_spaces(heard);
    while (*at && *heard && *at == *heard) {
        at++;
        heard++;
        if (isspace((unsigned char)*at) || isspace((unsigned char)*heard) || !*at || !*heard) {
            at = behind_spaces(at);
            heard = behind_spaces(heard);
        }
    }
    *covered = (size_t)(at - text);
    *rest = heard;
    while (*covered && isspace((unsigned char)text[*covered - 1]))
        --*covered;
    return !*at || !*heard;
}

static void cut(struct live *live, struct slot *slot, const char *text, int64_t heard_ms)
{
    struct cut cut = {.heard_ms = heard_ms, .sent_ms = heard_ms + 1};
    char payload[80];

    snprintf(cut.item, sizeof cut.item, "%s", slot->item);
    transcript_cut_to(slot, text, heard_ms);
    mind_truncate(live, &cut);
    snprintf(payload, sizeof payload, "{\"heard_ms\":%lld}", (long long)heard_ms);
    fact_event(&live->subject, "turn.interrupted", "info", "media", payload);
}

/* The agent's first item that nobody has answered. */
static struct slot *first_unanswered(const struct live *live)
{
    struct slot *found = NULL;

    for (struct slot *slot = live->transcript.first; slot; slot = slot->next)
        if (slot->speaker == SPEAKER_USER)
            found = NULL;
        else if (slot->speaker == SPEAKER_ASSISTANT && !found)
            found = slot;
    return found;
}

static const char *text_of(const struct slot *slot)
{
    return slot->text.at ? slot->text.at : "";
}

/* Where the words begin: what the agent said before was heard whole. NULL: nowhere. */
static struct slot *find_start(struct slot *slot, const char *heard)
{
    const char *rest;
    size_t covered;

    for (; slot; slot = slot->next)
        if (slot->speaker == SPEAKER_ASSISTANT && *text_of(slot) &&
            relay_covers(text_of(slot), heard, &covered, &rest))
            return slot;
    return NULL;
}

/* Words that the agent never said: the carrier spells them its own way, and is believed. */
static void believe(struct live *live, struct slot *slot, const char *heard, int64_t heard_ms)
{
    struct slot *last = NULL;

    for (; slot; slot = slot->next)
        if (slot->speaker == SPEAKER_ASSISTANT)
            last = slot;
    if (last)
        cut(live, last, heard, heard_ms);
}

/* Nothing was heard of what the carrier was to speak. */
static bool cut_unheard(struct live *live)
{
    struct cut cuts[PLAYBACK_ITEMS];
    size_t count = playback_cut(&live->playback, sockets_now_us(), cuts);

    for (size_t i = 0; i < count; i++) {
        struct slot *slot = transcript_find(&live->transcript, cuts[i].item);

        if (slot)
            cut(live, slot, "", 0);
    }
    return count > 0;
}

bool relay_note_heard(struct live *live, const char *heard, int64_t heard_ms)
{
    struct slot *first = first_unanswered(live), *slot;
    bool was_cut;

    if (!*behind_spaces(heard))
        return cut_unheard(live);
    playback_cut(&live->playback, sockets_now_us(), (struct cut[PLAYBACK_ITEMS]){0});
    slot = find_start(first, heard);
    was_cut = first && !slot;
    if (!slot)
        believe(live, first, heard, heard_ms);
    for (; slot; slot = slot->next) {
        size_t length = strlen(text_of(slot)), covered = length;
        const char *rest = heard;

        if (slot->speaker != SPEAKER_ASSISTANT || slot->heard_ms != NO_INTEGER)
            continue;
        if (!relay_covers(text_of(slot), heard, &covered, &rest))
            covered = length;
        if (covered < length) {
            cut(live, slot, arena_copy(&live->scratch, text_of(slot), covered),
                *rest ? 0 : heard_ms);
            was_cut = true;
        }
        heard = rest;
    }
    return was_cut;
}
