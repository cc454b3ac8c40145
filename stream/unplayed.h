/*
 * stream/unplayed.h - the agent's audio, kept until it was heard.
 *
 * An agent that goes on after a false interruption has to say again what the carrier was told to
 * forget.  Only agents whose interruptions are judged keep it; it is µ-law, bounded, and an item's
 * is let go of when it was heard to its end.
 */
#ifndef STREAM_UNPLAYED_H
#define STREAM_UNPLAYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/playback.h"
#include "stream/scan.h"

enum { UNPLAYED_MOST = 200 * 8000 }; /* bytes: the longest answer that a model gives */

/* An item of the conversation with its audio from its beginning. */
struct unplayed_item {
    struct unplayed_item *next;
    char item[ID_SIZE], response[ID_SIZE];
    int64_t content_index;
    unsigned char *bytes;
    size_t count, room;
    bool is_over; /* no more of it comes */
};

struct unplayed {
    struct unplayed_item *first;
    size_t total;
};

/* Adds base64 audio, already checked.  What finds no room is not kept. */
void unplayed_add(struct unplayed *unplayed, const char *item, const char *response,
                  int64_t content_index, struct slice audio);

/* No more audio of an item comes. */
void unplayed_end(struct unplayed *unplayed, const char *item);

/* What is kept of an item; NULL: nothing. */
struct unplayed_item *unplayed_find(const struct unplayed *unplayed, const char *item);

/* Lets go of what is over and no longer in the playback. */
void unplayed_trim(struct unplayed *unplayed, const struct playback *playback);

/* Lets go of all of it. */
void unplayed_free(struct unplayed *unplayed);

#endif
