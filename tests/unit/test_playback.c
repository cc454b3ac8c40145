#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "stream/playback.h"

enum { MS = 8 }; /* bytes */

static struct playback playback;
static char name[MARK_SIZE];

static void sent(const char *item, int ms, int at_ms)
{
    playback_sent(&playback, item, "resp", 0, (size_t)ms * MS, (int64_t)at_ms * 1000);
}

static bool heard(const char *mark, int at_ms)
{
    return playback_heard(&playback, mark, (int64_t)at_ms * 1000);
}

static int64_t cut_first(int at_ms, size_t *count)
{
    static struct cut cuts[PLAYBACK_ITEMS];

    *count = playback_cut(&playback, (int64_t)at_ms * 1000, cuts);
    return *count ? cuts[0].heard_ms : -1;
}

Test(playback, marks_the_first_audio_and_then_twice_a_second)
{
    int marks = 0;

    for (int i = 0; i < 100; i++) {
        sent("a", 20, i * 20);
        marks += playback_mark(&playback, name);
    }
    cr_expect_eq(marks, 4);
}

Test(playback, is_idle_when_the_last_mark_came_back)
{
    char first[MARK_SIZE], last[MARK_SIZE];

    cr_expect(playback_is_idle(&playback));
    sent("a", 100, 0);
    cr_assert(playback_mark(&playback, first));
    sent("a", 100, 10);
    cr_assert(playback_end(&playback, "a", last));
    cr_expect_str_neq(first, last);
    cr_expect_not(heard(first, 100));
    cr_expect_not(playback_is_idle(&playback));
    cr_expect(heard(last, 200));
    cr_expect(playback_is_idle(&playback));
}

Test(playback, an_item_without_audio_has_no_last_mark)
{
    cr_expect_not(playback_end(&playback, "silent", name));
}

Test(playback, what_was_heard_follows_the_clock_but_never_exceeds_what_was_sent)
{
    size_t count;

    sent("a", 1000, 0);
    cr_expect_eq(playback_left_ms(&playback, 400 * 1000), 600);
    cr_expect_eq(playback_left_ms(&playback, 5000 * 1000), 0);
    cr_expect_eq(cut_first(5000, &count), 1000);
    cr_expect_eq(count, 1);
}

Test(playback, a_mark_corrects_the_clock)
{
    size_t count;

    sent("a", 100, 0);
    cr_assert(playback_mark(&playback, name));
    sent("a", 900, 0);
    heard(name, 300); /* the first 100 ms took 300 to be heard */
    cr_expect_eq(cut_first(500, &count), 300);
}

Test(playback, a_pause_between_two_pieces_is_not_heard)
{
    size_t count;

    sent("a", 100, 0);
    sent("a", 1000, 3000);
    cr_expect_eq(cut_first(3050, &count), 150);
}

Test(playback, the_second_item_begins_when_the_first_was_heard)
{
    struct cut cuts[PLAYBACK_ITEMS];
    char first_end[MARK_SIZE];

    sent("a", 500, 0);
    cr_assert(playback_end(&playback, "a", first_end));
    sent("b", 1000, 100);
    heard(first_end, 600);
    cr_assert_eq(playback_cut(&playback, 900 * 1000, cuts), 1);
    cr_expect_str_eq(cuts[0].item, "b");
    cr_expect_eq(cuts[0].heard_ms, 300);
    cr_expect_eq(cuts[0].sent_ms, 1000);
}

Test(playback, without_marks_the_first_item_ends_when_its_time_is_over)
{
    struct cut cuts[PLAYBACK_ITEMS];

    sent("a", 500, 0);
    sent("b", 1000, 100);
    cr_assert_eq(playback_cut(&playback, 700 * 1000, cuts), 1);
    cr_expect_str_eq(cuts[0].item, "b");
    cr_expect_eq(cuts[0].heard_ms, 200);
}

Test(playback, of_later_items_nothing_was_heard)
{
    struct cut cuts[PLAYBACK_ITEMS];

    sent("a", 500, 0);
    sent("b", 1000, 100);
    cr_assert_eq(playback_cut(&playback, 200 * 1000, cuts), 2);
    cr_expect_eq(cuts[0].heard_ms, 200);
    cr_expect_str_eq(cuts[1].item, "b");
    cr_expect_eq(cuts[1].heard_ms, 0);
}

/* A carrier returns all marks at once after a clear; nobody heard what they stand for. */
Test(playback, marks_of_an_older_generation_mean_nothing)
{
    char old[MARK_SIZE];
    size_t count;

    sent("a", 1000, 0);
    cr_assert(playback_mark(&playback, old));
    cut_first(100, &count);
    sent("b", 1000, 200);
    cr_assert(playback_mark(&playback, name));
    cr_expect_str_neq(old, name);
    cr_expect_not(heard(old, 250));
    cr_expect_eq(cut_first(300, &count), 100);
}

Test(playback, names_that_are_not_ours_are_ignored)
{
    sent("a", 1000, 0);
    playback_mark(&playback, name);
    cr_expect_not(heard("", 10));
    cr_expect_not(heard("g0", 10));
    cr_expect_not(heard("g0.0x", 10));
    cr_expect_not(heard("g9.0", 10));
    cr_expect_not(heard("g0.99", 10));
    cr_expect_not(playback_is_idle(&playback));
}

Test(playback, more_items_and_marks_than_it_holds_do_no_harm)
{
    char item[16];

    for (int i = 0; i < 200; i++) {
        snprintf(item, sizeof item, "i%d", i);
        sent(item, 20, i);
        playback_mark(&playback, name);
        playback_end(&playback, item, name);
    }
    cr_expect(heard(name, 5000));
}
