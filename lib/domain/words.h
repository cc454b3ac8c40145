/*
 * domain/words.h - texts from outside, made to fit a column.
 *
 * What a carrier or a model says may be of any length and in any bytes, and must not make a
 * statement fail.
 */
#ifndef DOMAIN_WORDS_H
#define DOMAIN_WORDS_H

#include <stddef.h>

#include "core/arena.h"

/*
 * The text as an ASCII column takes it: bytes that are not printable become "?", the rest behind
 * "most" is cut. NULL stays NULL, and an empty text becomes NULL.
 */
char *word_ascii(struct arena *arena, const char *text, size_t most);

/*
 * The text as a column of any language takes it: at most "most" characters, what is no UTF-8 and
 * control characters replaced. NULL and empty as above.
 */
char *word_text(struct arena *arena, const char *text, size_t most);

/* A Twilio SID of two letters and 32 hex digits, or NULL when the text is none. */
const char *word_sid(const char *text);

#endif
