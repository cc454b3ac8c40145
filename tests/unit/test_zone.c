/* Local times as the tz database has them, with and without the rule behind its tables. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/zone.h"

static struct arena arena;

static void end(void)
{
    arena_free(&arena);
}

TestSuite(zone, .fini = end);

static instant utc(const char *text)
{
    instant when;

    cr_assert(instant_read_iso(text, &when), "%s", text);
    return when;
}

struct zone_case {
    char zone[32], at[24], local[32];
};

ParameterizedTestParameters(zone, times)
{
    static struct zone_case cases[] = {
        {"Europe/Berlin", "2026-01-15T11:00:00Z", "2026-01-15T12:00:00+01:00"},
        {"Europe/Berlin", "2026-07-15T11:00:00Z", "2026-07-15T13:00:00+02:00"},
        {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"},
        {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"},
        {"Europe/Berlin", "2061-07-15T11:00:00Z", "2061-07-15T13:00:00+02:00"},
        {"Europe/Berlin", "2061-12-15T11:00:00Z", "2061-12-15T12:00:00+01:00"},
        {"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59:59-04:00"},
        {"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00-05:00"},
        {"America/New_York", "2060-03-14T06:59:59Z", "2060-03-14T01:59:59-05:00"},
        {"America/New_York", "2060-03-14T07:00:00Z", "2060-03-14T03:00:00-04:00"},
        {"Australia/Sydney", "2060-01-15T00:00:00Z", "2060-01-15T11:00:00+11:00"},
        {"Australia/Sydney", "2060-07-15T00:00:00Z", "2060-07-15T10:00:00+10:00"},
        {"Asia/Kolkata", "2026-02-28T20:00:00Z", "2026-03-01T01:30:00+05:30"},
        {"America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31T20:30:00-03:30"},
        {"Etc/UTC", "2024-02-29T23:59:00Z", "2024-02-29T23:59:00+00:00"},
        {"UTC", "1969-12-31T23:59:30Z", "1969-12-31T23:59:30+00:00"},
    };

    return cr_make_param_array(struct zone_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct zone_case *given, zone, times)
{
    struct zone *zone = zone_open(&arena, given->zone);
    char text[ZONE_ISO_SIZE];

    cr_assert_not_null(zone, "%s", given->zone);
    zone_write_iso(zone, utc(given->at), text);
    cr_expect_str_eq(text, given->local, "%s in %s: %s", given->at, given->zone, text);
}

Test(zone, knows_which_moment_a_clock_means)
{
    struct zone *zone = zone_open(&arena, "America/New_York");
    struct local_time noon = zone_local(zone, utc("2026-11-21T17:00:00Z"));

    cr_expect_eq(noon.weekday, 6);
    cr_expect_eq(noon.minute, 720);
    cr_expect_eq(zone_moment(zone, noon.day, 540).ms, utc("2026-11-21T14:00:00Z").ms);
    noon = zone_local(zone, utc("2026-11-01T17:00:00Z"));
    cr_expect_eq(zone_moment(zone, noon.day, 90).ms, utc("2026-11-01T05:30:00Z").ms,
                 "of two the first");
    cr_expect_eq(zone_moment(zone, noon.day, 540).ms, utc("2026-11-01T14:00:00Z").ms);
    noon = zone_local(zone, utc("2026-03-08T17:00:00Z"));
    cr_expect_eq(zone_moment(zone, noon.day, 540).ms, utc("2026-03-08T13:00:00Z").ms);
}

Test(zone, that_is_none_is_not_opened)
{
    cr_expect_null(zone_open(&arena, NULL));
    cr_expect_null(zone_open(&arena, ""));
    cr_expect_null(zone_open(&arena, "Mars/Olympus"));
    cr_expect_null(zone_open(&arena, "../../../etc/passwd"));
    cr_expect_null(zone_open(&arena, "/etc/localtime"));
    cr_expect_null(zone_open(&arena, "Europe"));
    cr_expect_null(zone_open(&arena, "tzdata.zi"));
}
