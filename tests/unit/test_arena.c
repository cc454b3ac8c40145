#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <signal.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/arena.h"

static struct arena arena;

static void end(void)
{
    arena_free(&arena);
}

TestSuite(arena, .fini = end);

static bool is_zero(const unsigned char *at, size_t length)
{
    while (length && !at[length - 1])
        length--;
    return length == 0;
}

Test(arena, gives_zeroed_memory)
{
    for (size_t size = 1; size < 100000; size = size * 3 + 1)
        cr_expect(is_zero(arena_take(&arena, size, 1), size), "%zu bytes", size);
}

Test(arena, gives_zeroed_memory_again_after_a_reset)
{
    memset(arena_take(&arena, 1, 8000), 'x', 8000);
    arena_reset(&arena);
    cr_expect(is_zero(arena_take(&arena, 1, 8000), 8000));
}

Test(arena, aligns_for_every_type)
{
    for (size_t size = 1; size < 40; size++)
        cr_expect_eq((uintptr_t)arena_take(&arena, size, 1) % alignof(max_align_t), 0);
}

Test(arena, keeps_objects_apart)
{
    char *first = arena_take(&arena, 1, 3), *second = arena_take(&arena, 1, 3);

    memset(first, 'a', 3);
    memset(second, 'b', 3);
    cr_expect_arr_eq(first, "aaa", 3);
}

Test(arena, copies_with_a_nul_behind)
{
    const char *copy = arena_copy(&arena, "abcdef", 3);

    cr_expect_str_eq(copy, "abc");
    cr_expect_str_eq(arena_copy(&arena, NULL, 0), "");
    cr_expect_null(arena_text(&arena, NULL));
}

Test(arena, formats_texts_longer_than_a_block)
{
    const char *text = arena_format(&arena, "%0*d|", 40000, 7);

    cr_expect_eq(strlen(text), 40001);
    cr_expect_str_eq(text + 39999, "7|");
}

Test(arena, may_be_used_again_after_everything_was_given_back)
{
    arena_text(&arena, "a");
    arena_free(&arena);
    cr_expect_str_eq(arena_text(&arena, "b"), "b");
    arena_free(&arena);
    arena_reset(&arena);
    cr_expect_str_eq(arena_text(&arena, "c"), "c");
}

struct huge_case {
    size_t size, count;
};

ParameterizedTestParameters(arena, ends_the_process_when_asked_for_more_than_there_can_be)
{
    static struct huge_case cases[] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 2, 2},
        {SIZE_MAX - 8, 1},
    };

    return cr_make_param_array(struct huge_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct huge_case *given, arena,
                  ends_the_process_when_asked_for_more_than_there_can_be, .signal = SIGABRT)
{
    arena_take(&arena, given->size, given->count);
}
