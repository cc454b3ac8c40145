#include <criterion/criterion.h>

#include <string.h>

#include "stream/frame.h"

/* The examples of RFC 6455, section 5.7. */
Test(frame, is_that_of_the_standard)
{
    static const unsigned char plain[] = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
    static const unsigned char masked[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                           0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const unsigned char mask[] = {0x37, 0xfa, 0x21, 0x3d};
    unsigned char out[32];

    cr_assert_eq(frame_write(out, "Hello", 5, NULL), sizeof plain);
    cr_expect_arr_eq(out, plain, sizeof plain);
    cr_assert_eq(frame_write(out, "Hello", 5, mask), sizeof masked);
    cr_expect_arr_eq(out, masked, sizeof masked);
}

/* What the other side reads; lengths on both sides of every border. */
Test(frame, says_its_length_as_short_as_it_can)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};
    static const size_t heads[] = {2, 2, 2, 4, 4, 4, 10, 10};
    static const unsigned char mask[] = {1, 2, 3, 4};
    static char text[70000];
    static unsigned char out[70000 + FRAME_HEAD];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t head = heads[i] + FRAME_MASK, total = frame_write(out, text, lengths[i], mask);

        cr_assert_eq(total, head + lengths[i]);
        for (size_t at = 0; at < lengths[i]; at++)
            cr_assert_eq(out[head + at] ^ mask[at % 4], text[at]);
    }
}
