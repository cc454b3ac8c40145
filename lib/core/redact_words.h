/*
 * core/redact_words.h - a text as the words that redact.c looks at; no business of anybody else.
 */
#ifndef CORE_REDACT_WORDS_H
#define CORE_REDACT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"

enum word_kind {
    WORD_OTHER,
    WORD_NUMBER, /* written with digits */
    WORD_SPOKEN, /* "four", "eleven", "forty" */
    WORD_TIMES,  /* "double", "triple" */
    WORD_FILLER, /* "uh": may stand between digits */
};

/* Letters and digits without anything between them. */
struct word {
    enum word_kind kind;
    size_t at, length; /* in the text */
    const char *value; /* of a spoken one its digits, of a number the text; else NULL */
    size_t count;      /* of digits in "value"; of WORD_TIMES how often */
};

/* All words of a text, in the arena. */
struct word *words_of_text(struct arena *arena, const char *text, size_t *count);

/* Whether two words behind one another may belong to one number: little stands between them. */
bool words_touch(const char *text, const struct word *left, const struct word *right);

#endif
