/*
 * stream/resolver.h - the address of a host, asked for off the loop and kept for a while.
 */
#ifndef STREAM_RESOLVER_H
#define STREAM_RESOLVER_H

#include <stdbool.h>

#include "core/config.h"

bool resolver_start(const struct config *config);
void resolver_stop(void);

/*
 * Tells "then" the numeric address of a host, or NULL when it has none: at once when the host is a
 * number or was asked for lately, else in a later turn of the loop.
 */
void resolver_find(const char *host, void (*then)(void *with, const char *address), void *with);

/* Every name has this address, for replays; NULL: it is looked up. */
void resolver_pretend(const char *address);

#endif
