/*
 * db/url.h - where a database is, read from DATABASE_URL.
 *
 * mysql://user:password@host:port/name?socket=/run/mysqld/mysqld.sock&ssl-ca=/etc/ssl/ca.pem
 *
 * Every part may be percent-encoded.  Only the name of the database must be there.  A port asks for
 * TCP also where the host is "localhost"; an authority for TLS makes TLS and a certificate that
 * fits the host compulsory.
 */
#ifndef DB_URL_H
#define DB_URL_H

#include <stdbool.h>

#include "core/arena.h"

struct address {
    const char *host, *user, *password; /* NULL where the URL has none */
    const char *name;
    const char *socket, *ssl_ca;
    unsigned port; /* 0 for the usual one */
};

/* False when the URL is malformed or asks for something that we do not know. */
bool url_read(struct arena *arena, const char *url, struct address *address);

#endif
