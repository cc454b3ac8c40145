#include "stream/audio.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a digit is worth, plus one; 0 for every other byte. */
/* clang-format off */
static const unsigned char worth[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};
/* clang-format on */

static size_t padding(const char *text, size_t length)
{
    if (length < 4 || text[length - 1] != '=')
        return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

bool audio_is_base64(const char *text, size_t length)
{
    size_t bare = length - padding(text, length);
    unsigned char least = 1;

    if (length == 0 || length % 4)
        return false;
    for (size_t i = 0; i < bare; i++)
        least &= worth[(unsigned char)text[i]] != 0;
    return least;
}

size_t audio_bytes(const char *text, size_t length)
{
    return length / 4 * 3 - padding(text, length);
}

size_t audio_decode(const char *text, size_t length, unsigned char *out)
{
    size_t count = audio_bytes(text, length), at = 0;

    for (size_t i = 0; i + 4 <= length; i += 4) {
        uint32_t group = 0;

        for (size_t j = 0; j < 4; j++) {
            unsigned char digit = worth[(unsigned char)text[i + j]];

            group = group << 6 | (digit ? digit - 1U : 0U);
        }
        for (int shift = 16; shift >= 0 && at < count; shift -= 8)
            out[at++] = (unsigned char)(group >> shift & 0xff);
    }
    return at;
}

size_t audio_encode(const unsigned char *in, size_t count, char *text)
{
    size_t length = 0;

    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = (uint32_t)in[i] << 16;

        if (i + 1 < count)
            group |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < count)
            group |= in[i + 2];
        text[length++] = digits[group >> 18];
        text[length++] = digits[group >> 12 & 63];
        text[length++] = i + 1 < count ? digits[group >> 6 & 63] : '=';
        text[length++] = i + 2 < count ? digits[group & 63] : '=';
    }
    return length;
}

int16_t audio_sample(unsigned char byte)
{
    int bits = ~byte & 0xff;
    int magnitude = (((bits & 0x0f) << 3) + 0x84) << (bits >> 4 & 7);

    return (int16_t)(bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84);
}

enum {
    LOUD = 300,        /* mean of a frame's samples, of 32,767 */
    FRAME_MOST = 4096, /* bytes that are looked at together */
};

bool audio_is_voice(const char *text, size_t length)
{
    unsigned char frame[FRAME_MOST];
    int64_t sum = 0;
    size_t count;

    if (length / 4 * 3 > sizeof frame)
        return false;
    count = audio_decode(text, length, frame);
    for (size_t i = 0; i < count; i++) {
        int sample = audio_sample(frame[i]);

        sum += sample < 0 ? -sample : sample;
    }
    return count && sum / (int64_t)count >= LOUD;
}
