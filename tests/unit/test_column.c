#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/column.h"

struct sample {
    int64_t tenant_id;
    uid id;
    const char *name;
    double price;
    bool active;
    instant created_at;
    document settings;
    bytes digest;
    int64_t hits;
};

static const struct column columns_of_sample[] = {
    COLUMN(sample, tenant_id, NOT_NULL),    COLUMN(sample, id, NOT_NULL),
    COLUMN(sample, name, NULLABLE),         COLUMN(sample, price, NULLABLE),
    COLUMN(sample, active, NOT_NULL),       COLUMN(sample, created_at, NULLABLE),
    COLUMN(sample, settings, NULLABLE),     COLUMN(sample, digest, NULLABLE),
    COLUMN(sample, hits, .computed = true),
};

static const struct entity sample_entity = ENTITY(sample, "sample", "samples", columns_of_sample);

Test(column, types_follow_from_the_members)
{
    static const enum type expected[] = {INTEGER, UID,      TEXT,  REAL,   BOOLEAN,
                                         INSTANT, DOCUMENT, BYTES, INTEGER};

    for (size_t i = 0; i < COUNT(expected); i++)
        cr_expect_eq(columns_of_sample[i].type, expected[i], "%s", columns_of_sample[i].name);
}

Test(column, are_found_by_place_and_by_name)
{
    cr_expect_str_eq(column_at(&sample_entity, offsetof(struct sample, price))->name, "price");
    cr_expect_null(column_at(&sample_entity, offsetof(struct sample, price) + 1));
    cr_expect_eq(column_named(&sample_entity, "price", 5), &columns_of_sample[3]);
    cr_expect_null(column_named(&sample_entity, "pric", 4));
    cr_expect_null(column_named(&sample_entity, "prices", 6));
    cr_expect_null(column_named(&sample_entity, "", 0));
}

Test(column, cells_of_a_cleared_row_hold_nothing)
{
    struct sample sample;

    memset(&sample, 0x55, sizeof sample);
    row_clear(&sample_entity, &sample);
    for (size_t i = 0; i < sample_entity.ncolumns; i++) {
        const struct column *column = &sample_entity.columns[i];

        cr_expect_eq(cell_is_none(column->type, cell_of(column, &sample)), column->type != BOOLEAN,
                     "%s", column->name);
    }
    cr_expect_not(sample.active);
}

Test(column, zero_and_the_epoch_are_something)
{
    int64_t zero = 0;
    double none = 0;
    instant epoch = {0};

    cr_expect_not(cell_is_none(INTEGER, &zero));
    cr_expect_not(cell_is_none(REAL, &none));
    cr_expect_not(cell_is_none(INSTANT, &epoch));
}

Test(columns, hold_each_of_128_by_itself)
{
    for (size_t i = 0; i < MAX_COLUMNS; i++) {
        columns one = columns_with(NO_COLUMNS, i);

        for (size_t j = 0; j < MAX_COLUMNS; j++)
            cr_assert_eq(columns_has(one, j), i == j, "%zu in the set of %zu", j, i);
        cr_assert(columns_empty(columns_without(one, i)));
        cr_assert_not(columns_empty(columns_union(NO_COLUMNS, one)));
    }
}

Test(columns, of_all_leave_out_what_is_computed)
{
    columns all = columns_all(&sample_entity);

    cr_expect(columns_have(all, &sample_entity, offsetof(struct sample, digest)));
    cr_expect_not(columns_have(all, &sample_entity, offsetof(struct sample, hits)));
}

Test(columns, are_added_by_member)
{
    columns set = columns_add(NO_COLUMNS, &sample_entity, offsetof(struct sample, name));

    cr_expect(columns_have(set, &sample_entity, offsetof(struct sample, name)));
    cr_expect_not(columns_have(set, &sample_entity, offsetof(struct sample, id)));
    cr_expect(columns_empty(columns_add(NO_COLUMNS, &sample_entity, 9999)));
}

static struct entity altered(const struct column *table, size_t count, const char *stored_in)
{
    return (struct entity){
        .name = "sample", .table = stored_in, .columns = table, .ncolumns = count};
}

Test(entity, tells_the_faults_of_its_table)
{
    static const struct column twice[] = {
        COLUMN(sample, tenant_id, NOT_NULL),
        COLUMN(sample, id, NOT_NULL),
        COLUMN(sample, name, NULLABLE),
        COLUMN(sample, name, NULLABLE),
    };
    static struct column many[MAX_COLUMNS + 1];
    struct entity no_key = altered(columns_of_sample + 1, 3, "samples");
    struct entity unstored = altered(columns_of_sample + 1, 3, NULL);
    struct entity repeated = altered(twice, COUNT(twice), "samples");
    struct entity large = altered(many, COUNT(many), NULL);

    cr_expect_null(entity_fault(&sample_entity));
    cr_expect_null(entity_fault(&unstored));
    cr_expect_not_null(entity_fault(&no_key));
    cr_expect_not_null(entity_fault(&repeated));
    cr_expect_not_null(entity_fault(&large));
}
