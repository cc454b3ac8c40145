/*
 * stream/scan.h - finds members in the bytes of a JSON message without making a tree of it.
 *
 * For the messages that come fifty times a second.  It reads no further than it must, so it is no
 * check that the rest of the message is JSON.  Works in place; nothing is copied or unescaped.
 */
#ifndef STREAM_SCAN_H
#define STREAM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *at; /* NULL: not there */
    size_t length;
};

/* A member that is looked for, and its value when it was found. */
struct member {
    const char *name;
    struct slice value; /* of a string what stands between its quotes, else the whole value */
    char kind;          /* the first byte of the value: '"', '{', '[', a digit, … */
};

/*
 * Looks through the object that the text is for each of "wanted", and stops as soon as all are
 * found; of a name that stands twice the first counts.  False when the text, as far as it was
 * read, is no object.
 */
bool scan_members(const char *text, size_t length, struct member *wanted, size_t count);

static inline bool slice_is(struct slice slice, const char *text)
{
    return slice.at && slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

/* Copies a string's content; false when it is not there, too long, or holds an escape. */
bool slice_copy(struct slice slice, char *text, size_t size);

/* The number that the content is ("20", 20), or "fallback". */
long long slice_number(struct slice slice, long long fallback);

#endif
