/*
 * domain/taskrouter/lists.h - lists of TaskRouter's things, with what is looked up beside them.
 *
 * The statements name the table "t".  Computed columns (the names of activities, queues, …) are
 * read along.
 */
#ifndef DOMAIN_TASKROUTER_LISTS_H
#define DOMAIN_TASKROUTER_LISTS_H

#include "core/text.h"
#include "db/store.h"

/* What a column that is not stored in the table is read as. */
struct tr_lookup {
    const char *column, *sql;
};

/* A list under construction; begin with tr_list_begin(). */
struct tr_list {
    const struct entity *entity;
    struct text sql;
    struct param params[24];
    size_t nparams;
    const char *order; /* "t.priority DESC, "; NULL: by key alone */
    /* Whether a row belongs to the list; NULL: every row the statement found does. */
    bool (*matches)(struct work *work, const void *row, void *with);
    void *with;
};

void tr_list_begin(struct work *work, struct tr_list *list, const struct entity *entity,
                   const struct tr_lookup *lookups, size_t nlookups);

/* A condition with one question mark; "value" must live until the list was read. */
void tr_list_where(struct tr_list *list, const char *condition, struct param value);

/* A condition of its own. */
void tr_list_only(struct tr_list *list, const char *condition);

/* A name by which clients may order a list, and its column. */
struct tr_ordering {
    const char *name, *column;
};

/*
 * Reads "Priority:desc,DateCreated:asc" (either way may be left out: asc) into "t.priority DESC,
 * t.created_at ASC, ".  NULL and empty answer NULL.  INVALID blaming "ordering".
 */
bool tr_ordering_read(struct work *work, const char *text, const struct tr_ordering *names,
                      size_t nnames, const char **sql);

/*
 * Reads a page: page->size, skip, before_id, oldest_first and more count.  An order of its own and
 * "matches" go with skip; before_id goes with the order of keys.
 */
bool tr_list_read(struct work *work, struct tr_list *list, struct page *page, struct rows *rows);

/* The one row of that key (and the conditions added so far); NOT_FOUND. */
bool tr_list_get(struct work *work, struct tr_list *list, uid id, void *row);

#endif
