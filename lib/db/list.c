#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "db/store.h"

/* The program's own condition, with its values. */
static void add_where(struct query *query, const struct page *page)
{
    if (!page->where)
        return;
    text_add(&query->sql, " AND (%s)", page->where);
    for (size_t i = 0; i < page->nparams; i++)
        query_value(query, "", page->params[i].type, page->params[i].value);
}

/*
 * Only what lies behind the last row of the page before.  The outer bound stands first and alone,
 * so that an index on the order column is entered at the right place.
 */
static void add_bound(struct query *query, const struct page *page)
{
    char beyond = page->oldest_first ? '>' : '<';

    if (uid_is_none(page->before_id) || (page->order && instant_is_none(page->before_time)))
        return;
    if (page->order) {
        text_add(&query->sql, " AND %s %c= ? AND (%s %c ? OR ", page->order, beyond, page->order,
                 beyond);
        query_value(query, "", INSTANT, &page->before_time);
        query_value(query, "", INSTANT, &page->before_time);
    } else {
        text_put(&query->sql, " AND (");
    }
    text_add(&query->sql, "id %c ?)", beyond);
    query_value(query, "", UID, &page->before_id);
}

static void add_order(struct query *query, const struct page *page)
{
    const char *way = page->oldest_first ? "" : " DESC";

    text_put(&query->sql, " ORDER BY ");
    if (page->order)
        text_add(&query->sql, "%s%s, ", page->order, way);
    text_add(&query->sql, "id%s", way);
}

/* A column that the entity lacks would be text from nowhere. */
static void check_order(const struct entity *entity, const struct page *page)
{
    if (page->order && !column_named(entity, page->order, strlen(page->order)))
        abort();
}

bool store_list(struct work *work, const struct entity *entity, const void *like_row, columns like,
                struct page *page, struct rows *rows)
{
    struct query query = {.sql.arena = &work->arena};
    int64_t limit = (int64_t)page->size + 1; /* the row too many tells that there are more */
    int64_t skip = (int64_t)page->skip;

    check_order(entity, page);
    query_select(&query, work, entity, like, like_row);
    add_where(&query, page);
    add_bound(&query, page);
    add_order(&query, page);
    query_value(&query, " LIMIT ?", INTEGER, &limit);
    if (skip)
        query_value(&query, " OFFSET ?", INTEGER, &skip);
    if (!db_select(work, query.sql.at, query.params, query.nparams, entity, rows))
        return false;
    page->more = rows->count > page->size;
    if (page->more)
        rows->count = page->size;
    return true;
}

bool store_count(struct work *work, const struct entity *entity, const void *like_row, columns like,
                 int64_t limit, int64_t *count)
{
    struct query query = {.sql.arena = &work->arena};

    text_add(&query.sql, "SELECT COUNT(*) FROM (SELECT 1 FROM %s WHERE ", entity->table);
    query_tenant(&query, work);
    query_like(&query, entity, like, like_row);
    query_value(&query, " LIMIT ?) AS counted", INTEGER, &limit);
    return db_number(work, query.sql.at, query.params, query.nparams, 0, count);
}
