/*
 * core/text.h - a text that grows, in an arena; answers, SQL and documents are written with it.
 *
 * Begin with {.arena = arena} and read it at "at"; there is always a NUL behind the last byte once
 * something was added.  Growing cannot fail.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

struct text {
    struct arena *arena;
    char *at;
    size_t length, room;
};

/* Adds what printf would write. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds bytes as they are. */
void text_bytes(struct text *text, const char *bytes, size_t length);

/* Adds a NUL-ended text as it is. */
void text_put(struct text *text, const char *more);

/* Adds one byte as it is; and a number in decimal digits. */
void text_char(struct text *text, char c);

void text_integer(struct text *text, int64_t value);

/* Adds a JSON string with its quotes; NULL becomes null. Bytes that are no UTF-8 become U+FFFD. */
void text_json(struct text *text, const char *value);
void text_json_bytes(struct text *text, const char *value, size_t length);

/* Adds a JSON number of a double: shortest form that reads back equal; NaN and infinity as null. */
void text_real(struct text *text, double value);

/* Adds text escaped for XML content and attributes; control characters that XML forbids go. */
void text_xml(struct text *text, const char *value);

/* Adds an XML attribute and the blank before it: name="value"; nothing when the value is NULL. */
void text_attribute(struct text *text, const char *name, const char *value);

/* Adds text percent-encoded as RFC 3986 wants it in a query or a form. */
void text_url(struct text *text, const char *value);

/* Adds ,"name":"value" to a JSON object that is being written; nothing when the value is NULL. */
void text_member(struct text *text, const char *name, const char *value);

/* Whether two texts are the same; NULL is the same as none. */
bool text_is(const char *text, const char *other);

/* Whether there is nothing to be seen in a text: NULL, empty, or blanks and ends of lines. */
bool text_is_blank(const char *text);

/* How many characters of UTF-8 a text has. */
size_t text_characters(const char *text);

/* How many bytes of well-formed UTF-8 (one character) begin here; 0 when there is none. */
size_t text_utf8(const char *at, size_t left);

/* Makes room for "more" bytes behind the end and returns where they go; add them to "length". */
char *text_room(struct text *text, size_t more);

#endif
