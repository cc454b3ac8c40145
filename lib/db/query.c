#include "db/query.h"

#include <stdlib.h>

#include "db/store.h"

void query_value(struct query *query, const char *sql, enum type type, const void *value)
{
    if (query->nparams == MAX_PARAMS)
        abort();
    text_put(&query->sql, sql);
    query->params[query->nparams++] = (struct param){type, value};
}

void query_tenant(struct query *query, const struct work *work)
{
    query_value(query, "tenant_id = ?", INTEGER, &work->tenant);
}

void query_like(struct query *query, const struct entity *entity, columns like, const void *row)
{
    for (size_t i = ID; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];
        const void *cell = cell_of(column, row);

        if (!columns_has(like, i))
            continue;
        text_add(&query->sql, " AND %s", column->name);
        if (cell_is_none(column->type, cell))
            text_put(&query->sql, " IS NULL");
        else
            query_value(query, " = ?", column->type, cell);
    }
}

void query_select(struct query *query, struct work *work, const struct entity *entity, columns like,
                  const void *row)
{
    text_add(&query->sql, "SELECT %s FROM %s WHERE ", store_names(work, entity, NULL),
             entity->table);
    query_tenant(query, work);
    query_like(query, entity, like, row);
}
