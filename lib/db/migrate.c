#include "db/migrate.h"

#include <mysqld_error.h>
#include <string.h>
#include <time.h>

#include "core/crypto.h"
#include "core/log.h"
#include "db/connection.h"
#include "db/script.h"

enum {
    LEASE_MS = 60 * 1000,
    POLL_MS = 200,
    MAX_POLLS = 15 * 60 * 1000 / POLL_MS, /* who waited for so long has found something broken */
    PATIENCE_SECONDS = 600,               /* for one statement on a large table */
};

/* Needed before the first file can be applied; the files create them as well. */
static const char *const own_tables[] = {
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INT UNSIGNED NOT NULL,"
    " name VARCHAR(120) NOT NULL,"
    " checksum BINARY(32) NOT NULL,"
    " applied_at DATETIME(3) NOT NULL,"
    " PRIMARY KEY (version)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC",
    "CREATE TABLE IF NOT EXISTS leases ("
    " name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
    " holder VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
    " until DATETIME(3) NOT NULL,"
    " fence BIGINT UNSIGNED NOT NULL,"
    " PRIMARY KEY (name)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC",
};

/* A row of schema_migrations. */
struct applied {
    int64_t version;
    bytes checksum;
};

static const struct column columns_of_applied[] = {
    COLUMN(applied, version, NOT_NULL),
    COLUMN(applied, checksum, NOT_NULL),
};

static const struct entity applied_entity =
    ENTITY(applied, "applied migration", NULL, columns_of_applied);

static bool create_own_tables(struct work *work)
{
    for (size_t i = 0; i < COUNT(own_tables); i++)
        if (!db_command(work, own_tables[i], strlen(own_tables[i]), NULL))
            return false;
    return true;
}

/* The database's time: hosts whose clocks differ must agree on whose turn it is. */
static instant shared_now(const struct work *work)
{
    return instant_after(clock_now(), db_clock_offset_ms(work->db));
}

static bool create_lease(struct work *work)
{
    static const char sql[] = "INSERT IGNORE INTO leases (name, holder, until, fence)"
                              " VALUES ('migrate', '', ?, ?)";
    instant until = {0};
    int64_t fence = 0;
    const struct param params[] = {PARAM(until), PARAM(fence)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool take_lease(struct work *work, const char *holder, bool *taken)
{
    static const char sql[] = "UPDATE leases SET holder = ?, until = ?, fence = fence + 1"
                              " WHERE name = 'migrate' AND until <= ?";
    instant now = shared_now(work), until = instant_after(now, LEASE_MS);
    const struct param params[] = {PARAM(holder), PARAM(until), PARAM(now)};
    uint64_t changed = 0;
    bool ok = db_execute(work, sql, params, COUNT(params), &changed);

    *taken = changed > 0;
    return ok;
}

/* Holds the lease until then, as long as nobody else has taken it. */
static bool hold_lease(struct work *work, const char *holder, instant until)
{
    static const char sql[] = "UPDATE leases SET until = ? WHERE name = 'migrate' AND holder = ?";
    const struct param params[] = {PARAM(until), PARAM(holder)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed || fail(work, BUSY, "Somebody else has taken over the migration");
}

static bool write_down(struct work *work, const struct migration *migration)
{
    static const char sql[] = "INSERT IGNORE INTO schema_migrations"
                              " (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)";
    hash256 hash = sha256(migration->sql, strlen(migration->sql));
    bytes checksum = {hash.bytes, sizeof hash.bytes};
    int64_t version = migration->version;
    instant now = shared_now(work);
    const struct param params[] = {PARAM(version), PARAM(migration->name), PARAM(checksum),
                                   PARAM(now)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* A file that ended half-way is applied from its beginning again, so its statements allow that. */
static bool apply(struct work *work, const struct migration *migration, const char *holder)
{
    struct script script = {.rest = migration->sql};
    unsigned number = 0;

    while (script_next(&script)) {
        number++;
        if (hold_lease(work, holder, instant_after(shared_now(work), LEASE_MS)) &&
            db_command(work, script.statement, script.length, NULL))
            continue;
        log_error(work, "migrate.failed", "version=%u name=%s statement=%u error=%u",
                  migration->version, migration->name, number, db_last_error(work->db));
        return false;
    }
    log_info(work, "migrate.applied", "version=%u name=%s statements=%u", migration->version,
             migration->name, number);
    return write_down(work, migration);
}

static const struct applied *find_applied(const struct rows *rows, unsigned version)
{
    const struct applied *row = rows->at;

    for (size_t i = 0; i < rows->count; i++)
        if (row[i].version == version)
            return &row[i];
    return NULL;
}

static bool read_applied(struct work *work, struct rows *rows)
{
    static const char sql[] = "SELECT version, checksum FROM schema_migrations";

    return db_select(work, sql, NULL, 0, &applied_entity, rows);
}

/* What is applied stays applied: a file that was edited afterwards is told, and that is all. */
static void compare(struct work *work, const struct migration *migration,
                    const struct applied *applied)
{
    hash256 hash = sha256(migration->sql, strlen(migration->sql));

    if (applied->checksum.length != sizeof hash.bytes ||
        memcmp(applied->checksum.at, hash.bytes, sizeof hash.bytes) != 0)
        log_warning(work, "migrate.changed", "version=%u name=%s was applied with another text",
                    migration->version, migration->name);
}

/* Applies what is missing; the lease is ours. */
static bool apply_all(struct work *work, const char *holder, unsigned *count)
{
    struct rows rows;

    if (!read_applied(work, &rows))
        return false;
    for (size_t i = 0; i < migrations_count; i++) {
        if (find_applied(&rows, migrations[i].version))
            continue;
        if (!apply(work, &migrations[i], holder))
            return false;
        ++*count;
    }
    return true;
}

/* Waits until there is nothing to do or it is our turn to do it. */
static bool wait_for_turn(struct work *work, const char *holder, bool *turn)
{
    for (int polls = 0; polls < MAX_POLLS; polls++) {
        bool current;

        *turn = false;
        if (!migrate_is_current(work, &current))
            return false;
        if (current)
            return true;
        if (!take_lease(work, holder, turn))
            return false;
        if (*turn)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return fail(work, BUSY, "Somebody else is still migrating");
}

static bool apply_in_turn(struct work *work, unsigned *count)
{
    char name[33];
    const char *holder = name;
    struct error error;
    bool turn, ok;

    uid_write_hex(uid_new(), name);
    if (!create_own_tables(work) || !create_lease(work) || !wait_for_turn(work, holder, &turn))
        return false;
    if (!turn)
        return true;
    ok = apply_all(work, holder, count);
    error = work->error;
    hold_lease(work, holder, (instant){0}); /* whoever waits need not wait for its end */
    work->error = error;
    return ok;
}

static bool compare_all(struct work *work)
{
    struct rows rows;

    if (!read_applied(work, &rows))
        return false;
    for (size_t i = 0; i < migrations_count; i++) {
        const struct applied *applied = find_applied(&rows, migrations[i].version);

        if (applied)
            compare(work, &migrations[i], applied);
    }
    return true;
}

bool migrate(struct work *work, unsigned *applied)
{
    unsigned count = 0;
    bool ok;

    db_be_patient(work->db, PATIENCE_SECONDS);
    ok = apply_in_turn(work, &count) && compare_all(work);
    db_be_patient(work->db, USUAL_PATIENCE_SECONDS);
    if (applied)
        *applied = count;
    return ok;
}

bool migrate_is_current(struct work *work, bool *current)
{
    static const char sql[] = "SELECT COUNT(*) FROM schema_migrations WHERE version <= ?";
    int64_t last = migrations_count ? migrations[migrations_count - 1].version : 0, count = 0;
    const struct param params[] = {PARAM(last)};

    *current = false;
    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return db_last_error(work->db) == ER_NO_SUCH_TABLE;
    *current = (size_t)count >= migrations_count;
    return true;
}
