#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "db/connection.h"
#include "db/moment.h"

static void bind_slot(struct slot *slot, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){
        .buffer = &slot->value,
        .length = &slot->length,
        .is_null = &slot->is_null,
        .error = &slot->error,
    };
    switch (slot->column->type) {
    case INTEGER:
    case BOOLEAN:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        break;
    case REAL:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        break;
    case INSTANT:
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        break;
    case UID:
        bind->buffer_type = MYSQL_TYPE_BLOB;
        bind->buffer_length = sizeof slot->value.key;
        break;
    case TEXT:
    case DOCUMENT:
    case BYTES: /* fetched one by one, when their lengths are known */
        bind->buffer_type = MYSQL_TYPE_BLOB;
        break;
    }
}

/* Finds the member of every result column; done once for a statement that is kept. */
static void match_columns(struct work *work, struct statement *statement,
                          const struct entity *entity)
{
    unsigned ncolumns = mysql_stmt_field_count(statement->stmt);
    MYSQL_RES *about = mysql_stmt_result_metadata(statement->stmt);

    free(statement->slots);
    free(statement->binds);
    statement->slots = calloc(ncolumns + 1, sizeof *statement->slots);
    statement->binds = calloc(ncolumns + 1, sizeof *statement->binds);
    if (!about || !statement->slots || !statement->binds)
        abort();
    for (unsigned i = 0; i < ncolumns; i++) {
        const char *name = mysql_fetch_field_direct(about, i)->name;

        statement->slots[i].column = column_named(entity, name, strlen(name));
        if (!statement->slots[i].column) {
            log_error(work, "db.mistake", "%s has no column %s sql=\"%s\"", entity->name, name,
                      statement->sql);
            abort();
        }
        bind_slot(&statement->slots[i], &statement->binds[i]);
    }
    mysql_free_result(about);
    statement->entity = entity;
    statement->ncolumns = ncolumns;
}

/* A text of whatever length, with a NUL behind it that does not count. */
static char *take_bytes(struct arena *arena, MYSQL_STMT *stmt, unsigned index, unsigned long length)
{
    char *at = arena_take(arena, 1, length + 1);
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_BLOB, .buffer = at, .buffer_length = length};

    if (length && mysql_stmt_fetch_column(stmt, &bind, index, 0) != 0)
        return NULL;
    return at;
}

static bool take_long_slot(struct arena *arena, MYSQL_STMT *stmt, unsigned index,
                           const struct slot *slot, void *cell)
{
    char *at = take_bytes(arena, stmt, index, slot->length);

    if (slot->column->type == TEXT)
        *(const char **)cell = at;
    else if (slot->column->type == DOCUMENT)
        *(document *)cell = (document){at};
    else
        *(bytes *)cell = (bytes){(unsigned char *)at, slot->length};
    return at;
}

/* Puts one value of the fetched row into its member; false when the driver failed. */
static bool take_slot(struct arena *arena, MYSQL_STMT *stmt, unsigned index,
                      const struct slot *slot, void *row)
{
    void *cell = cell_of(slot->column, row);

    if (slot->is_null)
        return true;
    switch (slot->column->type) {
    case INTEGER:
        *(int64_t *)cell = slot->value.integer;
        return true;
    case BOOLEAN:
        *(bool *)cell = slot->value.integer != 0;
        return true;
    case REAL:
        *(double *)cell = slot->value.real;
        return true;
    case INSTANT:
        *(instant *)cell = moment_to_instant(&slot->value.time);
        return true;
    case UID:
        if (slot->length == sizeof slot->value.key)
            memcpy(((uid *)cell)->bytes, slot->value.key, sizeof slot->value.key);
        return true;
    default:
        return take_long_slot(arena, stmt, index, slot, cell);
    }
}

/* Members that the statement does not read are set to nothing. */
static bool take_row(struct work *work, const struct statement *statement, void *row)
{
    int rc = mysql_stmt_fetch(statement->stmt);

    if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
        return false;
    row_clear(statement->entity, row);
    for (unsigned i = 0; i < statement->ncolumns; i++)
        if (!take_slot(&work->arena, statement->stmt, i, &statement->slots[i], row))
            return false;
    return true;
}

static bool take_rows(struct work *work, struct statement *statement, struct rows *rows)
{
    size_t nrows = mysql_stmt_num_rows(statement->stmt);
    char *row = arena_take(&work->arena, statement->entity->size, nrows);

    *rows = (struct rows){.at = row};
    if (mysql_stmt_bind_result(statement->stmt, statement->binds) != 0)
        return false;
    for (; rows->count < nrows; rows->count++, row += statement->entity->size)
        if (!take_row(work, statement, row))
            return false;
    return true;
}

bool read_rows(struct work *work, struct statement *statement, const struct entity *entity,
               struct rows *rows)
{
    bool ok;

    if (statement->entity != entity ||
        statement->ncolumns != mysql_stmt_field_count(statement->stmt))
        match_columns(work, statement, entity);
    ok = take_rows(work, statement, rows);
    if (!ok)
        db_fail(work, mysql_stmt_errno(statement->stmt), mysql_stmt_error(statement->stmt),
                statement->sql);
    mysql_stmt_free_result(statement->stmt);
    return ok;
}
