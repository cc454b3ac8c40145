/*
 * stream/bracketed.h - commands that a model writes between its words, "[[press:1]]", taken out of
 * them piece by piece (semantics.md 4.3).
 *
 * What stands in double brackets is never passed on, whether it is a command or not, and neither is
 * a bracket that is not closed by the end.  Everything else is passed on as it is, at once.
 */
#ifndef STREAM_BRACKETED_H
#define STREAM_BRACKETED_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/wording.h"

struct bracketed {
    char held[COMMAND_SIZE]; /* of a command whose end is not there yet */
    size_t length;
    bool was_bracket; /* the last sign was one "[", or inside a command one "]" */
    bool is_inside;
};

/* Adds a piece; what of it is not a command goes to "out". "last": nothing follows. */
void bracketed_take(struct bracketed *bracketed, const char *piece, bool last, struct text *out,
                    wording_command *command, void *with);

/*
 * Tells of a command as it stood between its brackets, "press: 12#": a name and a value, "" when
 * there is none, without the spaces around them.  What is too long for one is none.
 */
void bracketed_tell(const char *at, size_t length, wording_command *command, void *with);

#endif
