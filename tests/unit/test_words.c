#include <criterion/criterion.h>

#include "domain/words.h"

static struct arena arena;

Test(words, for_ascii_columns_hold_nothing_else)
{
    cr_expect_str_eq(word_ascii(&arena, "caf\xc3\xa9\n", 10), "caf???");
    cr_expect_str_eq(word_ascii(&arena, "abcdef", 3), "abc");
    cr_expect_null(word_ascii(&arena, "", 3));
    cr_expect_null(word_ascii(&arena, NULL, 3));
    arena_free(&arena);
}

Test(words, are_cut_between_characters)
{
    cr_expect_str_eq(word_text(&arena, "\xc3\xa9\xc3\xa9\xc3\xa9", 2), "\xc3\xa9\xc3\xa9");
    cr_expect_str_eq(word_text(&arena,
                               "a\xf0\x9f\x93\x9e"
                               "b",
                               2),
                     "a\xf0\x9f\x93\x9e");
    arena_free(&arena);
}

Test(words, that_are_no_utf8_become_it)
{
    cr_expect_str_eq(word_text(&arena,
                               "a\xff"
                               "b",
                               10),
                     "a\xef\xbf\xbd"
                     "b");
    cr_expect_str_eq(word_text(&arena, "\xed\xa0\x80", 10), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
                     "a lone surrogate");
    cr_expect_str_eq(word_text(&arena, "\xc0\xaf", 10), "\xef\xbf\xbd\xef\xbf\xbd", "too long");
    cr_expect_str_eq(word_text(&arena,
                               "a\x01"
                               "b\tc",
                               10),
                     "a b\tc");
    cr_expect_null(word_text(&arena, "", 10));
    arena_free(&arena);
}

Test(words, of_a_sid_have_two_letters_and_32_digits)
{
    cr_expect(word_sid("CA0123456789abcdef0123456789abcdef") != NULL);
    cr_expect_null(word_sid("CA0123456789abcdef0123456789abcde"));
    cr_expect_null(word_sid("ca0123456789abcdef0123456789abcdef"));
    cr_expect_null(word_sid("CA0123456789abcdef0123456789abcdeg"));
    cr_expect_null(word_sid(NULL));
}
