#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/json.h"
#include "core/text.h"

static struct work work;

static void end(void)
{
    work_end(&work);
}

TestSuite(json, .fini = end);

struct good_case {
    char text[100], again[100];
};

/* What is read, and how it is written again. */
ParameterizedTestParameters(json, passes_what_the_standard_allows)
{
    static struct good_case cases[] = {
        /* clang-format off */
        {"null",                       "null"},
        {" true ",                     "true"},
        {"false",                      "false"},
        {"0",                          "0"},
        {"-1",                         "-1"},
        {"9223372036854775807",        "9223372036854775807"},
        {"-9223372036854775808",       "-9223372036854775808"},
        {"1.5e3",                      "1.5e3"},
        {"1E-2",                       "1E-2"},
        {"0.1",                        "0.1"},
        {"\"\"",                       "\"\""},
        {"\t\r\n[ 1 , 2 ]\n",          "[1,2]"},
        {"[]",                         "[]"},
        {"{ }",                        "{}"},
        {"{\"a\" : {\"a\":[{\"a\":1}]}}", "{\"a\":{\"a\":[{\"a\":1}]}}"},
        {"{\"a\":1,\"A\":2,\"\":3}",   "{\"a\":1,\"A\":2,\"\":3}"},
        {"[{\"a\":1},{\"a\":2}]",      "[{\"a\":1},{\"a\":2}]"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u00e9\\u20AC\"",         "\"\xC3\xA9\xE2\x82\xAC\""},
        {"\"\\ud83d\\ude00\"",         "\"\xF0\x9F\x98\x80\""},
        {"\"\xF0\x9F\x98\x80\x7f\"",   "\"\xF0\x9F\x98\x80\\u007f\""},
        /* clang-format on */
    };

    return cr_make_param_array(struct good_case, cases, COUNT(cases));
}

ParameterizedTest(struct good_case *given, json, passes_what_the_standard_allows)
{
    json_object *tree;

    cr_assert(json_read(&work, given->text, strlen(given->text), NULL, &tree), "%s: %s",
              given->text, work.error.message);
    cr_expect_str_eq(json_write(&work.arena, tree), given->again);
    json_object_put(tree);
}

struct bad_case {
    char text[64];
    size_t length, at;
    char fault[48];
};

#define TEXT(literal) literal, sizeof literal - 1

static struct bad_case bad_cases[] = {
    /* clang-format off */
    {TEXT(""),                     0, "a value is expected"},
    {TEXT("  "),                   2, "a value is expected"},
    {TEXT("\xEF\xBB\xBF{}"),       0, "a value is expected"},
    {TEXT("nul"),                  0, "a value is expected"},
    {TEXT("True"),                 0, "a value is expected"},
    {TEXT("NaN"),                  0, "a value is expected"},
    {TEXT("Infinity"),             0, "a value is expected"},
    {TEXT("-Infinity"),            0, "a number has no digits"},
    {TEXT("nullx"),                4, "something follows the value"},
    {TEXT("{} {}"),                3, "something follows the value"},
    {TEXT("1\0"),                  1, "something follows the value"},
    {TEXT("\0"),                   0, "a value is expected"},
    {TEXT("01"),                   1, "something follows the value"},
    {TEXT("-"),                    0, "a number has no digits"},
    {TEXT("+1"),                   0, "a value is expected"},
    {TEXT(".5"),                   0, "a value is expected"},
    {TEXT("1."),                   0, "a number ends in a point"},
    {TEXT("1.e5"),                 0, "a number ends in a point"},
    {TEXT("1e"),                   0, "a number has an empty exponent"},
    {TEXT("1e+"),                  0, "a number has an empty exponent"},
    {TEXT("0x10"),                 1, "something follows the value"},
    {TEXT("1e400"),                0, "a number is too large"},
    {TEXT("9223372036854775808"),  0, "a number is too large"},
    {TEXT("[1"),                   0, "an array is not closed"},
    {TEXT("[1}"),                  2, "a comma is expected"},
    {TEXT("[1 2]"),                3, "a comma is expected"},
    {TEXT("[1,]"),                 3, "a value is expected"},
    {TEXT("[,1]"),                 1, "a value is expected"},
    {TEXT("["),                    1, "a value is expected"},
    {TEXT("{\"a\":1"),             0, "an object is not closed"},
    {TEXT("{\"a\"}"),              4, "a colon is expected"},
    {TEXT("{\"a\":}"),             5, "a value is expected"},
    {TEXT("{\"a\":1,}"),           7, "a key in quotes is expected"},
    {TEXT("{a:1}"),                1, "a key in quotes is expected"},
    {TEXT("{'a':1}"),              1, "a key in quotes is expected"},
    {TEXT("{1:1}"),                1, "a key in quotes is expected"},
    {TEXT("{\"a\":1 /* b */}"),    7, "a comma is expected"},
    {TEXT("['a']"),                1, "a value is expected"},
    {TEXT("\"a"),                  0, "a string is not closed"},
    {TEXT("\"a\\\""),              0, "a string is not closed"},
    {TEXT("\"a\\"),                2, "a backslash escapes nothing"},
    {TEXT("\"\\x41\""),            1, "a backslash escapes nothing"},
    {TEXT("\"\\\0\""),             1, "a backslash escapes nothing"},
    {TEXT("\"a\nb\""),             2, "a control character stands in a string"},
    {TEXT("\"\x1f\""),             1, "a control character stands in a string"},
    {TEXT("\"a\0b\""),             2, "a control character stands in a string"},
    {TEXT("\"\\u0000\""),          1, "\\u is not followed by a character"},
    {TEXT("\"\\u12\""),            1, "\\u is not followed by a character"},
    {TEXT("\"\\u12g4\""),          1, "\\u is not followed by a character"},
    {TEXT("\"\\ud800\""),          1, "\\u is not followed by a character"},
    {TEXT("\"\\ud800\\u0041\""),   1, "\\u is not followed by a character"},
    {TEXT("\"\\udc00\\ud800\""),   1, "\\u is not followed by a character"},
    {TEXT("\"\\ud800"),            1, "\\u is not followed by a character"},
    {TEXT("\"\x80\""),             1, "a string is not UTF-8"},
    {TEXT("\"a\xC3\""),            2, "a string is not UTF-8"},
    {TEXT("\"\xED\xA0\x80\""),     1, "a string is not UTF-8"},
    {TEXT("\"\xC0\x80\""),         1, "a string is not UTF-8"},
    {TEXT("\"\xF0\x9F\x98"),       1, "a string is not UTF-8"},
    {TEXT("{\"a\":1,\"a\":2}"),    7, "a key stands in an object twice"},
    {TEXT("{\"a\":1,\"\\u0061\":2}"), 7, "a key stands in an object twice"},
    {TEXT("{\"\\n\":1,\"\\u000a\":2}"), 8, "a key stands in an object twice"},
    {TEXT("{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\ude00\":2}"), 10, "a key stands in an object twice"},
    {TEXT("{\"\":1,\"b\":2,\"\":3}"), 12, "a key stands in an object twice"},
    {TEXT("[{\"b\":{\"a\":1,\"c\":0},\"b\":2}]"), 20, "a key stands in an object twice"},
    /* clang-format on */
};

ParameterizedTestParameters(json, refuses_everything_else)
{
    return cr_make_param_array(struct bad_case, bad_cases, COUNT(bad_cases));
}

ParameterizedTest(struct bad_case *given, json, refuses_everything_else)
{
    json_object *tree;
    size_t at = 999;
    char *exact = malloc(given->length + !given->length); /* so that reading on would be seen */
    const char *fault;

    memcpy(exact, given->text, given->length);
    fault = json_check(exact, given->length, NULL, &at);
    cr_assert_not_null(fault, "%s", given->text);
    cr_expect_str_eq(fault, given->fault);
    cr_expect_eq(at, given->at, "%s: %zu", given->text, at);
    cr_expect_not(json_read(&work, exact, given->length, NULL, &tree));
    cr_expect_null(tree);
    cr_expect_eq(work.error.what, INVALID);
    free(exact);
}

static const char *nested(size_t depth)
{
    struct text text = {.arena = &work.arena};

    for (size_t i = 0; i < depth; i++)
        text_put(&text, i % 2 ? "{\"a\":" : "[");
    text_put(&text, "1");
    for (size_t i = depth; i-- > 0;)
        text_put(&text, i % 2 ? "}" : "]");
    return text.at;
}

struct depth_case {
    size_t depth, allowed;
    bool ok;
};

ParameterizedTestParameters(json, is_nested_as_deep_as_allowed)
{
    static struct depth_case cases[] = {
        {JSON_DEPTH, 0, true}, {JSON_DEPTH + 1, 0, false}, {1, 1, true},
        {2, 1, false},         {500, 500, true},           {100000, SIZE_MAX, false},
    };

    return cr_make_param_array(struct depth_case, cases, COUNT(cases));
}

ParameterizedTest(struct depth_case *given, json, is_nested_as_deep_as_allowed)
{
    struct json_rules rules = {.depth = given->allowed};
    const char *text = nested(given->depth);
    json_object *tree;

    cr_expect_eq(json_read(&work, text, strlen(text), &rules, &tree), given->ok);
    if (given->ok)
        cr_expect_str_eq(json_write(&work.arena, tree), text);
    json_object_put(tree);
}

Test(json, neighbours_do_not_count_as_nested)
{
    static const char text[] = "[[],{},[],{\"a\":[]}]";
    size_t at;

    cr_expect_null(json_check(text, strlen(text), &(struct json_rules){.depth = 3}, &at));
    cr_expect_not_null(json_check(text, strlen(text), &(struct json_rules){.depth = 2}, &at));
}

Test(json, of_two_same_keys_the_last_counts_where_they_are_allowed)
{
    static const char text[] = "{\"a\":1,\"a\":2}";
    json_object *tree;

    cr_assert(json_read(&work, text, strlen(text), &(struct json_rules){0}, &tree));
    cr_expect_eq(json_integer(tree, "a", 0), 2);
    json_object_put(tree);
}

Test(json, key_that_stands_twice_is_found_among_very_many)
{
    struct text text = {.arena = &work.arena};
    size_t at, length;

    text_char(&text, '{');
    for (int i = 0; i < 100000; i++)
        text_add(&text, "\"a common beginning %d\":%d,", i, i);
    length = text.length;
    text_put(&text, "\"z\":0}");
    cr_expect_null(json_check(text.at, text.length, NULL, &at));
    text.length = length;
    text_put(&text, "\"a common beginning 4711\":0}");
    cr_expect_str_eq(json_check(text.at, text.length, NULL, &at),
                     "a key stands in an object twice");
    cr_expect_eq(at, length);
}

Test(json, number_of_many_digits_is_refused_and_not_cut)
{
    char text[2000];
    size_t at;

    memset(text, '1', sizeof text);
    memcpy(text, "0.", 2);
    cr_expect_null(json_check(text, 400, NULL, &at));
    cr_expect_not_null(json_check(text, 401, NULL, &at));
    cr_expect_not_null(json_check(text, sizeof text, NULL, &at));
}

Test(json, fault_is_told_to_the_client_with_its_place)
{
    json_object *tree;

    cr_expect_not(json_read(&work, "[1", 2, NULL, &tree));
    cr_expect_str_eq(work.error.message,
                     "The JSON text is not valid at byte 0: an array is not closed");
}

Test(json, members_are_read_by_name_and_type)
{
    json_object *tree = json_parse("{\"t\":\"x\",\"i\":7,\"r\":1.5,\"b\":true,\"n\":null,\"o\":{},"
                                   "\"k\":\"01939f3a7c217a4e8b1d5f6a7b8c9d0e\"}");
    char digits[33];

    cr_expect_str_eq(json_text(tree, "t"), "x");
    cr_expect_null(json_text(tree, "i"));
    cr_expect_null(json_text(tree, "n"));
    cr_expect_null(json_text(tree, "absent"));
    cr_expect_eq(json_integer(tree, "i", -1), 7);
    cr_expect_eq(json_integer(tree, "r", -1), -1);
    cr_expect_eq(json_integer(tree, "t", -1), -1);
    cr_expect_eq(json_real(tree, "r", -1), 1.5);
    cr_expect_eq(json_real(tree, "i", -1), 7.0);
    cr_expect_eq(json_real(tree, "t", -1), -1.0);
    cr_expect(json_boolean(tree, "b", false));
    cr_expect(json_boolean(tree, "i", true));
    cr_expect_not_null(json_member(tree, "o"));
    cr_expect_null(json_member(tree, "n"));
    cr_expect_null(json_member(json_member(tree, "t"), "t"));
    cr_expect_null(json_text(NULL, "t"));
    uid_write_hex(json_key(tree, "k"), digits);
    cr_expect_str_eq(digits, "01939f3a7c217a4e8b1d5f6a7b8c9d0e");
    cr_expect(uid_is_none(json_key(tree, "t")) && uid_is_none(json_key(tree, "absent")));
    json_object_put(tree);
}

Test(json, of_our_own_that_is_none_is_null)
{
    cr_expect_null(json_parse(NULL));
    cr_expect_null(json_parse(""));
    cr_expect_null(json_parse("{"));
    cr_expect_null(json_parse("{} x"));
}

Test(json, writes_made_numbers_short)
{
    json_object *tree = json_object_new_array();

    json_object_array_add(tree, json_object_new_double(0.1));
    json_object_array_add(tree, json_object_new_double((double)NAN));
    json_object_array_add(tree, json_object_new_int64(INT64_MIN));
    json_object_array_add(tree, NULL);
    cr_expect_str_eq(json_write(&work.arena, tree), "[0.1,null,-9223372036854775808,null]");
    json_object_put(tree);
}
