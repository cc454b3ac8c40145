#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "db/connection.h"

enum {
    MAX_ATTEMPTS = 3,     /* one for a lost connection, one for a statement gone stale */
    SLOW_US = 1000 * 1000 /* what is lost after that long was slow, and would be again */
};

/* How far an attempt came. */
enum stage { PREPARING, EXECUTING, DONE };

static bool prepare(struct db *db, struct statement *statement)
{
    statement->stmt = mysql_stmt_init(db->mysql);
    if (!statement->stmt)
        abort();
    return mysql_stmt_prepare(statement->stmt, statement->sql, strlen(statement->sql)) == 0;
}

static void check_params(struct work *work, const struct statement *statement, size_t nparams)
{
    if (mysql_stmt_param_count(statement->stmt) == nparams)
        return;
    log_error(work, "db.mistake", "%zu parameters for sql=\"%s\"", nparams, statement->sql);
    abort();
}

static bool execute(struct work *work, struct statement *statement, const struct param *params,
                    size_t nparams)
{
    MYSQL_STMT *stmt = statement->stmt;
    MYSQL_BIND *binds = arena_new(&work->arena, MYSQL_BIND, nparams);

    bind_params(&work->arena, params, nparams, binds);
    return (nparams == 0 || mysql_stmt_bind_param(stmt, binds) == 0) &&
           mysql_stmt_execute(stmt) == 0 &&
           (mysql_stmt_field_count(stmt) == 0 || mysql_stmt_store_result(stmt) == 0);
}

static enum stage attempt(struct work *work, struct statement *statement,
                          const struct param *params, size_t nparams)
{
    if (!statement->stmt && !prepare(work->db, statement))
        return PREPARING;
    check_params(work, statement, nparams);
    return execute(work, statement, params, nparams) ? DONE : EXECUTING;
}

/* Whether the database does not know the statement any more, so that it was not executed. */
static bool is_stale(unsigned error)
{
    return error == ER_NEED_REPREPARE || error == ER_UNKNOWN_STMT_HANDLER ||
           error == ER_MAX_PREPARED_STMT_COUNT_REACHED;
}

/* Whether nothing can have happened yet, or nothing that matters. */
static bool may_repeat(const struct db *db, const char *sql, enum stage stage, unsigned error)
{
    if (is_stale(error))
        return true;
    if (db->transaction != OUTSIDE || !error_is_loss(error))
        return false;
    return stage == PREPARING || error == CR_SERVER_GONE_ERROR || strncmp(sql, "SELECT", 6) == 0;
}

/* Throws away what the error has made useless. */
static void clean_up(struct db *db, struct statement *statement, enum stage stage, unsigned error)
{
    if (error_is_loss(error))
        db_disconnect(db);
    else if (error == ER_MAX_PREPARED_STMT_COUNT_REACHED)
        cache_clear(&db->cache);
    else if (stage == PREPARING || is_stale(error))
        statement_drop(statement);
}

struct statement *statement_run(struct work *work, const char *sql, const struct param *params,
                                size_t nparams)
{
    struct db *db = work->db;
    int64_t begun_us = clock_monotonic_us();

    for (int tries = 1; db_ready(work); tries++) {
        struct statement *statement = cache_find(&db->cache, sql);
        enum stage stage = attempt(work, statement, params, nparams);
        unsigned error = mysql_stmt_errno(statement->stmt);
        bool slow = clock_monotonic_us() - begun_us > SLOW_US;
        bool again = tries < MAX_ATTEMPTS && !slow && may_repeat(db, sql, stage, error);

        if (stage == DONE) {
            db->last_error = 0;
            return statement;
        }
        if (!again)
            db_fail(work, error, mysql_stmt_error(statement->stmt), sql);
        clean_up(db, statement, stage, error);
        if (!again)
            break;
    }
    return NULL;
}
