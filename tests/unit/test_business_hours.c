#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "domain/business_hours.h"

#define WEEKDAYS                                                                                   \
    "\"monday\":\"09:00-17:00\",\"tuesday\":\"09:00-17:00\",\"wednesday\":\"09:00-12:30, "         \
    "13:30-17:00\",\"thu\":{\"open\":\"09:00\",\"close\":\"17:00\"},\"Fri\":[{\"start\":\"9\","    \
    "\"end\":\"12\"},\"13:00-16:00\"],\"saturday\":null,\"sunday\":\"closed\""
#define NEW_YORK "{\"timezone\":\"America/New_York\"," WEEKDAYS "}"

struct moment {
    char hours[420], now[24];
    bool open;
    char next[32]; /* in the zone; empty: nothing changes */
};

ParameterizedTestParameters(business_hours, moments)
{
    static struct moment cases[] = {
        /* 2026-11-23 is a Monday */
        {NEW_YORK, "2026-11-23T13:59:59Z", false, "2026-11-23T09:00:00-05:00"},
        {NEW_YORK, "2026-11-23T14:00:00Z", true, "2026-11-23T17:00:00-05:00"},
        {NEW_YORK, "2026-11-23T22:00:00Z", false, "2026-11-24T09:00:00-05:00"},
        {NEW_YORK, "2026-11-25T18:00:00Z", false, "2026-11-25T13:30:00-05:00"},
        {NEW_YORK, "2026-11-26T15:00:00Z", true, "2026-11-26T17:00:00-05:00"},
        {NEW_YORK, "2026-11-27T16:00:00Z", true, "2026-11-27T12:00:00-05:00"},
        {NEW_YORK, "2026-11-27T20:00:00Z", true, "2026-11-27T16:00:00-05:00"},
        {NEW_YORK, "2026-11-28T15:00:00Z", false, "2026-11-30T09:00:00-05:00"},
        /* clocks go back on Sunday, 1 November */
        {NEW_YORK, "2026-10-31T12:00:00Z", false, "2026-11-02T09:00:00-05:00"},
        {"{\"schedule\":{\"mon\":\"22:00-02:00\"}}", "2026-11-24T01:00:00Z", true,
         "2026-11-24T02:00:00+00:00"},
        {"{\"schedule\":{\"mon\":\"22:00-02:00\"}}", "2026-11-24T02:00:00Z", false,
         "2026-11-30T22:00:00+00:00"},
        {"{" WEEKDAYS ",\"holidays\":[\"2026-11-24\"]}", "2026-11-23T18:00:00Z", false,
         "2026-11-25T09:00:00+00:00"},
        {"{\"mon\":\"0-24\",\"tue\":\"0-24\",\"wed\":\"0-24\",\"thu\":\"0-24\",\"fri\":\"0-24\","
         "\"sat\":\"0-24\",\"sun\":\"00:00-24:00\"}",
         "2026-11-24T02:00:00Z", true, ""},
        {"{}", "2026-11-24T02:00:00Z", false, ""},
        {"{\"mon\":\"25:00-99\",\"tue\":\"soon\",\"wed\":7,\"thu\":{},\"fri\":[[]]}",
         "2026-11-24T02:00:00Z", false, ""},
    };

    return cr_make_param_array(struct moment, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct moment *given, business_hours, moments)
{
    struct arena arena = {0};
    json_object *hours = json_parse(given->hours);
    struct business_hours answer;
    char next[ZONE_ISO_SIZE] = "";
    instant now;

    cr_assert(hours && instant_read_iso(given->now, &now));
    cr_assert(business_hours_at(&arena, hours, NULL, now, &answer));
    if (!instant_is_none(answer.next_change))
        zone_write_iso(answer.zone, answer.next_change, next);
    cr_expect_eq(answer.open, given->open, "%s at %s", given->hours, given->now);
    cr_expect_str_eq(next, given->next, "%s at %s: %s", given->hours, given->now, next);
    json_object_put(hours);
    arena_free(&arena);
}

Test(business_hours, that_nobody_can_say_are_not_answered)
{
    struct arena arena = {0};
    json_object *hours = json_parse("{\"timezone\":\"Mars/Olympus\"}");
    struct business_hours answer;

    cr_expect_not(business_hours_at(&arena, hours, NULL, clock_now(), &answer));
    cr_expect_not(business_hours_at(&arena, NULL, NULL, clock_now(), &answer));
    json_object_put(hours);
    arena_free(&arena);
}
