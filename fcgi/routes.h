/*
 * fcgi/routes.h - the rows of all dialects, sorted and cut into segments once at start.
 *
 * A few hundred rows are compared one after the other in about a microsecond, so there is no tree
 * to understand.  Where one row has a literal and another a {name}, the literal stands first.
 */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include "fcgi/dialect.h"

/* "{Sid}.json": a name and what follows it; a literal has no name. */
struct segment {
    const char *name;
    const char *rest; /* of a literal: all of it */
};

struct row {
    const struct route *route;
    const char *method;
    struct segment segments[MAX_SEGMENTS];
    size_t nsegments;
};

/* The sorted rows of one dialect. */
struct table {
    const struct dialect *dialect;
    struct row *rows;
    size_t count;
};

/* The table of a dialect; its rows are sorted on first demand. */
const struct table *routes_of(const struct dialect *dialect);

/* All dialects in force, for documents: dialects[] unless a test set its own. */
const struct dialect *const *routes_dialects(size_t *count);

/*
 * Finds the row that answers the request and sets route and path_values.  NOT_FOUND when no row has
 * that path; NOT_ALLOWED, with the header Allow set, when rows have it under other methods.
 */
bool route_find(struct request *req);

/* The methods that the request's path answers, "GET, HEAD, POST"; "" when it is unknown. */
const char *route_methods(struct request *req);

#endif
