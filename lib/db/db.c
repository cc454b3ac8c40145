#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "db/connection.h"

bool db_select(struct work *work, const char *sql, const struct param *params, size_t nparams,
               const struct entity *entity, struct rows *rows)
{
    struct statement *statement = statement_run(work, sql, params, nparams);

    *rows = (struct rows){0};
    return statement && read_rows(work, statement, entity, rows);
}

bool db_find(struct work *work, const char *sql, const struct param *params, size_t nparams,
             const struct entity *entity, void *row)
{
    struct rows rows;
    bool ok = db_select(work, sql, params, nparams, entity, &rows);

    if (!ok && !error_is_foreign(work->db->last_error))
        return false;
    if (rows.count == 0)
        return fail(work, NOT_FOUND, "The %s does not exist", entity->name);
    memcpy(row, rows.at, entity->size);
    return true;
}

/* Reads the first value of the result; false when the driver failed. */
static bool take_number(MYSQL_STMT *stmt, int64_t none, int64_t *number)
{
    my_bool is_null = 0, error = 0;
    MYSQL_BIND bind = {
        .buffer_type = MYSQL_TYPE_LONGLONG,
        .buffer = number,
        .is_null = &is_null,
        .error = &error,
    };
    int rc;

    if (mysql_stmt_bind_result(stmt, &bind) != 0)
        return false;
    rc = mysql_stmt_fetch(stmt);
    if (rc == MYSQL_NO_DATA || is_null)
        *number = none;
    return rc == 0 || rc == MYSQL_NO_DATA || rc == MYSQL_DATA_TRUNCATED;
}

bool db_number(struct work *work, const char *sql, const struct param *params, size_t nparams,
               int64_t none, int64_t *number)
{
    struct statement *statement = statement_run(work, sql, params, nparams);
    bool ok;

    if (!statement)
        return false;
    if (mysql_stmt_field_count(statement->stmt) != 1) {
        log_error(work, "db.mistake", "not one column sql=\"%s\"", sql);
        abort();
    }
    ok = take_number(statement->stmt, none, number);
    if (!ok)
        db_fail(work, mysql_stmt_errno(statement->stmt), mysql_stmt_error(statement->stmt), sql);
    mysql_stmt_free_result(statement->stmt);
    return ok;
}

bool db_execute(struct work *work, const char *sql, const struct param *params, size_t nparams,
                uint64_t *changed)
{
    struct statement *statement = statement_run(work, sql, params, nparams);

    if (!statement)
        return false;
    if (changed)
        *changed = mysql_stmt_affected_rows(statement->stmt);
    mysql_stmt_free_result(statement->stmt);
    return true;
}
