/*
 * db/connection.h - what lies behind db.h: one connection, its prepared statements, its failures.
 *
 * Private to lib/db.  The handle outlives its connections: whenever one is lost, all that belonged
 * to it is thrown away, and db_ready() makes another.
 */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <mysql.h>

#include "db/db.h"
#include "db/url.h"

/* Where a value lies while it travels. */
struct slot {
    const struct column *column; /* whose member a result goes to */
    unsigned long length;
    my_bool is_null, error;
    union {
        int64_t integer;
        double real;
        MYSQL_TIME time;
        unsigned char key[16];
    } value;
};

/* A prepared statement. */
struct statement {
    char *sql; /* NULL: this place of the cache is free */
    uint64_t hash, used;
    MYSQL_STMT *stmt;
    const struct entity *entity; /* what slots and binds were made for */
    unsigned ncolumns;           /* how many of them */
    struct slot *slots;
    MYSQL_BIND *binds;
};

/* Places are found by hash; each text has a few to choose from, and the one used longest ago goes.
 */
enum { CACHE_SETS = 64, CACHE_WAYS = 4 };

struct cache {
    struct statement places[CACHE_SETS][CACHE_WAYS];
    uint64_t uses;
};

/* BROKEN: the database gave up the transaction, and what follows in it must not be executed. */
enum transaction { OUTSIDE, INSIDE, BROKEN };

struct db {
    struct arena arena; /* holds the address */
    struct address address;
    MYSQL *mysql; /* NULL while there is no connection */
    struct cache cache;
    enum transaction transaction;
    unsigned last_error;
    unsigned patience_seconds; /* how long one statement may take */
    bool unreachable;          /* the last attempt to connect failed, and the log says so */
    int64_t rest_until_us;     /* no attempt to connect before this */
    int64_t clock_offset_ms, clock_measured_us;
};

/* The statement of that text, or a free place for it, with its text set and no stmt. */
struct statement *cache_find(struct cache *cache, const char *sql);

/* Closes a statement; its place is free then. */
void statement_drop(struct statement *statement);

/* Closes all statements, as the end of their connection does. */
void cache_clear(struct cache *cache);

/*
 * Sees to it that a statement can be sent: makes the connection when there is none or when it has
 * been closed at the other end.  BUSY when that fails, or when the transaction is broken.
 */
bool db_ready(struct work *work);

/*
 * Whether the other end of an idle connection has closed it.  A server speaks only when spoken to,
 * so whatever waits to be read is the end or the reason for it, and nothing needs to be risked.
 */
bool db_has_gone(const struct db *db);

/* Closes the connection and forgets its statements. */
void db_disconnect(struct db *db);

/*
 * From now on a statement may take that long, on a connection of its own; for migrations, outside
 * of transactions only.
 */
void db_be_patient(struct db *db, unsigned seconds);

/* How long a statement may take unless somebody is patient. */
enum { USUAL_PATIENCE_SECONDS = 20 };

/*
 * Sends a statement without values that is not worth preparing: START TRANSACTION, CREATE TABLE …
 * It is sent once; "*lost" (may be NULL) says whether the connection broke before it was sent.
 */
bool db_command(struct work *work, const char *sql, size_t length, bool *lost);

/*
 * Prepares, binds and executes, and for a SELECT fetches the whole result; NULL after a failure.
 * Done again by itself only where it is certain that nothing can happen twice.
 */
struct statement *statement_run(struct work *work, const char *sql, const struct param *params,
                                size_t nparams);

/* Fills in what the driver needs to know of parameters; the values stay where they are. */
void bind_params(struct arena *arena, const struct param *params, size_t nparams,
                 MYSQL_BIND *binds);

/*
 * Reads the rows of an executed statement.  A result column that the entity lacks is a mistake of
 * the program and ends it.
 */
bool read_rows(struct work *work, struct statement *statement, const struct entity *entity,
               struct rows *rows);

/* Whether the error says that the connection is of no more use. */
bool error_is_loss(unsigned error);

/* Whether the error asks for the whole transaction to be repeated. */
bool error_asks_again(unsigned error);

/* Whether a text was compared with a column that cannot hold its letters, so cannot equal it. */
bool error_is_foreign(unsigned error);

/* Records the driver's error as a failure of ours and tells the log, never with values. */
bool db_fail(struct work *work, unsigned error, const char *text, const char *sql);

#endif
