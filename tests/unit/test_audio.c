#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/column.h"
#include "stream/audio.h"

struct base64_case {
    char text[16];
    bool ok;
    size_t count;
};

ParameterizedTestParameters(audio, base64)
{
    static struct base64_case cases[] = {
        {"AAAA", true, 3},     {"AAA=", true, 2},  {"AA==", true, 1},   {"+/9z", true, 3},
        {"AAAABBBB", true, 6}, {"", false, 0},     {"A", false, 0},     {"AAA", false, 0},
        {"A===", false, 0},    {"====", false, 0}, {"AA=A", false, 0},  {"A\"AA", false, 0},
        {"AA\\/", false, 0},   {"AA A", false, 0}, {"AA\n=", false, 0},
    };

    return cr_make_param_array(struct base64_case, cases, COUNT(cases));
}

ParameterizedTest(struct base64_case *given, audio, base64)
{
    size_t length = strlen(given->text);

    cr_expect_eq(audio_is_base64(given->text, length), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect_eq(audio_bytes(given->text, length), given->count, "%s", given->text);
}

Test(audio, comes_back_as_it_was)
{
    unsigned char in[AUDIO_FRAME_BYTES], out[AUDIO_FRAME_BYTES + 2];
    char text[AUDIO_FRAME_BASE64];

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 37 + 11);
    for (size_t count = 1; count <= sizeof in; count++) {
        size_t length = audio_encode(in, count, text);

        cr_assert(audio_is_base64(text, length));
        cr_assert_eq(audio_decode(text, length, out), count);
        cr_assert_eq(memcmp(in, out, count), 0);
    }
    cr_expect_eq(audio_encode(in, sizeof in, text), AUDIO_FRAME_BASE64);
}

/* The ends and the middle of G.711's table. */
Test(audio, samples_are_those_of_the_standard)
{
    cr_expect_eq(audio_sample(0xff), 0);
    cr_expect_eq(audio_sample(0x7f), 0);
    cr_expect_eq(audio_sample(0x80), 32124);
    cr_expect_eq(audio_sample(0x00), -32124);
    cr_expect_eq(audio_sample(0xfe), 8);
    cr_expect_eq(audio_sample(0x7e), -8);
    cr_expect_eq(audio_sample(0x8f), 16764);
}
