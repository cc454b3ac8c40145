/*
 * db/query.h - a statement that is put together from the columns of an entity.
 *
 * Private to lib/db.  The values stay where they are until the statement is executed, so whatever
 * is added must live as long as the query.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "core/text.h"
#include "db/db.h"

enum { MAX_PARAMS = 2 * MAX_COLUMNS + 32 };

/* Where tenant_id and id stand in the table of every entity that is stored. */
enum { TENANT_ID, ID };

struct query {
    struct text sql; /* begin with {.sql.arena = arena} */
    struct param params[MAX_PARAMS];
    size_t nparams;
};

/* Adds text with one question mark in it, and the value that belongs there. */
void query_value(struct query *query, const char *sql, enum type type, const void *value);

/* "tenant_id = ?", the work's. */
void query_tenant(struct query *query, const struct work *work);

/* "name = ?" for every column of the set, "name IS NULL" for a cell that holds nothing. */
void query_like(struct query *query, const struct entity *entity, columns like, const void *row);

/* "SELECT a, b, c FROM table WHERE tenant_id = ? AND …" */
void query_select(struct query *query, struct work *work, const struct entity *entity, columns like,
                  const void *row);

#endif
