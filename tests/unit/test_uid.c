#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/rand.h"
#include "core/uid.h"

#define UUID "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e"
#define HEX "01939f3a7c217a4e8b1d5f6a7b8c9d0e"
#define BASE32 "01jefkmz11f978p7azd9xrs78e"

static uid known(void)
{
    uid id;

    cr_assert(uid_read_uuid(UUID, &id));
    return id;
}

Test(uid, has_three_spellings)
{
    char text[40];

    uid_write_uuid(known(), text);
    cr_expect_str_eq(text, UUID);
    uid_write_hex(known(), text);
    cr_expect_str_eq(text, HEX);
    uid_write_base32(known(), text);
    cr_expect_str_eq(text, BASE32);
    uid_write_base32_upper(known(), text);
    cr_expect_str_eq(text, "01JEFKMZ11F978P7AZD9XRS78E");
}

struct spelling_case {
    char text[64];
    bool ok;
};

ParameterizedTestParameters(uid, is_read_in_any_spelling)
{
    static struct spelling_case cases[] = {
        /* clang-format off */
        {UUID, true},
        {"01939F3A-7C21-7A4E-8B1D-5F6A7B8C9D0E", true},
        {HEX, true},
        {"01939F3A7C217A4E8B1D5F6A7B8C9D0E", true},
        {BASE32, true},
        {"01JEFKMZ11F978P7AZD9XRS78E", true},
        {"oiJEFKMZi1F978P7AZD9XRS78E", true},
        {"olJEFKMZ1LF978P7AZD9XRS78E", true},
        {"agent_" BASE32, true},
        {"AP" HEX, true},
        {"AP" UUID, true},
        {"AGT-" UUID, true},
        {"call_" BASE32, false},
        {"agent_agent_" BASE32, false},
        {"81jefkmz11f978p7azd9xrs78e", false},
        {"u1jefkmz11f978p7azd9xrs78e", false},
        {"01jefkmz11f978p7azd9xrs78u", false},
        {"01jefkmz11f978p7azd9xrs78", false},
        {BASE32 "0", false},
        {"01939f3a7c217a4e8b1d5f6a7b8c9d0", false},
        {HEX "0", false},
        {"01939f3a7c217a4e8b1d5f6a7b8c9d0g", false},
        {"01939f3a-7c21-7a4e-8b1d5-f6a7b8c9d0e", false},
        {"01939f3a_7c21_7a4e_8b1d_5f6a7b8c9d0e", false},
        {"", false},
        {"7", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct spelling_case, cases, COUNT(cases));
}

ParameterizedTest(struct spelling_case *given, uid, is_read_in_any_spelling)
{
    static const char *const prefixes[] = {"AGT-", "agent_", "AP", NULL};
    uid id = NO_UID;

    cr_expect_eq(uid_read(given->text, prefixes, &id), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect(uid_equal(id, known()), "%s", given->text);
}

Test(uid, is_left_alone_by_a_text_that_is_no_key)
{
    uid id = known();

    uid_read("01939f3a7c217a4e8b1d5f6a7b8c9dxx", NULL, &id);
    cr_expect(uid_equal(id, known()));
}

Test(uid, later_ones_are_greater_within_one_millisecond)
{
    uid last = NO_UID;

    clock_set((instant){1793613600123});
    for (int i = 0; i < 20000; i++) {
        uid id = uid_new();

        cr_assert_gt(uid_compare(id, last), 0, "the %dth is not greater", i);
        last = id;
    }
}

Test(uid, later_ones_are_greater_when_the_clock_goes_back)
{
    uid first;

    clock_set((instant){1793613600123});
    first = uid_new();
    clock_set((instant){1793613600000});
    cr_expect_gt(uid_compare(uid_new(), first), 0);
}

enum { THREADS = 4, KEYS = 5000 };

static void *make_keys(void *with)
{
    uid *made = with;

    for (int i = 0; i < KEYS; i++)
        made[i] = uid_new();
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return uid_compare(*(const uid *)a, *(const uid *)b);
}

/* Without their random half, which would hide it if two threads had counted the same. */
Test(uid, threads_share_the_order)
{
    static uid made[THREADS * KEYS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, make_keys, made + (size_t)i * KEYS), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(made, COUNT(made), sizeof *made, compare);
    for (size_t i = 1; i < COUNT(made); i++)
        cr_assert(memcmp(made[i].bytes, made[i - 1].bytes, 8) != 0);
}

Test(uid, is_a_uuid_of_version_7)
{
    clock_set((instant){1793613600123});
    for (int i = 0; i < 100; i++) {
        uid id = uid_new();

        cr_expect_eq(id.bytes[6] >> 4, 7);
        cr_expect_eq(id.bytes[8] >> 6, 2);
    }
}

Test(uid, of_a_time_begins_the_range_of_its_keys)
{
    uid id;

    clock_set((instant){1793613600123});
    id = uid_new();
    cr_expect_lt(uid_compare(uid_at(clock_now()), id), 0);
    cr_expect_gt(uid_compare(uid_at(instant_after(clock_now(), 1)), id), 0);
}

Test(uid, repeats_with_a_seed)
{
    unsigned char first[20], again[20];

    rand_seed(7);
    rand_bytes(first, sizeof first);
    rand_seed(7);
    rand_bytes(again, sizeof again);
    cr_expect_arr_eq(first, again, sizeof first);
    rand_seed(8);
    rand_bytes(again, sizeof again);
    cr_expect_arr_neq(first, again, sizeof first);
}

Test(rand, stays_below_its_bound)
{
    bool seen[3] = {false};

    rand_seed(1);
    for (int i = 0; i < 1000; i++)
        seen[rand_below(3)] = true;
    cr_expect(seen[0] && seen[1] && seen[2]);
    cr_expect_eq(rand_below(1), 0);
}

Test(rand, bounds_that_are_powers_of_two_or_the_largest_end)
{
    rand_seed(1);
    cr_expect_lt(rand_below(UINT64_C(1) << 63), UINT64_C(1) << 63);
    cr_expect_lt(rand_below(UINT64_MAX), UINT64_MAX);
}
