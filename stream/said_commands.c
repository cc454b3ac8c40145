#include "stream/said_commands.h"

#include <stdio.h>
#include <string.h>

#include "core/column.h"
#include "core/log.h"
#include "core/text.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/tools.h"

enum {
    LONGEST_REST = 1000,
    SPOKEN_MS = 65, /* of a character of speech, about */
    BYTES_PER_MS = 8,
};

static const struct {
    const char *command, *tool, *argument;
} known[] = {
    {"end_call", "end_call", "reason"},
    {"press", "press_digits", "digits"},
    {"transfer", "transfer_call", "target"},
    {"request_user", "request_user", "question"},
};

void said_command(void *with, const char *name, const char *value)
{
    struct live *live = with;
    struct text arguments = {.arena = &live->scratch};
    char ref[ID_SIZE];

    for (size_t i = 0; i < COUNT(known); i++) {
        if (strcmp(known[i].command, name) != 0)
            continue;
        snprintf(ref, sizeof ref, "command_%u", ++live->said.count);
        text_put(&arguments, "{");
        if (*value) {
            text_add(&arguments, "\"%s\":", known[i].argument);
            text_json(&arguments, value);
        }
        text_put(&arguments, "}");
        tool_command(live, known[i].tool, ref, arguments.at);
        return;
    }
    log_info(&live->work, "command.unknown", "length=%zu", strlen(name));
}

/* ---- the model's own voice ---- */

static void begin_item(struct live *live, const char *item)
{
    struct said_commands *said = &live->said;

    if (strcmp(said->item, item) == 0)
        return;
    snprintf(said->item, sizeof said->item, "%s", item);
    said->filter = (struct bracketed){.length = 0};
    said->is_muted = false;
    said->rest = (struct text){.arena = &live->work.arena};
}

static void keep_rest(struct said_commands *said, const char *words)
{
    if (said->rest.length + strlen(words) <= LONGEST_REST)
        text_put(&said->rest, words);
}

/* Sign by sign, because from the second bracket on nothing more is heard. */
static void take(struct live *live, const char *words, bool is_stale, struct text *heard)
{
    struct said_commands *said = &live->said;

    for (; *words; words++) {
        const char one[] = {*words, '\0'};
        struct text out = {.arena = &live->scratch};

        bracketed_take(&said->filter, one, false, &out, is_stale ? NULL : said_command, live);
        if (said->filter.is_inside)
            said->is_muted = true;
        if (!out.length)
            continue;
        if (said->is_muted)
            keep_rest(said, out.at);
        else
            text_put(heard, out.at);
    }
}

const char *said_words(struct live *live, const char *item, const char *words, bool is_stale)
{
    struct text heard = {.arena = &live->scratch};

    begin_item(live, item);
    if (!live->said.is_muted && !live->said.filter.was_bracket && !strchr(words, '['))
        return words;
    take(live, words, is_stale, &heard);
    return heard.at ? heard.at : "";
}

/* How much of the words had their sound before the item was silenced: whole ones. */
static size_t sounded(const struct said_commands *said, const char *words)
{
    size_t length = strlen(words), most = 0;

    if (strcmp(said->sounding, said->item) == 0)
        most = (size_t)(said->sound_ms / SPOKEN_MS);
    if (most >= length)
        return length;
    while (most > 0 && words[most - 1] != ' ')
        most--;
    return most;
}

/* What the caller has heard of an item with a command; the rest is said now. */
static const char *settle(struct live *live, const char *before, bool is_stale)
{
    struct said_commands *said = &live->said;
    size_t length = sounded(said, before);
    const char *rest = said->rest.at ? said->rest.at : "";
    const char *unsaid = before + length + strspn(before + length, " ");

    if (text_is_blank(unsaid))
        unsaid = rest + strspn(rest, " ");
    else
        unsaid = arena_format(&live->scratch, "%s %s", unsaid, rest + strspn(rest, " "));
    if (!is_stale && !text_is_blank(unsaid))
        mind_say(live, "rest", unsaid);
    return arena_copy(&live->scratch, before, length);
}

const char *said_item_ends(struct live *live, const struct slot *slot, const char *words,
                           bool is_stale)
{
    struct said_commands *said = &live->said;
    struct text before = {.arena = &live->scratch};
    bool is_new = strcmp(said->item, slot->item) != 0;

    if (is_new && !strstr(words, "[["))
        return words;
    begin_item(live, slot->item);
    text_put(&before, is_new || !slot->text.at ? "" : slot->text.at);
    if (is_new)
        take(live, words, is_stale, &before);
    return said->is_muted ? settle(live, before.at, is_stale) : words;
}

bool said_is_heard(struct live *live, const char *item, size_t base64_length)
{
    struct said_commands *said = &live->said;

    if (said->is_muted && strcmp(said->item, item) == 0)
        return false;
    if (strcmp(said->sounding, item) != 0) {
        snprintf(said->sounding, sizeof said->sounding, "%s", item);
        said->sound_ms = 0;
    }
    said->sound_ms += (int64_t)(base64_length / 4 * 3 / BYTES_PER_MS);
    return true;
}
