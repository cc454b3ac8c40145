#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/clock.h"
#include "core/column.h"

struct moment_case {
    int64_t ms;
    char seconds[32], milliseconds[32], shortest[32], rfc2822[40], sql[32];
};

ParameterizedTestParameters(clock, writes_an_instant)
{
    static struct moment_case cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z",
         "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01 00:00:00.000"},
        {1793613600123, "2026-11-02T10:00:00Z", "2026-11-02T10:00:00.123Z",
         "2026-11-02T10:00:00.123Z", "Mon, 02 Nov 2026 10:00:00 +0000", "2026-11-02 10:00:00.123"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z",
         "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31 23:59:59.999"},
        {1709164800000, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00Z",
         "Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29 00:00:00.000"},
        {253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z",
         "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31 23:59:59.999"},
    };

    return cr_make_param_array(struct moment_case, cases, COUNT(cases));
}

ParameterizedTest(struct moment_case *given, clock, writes_an_instant)
{
    instant when = {given->ms};
    char text[40];

    instant_write_iso(when, ISO_SECONDS, text);
    cr_expect_str_eq(text, given->seconds);
    instant_write_iso(when, ISO_MILLISECONDS, text);
    cr_expect_str_eq(text, given->milliseconds);
    instant_write_iso(when, ISO_SHORTEST, text);
    cr_expect_str_eq(text, given->shortest);
    instant_write_rfc2822(when, text);
    cr_expect_str_eq(text, given->rfc2822);
    instant_write_sql(when, text);
    cr_expect_str_eq(text, given->sql);
}

struct reading_case {
    char text[64];
    bool ok;
    int64_t ms;
};

ParameterizedTestParameters(clock, reads_rfc3339)
{
    static struct reading_case cases[] = {
        /* clang-format off */
        {"1970-01-01T00:00:00Z",            true,  0},
        {"1970-01-01",                      true,  0},
        {"2026-11-02T10:00:00.123Z",        true,  1793613600123},
        {"2026-11-02t10:00:00.123z",        true,  1793613600123},
        {"2026-11-02 10:00:00.123Z",        true,  1793613600123},
        {"2026-11-02T11:00:00.1239+01:00",  true,  1793613600123},
        {"2026-11-02T04:30:00.123-05:30",   true,  1793613600123},
        {"2026-11-02T11:00:00.123+0100",    true,  1793613600123},
        {"2024-02-29",                      true,  1709164800000},
        {"2016-12-31T23:59:60Z",            true,  1483228800000},
        {"2025-02-29",                      false, 0},
        {"2025-02-31T00:00:00Z",            false, 0},
        {"2025-00-10",                      false, 0},
        {"2025-13-10",                      false, 0},
        {"2025-01-00",                      false, 0},
        {"2025-01-32",                      false, 0},
        {"2025-01-01T24:00:00Z",            false, 0},
        {"2025-01-01T00:60:00Z",            false, 0},
        {"2025-01-01T00:00:61Z",            false, 0},
        {"2025-01-01T00:00:60Z",            false, 0},
        {"9999-12-31T23:59:59-01:00",       false, 0},
        {"0000-12-31T23:59:59Z",            false, 0},
        {"2025-01-01T00:00:00",             false, 0},
        {"2025-01-01T00:00Z",               false, 0},
        {"2025-01-01T00:00:00.Z",           false, 0},
        {"2025-01-01T00:00:00Zx",           false, 0},
        {"2025-01-01T00:00:00+24:00",       false, 0},
        {"2025-01-01T00:00:00+01",          false, 0},
        {"2025-1-1",                        false, 0},
        {" 2025-01-01",                     false, 0},
        {"+025-01-01",                      false, 0},
        {"",                                false, 0},
        {"yesterday",                       false, 0},
        /* clang-format on */
    };

    return cr_make_param_array(struct reading_case, cases, COUNT(cases));
}

ParameterizedTest(struct reading_case *given, clock, reads_rfc3339)
{
    instant when = {0};

    cr_expect_eq(instant_read_iso(given->text, &when), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect_eq(when.ms, given->ms, "%s: %lld", given->text, (long long)when.ms);
}

ParameterizedTestParameters(clock, reads_rfc2822)
{
    static struct reading_case cases[] = {
        /* clang-format off */
        {"Mon, 02 Nov 2026 10:00:00 +0000", true,  1793613600000},
        {"Mon, 2 Nov 2026 10:00:00 GMT",    true,  1793613600000},
        {"02 Nov 2026 11:00:00 +0100",      true,  1793613600000},
        {"Mon, 02 Nov 2026 05:00:00 -0500", true,  1793613600000},
        {"Mon, 31 Feb 2026 10:00:00 +0000", false, 0},
        {"Mon, 02 Nvo 2026 10:00:00 +0000", false, 0},
        {"Mon, 02 anF 2026 10:00:00 +0000", false, 0},
        {"Mon, 02 Nov 2026 25:00:00 +0000", false, 0},
        {"Mon, 02 Nov 2026 -1:00:00 +0000", false, 0},
        {"Mon, 02 Nov 2026 10:00:00",       false, 0},
        {"Mon, 02 Nov 2026 10:00:00 CET",   false, 0},
        {"Mon, 02 Nov 2026 10:00:00 +00009", false, 0},
        {"Mon, 02 Nov 2026 10:00:00 +0000 x", false, 0},
        {"Mon, 02 Nov 99999999999 10:00:00 +0000", false, 0},
        {"",                                false, 0},
        /* clang-format on */
    };

    return cr_make_param_array(struct reading_case, cases, COUNT(cases));
}

ParameterizedTest(struct reading_case *given, clock, reads_rfc2822)
{
    instant when = {0};

    cr_expect_eq(instant_read_rfc2822(given->text, &when), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect_eq(when.ms, given->ms, "%s: %lld", given->text, (long long)when.ms);
}

Test(clock, stands_where_a_test_puts_it_and_moves_when_told)
{
    int64_t before;

    clock_set((instant){5000});
    before = clock_monotonic_us();
    cr_expect_eq(clock_now().ms, 5000);
    clock_advance_ms(250);
    cr_expect_eq(clock_now().ms, 5250);
    cr_expect_eq(clock_monotonic_us() - before, 250000);
}

Test(clock, monotonic_never_goes_back)
{
    int64_t before;

    clock_set((instant){5000});
    before = clock_monotonic_us();
    clock_set((instant){1000});
    cr_expect_eq(clock_now().ms, 1000);
    cr_expect_eq(clock_monotonic_us(), before);
}

Test(clock, goes_on_by_itself_after_its_release)
{
    clock_set((instant){0});
    clock_release();
    cr_expect_gt(clock_now().ms, 1700000000000);
}
