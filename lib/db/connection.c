#include "db/connection.h"

#include <errmsg.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "core/log.h"

enum {
    CONNECT_SECONDS = 3,
    REST_US = 200 * 1000,              /* after a failed attempt, and twice what it took */
    CLOCK_EVERY_US = 60 * 1000 * 1000, /* how often the clocks are compared */
};

/*
 * Tables are the same wherever they are: times in UTC, nothing cut or rounded in silence.  A
 * statement ends before we stop listening, so that "busy" and "lost" are not mixed up.
 */
static const char *const session[] = {
    "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+00:00',"
    " sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',"
    " innodb_lock_wait_timeout = 5, lock_wait_timeout = 10, max_statement_time = 15",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

static const char patient_session[] = "SET lock_wait_timeout = 300, max_statement_time = 0";

static void start_driver(void)
{
    if (mysql_library_init(0, NULL, NULL) != 0)
        abort();
}

struct db *db_open(const char *url)
{
    static once_flag once = ONCE_FLAG_INIT;
    struct db *db = calloc(1, sizeof *db);

    if (!db)
        abort();
    call_once(&once, start_driver);
    db->patience_seconds = USUAL_PATIENCE_SECONDS;
    if (url && url_read(&db->arena, url, &db->address))
        return db;
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_disconnect(db);
    arena_free(&db->arena);
    free(db);
}

void db_disconnect(struct db *db)
{
    if (db->mysql)
        mysql_close(db->mysql); /* first, so that no statement says goodbye by itself */
    db->mysql = NULL;
    cache_clear(&db->cache);
}

void db_be_patient(struct db *db, unsigned seconds)
{
    if (db->patience_seconds == seconds)
        return;
    db_disconnect(db);
    db->patience_seconds = seconds;
}

static void set_options(MYSQL *mysql, const struct db *db)
{
    static const unsigned connect_seconds = CONNECT_SECONDS, tcp = MYSQL_PROTOCOL_TCP, off = 0;
    static const my_bool yes = 1;
    const struct address *address = &db->address;

    mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
    mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &db->patience_seconds);
    mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &db->patience_seconds);
    mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    if (address->port && !address->socket)
        mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &tcp);
    if (address->ssl_ca) {
        mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, address->ssl_ca);
        mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
        mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
}

/* Matching rows are counted, not changed ones: a conditional UPDATE then tells whether it won. */
static bool greet(MYSQL *mysql, const struct db *db)
{
    const struct address *address = &db->address;

    if (!mysql_real_connect(mysql, address->socket ? NULL : address->host, address->user,
                            address->password, address->name, address->port, address->socket,
                            CLIENT_FOUND_ROWS))
        return false;
    for (size_t i = 0; i < COUNT(session); i++)
        if (mysql_query(mysql, session[i]) != 0)
            return false;
    return db->patience_seconds == USUAL_PATIENCE_SECONDS ||
           mysql_query(mysql, patient_session) == 0;
}

/* Asks for the database's time; ours is taken from the middle of the exchange. */
static bool compare_clocks(struct db *db)
{
    static const char sql[] = "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";
    int64_t begun_ms = clock_now().ms;
    MYSQL_RES *result;
    MYSQL_ROW row;

    if (mysql_query(db->mysql, sql) != 0 || !(result = mysql_store_result(db->mysql)))
        return false;
    row = mysql_fetch_row(result);
    if (row && row[0])
        db->clock_offset_ms = strtoll(row[0], NULL, 10) - (begun_ms + clock_now().ms) / 2;
    mysql_free_result(result);
    db->clock_measured_us = clock_monotonic_us();
    return row;
}

int64_t db_clock_offset_ms(const struct db *db)
{
    return db->clock_offset_ms;
}

instant db_now(struct work *work)
{
    struct db *db = work->db;
    struct error error = work->error;

    if (!db->mysql && !db_ready(work))
        work->error = error;
    return instant_after(clock_now(), db->clock_offset_ms);
}

/* The log is told when the store goes and when it comes back, not of every attempt between. */
static bool fail_to_connect(struct work *work, int64_t begun_us)
{
    struct db *db = work->db;
    int64_t now_us = clock_monotonic_us();

    db->last_error = mysql_errno(db->mysql);
    if (!db->unreachable)
        log_error(work, "db.unreachable", "error=%u text=\"%s\"", db->last_error,
                  mysql_error(db->mysql));
    db->unreachable = true;
    db->rest_until_us = now_us + REST_US + 2 * (now_us - begun_us);
    db_disconnect(db);
    return fail(work, BUSY, "The store cannot be reached now");
}

static bool connect_now(struct work *work)
{
    struct db *db = work->db;
    int64_t begun_us = clock_monotonic_us();

    db->last_error = CR_CONNECTION_ERROR;
    if (begun_us < db->rest_until_us)
        return fail(work, BUSY, "The store cannot be reached now");
    db->mysql = mysql_init(NULL);
    if (!db->mysql)
        abort();
    set_options(db->mysql, db);
    if (!greet(db->mysql, db) || !compare_clocks(db))
        return fail_to_connect(work, begun_us);
    if (db->unreachable)
        log_info(work, "db.reachable", "thread=%lu", mysql_thread_id(db->mysql));
    db->unreachable = false;
    return true;
}

bool db_has_gone(const struct db *db)
{
    struct pollfd fd = {.fd = (int)mysql_get_socket(db->mysql), .events = POLLIN};
    int ready;

    do
        ready = poll(&fd, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready != 0;
}

bool db_ready(struct work *work)
{
    struct db *db = work->db;

    if (db->transaction == BROKEN)
        return fail(work, BUSY, "Please try again");
    if (db->transaction == INSIDE)
        return true;
    if (db->mysql && db_has_gone(db))
        db_disconnect(db);
    if (db->mysql && clock_monotonic_us() - db->clock_measured_us > CLOCK_EVERY_US &&
        !compare_clocks(db))
        db_disconnect(db);
    return db->mysql || connect_now(work);
}

bool db_command(struct work *work, const char *sql, size_t length, bool *lost)
{
    struct db *db = work->db;
    unsigned error;

    if (lost)
        *lost = false;
    if (!db_ready(work))
        return false;
    if (mysql_real_query(db->mysql, sql, length) == 0) {
        mysql_free_result(mysql_store_result(db->mysql)); /* few have one, nobody asks for it */
        db->last_error = 0;
        return true;
    }
    error = mysql_errno(db->mysql);
    if (lost)
        *lost = error == CR_SERVER_GONE_ERROR;
    db_fail(work, error, mysql_error(db->mysql), arena_copy(&work->arena, sql, length));
    if (error_is_loss(error))
        db_disconnect(db);
    return false;
}

bool db_ping(struct work *work)
{
    struct db *db = work->db;

    if (!db_ready(work))
        return false;
    if (db->transaction == INSIDE || mysql_ping(db->mysql) == 0)
        return true;
    db_disconnect(db);
    return db_ready(work);
}

unsigned db_last_error(const struct db *db)
{
    return db->last_error;
}
