#include <criterion/criterion.h>

#include <string.h>

#include "stream/coalesce.h"

static struct coalesced held;
static int64_t now_us;

static void begin(void)
{
    coalesce_reset();
    held.length = 0;
    now_us = 1000000;
}

TestSuite(coalesce, .init = begin);

/* The loop turns for so long, each turn of the same length and with the same time between. */
static void turn_with(int64_t ms, int64_t turn_us, int64_t idle_us)
{
    for (int64_t until_us = now_us + ms * 1000; now_us < until_us;) {
        now_us += turn_us + idle_us;
        coalesce_note_turn(turn_us, now_us);
    }
}

static void turn_for(int64_t ms, int64_t turn_us)
{
    turn_with(ms, turn_us, turn_us > 500 ? turn_us / 8 : 500 - turn_us);
}

/* A frame whose bytes are all the same. */
static struct slice frame(unsigned char byte)
{
    static char text[AUDIO_FRAME_BASE64];
    unsigned char bytes[AUDIO_FRAME_BYTES];

    memset(bytes, byte, sizeof bytes);
    return (struct slice){.at = text, .length = audio_encode(bytes, sizeof bytes, text)};
}

Test(coalesce, a_loop_that_keeps_up_sends_every_frame_by_itself)
{
    turn_for(5000, 1500);
    cr_expect_eq(coalesce_frames(), 1);
}

Test(coalesce, long_turns_with_little_time_between_let_more_frames_wait_for_each_other)
{
    turn_for(1300, 14000);
    cr_expect_eq(coalesce_frames(), 2);
    turn_for(1500, 14000);
    cr_expect_eq(coalesce_frames(), COALESCE_MOST);
}

Test(coalesce, long_turns_of_a_loop_with_time_left_change_nothing)
{
    turn_with(5000, 14000, 20000);
    cr_expect_eq(coalesce_frames(), 1);
}

Test(coalesce, a_stall_of_the_machine_changes_nothing)
{
    for (int i = 0; i < 10; i++) {
        turn_with(1000, 300, 700);
        coalesce_note_turn(60000, now_us += 60000);
        cr_expect_eq(coalesce_frames(), 1);
    }
}

Test(coalesce, a_calm_second_takes_one_frame_back_at_a_time)
{
    turn_for(3000, 14000);
    turn_for(1000, 1000);
    cr_expect_eq(coalesce_frames(), 3, "not yet");
    turn_for(1600, 1000);
    cr_expect_eq(coalesce_frames(), 2);
    turn_for(1500, 1000);
    cr_expect_eq(coalesce_frames(), 1);
}

Test(coalesce, turns_of_middling_length_change_nothing)
{
    unsigned before;

    turn_for(1300, 14000);
    turn_for(1000, 4000);
    before = coalesce_frames();
    cr_assert_gt(before, 1);
    turn_for(5000, 4000);
    cr_expect_eq(coalesce_frames(), before);
}

Test(coalesce, frames_that_leave_together_are_what_came_in_the_same_order)
{
    unsigned char out[1000];
    struct slice audio;

    turn_for(3000, 14000);
    audio = frame(1);
    cr_expect_not(coalesce_add(&held, &audio));
    audio = frame(2);
    cr_expect_not(coalesce_add(&held, &audio));
    audio = frame(3);
    cr_assert(coalesce_add(&held, &audio));
    cr_expect(audio_is_base64(audio.at, audio.length));
    cr_assert_eq(audio_decode(audio.at, audio.length, out), 3 * AUDIO_FRAME_BYTES);
    for (size_t i = 0; i < 3 * AUDIO_FRAME_BYTES; i++)
        cr_assert_eq(out[i], 1 + i / AUDIO_FRAME_BYTES);
    cr_expect_eq(held.length, 0);
}

Test(coalesce, what_waits_leaves_with_the_next_frame_when_the_pressure_is_gone)
{
    unsigned char out[1000];
    struct slice audio;

    turn_for(1300, 14000);
    audio = frame(1);
    cr_expect_not(coalesce_add(&held, &audio));
    turn_for(3000, 1000);
    audio = frame(2);
    cr_assert(coalesce_add(&held, &audio));
    cr_assert_eq(audio_decode(audio.at, audio.length, out), 2 * AUDIO_FRAME_BYTES);
    cr_expect_eq(out[0], 1);
    cr_expect_eq(out[AUDIO_FRAME_BYTES], 2);
}

Test(coalesce, calls_that_began_one_frame_apart_do_not_send_at_once)
{
    struct coalesced first = {0}, second = {0};
    struct slice audio = frame(1);
    bool first_sends, second_sends;

    cr_assert(coalesce_add(&first, &audio));
    turn_for(1300, 14000);
    cr_assert_eq(coalesce_frames(), 2);
    for (int i = 0; i < 6; i++) {
        audio = frame(1);
        first_sends = coalesce_add(&first, &audio);
        audio = frame(2);
        second_sends = coalesce_add(&second, &audio);
        cr_expect_neq(first_sends, second_sends);
    }
}
