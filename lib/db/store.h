/*
 * db/store.h - statements that are alike for every entity, built from its columns.
 *
 * Only names that stand in the program reach the text of a statement.  Every statement names the
 * tenant: the row's own tenant_id is ignored in favour of the work's.  A row of another tenant does
 * not exist: NOT_FOUND.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include "db/db.h"

/* Reads the row that equals "row" in the columns "like" (and the tenant); NOT_FOUND when none. */
bool store_find(struct work *work, const struct entity *entity, const void *like_row, columns like,
                void *row);

/* The row of that key. */
bool store_get(struct work *work, const struct entity *entity, uid id, void *row);

/*
 * Writes a new row with the columns "given"; tenant_id is the work's, created_at and updated_at the
 * clock's where the entity has them and they are not given, rev 1.  CONFLICT when a unique key
 * stands against it.
 */
bool store_insert(struct work *work, const struct entity *entity, const void *row, columns given);

/*
 * Changes the row of row->id in the columns "given"; sets updated_at, adds one to rev.  NOT_FOUND
 * when there is no such row.
 */
bool store_update(struct work *work, const struct entity *entity, const void *row, columns given);

/* Removes the row of that key; NOT_FOUND when there is none. */
bool store_delete(struct work *work, const struct entity *entity, uid id);

/* How a list is asked for. */
struct page {
    size_t size;       /* rows at most */
    size_t skip;       /* rows to pass over, for dialects that page by offset */
    const char *order; /* column the list is ordered by, newest first; NULL: the key */
    bool oldest_first;
    instant before_time; /* keyset: rows before (order column, id); NO_INSTANT: from the start */
    uid before_id;
    const char *where;          /* one further condition from the program, NULL for none … */
    const struct param *params; /* … and its parameters */
    size_t nparams;
    bool more; /* answered: whether rows are left behind this page */
};

/* Rows that equal "row" in the columns "like", a page of them, newest first unless said. */
bool store_list(struct work *work, const struct entity *entity, const void *like_row, columns like,
                struct page *page, struct rows *rows);

/* How many rows equal "row" in the columns "like"; counts no further than "limit". */
bool store_count(struct work *work, const struct entity *entity, const void *like_row, columns like,
                 int64_t limit, int64_t *count);

/* "a, b, c": the names of the entity's columns for a statement, in the arena; alias may be NULL. */
const char *store_names(struct work *work, const struct entity *entity, const char *alias);

#endif
