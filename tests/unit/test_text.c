#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/text.h"

static struct arena arena;
static struct text text = {.arena = &arena};

static void end(void)
{
    arena_free(&arena);
}

TestSuite(text, .fini = end);

struct spelling_case {
    char given[40];
    size_t length;
    char expected[80];
};

ParameterizedTestParameters(text, is_escaped_for_json)
{
    static struct spelling_case cases[] = {
        /* clang-format off */
        {"",                  0, "\"\""},
        {"plain",             5, "\"plain\""},
        {"a\"b\\c",           5, "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t",        5, "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f",      3, "\"\\u0001\\u001f\\u007f\""},
        {"a\0b",              3, "\"a\\u0000b\""},
        {"</script>",         9, "\"</script>\""},
        {"\xC3\xA9",          2, "\"\xC3\xA9\""},
        {"\xF0\x9F\x98\x80",  4, "\"\xF0\x9F\x98\x80\""},
        {"\xF4\x8F\xBF\xBF",  4, "\"\xF4\x8F\xBF\xBF\""},
        {"\xC3",              1, "\"\xEF\xBF\xBD\""},
        {"a\xE9z",            3, "\"a\xEF\xBF\xBDz\""},
        {"\xC0\xAF",          2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80",      3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80\x80",  4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        /* clang-format on */
    };

    return cr_make_param_array(struct spelling_case, cases, COUNT(cases));
}

ParameterizedTest(struct spelling_case *given, text, is_escaped_for_json)
{
    text_json_bytes(&text, given->given, given->length);
    cr_expect_str_eq(text.at, given->expected);
}

Test(text, absent_is_null_in_json)
{
    text_json(&text, NULL);
    cr_expect_str_eq(text.at, "null");
}

ParameterizedTestParameters(text, is_escaped_for_xml)
{
    static struct spelling_case cases[] = {
        /* clang-format off */
        {"a & b",           0, "a &amp; b"},
        {"<Say \"x\">",     0, "&lt;Say &quot;x&quot;&gt;"},
        {"a'b",             0, "a'b"},
        {"a\nb\tc\rd",      0, "a&#xA;b&#x9;c&#xD;d"},
        {"a\x01\x1f\x0b" "b", 0, "ab"},
        {"\xC3\xA9",        0, "\xC3\xA9"},
        {"a\xE9z",          0, "a\xEF\xBF\xBDz"},
        {"\xEF\xBF\xBE",    0, "\xEF\xBF\xBD"},
        /* clang-format on */
    };

    return cr_make_param_array(struct spelling_case, cases, COUNT(cases));
}

ParameterizedTest(struct spelling_case *given, text, is_escaped_for_xml)
{
    text_xml(&text, given->given);
    cr_expect_str_eq(text.at, given->expected);
}

ParameterizedTestParameters(text, is_escaped_for_urls)
{
    static struct spelling_case cases[] = {
        {"aZ09-._~", 0, "aZ09-._~"},
        {"a b&c=d+e/f?g#h%", 0, "a%20b%26c%3Dd%2Be%2Ff%3Fg%23h%25"},
        {"\xC3\xA9", 0, "%C3%A9"},
    };

    return cr_make_param_array(struct spelling_case, cases, COUNT(cases));
}

ParameterizedTest(struct spelling_case *given, text, is_escaped_for_urls)
{
    text_url(&text, given->given);
    cr_expect_str_eq(text.at, given->expected);
}

/* Whoever writes nothing still gets a text, not a null pointer. */
Test(text, of_nothing_is_empty)
{
    text_xml(&text, "");
    cr_assert_not_null(text.at);
    cr_expect_str_eq(text.at, "");
    text = (struct text){.arena = &arena};
    text_url(&text, NULL);
    cr_assert_not_null(text.at);
    cr_expect_str_eq(text.at, "");
}

struct number_case {
    double given;
    char expected[32];
};

ParameterizedTestParameters(text, has_the_shortest_number_that_reads_back_equal)
{
    static struct number_case cases[] = {
        {0, "0"},           {0.1, "0.1"},       {1.0 / 3, "0.3333333333333333"},
        {100, "100"},       {1500, "1500"},     {-2.5, "-2.5"},
        {1e21, "1e+21"},    {5e-324, "5e-324"}, {NAN, "null"},
        {HUGE_VAL, "null"},
    };

    return cr_make_param_array(struct number_case, cases, COUNT(cases));
}

ParameterizedTest(struct number_case *given, text, has_the_shortest_number_that_reads_back_equal)
{
    text_real(&text, given->given);
    cr_expect_str_eq(text.at, given->expected);
}

struct integer_case {
    int64_t given;
    char expected[32];
};

ParameterizedTestParameters(text, has_integers_of_64_bits)
{
    static struct integer_case cases[] = {
        {0, "0"},
        {-1, "-1"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };

    return cr_make_param_array(struct integer_case, cases, COUNT(cases));
}

ParameterizedTest(struct integer_case *given, text, has_integers_of_64_bits)
{
    text_integer(&text, given->given);
    cr_expect_str_eq(text.at, given->expected);
}

Test(text, grows_without_losing_a_byte)
{
    for (int i = 0; i < 10000; i++)
        text_add(&text, "%04d", i);
    cr_expect_eq(text.length, 40000);
    cr_expect_eq(strlen(text.at), 40000);
    for (int i = 0; i < 10000; i++) {
        char digits[5] = {text.at[4 * i], text.at[4 * i + 1], text.at[4 * i + 2],
                          text.at[4 * i + 3]};

        cr_assert_eq(atoi(digits), i);
    }
}

struct utf8_case {
    char given[8];
    size_t left, expected;
};

ParameterizedTestParameters(text, counts_only_whole_characters)
{
    static struct utf8_case cases[] = {
        {"a", 1, 1},
        {"a", 0, 0},
        {"\xC3\xA9", 2, 2},
        {"\xC3\xA9", 1, 0},
        {"\xE2\x82\xAC", 3, 3},
        {"\xE2\x82\xAC", 2, 0},
        {"\xE0\x80\x80", 3, 0},
        {"\xF0\x80\x80\x80", 4, 0},
        {"\xF0\x9F\x98\x80", 4, 4},
        {"\xF0\x9F\x98\x80", 3, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\x80", 1, 0},
        {"\xFF", 1, 0},
    };

    return cr_make_param_array(struct utf8_case, cases, COUNT(cases));
}

ParameterizedTest(struct utf8_case *given, text, counts_only_whole_characters)
{
    cr_expect_eq(text_utf8(given->given, given->left), given->expected);
}

Test(text, writes_members_that_are_there)
{
    text_member(&text, "said", "\"Hi\"");
    text_member(&text, "nothing", NULL);
    text_member(&text, "empty", "");
    cr_expect_str_eq(text.at, ",\"said\":\"\\\"Hi\\\"\",\"empty\":\"\"");
}

Test(text, is_compared_with_one_that_may_not_be_there)
{
    cr_expect(text_is("busy", "busy"));
    cr_expect_not(text_is("busy", "bus"));
    cr_expect_not(text_is(NULL, "busy"));
    cr_expect_not(text_is(NULL, NULL));
}

Test(text, is_blank_without_a_letter)
{
    cr_expect(text_is_blank(NULL) && text_is_blank("") && text_is_blank(" \t\r\n"));
    cr_expect_not(text_is_blank(" . "));
}

Test(text, is_as_long_as_its_characters)
{
    cr_expect_eq(text_characters(""), 0);
    cr_expect_eq(text_characters("größe 👋"), 7);
}
