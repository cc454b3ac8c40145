/* Voices under one another, and the buffer in which they wait. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "stream/audio.h"
#include "stream/mix.h"

enum { FRAME = AUDIO_FRAME_BYTES };

static void tone(unsigned char *ulaw, size_t count, int16_t loudness)
{
    for (size_t i = 0; i < count; i++)
        ulaw[i] = mix_byte((int16_t)(i % 2 ? loudness : -loudness));
}

Test(mix, every_byte_is_found_again)
{
    for (int byte = 0; byte < 256; byte++)
        if (byte != 0x7f) /* the other zero */
            cr_assert_eq(mix_byte(audio_sample((unsigned char)byte)), byte);
}

Test(mix, a_low_voice_is_low_in_the_mix)
{
    unsigned char frame[FRAME], voice[FRAME];

    memset(frame, AUDIO_SILENCE, FRAME);
    tone(voice, FRAME, 8000);
    mix_under(frame, voice, FRAME, 20);
    cr_assert_leq(abs(abs(audio_sample(frame[0])) - 1600), 64);
}

Test(mix, at_no_level_nothing_changes)
{
    unsigned char frame[FRAME], before[FRAME], voice[FRAME];

    tone(frame, FRAME, 3000);
    memcpy(before, frame, FRAME);
    tone(voice, FRAME, 30000);
    mix_under(frame, voice, FRAME, 0);
    cr_assert_arr_eq(frame, before, FRAME);
}

Test(mix, what_is_too_loud_is_clipped_and_does_not_wrap)
{
    unsigned char frame[FRAME], voice[FRAME];

    tone(frame, FRAME, 30000);
    tone(voice, FRAME, 30000);
    mix_under(frame, voice, FRAME, MIX_FULL);
    cr_assert_lt(audio_sample(frame[0]), -30000);
    cr_assert_gt(audio_sample(frame[1]), 30000);
}

Test(jitter, a_voice_waits_until_enough_has_gathered)
{
    unsigned char voice[FRAME], out[FRAME];
    struct jitter jitter;

    tone(voice, FRAME, 1000);
    cr_assert(jitter_open(&jitter, 200, 40));
    jitter_put(&jitter, voice, FRAME);
    cr_assert_eq(jitter_take(&jitter, out, FRAME), 0);
    cr_assert_eq(out[0], AUDIO_SILENCE);
    jitter_put(&jitter, voice, FRAME);
    cr_assert_eq(jitter_take(&jitter, out, FRAME), FRAME);
    cr_assert_arr_eq(out, voice, FRAME);
    cr_assert_eq(jitter_take(&jitter, out, FRAME), FRAME);
    cr_assert_eq(jitter_take(&jitter, out, FRAME), 0, "it gathers again");
    jitter_close(&jitter);
}

Test(jitter, the_oldest_give_way_to_the_newest)
{
    unsigned char voice[FRAME], out[FRAME];
    struct jitter jitter;

    cr_assert(jitter_open(&jitter, 60, 0));
    for (unsigned char i = 0; i < 10; i++) {
        memset(voice, i, FRAME);
        jitter_put(&jitter, voice, FRAME);
    }
    cr_assert_eq(jitter.dropped, 7 * FRAME);
    for (unsigned char i = 7; i < 10; i++) {
        cr_assert_eq(jitter_take(&jitter, out, FRAME), FRAME);
        cr_assert_eq(out[FRAME - 1], i);
    }
    jitter_close(&jitter);
}

Test(jitter, only_base64_comes_in)
{
    unsigned char out[3];
    struct jitter jitter;

    cr_assert(jitter_open(&jitter, 60, 0));
    jitter_put_base64(&jitter, (struct slice){"{}!!", 4});
    cr_assert_eq(jitter_take(&jitter, out, 3), 0);
    jitter_put_base64(&jitter, (struct slice){"AQID", 4});
    cr_assert_eq(jitter_take(&jitter, out, 3), 3);
    cr_assert_eq(out[2], 3);
    jitter_close(&jitter);
}
