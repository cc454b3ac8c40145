/*
 * remote/http_url.h - what a reference in a document means (RFC 3986).
 */
#ifndef REMOTE_HTTP_URL_H
#define REMOTE_HTTP_URL_H

#include "core/arena.h"

/*
 * The absolute URL of a reference in a document that came from "base" (NULL: only absolute ones
 * are understood), in the arena.  One that is absolute stays as it was written, but for blanks
 * around it.  NULL when it is no URL.  Any scheme with "//" is one.
 */
char *http_url_join(struct arena *arena, const char *base, const char *reference);

#endif
