/*
 * api/tenancies.h - two tenants beside each other: one who has something of everything, one who
 * tries to get at it, and how the ids of what the first one has are spelled in paths and bodies.
 */
#ifndef API_TENANCIES_H
#define API_TENANCIES_H

#include "api/twilio/sdk.h"

/* Stands in everything of the first tenant's that has a name. */
#define MARK "Marigold"
#define CALLER "+13125550377"

/* A tenant with a key of every kind. */
struct tenancy {
    struct customer customer;
    struct account account;
    const char *phony;
};

/* The first tenant, who has something of everything, and everything is at rest. */
struct tenancy first_tenant(void);

/* The second one, who has a number as well. */
struct tenancy second_tenant(void);

enum id_spelling { PLAIN, DASHED, SID };

/* A name in a path or a body, and the row of the tenant's that it is filled from. */
struct source {
    const char *name, *behind; /* as documented; what precedes it in the path, NULL: anything */
    enum id_spelling spelling;
    const char *prefix; /* of a SID */
    const char *value, *table;
};
extern const struct source sources[];
extern const size_t sources_count;

/* The row for a name that stands behind a path's beginning ("": in a body); NULL: none. */
const struct source *source_of(const char *name, const char *path);

/* The id as it is written; fails the test when the tenant has no such thing. */
const char *value_of(const struct source *source, const struct tenancy *tenancy);

/*
 * What an answer holds of that tenant's that nobody sent; NULL: nothing.  What "alike" (NULL: no
 * one) has under the same name says nothing.
 */
const char *leak_in(const struct reply *reply, const char *sent, const struct tenancy *theirs,
                    const struct tenancy *alike);

/* Counts all that the tenant has, and fails the test when that has changed since by "what". */
void census_begin(const struct tenancy *theirs);
void nothing_changed(const char *what);

#endif
