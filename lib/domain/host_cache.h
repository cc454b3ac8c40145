/*
 * domain/host_cache.h - what the processes of one host know for the time when the store is away
 * (DESIGN 1).
 *
 * One file, SPOOL_DIR/known, of notes under names: each sealed with SECRETS_KEY and bound to its
 * name, which itself stands there as a keyed hash.  It is refreshed by use and replaced by rename;
 * the notes that were not used for longest fall out when it grows beyond its bounds.  It may be
 * removed at any time: it holds nothing that the store does not have, or will not get.
 */
#ifndef DOMAIN_HOST_CACHE_H
#define DOMAIN_HOST_CACHE_H

#include "core/work.h"

enum {
    HOST_CACHE_SIZE = 8 * 1024 * 1024,
    HOST_CACHE_NOTES = 4096,
    HOST_CACHE_NOTE = 256 * 1024, /* longer texts are not kept */
    HOST_CACHE_FRESH_MS = 10 * 60 * 1000,
};

/*
 * Keeps a text under a name.  A process that noted the same text less than HOST_CACHE_FRESH_MS ago
 * does nothing.  What cannot be kept is logged and given up: nobody waits for a cache.
 */
void host_cache_put(struct work *work, const char *name, const char *text);

/* The text, in the arena; NULL when there is none, or it was sealed with another key. */
const char *host_cache_get(struct work *work, const char *name);

#endif
