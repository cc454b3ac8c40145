/*
 * stream/said_commands.h - commands in what the agent says: [[press:12#]], [[transfer:+1312…]],
 * [[end_call]], [[request_user:May I give a discount?]] (semantics.md 4.3).
 *
 * Each is carried out as the tool that it stands for, when the agent has that tool, and is never
 * spoken.  A chat model's text and a text for another voice pass through a filter before anybody
 * speaks them.  A model that speaks itself tells its words somewhat ahead of their sound: from the
 * sign on that a command begins nothing more of that item is played, and what of its words had no
 * sound by then, before the command and behind it, the model is asked to say anew.
 */
#ifndef STREAM_SAID_COMMANDS_H
#define STREAM_SAID_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"
#include "stream/bracketed.h"
#include "stream/playback.h" /* ID_SIZE */

struct live;
struct slot;

struct said_commands {
    unsigned count;          /* in this call */
    char item[ID_SIZE];      /* of the model's own voice, the one whose words come */
    struct bracketed filter; /* … of those */
    bool is_muted;           /* … a command began in it */
    struct text rest;        /* … and this was said behind it */
    char sounding[ID_SIZE];  /* the item whose audio comes */
    int64_t sound_ms;        /* … and how much of it is played */
};

/* A wording_command with the live as "with": carries it out. */
void said_command(void *live, const char *name, const char *value);

/*
 * Words of an item that the model speaks itself; answers those that the caller hears, in the
 * scratch.  "is_stale": the item is not to be heard any more, and its commands count no longer.
 */
const char *said_words(struct live *live, const char *item, const char *words, bool is_stale);

/*
 * The item is whole: the words of it that the caller hears, all of them when there was no command.
 * What stood behind a command is said now.
 */
const char *said_item_ends(struct live *live, const struct slot *slot, const char *words,
                           bool is_stale);

/* Base64 audio of an item of the model's; false when it is not to be heard. */
bool said_is_heard(struct live *live, const char *item, size_t base64_length);

#endif
