#include "db/store.h"

#include <string.h>

#include "db/query.h"

const char *store_names(struct work *work, const struct entity *entity, const char *alias)
{
    struct text names = {.arena = &work->arena};

    for (size_t i = 0; i < entity->ncolumns; i++)
        if (!entity->columns[i].computed)
            text_add(&names, "%s%s%s%s", names.length ? ", " : "", alias ? alias : "",
                     alias ? "." : "", entity->columns[i].name);
    return names.at;
}

bool store_find(struct work *work, const struct entity *entity, const void *like_row, columns like,
                void *row)
{
    struct query query = {.sql.arena = &work->arena};

    query_select(&query, work, entity, like, like_row);
    text_put(&query.sql, " LIMIT 1");
    return db_find(work, query.sql.at, query.params, query.nparams, entity, row);
}

bool store_get(struct work *work, const struct entity *entity, uid id, void *row)
{
    struct query query = {.sql.arena = &work->arena};

    query_select(&query, work, entity, NO_COLUMNS, NULL);
    query_value(&query, " AND id = ?", UID, &id);
    return db_find(work, query.sql.at, query.params, query.nparams, entity, row);
}

/* What the store itself writes into columns that many tables have. */
struct stamp {
    instant now;
    int64_t rev;
};

/*
 * Finds the value for a new row's column: the store's own for some, otherwise the row's if it is
 * given.  False when the column is left to the table.
 */
static bool value_for_insert(const struct work *work, const struct entity *entity, const void *row,
                             columns given, size_t index, const struct stamp *stamp,
                             const void **value)
{
    const struct column *column = &entity->columns[index];
    bool is_given = index == ID || columns_has(given, index);
    bool is_stamped =
        strcmp(column->name, "created_at") == 0 || strcmp(column->name, "updated_at") == 0;

    *value = cell_of(column, row);
    if (index == TENANT_ID)
        *value = &work->tenant;
    else if (strcmp(column->name, "rev") == 0)
        *value = &stamp->rev;
    else if (is_stamped && !is_given)
        *value = &stamp->now;
    else
        return is_given && !column->computed;
    return true;
}

/* Says which thing is there already; the driver's error does not know its name. */
static bool name_conflict(struct work *work, const struct entity *entity)
{
    if (work->error.what == CONFLICT)
        fail(work, CONFLICT, "The %s exists already", entity->name);
    return false;
}

bool store_insert(struct work *work, const struct entity *entity, const void *row, columns given)
{
    struct query query = {.sql.arena = &work->arena};
    struct text marks = {.arena = &work->arena};
    struct stamp stamp = {clock_now(), 1};

    text_add(&query.sql, "INSERT INTO %s ", entity->table);
    for (size_t i = 0; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];
        const void *value;

        if (!value_for_insert(work, entity, row, given, i, &stamp, &value))
            continue;
        text_put(&query.sql, query.nparams ? ", " : "(");
        text_put(&marks, query.nparams ? ", ?" : "?");
        query_value(&query, column->name, column->type, value);
    }
    text_add(&query.sql, ") VALUES (%s)", marks.at);
    return db_execute(work, query.sql.at, query.params, query.nparams, NULL) ||
           name_conflict(work, entity);
}

/* "name = ?" for every given column; the store's own columns change with every row. */
static void add_changes(struct query *query, const struct entity *entity, const void *row,
                        columns given, const struct stamp *stamp)
{
    for (size_t i = ID + 1; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];

        if (column->computed)
            continue;
        if (strcmp(column->name, "updated_at") == 0) {
            query_value(query, "updated_at = ?, ", INSTANT, &stamp->now);
        } else if (strcmp(column->name, "rev") == 0) {
            query_value(query, "rev = rev + ?, ", INTEGER, &stamp->rev);
        } else if (columns_has(given, i)) {
            text_put(&query->sql, column->name);
            query_value(query, " = ?, ", column->type, cell_of(column, row));
        }
    }
}

/* Runs a statement about one row that is there or is not. */
static bool execute_on_one(struct work *work, const struct entity *entity, struct query *query)
{
    uint64_t changed;

    if (!db_execute(work, query->sql.at, query->params, query->nparams, &changed))
        return name_conflict(work, entity);
    return changed || fail(work, NOT_FOUND, "The %s does not exist", entity->name);
}

bool store_update(struct work *work, const struct entity *entity, const void *row, columns given)
{
    struct query query = {.sql.arena = &work->arena};
    struct stamp stamp = {clock_now(), 1};

    text_add(&query.sql, "UPDATE %s SET ", entity->table);
    add_changes(&query, entity, row, given, &stamp);
    text_put(&query.sql, "id = id WHERE "); /* there may be nothing else to set */
    query_tenant(&query, work);
    query_like(&query, entity, columns_with(NO_COLUMNS, ID), row);
    return execute_on_one(work, entity, &query);
}

bool store_delete(struct work *work, const struct entity *entity, uid id)
{
    struct query query = {.sql.arena = &work->arena};

    text_add(&query.sql, "DELETE FROM %s WHERE ", entity->table);
    query_tenant(&query, work);
    query_value(&query, " AND id = ?", UID, &id);
    return execute_on_one(work, entity, &query);
}
