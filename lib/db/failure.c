#include <errmsg.h>
#include <mysqld_error.h>

#include "core/log.h"
#include "db/connection.h"

enum { ER_IDLE_TOO_LONG = 4031 }; /* other servers of this protocol say so before they hang up */

bool error_is_loss(unsigned error)
{
    switch (error) {
    case ER_CONNECTION_KILLED:
    case ER_SERVER_SHUTDOWN:
    case ER_NET_PACKET_TOO_LARGE:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_IDLE_TOO_LONG:
        return true;
    default:
        return error >= CR_MIN_ERROR && error <= CR_MAX_ERROR; /* the driver's own */
    }
}

bool error_asks_again(unsigned error)
{
    switch (error) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_UNKNOWN_COM_ERROR: /* a cluster node that is not ready */
    case ER_CHECKREAD:         /* the row changed since the transaction's snapshot */
        return true;
    default:
        return error_is_loss(error);
    }
}

bool error_is_foreign(unsigned error)
{
    return error == ER_CANT_AGGREGATE_2COLLATIONS || error == ER_CANT_AGGREGATE_3COLLATIONS ||
           error == ER_CANT_AGGREGATE_NCOLLATIONS;
}

/* What the database had to say is no mistake of ours, and it may say otherwise soon. */
static bool is_passing(unsigned error)
{
    switch (error) {
    case ER_QUERY_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT:
    case ER_OPTION_PREVENTS_STATEMENT: /* read-only while a cluster changes its master */
    case ER_READ_ONLY_MODE:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_DISK_FULL: /* a server that is short of something gets it back */
    case ER_RECORD_FILE_FULL:
    case ER_ERROR_ON_WRITE:
    case ER_GET_ERRNO:
    case ER_OUTOFMEMORY:
    case ER_OUT_OF_RESOURCES:
    case ER_LOCK_TABLE_FULL:
        return true;
    default:
        return error_asks_again(error);
    }
}

/* A value does not fit its column. */
static bool is_about_value(unsigned error)
{
    switch (error) {
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_DATA_OUT_OF_RANGE:
    case WARN_DATA_TRUNCATED:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_WRONG_VALUE:
    case ER_CONSTRAINT_FAILED:
        return true;
    default:
        return error_is_foreign(error);
    }
}

/* Whether the driver's words name columns and statements only, never what was in them. */
static bool is_discreet(unsigned error)
{
    switch (error) {
    case ER_PARSE_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_NO_SUCH_TABLE:
    case ER_BAD_NULL_ERROR:
    case ER_NO_DEFAULT_FOR_FIELD:
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case WARN_DATA_TRUNCATED:
    case ER_TABLEACCESS_DENIED_ERROR:
        return true;
    default:
        return error_is_loss(error) || error_is_foreign(error);
    }
}

bool db_fail(struct work *work, unsigned error, const char *text, const char *sql)
{
    const char *said = is_discreet(error) ? text : "";

    work->db->last_error = error;
    if (work->db->transaction == INSIDE && error_asks_again(error))
        work->db->transaction = BROKEN;
    if (error == ER_DUP_ENTRY)
        return fail(work, CONFLICT, "It already exists");
    if (error == ER_NET_PACKET_TOO_LARGE || error == CR_NET_PACKET_TOO_LARGE)
        return fail(work, TOO_LARGE, "It is too large to be stored");
    if (error_is_loss(error)) {
        log_warning(work, "db.lost", "error=%u text=\"%s\" sql=\"%s\"", error, said, sql);
        return fail(work, BUSY, "The store cannot be reached now");
    }
    if (is_passing(error)) {
        log_info(work, "db.busy", "error=%u sql=\"%s\"", error, sql);
        return fail(work, BUSY, "Please try again");
    }
    if (is_about_value(error)) {
        log_warning(work, "db.refused", "error=%u text=\"%s\" sql=\"%s\"", error, said, sql);
        return fail(work, INVALID, "A value does not fit what is stored");
    }
    log_error(work, "db.failed", "error=%u text=\"%s\" sql=\"%s\"", error, said, sql);
    return fail(work, INTERNAL, "The request could not be completed");
}
