/*
 * domain/taskrouter/checks.h - what TaskRouter's things have in common when they are written.
 *
 * Each check is true, or records why not: INVALID blaming the field, unless something else is said.
 */
#ifndef DOMAIN_TASKROUTER_CHECKS_H
#define DOMAIN_TASKROUTER_CHECKS_H

#include "db/store.h"

/* PRECONDITION unless the revision is the one that is asked for (NO_INTEGER: any). */
bool tr_check_rev(struct work *work, int64_t rev, int64_t if_rev);

/* NULL or empty, or a URL that a tenant may give (remote/guard.h) of at most 500 bytes. */
bool tr_check_url(struct work *work, const char *field, const char *url);

/* A friendly name: not empty, at most "most" characters. */
bool tr_check_name(struct work *work, const char *name, int most);

/* FIFO or LIFO. */
bool tr_check_fifo(struct work *work, const char *field, const char *order);

bool tr_check_number(struct work *work, const char *field, int64_t number, int64_t least,
                     int64_t most);

/* A JSON object of at most TR_ATTRIBUTES_LONGEST characters. */
bool tr_check_attributes(struct work *work, const char *attributes);

/* An activity of the workspace, or none (NO_UID). */
bool tr_check_activity(struct work *work, uid workspace, const char *field, uid activity);

/* LIMIT_REACHED when the workspace has "most" rows of an entity. */
bool tr_check_room(struct work *work, const struct entity *entity, uid workspace, int64_t most);

/* Copies the given columns of one row to another. */
void tr_row_merge(const struct entity *entity, void *row, const void *wanted, columns given);

/* Whether the set has the member's column: TR_GIVEN(given, tr_worker, attributes). */
#define TR_GIVEN(given, record, member)                                                            \
    columns_have((given), &record##_entity, offsetof(struct record, member))

/* The set of one member's column. */
#define TR_WITH(given, record, member)                                                             \
    columns_add((given), &record##_entity, offsetof(struct record, member))

/* Whether a statement with the parameters tenant, workspace and key counts more than none. */
bool tr_any(struct work *work, const char *sql, uid workspace, uid id, bool *any);

#endif
