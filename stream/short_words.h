/*
 * stream/short_words.h - what people say while they listen, and what they say to interrupt.
 */
#ifndef STREAM_SHORT_WORDS_H
#define STREAM_SHORT_WORDS_H

#include <stdbool.h>

/* Whether there is any word in a transcript; "(cough)" and "..." are none. */
bool words_are_any(const char *text);

/*
 * Whether somebody only says that they listen: "uh-huh", "yes, okay", "genau".  "language": two
 * letters, or NULL: the words of all languages that we know.
 */
bool words_are_backchannel(const char *text, const char *language);

/* How much of a text, from 0 to 1, are words that stand in another in the same order. */
double words_likeness(const char *text, const char *other);

/* Whether a phrase stands in a text as words of its own, whatever their capitals. */
bool words_hold(const char *text, const char *phrase);

#endif
