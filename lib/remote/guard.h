/*
 * remote/guard.h - keeps addresses that tenants give us off our own network.
 *
 * A URL of a tenant is looked at twice: when it is stored, for its form, and when it is connected
 * to, by the address really connected to, so that a name that resolves differently the second time
 * gains nothing.  ALLOW_PRIVATE_URLS opens private addresses: "no", "yes" (tests and closed
 * networks only), or a list of origins ("http://127.0.0.1:9003, https://intranet.example") that
 * are allowed by name; a listed origin may also be plain http.
 */
#ifndef REMOTE_GUARD_H
#define REMOTE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/work.h"

/*
 * Whether an address belongs to the public internet: not loopback, private, link-local, shared
 * (RFC 6598), documentation, multicast, reserved or unspecified, nor an IPv6 form of such an IPv4
 * address.
 */
bool guard_is_public(const struct sockaddr *address);

/* Whether the configuration opens private addresses for the origin of this URL. */
bool guard_is_allowed(const char *allow_private_urls, const char *url);

/*
 * Checks a tenant's URL before it is stored: https (or an allowed origin), a host, no user or
 * password, no fragment, at most "max" bytes, and no address of our own network written as such.
 * INVALID blaming "field".
 */
bool guard_check_url(struct work *work, const char *field, const char *url, size_t max);

/* The same where plain http will do as well, as it does where a client comes from. */
bool guard_check_web_url(struct work *work, const char *field, const char *url, size_t max);

#endif
