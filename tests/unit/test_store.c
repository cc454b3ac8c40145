#include <string.h>

#include <criterion/criterion.h>

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

TestSuite(store, .init = setup, .fini = end);

Test(store, stamps_a_new_row)
{
    struct thing thing;
    uid id = thing_add(&work, "a", 7);

    cr_assert(store_get(&work, &thing_entity, id, &thing));
    cr_expect_eq(thing.tenant_id, work.tenant);
    cr_expect_eq(thing.created_at.ms, 1762077600000);
    cr_expect_eq(thing.updated_at.ms, 1762077600000);
    cr_expect_eq(thing.rev, 1);
    cr_expect_eq(thing.amount, 7);
    cr_expect_null(thing.label);
}

Test(store, leaves_given_times_of_a_new_row_alone)
{
    struct thing thing = thing_new(), found;

    thing.created_at = (instant){1000};
    cr_assert(store_insert(&work, &thing_entity, &thing, THING(created_at)));
    cr_assert(store_get(&work, &thing_entity, thing.id, &found));
    cr_expect_eq(found.created_at.ms, 1000);
    cr_expect_eq(found.updated_at.ms, 1762077600000);
}

Test(store, ignores_the_tenant_of_a_row)
{
    struct thing thing = thing_new(), found;

    thing.tenant_id = work.tenant + 1;
    cr_assert(store_insert(&work, &thing_entity, &thing, THING(tenant_id)));
    cr_assert(store_get(&work, &thing_entity, thing.id, &found));
    cr_expect_eq(found.tenant_id, work.tenant);
}

Test(store, writes_no_computed_column)
{
    struct thing thing = thing_new();

    thing.created_at = thing.updated_at = clock_now();
    thing.twice = 5;
    cr_expect(store_insert(&work, &thing_entity, &thing,
                           columns_with(columns_all(&thing_entity), thing_entity.ncolumns - 1)));
    cr_expect(store_update(&work, &thing_entity, &thing, THING(twice)));
}

Test(store, refuses_what_is_there_already)
{
    struct thing thing = thing_new();

    thing_add(&work, "a", 1);
    thing.code = "a";
    cr_expect(!store_insert(&work, &thing_entity, &thing, THING(code)));
    cr_expect_eq(work.error.what, CONFLICT);
    cr_expect_str_eq(work.error.message, "The thing exists already");
    thing.id = thing_add(&work, "b", 1);
    cr_expect(!store_update(&work, &thing_entity, &thing, THING(code)));
    cr_expect_eq(work.error.what, CONFLICT);
}

Test(store, changes_what_is_given_and_nothing_else)
{
    struct thing thing = thing_new(), found;

    thing.id = thing_add(&work, "a", 7);
    thing.label = "new";
    clock_advance_ms(5);
    cr_assert(store_update(&work, &thing_entity, &thing, THING(label)));
    cr_assert(store_get(&work, &thing_entity, thing.id, &found));
    cr_expect_str_eq(found.label, "new");
    cr_expect_str_eq(found.code, "a");
    cr_expect(found.amount == 7 && found.rev == 2);
    cr_expect_eq(found.created_at.ms, 1762077600000);
    cr_expect_eq(found.updated_at.ms, 1762077600005);
}

Test(store, sets_a_column_to_nothing)
{
    struct thing thing = thing_new(), found;

    thing.id = thing_add(&work, "a", 7);
    cr_assert(store_update(&work, &thing_entity, &thing, THING(amount)));
    cr_assert(store_get(&work, &thing_entity, thing.id, &found));
    cr_expect_eq(found.amount, NO_INTEGER);
}

Test(store, deletes_a_row_once)
{
    uid id = thing_add(&work, "a", 7);

    cr_expect(store_delete(&work, &thing_entity, id));
    cr_expect(!store_delete(&work, &thing_entity, id));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

/* Each way to reach a row, tried by another tenant. */
Test(store, has_no_rows_of_another_tenant)
{
    struct thing thing = thing_new(), found, like = thing_new();
    struct page page = {.size = 10};
    struct rows rows;

    thing.id = thing_add(&work, "a", 7);
    like.code = "a";
    work.tenant++;
    cr_expect(!store_get(&work, &thing_entity, thing.id, &found) && work.error.what == NOT_FOUND);
    cr_expect(!store_find(&work, &thing_entity, &like, THING(code), &found) &&
              work.error.what == NOT_FOUND);
    cr_expect(!store_update(&work, &thing_entity, &thing, THING(label)) &&
              work.error.what == NOT_FOUND);
    cr_expect(!store_delete(&work, &thing_entity, thing.id) && work.error.what == NOT_FOUND);
    cr_expect(store_list(&work, &thing_entity, &like, THING(code), &page, &rows));
    cr_expect_eq(rows.count, 0);
    cr_expect_eq(things_count(&work, "a"), 0);
    work.tenant--;
    cr_assert(store_get(&work, &thing_entity, thing.id, &found));
    cr_expect_eq(found.rev, 1);
}

Test(store, finds_by_several_columns_and_by_nothing)
{
    struct thing like = thing_new(), found;
    columns both = columns_union(THING(code), THING(amount));

    thing_add(&work, "a", 7);
    thing_add(&work, NULL, 8);
    like.code = "a";
    like.amount = 7;
    cr_expect(store_find(&work, &thing_entity, &like, both, &found));
    like.amount = 8;
    cr_expect(!store_find(&work, &thing_entity, &like, both, &found));
    like.code = NULL;
    cr_expect(store_find(&work, &thing_entity, &like, both, &found), "NULL equals nothing");
    cr_expect_eq(found.amount, 8);
}

Test(store, counts_no_further_than_asked)
{
    int64_t count;

    for (int i = 0; i < 5; i++)
        thing_add(&work, arena_format(&work.arena, "%d", i), i);
    cr_assert(store_count(&work, &thing_entity, NULL, NO_COLUMNS, 3, &count));
    cr_expect_eq(count, 3);
    cr_assert(store_count(&work, &thing_entity, NULL, NO_COLUMNS, 100, &count));
    cr_expect_eq(count, 5);
}

Test(store, names_columns_behind_an_alias)
{
    cr_expect_eq(strncmp(store_names(&work, &thing_entity, "t"), "t.tenant_id, t.id, t.label", 26),
                 0);
    cr_expect_null(strstr(store_names(&work, &thing_entity, NULL), "twice"));
}
