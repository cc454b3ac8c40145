#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/rand.h"
#include "db/connection.h"

enum { MAX_ATTEMPTS = 5 };

/* Longer after every attempt, and never quite as long as anybody else. */
static void wait_before(int attempt)
{
    long jitter_us = (long)rand_below(2500);

    if (attempt > 0)
        nanosleep(&(struct timespec){.tv_nsec = attempt * (2500 + jitter_us) * 1000}, NULL);
}

static bool begin(struct work *work)
{
    static const char sql[] = "START TRANSACTION";

    if (!db_command(work, sql, strlen(sql), NULL))
        return false;
    work->db->transaction = INSIDE;
    return true;
}

/* A commit whose answer got lost is not repeated: it may have been heard. */
static bool commit(struct work *work, bool *again)
{
    static const char sql[] = "COMMIT";
    struct db *db = work->db;
    bool unsent;

    if (db->transaction == BROKEN || db_has_gone(db)) {
        *again = true;
        return fail(work, BUSY, "Please try again");
    }
    if (db_command(work, sql, strlen(sql), &unsent))
        return true;
    *again = unsent || (db->mysql && error_asks_again(db->last_error));
    if (!*again && !db->mysql)
        log_error(work, "db.commit_unknown", "error=%u", db->last_error);
    return false;
}

/* What made the step fail survives, and so does the number of the driver's error. */
static void roll_back(struct work *work)
{
    static const char sql[] = "ROLLBACK";
    struct db *db = work->db;
    struct error error = work->error;
    unsigned last_error = db->last_error;

    db->transaction = OUTSIDE;
    if (db->mysql && mysql_real_query(db->mysql, sql, strlen(sql)) != 0)
        db_disconnect(db);
    work->error = error;
    db->last_error = last_error;
}

static bool try_once(struct work *work, bool (*step)(struct work *work, void *with), void *with,
                     bool *again)
{
    *again = false;
    if (!begin(work)) {
        *again = !work->db->unreachable && error_asks_again(work->db->last_error);
        return false;
    }
    if (step(work, with)) {
        if (commit(work, again)) {
            work->db->transaction = OUTSIDE;
            return true;
        }
    } else {
        *again = work->db->transaction == BROKEN;
    }
    roll_back(work);
    return false;
}

bool db_transaction(struct work *work, bool (*step)(struct work *work, void *with), void *with)
{
    bool again = true;

    if (work->db->transaction != OUTSIDE)
        return step(work, with);
    for (int attempt = 0; again && attempt < MAX_ATTEMPTS; attempt++) {
        wait_before(attempt);
        if (try_once(work, step, with, &again))
            return true;
    }
    return false;
}
