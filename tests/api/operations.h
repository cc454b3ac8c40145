/*
 * api/operations.h - the operations of every documented API, as its document tells of them, and how
 * each is asked: with which ids in its path, its query and its body.
 *
 * What the documents do not show (older paths, what the carrier posts) is found in the tables of
 * routes.  So a new operation is asked as soon as it is there.
 */
#ifndef API_OPERATIONS_H
#define API_OPERATIONS_H

#include "api/tenancies.h"

struct operation {
    const char *api, *method, *path; /* upper case; with its names in braces */
    json_object *whole, *of;         /* the document; what it says of this one */
};

extern const char *const api_names[]; /* kwickphone, stateset, twilio, phony */
enum { API_NAMES = 4 };

/* Theirs is not to be seen by who asks; ours is his own. */
struct pair {
    struct tenancy theirs, ours;
};

typedef void look(const struct operation *one, const struct pair *pair);

/* Shows each operation of a document; answers of how many. */
size_t operations_each(const char *api, const struct pair *pair, look *see);

/* Shows each older path of an API that somebody must prove himself for, as the operation it is. */
size_t operations_each_alias(const char *api, const struct pair *pair, look *see);

/* Nobody has to prove himself; it is served by the daemon; it is the operator's. */
bool operation_is_open(const struct operation *one);
bool operation_is_daemons(const struct operation *one);
bool operation_is_operators(const struct operation *one);

/* The path with ids; containers are "around", all else is "inside"; how many of them there are. */
const char *operation_path(const struct operation *one, const struct tenancy *around,
                           const struct tenancy *inside, size_t *arounds, size_t *insides);

/* What an operation needs to be asked at all, and every id that it would take: that tenant's. */
const char *operation_body(const struct operation *one, const struct tenancy *tenancy, size_t *ids);

/*
 * Of the ids that query and body may name the one of that number is theirs, everything else ours.
 * "name" is what it is called, NULL when there is none of that number; "id" its value.
 */
struct foreign_id {
    const char *name, *id;
    const char *query, *body; /* "?agent_id=…" or ""; NULL: no body */
};
struct foreign_id operation_with_foreign(const struct operation *one, const struct pair *pair,
                                         int number);

/* The credential that an API takes of a tenant, as a header's line. */
const char *credential_for(const char *api, const struct tenancy *tenancy);

struct reply operation_ask(const struct operation *one, const char *path, const char *body,
                           const char *credential);

#endif
