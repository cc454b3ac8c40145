#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sys/wait.h>

#include "core/log.h"
#include "db/migrate.h"
#include "db/script.h"
#include "things.h"

static struct work work;
static char name[40];
static char *url; /* of an empty database that is this test's own */

static void setup(void)
{
    struct work maker = things_begin();
    const char *given = getenv("TEST_DATABASE_URL"), *scratch = strstr(given, "/scratch");

    snprintf(name, sizeof name, "migrate_%lld", (long long)maker.tenant);
    cr_assert(
        db_execute(&maker, arena_format(&maker.arena, "CREATE DATABASE %s", name), NULL, 0, NULL));
    things_end(&maker);
    work = (struct work){.id = "test"};
    url = arena_format(&work.arena, "%.*s/%s%s", (int)(scratch - given), given, name, scratch + 8);
    work.db = db_open(url);
}

static void end(void)
{
    db_execute(&work, arena_format(&work.arena, "DROP DATABASE %s", name), NULL, 0, NULL);
    things_end(&work);
}

TestSuite(migrate, .init = setup, .fini = end);

static bool is_current(void)
{
    bool current;

    cr_assert(migrate_is_current(&work, &current), "%s", work.error.message);
    return current;
}

Test(migrate, applies_every_file_once)
{
    unsigned applied;

    cr_expect(!is_current());
    cr_assert(migrate(&work, &applied), "%s", work.error.message);
    cr_expect_eq(applied, migrations_count);
    cr_expect(is_current());
    cr_assert(migrate(&work, &applied));
    cr_expect_eq(applied, 0);
    cr_expect_eq(number_of(&work, "SELECT COUNT(*) FROM schema_migrations"),
                 (int64_t)migrations_count);
}

Test(migrate, applies_what_is_missing)
{
    unsigned applied;

    cr_assert(migrate(&work, NULL));
    cr_assert(db_execute(&work, "DELETE FROM schema_migrations WHERE version > 2", NULL, 0, NULL));
    cr_expect(!is_current());
    cr_assert(migrate(&work, &applied), "%s", work.error.message);
    cr_expect_eq(applied, migrations_count - 2);
    cr_expect(is_current());
}

Test(migrate, is_current_for_the_release_before)
{
    cr_assert(migrate(&work, NULL));
    cr_assert(db_execute(&work,
                         "INSERT INTO schema_migrations SELECT 999999, 'newer', checksum,"
                         " applied_at FROM schema_migrations LIMIT 1",
                         NULL, 0, NULL));
    cr_expect(is_current());
    cr_assert(migrate(&work, NULL));
}

/* A process that migrates and ends with the number of files it applied, or with 255. */
static pid_t migrate_elsewhere(void)
{
    pid_t pid = fork();
    unsigned applied;

    if (pid != 0)
        return pid;
    work = (struct work){.id = "elsewhere", .db = db_open(url)};
    _exit(migrate(&work, &applied) ? (int)applied : 255);
}

Test(migrate, is_done_once_by_many_at_once)
{
    enum { MANY = 4 };
    pid_t pids[MANY];
    int status, sum = 0;

    for (int i = 0; i < MANY; i++)
        pids[i] = migrate_elsewhere();
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        sum += WEXITSTATUS(status);
    }
    cr_expect_eq(sum, (int)migrations_count);
    cr_expect(is_current());
}

/* Leaves the lease with somebody who will never give it back. */
static void leave_lease(const char *until)
{
    cr_assert(migrate(&work, NULL));
    cr_assert(db_execute(&work, "DELETE FROM schema_migrations", NULL, 0, NULL));
    cr_assert(db_execute(
        &work, arena_format(&work.arena, "UPDATE leases SET holder = 'ghost', until = %s", until),
        NULL, 0, NULL));
}

Test(migrate, waits_for_the_end_of_a_lease_and_takes_over)
{
    unsigned applied;

    leave_lease("NOW(3) + INTERVAL 0.5 SECOND");
    cr_assert(migrate(&work, &applied), "%s", work.error.message);
    cr_expect_eq(applied, migrations_count);
    cr_expect_eq(number_of(&work, "SELECT COUNT(*) FROM leases WHERE holder = 'ghost'"), 0);
    cr_expect_eq(number_of(&work, "SELECT until <= NOW(3) FROM leases"), 1, "it is given back");
}

/* What somebody else finishes need not be done, however long they keep the lease. */
Test(migrate, is_content_with_the_work_of_others)
{
    leave_lease("NOW(3) + INTERVAL 1 HOUR");
    cr_assert(!is_current());
    for (size_t i = 0; i < migrations_count; i++) {
        int64_t version = migrations[i].version;
        const struct param params[] = {PARAM(version)};

        cr_assert(db_execute(&work, "INSERT INTO schema_migrations VALUES (?, 'x', '', NOW(3))",
                             params, 1, NULL));
    }
    cr_assert(migrate(&work, NULL));
    cr_expect_eq(number_of(&work, "SELECT COUNT(*) FROM leases WHERE holder = 'ghost'"), 1);
}

/* The whole of a small file. */
static char *content_of(const char *path)
{
    char *text = arena_take(&work.arena, 1, 8192);
    FILE *file = fopen(path, "r");

    cr_assert(file);
    text[fread(text, 1, 8191, file)] = '\0';
    fclose(file);
    return text;
}

Test(migrate, warns_of_a_file_that_was_changed_and_goes_on)
{
    char path[] = "/tmp/test-migrate-XXXXXX";

    close(mkstemp(path));
    cr_assert(migrate(&work, NULL));
    cr_assert(log_open("test", path));
    cr_assert(migrate(&work, NULL));
    cr_expect_null(strstr(content_of(path), "migrate.changed"));
    cr_assert(db_execute(&work, "UPDATE schema_migrations SET checksum = '' WHERE version = 2",
                         NULL, 0, NULL));
    cr_expect(migrate(&work, NULL));
    cr_expect(strstr(content_of(path), "migrate.changed"));
    log_open("test", NULL);
    unlink(path);
}

/* A table of the same name that lacks what the file relies on. */
Test(migrate, stops_at_a_statement_that_fails)
{
    unsigned applied;

    cr_assert(db_execute(&work, "CREATE TABLE schema_migrations (version INT PRIMARY KEY)", NULL, 0,
                         NULL));
    cr_expect(!migrate(&work, &applied));
    cr_expect_eq(work.error.what, INTERNAL);
    cr_expect_eq(applied, 0);
}

Test(migrate, fails_fast_without_a_database)
{
    struct work lost = {.id = "lost", .db = db_open("mysql://u@localhost/d?socket=/nowhere")};
    bool current;

    cr_expect(!migrate(&lost, NULL));
    cr_expect_eq(lost.error.what, BUSY);
    cr_expect(!migrate_is_current(&lost, &current));
    cr_expect_eq(lost.error.what, BUSY);
    things_end(&lost);
}

struct script_case {
    char text[120];
    char statements[4][60];
};

ParameterizedTestParameters(script, statements)
{
    static struct script_case cases[] = {
        /* clang-format off */
        {"", {""}},
        {" \n;;\n -- nothing; at all\n", {""}},
        {"DO 1", {"DO 1"}},
        {"DO 1;\nDO 2;\n", {"DO 1", "DO 2"}},
        {"DO 1;DO 2", {"DO 1", "DO 2"}},
        {"-- first; really\nDO 1; # or\n/* a; b */ DO 2;", {"DO 1", "DO 2"}},
        {"DO 'a;b';\nDO \"c;\\\";d\";DO `e;\\`;", {"DO 'a;b'", "DO \"c;\\\";d\"", "DO `e;\\`"}},
        {"DO 'it''s; so'; DO 2", {"DO 'it''s; so'", "DO 2"}},
        {"DO (1, -- one; '\n 2); DO 3", {"DO (1, -- one; '\n 2)", "DO 3"}},
        {"DO 1--1; DO 2", {"DO 1--1", "DO 2"}},
        {"DO 'open; DO 2", {"DO 'open; DO 2"}},
        /* clang-format on */
    };

    return cr_make_param_array(struct script_case, cases, COUNT(cases));
}

ParameterizedTest(struct script_case *given, script, statements)
{
    struct script script = {.rest = given->text};

    for (size_t i = 0; i < COUNT(given->statements) && given->statements[i][0]; i++) {
        cr_assert(script_next(&script), "%s", given->text);
        cr_expect_eq(script.length, strlen(given->statements[i]), "%s", given->text);
        cr_expect_eq(strncmp(script.statement, given->statements[i], script.length), 0, "%.*s",
                     (int)script.length, script.statement);
    }
    cr_expect(!script_next(&script), "%s", given->text);
}
