/*
 * db/db.h - prepared statements on one MariaDB connection.
 *
 * SQL is text in the program; every value travels as a parameter.  A statement is prepared at its
 * first use and kept with the connection.  Rows come back as C structs, their texts in the arena
 * of the work.  A connection that was lost is made again by the next statement outside a
 * transaction; inside one the transaction is repeated.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "core/column.h"
#include "core/work.h"

struct param {
    enum type type;
    const void *value;
};

/* The parameter "variable"; its type follows from the variable's. */
#define PARAM(variable)                                                                            \
    {                                                                                              \
        TYPE_OF(variable), &(variable)                                                             \
    }

struct rows {
    void *at; /* an array of the entity's struct */
    size_t count;
};

/*
 * Makes the handle of a connection to "url" (mysql://user:pass@host:port/db?socket=…&ssl-ca=…).
 * It connects at the first statement, so that a program starts while the database is down.  NULL
 * when the URL cannot be read.  The handle is one thread's own.
 */
struct db *db_open(const char *url);
void db_close(struct db *db);

/* Whether the database answers now; connects if need be. The failure is BUSY. */
bool db_ping(struct work *work);

/* Reads rows.  Result columns find their members by name, so their order does not matter. */
bool db_select(struct work *work, const char *sql, const struct param *params, size_t nparams,
               const struct entity *entity, struct rows *rows);

/* Reads the one row there is; NOT_FOUND when there is none. */
bool db_find(struct work *work, const char *sql, const struct param *params, size_t nparams,
             const struct entity *entity, void *row);

/* Reads one INTEGER: the first column of the first row; "none" when there is no row or NULL. */
bool db_number(struct work *work, const char *sql, const struct param *params, size_t nparams,
               int64_t none, int64_t *number);

/* Changes rows and says how many matched and changed (changed may be NULL). */
bool db_execute(struct work *work, const char *sql, const struct param *params, size_t nparams,
                uint64_t *changed);

/*
 * Runs a step as one transaction, and again when the database asks for it (1213, 1205, 1047, lost
 * connection before the commit): at most five times, with jitter.  So the step depends on nothing
 * but its arguments, waits for nobody, and may be run twice.  Inside a transaction it just runs the
 * step.
 */
bool db_transaction(struct work *work, bool (*step)(struct work *work, void *with), void *with);

/*
 * What the driver said last, for the few who must tell a duplicate key from another failure: the
 * MariaDB error number of the last statement, 0 when it succeeded.
 */
unsigned db_last_error(const struct db *db);

/* How far the database's clock is from ours (add to ours), measured at connect and every minute. */
int64_t db_clock_offset_ms(const struct db *db);

/*
 * What time it is for the database.  The clocks of two hosts differ, so times that one host writes
 * and another compares are all of this one.  Connects where that was not done yet; ours, when the
 * database is away.
 */
instant db_now(struct work *work);

#endif
