/*
 * stream/seen.h - which events were seen lately, so that one that comes on two ways is told once.
 *
 * It remembers at least the last "size" keys and at most twice as many, in memory of that measure.
 */
#ifndef STREAM_SEEN_H
#define STREAM_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/uid.h"

struct seen;

/* Remembers nothing yet; given back with seen_free(), which takes NULL too. */
struct seen *seen_new(size_t size);
void seen_free(struct seen *seen);

/* Whether it was seen already; from now on it was. */
bool seen_before(struct seen *seen, uid id);

/* Whether it was seen already; asking changes nothing. */
bool seen_has(const struct seen *seen, uid id);

#endif
