/*
 * stream/wording.h - a chat model's text, piece by piece, as words that can be spoken.
 *
 * Whole words are passed on as soon as they are there.  Marks of Markdown go, of links their text
 * is left, of bare addresses the host; commands in double brackets are never spoken but told.
 */
#ifndef STREAM_WORDING_H
#define STREAM_WORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"

enum { WORDING_HELD = 1024, COMMAND_SIZE = 400 };

struct wording {
    char held[WORDING_HELD]; /* what may still become something else */
    size_t length;
    bool in_line; /* something of this line was passed on */
};

/* "[[press:12#]]" is "press" and "12#". */
typedef void wording_command(void *with, const char *name, const char *value);

/* Adds a piece; what can be spoken now is added to "out".  "last": nothing follows. */
void wording_take(struct wording *wording, const char *piece, bool last, struct text *out,
                  wording_command *command, void *with);

#endif
