/*
 * stream/resolver.h - the addresses of hosts, asked for off the loop and kept for a while.
 *
 * The last RESOLVER_HOSTS hosts are remembered, for RESOLVER_KEPT_US; that one has no address, only
 * for RESOLVER_FAILED_US, so that those who try again in a hurry do not queue up behind a name
 * server that does not answer.  That is less than lies between a call's second and third attempt
 * (model.c), so that one failed look-up does not use up all three.  A host whose look-up fails
 * keeps the address that it had last.  Who asks for a host that is being looked up already waits
 * for the same answer.
 */
#ifndef STREAM_RESOLVER_H
#define STREAM_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

enum {
    RESOLVER_HOSTS = 8,
    RESOLVER_KEPT_US = 30 * 1000000,
    RESOLVER_FAILED_US = 300 * 1000,
};

bool resolver_start(const struct config *config);
void resolver_stop(void);

/*
 * Tells "then" the numeric address of a host, or NULL when it has none: at once when the host is a
 * number, was found lately or cannot be asked for; else in a later turn of the loop.
 */
void resolver_find(const char *host, void (*then)(void *with, const char *address), void *with);

/*
 * Nothing could be connected to at that address: the host is asked for anew, and another of its
 * addresses is taken if there is one.  Without effect when another address is known by now.
 */
void resolver_forget(const char *host, const char *address);

/* Every name has this address, for replays; NULL: it is looked up. */
void resolver_pretend(const char *address);

/*
 * Somebody else looks names up, in the helper's thread, for tests; NULL: the system does.  It
 * writes the address, another one than "avoided" if it can, and says whether there is one.
 */
void resolver_look_up_by(bool (*look_up)(const char *host, const char *avoided, char *address,
                                         size_t size));

#endif
