#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <mysqld_error.h>

#include "things.h"

static struct work work;

static void setup(void)
{
    work = things_begin();
}

static void end(void)
{
    things_end(&work);
}

TestSuite(db, .init = setup, .fini = end);

/* Writes every column of the thing and reads it back. */
static struct thing there_and_back(const struct thing *thing)
{
    struct thing back;

    cr_assert(store_insert(&work, &thing_entity, thing, columns_all(&thing_entity)), "%s",
              work.error.message);
    cr_assert(store_get(&work, &thing_entity, thing->id, &back), "%s", work.error.message);
    return back;
}

Test(db, brings_every_type_back_as_it_was)
{
    struct thing thing = thing_new(), back;

    thing.label = "Grüße, 'quoted' \"twice\" \\ 😀";
    thing.code = "a-1";
    thing.kind = "large";
    thing.internet = "2001:db8::1";
    thing.amount = INT64_MIN + 1;
    thing.tiny = 255;
    thing.exact = 12345678901234567;
    thing.ratio = -0.1;
    thing.flag = true;
    thing.at = (instant){1762077600123};
    thing.day = (instant){1762041600000};
    thing.other_id = uid_new();
    thing.settings.json = "{\"a\": [1, null, \"ü\"]}";
    thing.raw = (bytes){(const unsigned char *)"\0\xff\n'", 4};
    thing.hash = (bytes){(const unsigned char *)"0123456789abcdef0123456789abcdef", 32};
    thing.created_at = thing.updated_at = (instant){1};
    back = there_and_back(&thing);
    cr_expect_eq(back.tenant_id, work.tenant);
    cr_expect(uid_equal(back.id, thing.id) && uid_equal(back.other_id, thing.other_id));
    cr_expect_str_eq(back.label, thing.label);
    cr_expect_str_eq(back.code, "a-1");
    cr_expect_str_eq(back.kind, "large");
    cr_expect_str_eq(back.internet, "2001:db8::1");
    cr_expect(back.amount == thing.amount && back.tiny == 255 && back.exact == thing.exact);
    cr_expect(back.ratio == -0.1 && back.flag);
    cr_expect(back.at.ms == thing.at.ms && back.day.ms == thing.day.ms);
    cr_expect_str_eq(back.settings.json, thing.settings.json);
    cr_expect(back.raw.length == 4 && memcmp(back.raw.at, thing.raw.at, 4) == 0);
    cr_expect(back.hash.length == 32 && memcmp(back.hash.at, thing.hash.at, 32) == 0);
    cr_expect(back.created_at.ms == 1 && back.updated_at.ms == 1 && back.rev == 1);
}

Test(db, brings_nothing_back_as_nothing)
{
    struct thing thing = thing_new(), back;

    thing.created_at = thing.updated_at = (instant){1};
    back = there_and_back(&thing);
    for (size_t i = 0; i < thing_entity.ncolumns; i++) {
        const struct column *column = &thing_entity.columns[i];

        if (column->nullable)
            cr_expect(cell_is_none(column->type, cell_of(column, &back)), "%s", column->name);
    }
}

Test(db, tells_empty_from_nothing)
{
    struct thing thing = thing_new(), back;

    thing.created_at = thing.updated_at = (instant){1};
    thing.label = "";
    thing.raw = (bytes){(const unsigned char *)"", 0};
    thing.amount = 0;
    thing.ratio = 0;
    back = there_and_back(&thing);
    cr_expect_str_eq(back.label, "");
    cr_expect(back.raw.at && back.raw.length == 0);
    cr_expect(back.amount == 0 && back.ratio == 0);
}

Test(db, cuts_no_text_however_long)
{
    enum { LONG = 3 * 1000 * 1000 };
    struct thing thing = thing_new(), back;
    char *text = arena_take(&work.arena, 1, LONG + 1);

    for (size_t i = 0; i < LONG; i++)
        text[i] = (char)('a' + i % 26);
    thing.created_at = thing.updated_at = (instant){1};
    thing.label = text;
    thing.raw = (bytes){(const unsigned char *)text, LONG};
    back = there_and_back(&thing);
    cr_expect(strcmp(back.label, text) == 0);
    cr_expect(back.raw.length == LONG && memcmp(back.raw.at, text, LONG) == 0);
}

ParameterizedTestParameters(db, times)
{
    static int64_t times_ms[] = {
        -1,
        -62135596800000 + 365 * 86400000LL,
        0,
        999,
        951782399999,
        4102444800001,
        253402300799999,
    };

    return cr_make_param_array(int64_t, times_ms, COUNT(times_ms));
}

ParameterizedTest(int64_t *given, db, times)
{
    struct thing thing = thing_new(), back;

    thing.created_at = thing.updated_at = (instant){1};
    thing.at = (instant){*given};
    back = there_and_back(&thing);
    cr_expect_eq(back.at.ms, *given);
}

Test(db, stores_times_in_utc)
{
    struct thing thing = thing_new();
    const struct param params[] = {PARAM(thing.id)};
    int64_t hour;

    thing.created_at = thing.updated_at = thing.at = (instant){1762077600123};
    there_and_back(&thing);
    cr_assert(
        db_number(&work, "SELECT HOUR(at) FROM test_things WHERE id = ?", params, 1, 0, &hour));
    cr_expect_eq(hour, 10);
}

Test(db, leaves_what_was_not_asked_for_as_nothing)
{
    static const char sql[] = "SELECT id, 2 * amount AS twice FROM test_things"
                              " WHERE tenant_id = ?";
    const struct param params[] = {PARAM(work.tenant)};
    struct thing thing;

    thing_add(&work, "a", 21);
    cr_assert(db_find(&work, sql, params, 1, &thing_entity, &thing));
    cr_expect_eq(thing.twice, 42);
    cr_expect(thing.amount == NO_INTEGER && !thing.code && instant_is_none(thing.created_at));
}

Test(db, finds_a_number_or_none)
{
    static const char sql[] = "SELECT amount FROM test_things WHERE tenant_id = ?";
    const struct param params[] = {PARAM(work.tenant)};
    int64_t number;

    cr_assert(db_number(&work, sql, params, 1, -7, &number));
    cr_expect_eq(number, -7, "no row");
    thing_add(&work, "a", NO_INTEGER);
    cr_assert(db_number(&work, sql, params, 1, -7, &number));
    cr_expect_eq(number, -7, "NULL");
}

Test(db, sums_decimals_into_integers)
{
    static const char sql[] = "SELECT SUM(amount) FROM test_things WHERE tenant_id = ?";
    const struct param params[] = {PARAM(work.tenant)};
    int64_t sum;

    thing_add(&work, "a", 4000000000000000000);
    thing_add(&work, "b", 2);
    cr_assert(db_number(&work, sql, params, 1, 0, &sum));
    cr_expect_eq(sum, 4000000000000000002);
}

Test(db, counts_matching_rows_whether_they_change_or_not)
{
    static const char sql[] = "UPDATE test_things SET amount = ? WHERE tenant_id = ? AND code = ?";
    int64_t amount = 5;
    const char *code = "a";
    const struct param params[] = {PARAM(amount), PARAM(work.tenant), PARAM(code)};
    uint64_t changed;

    thing_add(&work, "a", 5);
    cr_assert(db_execute(&work, sql, params, COUNT(params), &changed));
    cr_expect_eq(changed, 1);
    code = "b";
    cr_assert(db_execute(&work, sql, params, COUNT(params), &changed));
    cr_expect_eq(changed, 0);
}

Test(db, knows_a_text_by_its_words_wherever_it_lies)
{
    static const char prepares[] = "SELECT CAST(variable_value AS SIGNED) FROM "
                                   "information_schema.session_status"
                                   " WHERE variable_name = 'COM_STMT_PREPARE'";
    char sql[] = "SELECT 7";
    int64_t before = number_of(&work, prepares);

    cr_expect_eq(number_of(&work, sql), 7);
    cr_expect_eq(number_of(&work, arena_text(&work.arena, sql)), 7);
    sql[7] = '8';
    cr_expect_eq(number_of(&work, sql), 8, "the same place, another text");
    cr_expect_eq(number_of(&work, prepares) - before, 2);
}

Test(db, keeps_no_more_statements_than_it_may)
{
    static const char open[] = "SELECT CAST(SUM(IF(variable_name = 'COM_STMT_PREPARE', 1, -1) *"
                               " variable_value) AS SIGNED)"
                               " FROM information_schema.session_status"
                               " WHERE variable_name IN ('COM_STMT_PREPARE', 'COM_STMT_CLOSE')";

    for (int i = 0; i < 1000; i++)
        cr_assert_eq(number_of(&work, arena_format(&work.arena, "SELECT %d", i)), i);
    cr_expect_leq(number_of(&work, open), 256);
    cr_expect_geq(number_of(&work, open), 128);
}

Test(db, prepares_again_when_a_table_changes)
{
    const char *table = arena_format(&work.arena, "altered_%lld", (long long)work.tenant);
    const char *sql = arena_format(&work.arena, "SELECT amount FROM %s", table);

    cr_assert(db_execute(&work, arena_format(&work.arena, "CREATE TABLE %s (amount INT)", table),
                         NULL, 0, NULL));
    cr_assert(db_execute(&work, arena_format(&work.arena, "INSERT INTO %s VALUES (3)", table), NULL,
                         0, NULL));
    cr_expect_eq(number_of(&work, sql), 3);
    cr_assert(db_execute(
        &work,
        arena_format(&work.arena, "ALTER TABLE %s MODIFY amount VARCHAR(20), ADD extra INT", table),
        NULL, 0, NULL));
    cr_expect_eq(number_of(&work, sql), 3);
    db_execute(&work, arena_format(&work.arena, "DROP TABLE %s", table), NULL, 0, NULL);
}

/* What the database refuses, and what the client is told. */
struct refusal {
    char sql[160];
    enum failure what;
    unsigned error;
};

#define INSERT "INSERT INTO test_things (tenant_id, id, created_at, updated_at, "
#define VALUES ") VALUES (0, '0123456789abcdef', NOW(), NOW(), "

ParameterizedTestParameters(db, refusals)
{
    static struct refusal refusals[] = {
        /* clang-format off */
        {INSERT "code" VALUES "REPEAT('x', 21))", INVALID, ER_DATA_TOO_LONG},
        {INSERT "tiny" VALUES "256)", INVALID, ER_WARN_DATA_OUT_OF_RANGE},
        {INSERT "kind" VALUES "'none')", INVALID, WARN_DATA_TRUNCATED},
        {INSERT "at" VALUES "'2026-02-30')", INVALID, ER_TRUNCATED_WRONG_VALUE},
        {INSERT "code" VALUES "'\xc3\xa4')", INVALID, ER_TRUNCATED_WRONG_VALUE_FOR_FIELD},
        {INSERT "settings" VALUES "'{')", INVALID, ER_CONSTRAINT_FAILED},
        {INSERT "flag" VALUES "NULL)", INTERNAL, ER_BAD_NULL_ERROR},
        {"SELECT nothing FROM test_things", INTERNAL, ER_BAD_FIELD_ERROR},
        {"SELECT 1 FROM nowhere", INTERNAL, ER_NO_SUCH_TABLE},
        {"SELEC 1", INTERNAL, ER_PARSE_ERROR},
        {"SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", BUSY, ER_LOCK_DEADLOCK},
        {"SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = 1047", BUSY, ER_UNKNOWN_COM_ERROR},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290", BUSY, ER_OPTION_PREVENTS_STATEMENT},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021", BUSY, ER_DISK_FULL},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114", BUSY, ER_RECORD_FILE_FULL},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1026", BUSY, ER_ERROR_ON_WRITE},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1030", BUSY, ER_GET_ERRNO},
        {"SIGNAL SQLSTATE 'HY001' SET MYSQL_ERRNO = 1037", BUSY, ER_OUTOFMEMORY},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1041", BUSY, ER_OUT_OF_RESOURCES},
        {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1206", BUSY, ER_LOCK_TABLE_FULL},
        /* clang-format on */
    };

    return cr_make_param_array(struct refusal, refusals, COUNT(refusals));
}

ParameterizedTest(struct refusal *given, db, refusals)
{
    cr_expect(!db_execute(&work, given->sql, NULL, 0, NULL), "%s", given->sql);
    cr_expect_eq(work.error.what, given->what, "%s: %d", given->sql, work.error.what);
    cr_expect_eq(db_last_error(work.db), given->error, "%s: %u", given->sql,
                 db_last_error(work.db));
    cr_expect(!strstr(work.error.message, "test_things"), "the client is told no names");
    cr_expect_eq(number_of(&work, "SELECT 1"), 1, "the connection is as good as before");
    cr_expect_eq(db_last_error(work.db), 0);
}

Test(db, finds_nothing_for_words_that_a_column_cannot_hold)
{
    struct thing like = thing_new(), found;

    like.code = "äöü 😀";
    cr_expect(!store_find(&work, &thing_entity, &like, THING(code), &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(db, ends_the_program_over_a_column_that_no_member_takes, .signal = SIGABRT)
{
    struct thing thing;

    db_find(&work, "SELECT 1 AS unheard_of", NULL, 0, &thing_entity, &thing);
}

Test(db, ends_the_program_over_a_wrong_number_of_parameters, .signal = SIGABRT)
{
    db_execute(&work, "DO ?", NULL, 0, NULL);
}

Test(db, compares_clocks)
{
    clock_set((instant){clock_now().ms - 3600 * 1000});
    db_close(work.db);
    work.db = db_open(getenv("TEST_DATABASE_URL"));
    cr_assert(db_ping(&work));
    cr_expect(llabs(db_clock_offset_ms(work.db) - 3600 * 1000) < 10 * 1000);
    clock_set((instant){clock_now().ms + 3600 * 1000});
    clock_advance_ms(61 * 1000);
    cr_assert_eq(number_of(&work, "SELECT 1"), 1);
    cr_expect(llabs(db_clock_offset_ms(work.db) + 61 * 1000) < 10 * 1000);
}
