#include "stream/seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Two tables with open addressing: one is filled, the older one is only asked. */
struct seen {
    size_t size, room, count; /* room: a power of two, at least twice the size */
    uid *young, *old;
};

struct seen *seen_new(size_t size)
{
    struct seen *seen = calloc(1, sizeof *seen);
    size_t room = 2;

    while (room < 2 * size)
        room *= 2;
    if (!seen)
        abort();
    seen->size = size;
    seen->room = room;
    seen->young = calloc(room, sizeof *seen->young);
    seen->old = calloc(room, sizeof *seen->old);
    if (!seen->young || !seen->old)
        abort();
    return seen;
}

void seen_free(struct seen *seen)
{
    if (!seen)
        return;
    free(seen->young);
    free(seen->old);
    free(seen);
}

/* The place of a key, or the free one where it would stand.  Its last bytes are random. */
static uid *place_of(const struct seen *seen, uid *table, uid id)
{
    uint64_t hash;
    size_t at;

    memcpy(&hash, id.bytes + sizeof id.bytes - sizeof hash, sizeof hash);
    for (at = (size_t)(hash * 0x9e3779b97f4a7c15u >> 20) & (seen->room - 1);
         !uid_is_none(table[at]) && !uid_equal(table[at], id); at = (at + 1) & (seen->room - 1))
        ;
    return &table[at];
}

bool seen_has(const struct seen *seen, uid id)
{
    return uid_equal(*place_of(seen, seen->young, id), id) ||
           uid_equal(*place_of(seen, seen->old, id), id);
}

bool seen_before(struct seen *seen, uid id)
{
    uid *place = place_of(seen, seen->young, id);

    if (seen_has(seen, id))
        return true;
    *place = id;
    if (++seen->count == seen->size) {
        uid *old = seen->old;

        seen->old = seen->young;
        seen->young = old;
        memset(old, 0, seen->room * sizeof *old);
        seen->count = 0;
    }
    return false;
}
