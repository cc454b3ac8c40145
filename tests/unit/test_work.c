#include <criterion/criterion.h>

#include <string.h>

#include "core/work.h"

static struct work work;

Test(work, failure_is_recorded_and_told)
{
    cr_expect_not(fail(&work, WRONG_STATE, "The task is %s", "claimed"));
    cr_expect_eq(work.error.what, WRONG_STATE);
    cr_expect_str_eq(work.error.message, "The task is claimed");
    cr_expect_str_eq(work.error.field, "");
}

Test(work, failure_of_a_field_names_it)
{
    cr_expect_not(fail_field(&work, "priority", "%s must be a number", "priority"));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.field, "priority");
    cr_expect_str_eq(work.error.message, "priority must be a number");
}

Test(work, failure_may_repeat_the_one_before)
{
    fail(&work, UPSTREAM, "The carrier did not answer");
    fail(&work, BUSY, "Not now: %s", work.error.message);
    cr_expect_str_eq(work.error.message, "Not now: The carrier did not answer");
    fail_field(&work, "to", "%s", work.error.message);
    fail_field(&work, work.error.field, "%s", work.error.message);
    cr_expect_str_eq(work.error.field, "to");
    cr_expect_str_eq(work.error.message, "Not now: The carrier did not answer");
}

Test(work, failure_leaves_nothing_of_the_one_before)
{
    fail_field(&work, "to", "%s", "");
    work.error.detail = 21211;
    work.error.retry_after_seconds = 7;
    fail(&work, BUSY, "%s", "");
    cr_expect_str_eq(work.error.field, "");
    cr_expect_eq(work.error.detail, 0);
    cr_expect_eq(work.error.retry_after_seconds, 0);
}

Test(work, failure_is_cut_where_its_room_ends)
{
    fail(&work, INTERNAL, "%0*d", 1000, 7);
    cr_expect_eq(strlen(work.error.message), sizeof work.error.message - 1);
}

Test(failure, of_every_kind_has_a_status_and_a_code)
{
    for (int what = 0; what < FAILURES; what++) {
        cr_expect_geq(failure_status((enum failure)what), 400);
        cr_expect_lt(failure_status((enum failure)what), 600);
        cr_expect_not_null(failure_code((enum failure)what));
    }
}
