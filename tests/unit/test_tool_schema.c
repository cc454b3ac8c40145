#include <criterion/criterion.h>

#include "stream/tools/schema.h"

static struct arena arena;

static void end(void)
{
    arena_free(&arena);
}

TestSuite(tool_schema, .fini = end);

Test(tool_schema, that_models_take_stays_as_it_is)
{
    static const char given[] = "{\"type\":\"object\",\"properties\":{\"ids\":{\"type\":\"array\","
                                "\"items\":{\"type\":\"string\"}}}}";

    cr_expect_eq(tool_schema(&arena, given), given);
}

Test(tool_schema, of_an_object_that_does_not_say_so_says_so)
{
    cr_expect_str_eq(tool_schema(&arena, "{}"), "{\"type\":\"object\"}");
}

Test(tool_schema, of_a_list_of_anything_says_that_too_however_deep_it_is)
{
    cr_expect_str_eq(tool_schema(&arena, "{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{"
                                         "\"type\":\"array\"}]}}}"),
                     "{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"array\","
                     "\"items\":{}}]}}}");
}

Test(tool_schema, of_what_is_no_object_is_none)
{
    cr_expect_null(tool_schema(&arena, "{\"type\":\"string\"}"));
    cr_expect_null(tool_schema(&arena, "[]"));
    cr_expect_null(tool_schema(&arena, "nonsense"));
    cr_expect_null(tool_schema(&arena, NULL));
}
