#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "stream/scan.h"

struct scan_case {
    char text[120];
    bool ok;
    char event[32]; /* the value found, "-" for none */
};

ParameterizedTestParameters(scan, finds_a_member)
{
    static struct scan_case cases[] = {
        /* clang-format off */
        {"{\"event\":\"media\"}",                            true,  "media"},
        {" { \"a\" : 1 , \"event\" : \"stop\" } ",           true,  "stop"},
        {"{\"a\":{\"event\":\"x\"},\"event\":\"y\"}",        true,  "y"},
        {"{\"a\":\"\\\"event\\\":\\\"x\\\"\",\"event\":\"y\"}", true, "y"},
        {"{\"a\":\"}\",\"b\":[\"]\",{}],\"event\":\"y\"}",   true,  "y"},
        {"{\"a\":\"\\\\\",\"event\":\"y\"}",                 true,  "y"},
        {"{\"event\":\"one\",\"event\":\"two\"}",            true,  "one"},
        {"{\"event\":\"\"}",                                 true,  ""},
        {"{\"event\":12}",                                   true,  "12"},
        {"{\"event\":{\"a\":[1]}}",                          true,  "{\"a\":[1]}"},
        {"{\"Event\":\"x\"}",                                true,  "-"},
        {"{\"events\":\"x\",\"even\":\"y\"}",                true,  "-"},
        {"{}",                                               true,  "-"},
        {"{\"event\":\"cut",                                 false, "-"},
        {"{\"event\"",                                       false, "-"},
        {"{\"event\":",                                      false, "-"},
        {"{\"a\":[1,{\"event\":2}",                          false, "-"},
        {"{\"a\":1 \"event\":\"x\"}",                        false, "-"},
        {"[\"event\"]",                                      false, "-"},
        {"\"event\"",                                        false, "-"},
        {"",                                                 false, "-"},
        {"{",                                                false, "-"},
        {"{,}",                                              false, "-"},
        {"{\"a\":,\"event\":\"x\"}",                         false, "-"},
        /* clang-format on */
    };

    return cr_make_param_array(struct scan_case, cases, COUNT(cases));
}

ParameterizedTest(struct scan_case *given, scan, finds_a_member)
{
    struct member wanted[] = {{.name = "event"}};
    char found[64] = "-";

    cr_expect_eq(scan_members(given->text, strlen(given->text), wanted, 1), given->ok, "%s",
                 given->text);
    if (wanted[0].value.at)
        snprintf(found, sizeof found, "%.*s", (int)wanted[0].value.length, wanted[0].value.at);
    cr_expect_str_eq(found, given->event, "%s", given->text);
}

Test(scan, stops_when_everything_was_found)
{
    static const char text[] = "{\"event\":\"media\",\"media\":{\"payload\":\"AA==\"}} and no JSON";
    struct member wanted[] = {{.name = "event"}, {.name = "media"}};

    cr_assert(scan_members(text, sizeof text - 1, wanted, 2));
    cr_expect_eq(wanted[0].kind, '"');
    cr_expect_eq(wanted[1].kind, '{');
}

Test(scan, reads_no_byte_behind_the_text)
{
    static const char text[] = "{\"event\":\"media\"}";
    struct member wanted[] = {{.name = "event"}};

    for (size_t length = 0; length < sizeof text - 2; length++) {
        char *copy = malloc(length ? length : 1);

        memcpy(copy, text, length);
        wanted[0].value.at = NULL;
        cr_expect_not(scan_members(copy, length, wanted, 1) && length < 16);
        free(copy);
    }
}

Test(scan, copies_only_plain_strings_that_fit)
{
    char text[6];

    cr_expect(slice_copy((struct slice){"abcde", 5}, text, sizeof text));
    cr_expect_str_eq(text, "abcde");
    cr_expect_not(slice_copy((struct slice){"abcdef", 6}, text, sizeof text));
    cr_expect_not(slice_copy((struct slice){"a\\n", 3}, text, sizeof text));
    cr_expect_not(slice_copy((struct slice){NULL, 0}, text, sizeof text));
}

Test(scan, reads_whole_numbers_only)
{
    cr_expect_eq(slice_number((struct slice){"20", 2}, -1), 20);
    cr_expect_eq(slice_number((struct slice){"-20", 3}, -1), -1);
    cr_expect_eq(slice_number((struct slice){"2.0", 3}, -1), -1);
    cr_expect_eq(slice_number((struct slice){"", 0}, -1), -1);
    cr_expect_eq(slice_number((struct slice){"9999999999999999", 16}, -1), -1);
    cr_expect_eq(slice_number((struct slice){NULL, 0}, 7), 7);
}
