/* Pages of a list. */
#include <signal.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "things.h"

static struct work work;

static void setup(void)
{
    work = things_begin();
    clock_set((instant){1762077600000});
}

static void end(void)
{
    things_end(&work);
}

TestSuite(list, .init = setup, .fini = end);

/* Things numbered from 0, three at each moment, so that only the key tells some of them apart. */
static void add_things(int first, int count)
{
    for (int i = first; i < first + count; i++) {
        thing_add(&work, arena_format(&work.arena, "%d", i), i);
        if (i % 3 == 2)
            clock_advance_ms(1);
    }
}

static bool next_page(struct page *page, struct rows *rows)
{
    const struct thing *last;

    cr_assert(store_list(&work, &thing_entity, NULL, NO_COLUMNS, page, rows), "%s",
              work.error.message);
    if (rows->count) {
        last = (const struct thing *)rows->at + rows->count - 1;
        page->before_time = last->created_at;
        page->before_id = last->id;
    }
    return rows->count > 0;
}

struct way {
    bool by_time, oldest_first;
};

ParameterizedTestParameters(list, pages)
{
    static struct way ways[] = {{false, false}, {false, true}, {true, false}, {true, true}};

    return cr_make_param_array(struct way, ways, COUNT(ways));
}

/* Page after page, while others go on adding: every old thing once and in order. */
ParameterizedTest(struct way *way, list, pages)
{
    struct page page = {.size = 4, .order = way->by_time ? "created_at" : NULL};
    struct rows rows;
    int64_t expected = way->oldest_first ? 0 : 16, step = way->oldest_first ? 1 : -1;
    int added = 17, seen = 0;

    page.oldest_first = way->oldest_first;
    page.before_time = NO_INSTANT;
    add_things(0, added);
    while (seen < 17 && next_page(&page, &rows)) {
        const struct thing *things = rows.at;

        for (size_t i = 0; i < rows.count; i++, seen++, expected += step)
            cr_expect_eq(things[i].amount, expected, "%lld", (long long)things[i].amount);
        if (!way->oldest_first)
            cr_expect_eq(page.more, seen < 17);
        add_things(added, 2);
        added += 2;
    }
    cr_expect_geq(seen, 17);
}

Test(list, says_whether_more_is_left)
{
    struct page page = {.size = 3};
    struct rows rows;

    add_things(0, 3);
    cr_assert(store_list(&work, &thing_entity, NULL, NO_COLUMNS, &page, &rows));
    cr_expect(rows.count == 3 && !page.more);
    page.size = 2;
    cr_assert(store_list(&work, &thing_entity, NULL, NO_COLUMNS, &page, &rows));
    cr_expect(rows.count == 2 && page.more);
}

Test(list, passes_over_what_is_skipped)
{
    struct page page = {.size = 2, .skip = 2, .oldest_first = true};
    struct rows rows;

    add_things(0, 5);
    cr_assert(store_list(&work, &thing_entity, NULL, NO_COLUMNS, &page, &rows));
    cr_expect(rows.count == 2 && page.more);
    cr_expect_eq(((struct thing *)rows.at)->amount, 2);
}

Test(list, takes_a_further_condition)
{
    struct thing like = thing_new();
    int64_t least = 2;
    const char *not_this = "3";
    const struct param params[] = {PARAM(least), PARAM(not_this)};
    struct page page = {
        .size = 10, .where = "amount >= ? AND code <> ?", .params = params, .nparams = 2};
    struct rows rows;

    add_things(0, 5);
    cr_assert(store_list(&work, &thing_entity, &like, THING(label), &page, &rows));
    cr_expect_eq(rows.count, 2, "2 and 4, but %zu", rows.count);
}

Test(list, is_ordered_by_columns_of_the_entity_only, .signal = SIGABRT)
{
    struct page page = {.size = 10, .order = "1; DROP TABLE test_things"};
    struct rows rows;

    store_list(&work, &thing_entity, NULL, NO_COLUMNS, &page, &rows);
}

/* How many rows the engine has read for this connection so far. */
static int64_t rows_read(void)
{
    return number_of(&work, "SELECT CAST(SUM(variable_value) AS SIGNED)"
                            " FROM information_schema.session_status WHERE variable_name IN"
                            " ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV')");
}

ParameterizedTestParameters(list, cost)
{
    static struct way ways[] = {{false, false}, {false, true}, {true, false}, {true, true}};

    return cr_make_param_array(struct way, ways, COUNT(ways));
}

ParameterizedTest(struct way *way, list, cost)
{
    struct page page = {.size = 5, .order = way->by_time ? "created_at" : NULL};
    struct rows rows;
    int64_t before;

    page.oldest_first = way->oldest_first;
    page.before_time = NO_INSTANT;
    add_things(0, 120);
    for (int i = 0; i < 4; i++) {
        before = rows_read();
        cr_assert(next_page(&page, &rows));
        cr_expect_eq(rows.count, 5);
        cr_expect_leq(rows_read() - before, 6 + 3, "page %d read %lld rows", i,
                      (long long)(rows_read() - before));
    }
}
