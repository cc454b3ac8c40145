#include "things.h"

#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "core/rand.h"

static const char *const kinds[] = {"small", "large", NULL};

static const struct column columns_of_thing[] = {
    COLUMN(thing, tenant_id, NOT_NULL),
    COLUMN(thing, id, NOT_NULL),
    COLUMN(thing, label, NULLABLE, .max = 100),
    COLUMN(thing, code, NULLABLE, .max = 20),
    COLUMN(thing, kind, NULLABLE, .one_of = kinds),
    COLUMN(thing, internet, NULLABLE),
    COLUMN(thing, amount, NULLABLE),
    COLUMN(thing, tiny, NULLABLE),
    COLUMN(thing, exact, NULLABLE),
    COLUMN(thing, ratio, NULLABLE),
    COLUMN(thing, flag, NOT_NULL),
    COLUMN(thing, at, NULLABLE),
    COLUMN(thing, day, NULLABLE),
    COLUMN(thing, other_id, NULLABLE),
    COLUMN(thing, settings, NULLABLE),
    COLUMN(thing, raw, NULLABLE),
    COLUMN(thing, hash, NULLABLE),
    COLUMN(thing, created_at, NOT_NULL),
    COLUMN(thing, updated_at, NOT_NULL),
    COLUMN(thing, rev, NOT_NULL),
    COLUMN(thing, twice, NULLABLE, .computed = true),
};

const struct entity thing_entity = ENTITY(thing, "thing", "test_things", columns_of_thing);

static const char table[] = "CREATE TABLE IF NOT EXISTS test_things ("
                            " tenant_id INT UNSIGNED NOT NULL,"
                            " id BINARY(16) NOT NULL,"
                            " label MEDIUMTEXT NULL,"
                            " code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,"
                            " kind ENUM('small', 'large') NULL,"
                            " internet INET6 NULL,"
                            " amount BIGINT NULL,"
                            " tiny TINYINT UNSIGNED NULL,"
                            " exact DECIMAL(20, 0) NULL,"
                            " ratio DOUBLE NULL,"
                            " flag BOOLEAN NOT NULL DEFAULT 0,"
                            " at DATETIME(3) NULL,"
                            " day DATE NULL,"
                            " other_id BINARY(16) NULL,"
                            " settings JSON NULL,"
                            " raw MEDIUMBLOB NULL,"
                            " hash BINARY(32) NULL,"
                            " created_at DATETIME(3) NOT NULL,"
                            " updated_at DATETIME(3) NOT NULL,"
                            " rev INT UNSIGNED NOT NULL DEFAULT 1,"
                            " PRIMARY KEY (tenant_id, id),"
                            " UNIQUE KEY uq_code (tenant_id, code),"
                            " KEY ix_created (tenant_id, created_at, id)"
                            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci";

struct work things_begin(void)
{
    struct work work = {.id = "test", .tenant = 1 + (int64_t)rand_below(4000000000)};

    work.db = db_open(getenv("TEST_DATABASE_URL"));
    cr_assert(work.db, "TEST_DATABASE_URL must name a database");
    cr_assert(db_execute(&work, table, NULL, 0, NULL), "%s", work.error.message);
    return work;
}

void things_end(struct work *work)
{
    db_close(work->db);
    work_end(work);
}

struct thing thing_new(void)
{
    struct thing thing;

    row_clear(&thing_entity, &thing);
    thing.id = uid_new();
    return thing;
}

uid thing_add(struct work *work, const char *code, int64_t amount)
{
    struct thing thing = thing_new();

    thing.code = code;
    thing.amount = amount;
    cr_assert(store_insert(work, &thing_entity, &thing, columns_union(THING(code), THING(amount))),
              "%s", work->error.message);
    return thing.id;
}

int64_t things_count(struct work *work, const char *code)
{
    struct thing like = {.code = code};
    int64_t count = -1;

    cr_assert(store_count(work, &thing_entity, &like, THING(code), 1000, &count), "%s",
              work->error.message);
    return count;
}

int64_t number_of(struct work *work, const char *sql)
{
    int64_t number = -1;

    cr_assert(db_number(work, sql, NULL, 0, -1, &number), "%s", work->error.message);
    return number;
}

void wait_for_end_of(struct work *observer, int64_t connection)
{
    static const char sql[] = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?";
    const struct param params[] = {PARAM(connection)};

    for (int i = 0; i < 1000; i++) {
        int64_t count = 1;

        cr_assert(db_number(observer, sql, params, 1, 0, &count));
        if (count == 0)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    cr_assert(0, "the connection did not end");
}

void kill_connection(struct work *victim)
{
    struct work killer = things_begin();
    int64_t connection = number_of(victim, "SELECT CONNECTION_ID()");
    const struct param params[] = {PARAM(connection)};

    cr_assert(db_execute(&killer, "KILL ?", params, 1, NULL), "%s", killer.error.message);
    wait_for_end_of(&killer, connection);
    things_end(&killer);
}
