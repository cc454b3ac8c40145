/*
 * domain/remote_address.h - where a request came from and with what, as columns keep it.
 */
#ifndef DOMAIN_REMOTE_ADDRESS_H
#define DOMAIN_REMOTE_ADDRESS_H

#include "core/arena.h"

/* The address as a column INET6 takes it ("::ffff:203.0.113.7"); NULL when it is none. */
const char *remote_address_text(struct arena *arena, const char *ip);

/* The same as people write it; NULL stays NULL. */
const char *remote_address_plain(const char *stored);

/* At most "most" bytes of a text, whole characters of UTF-8 only; NULL stays NULL. */
const char *cut_text(struct arena *arena, const char *text, size_t most);

#endif
