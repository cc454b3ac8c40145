#include "stream/frame.h"

#include <stdint.h>
#include <string.h>

enum { TEXT_AND_FINAL = 0x81, MASKED = 0x80, TWO_BYTES = 126, EIGHT_BYTES = 127 };

static size_t write_length(unsigned char *out, size_t length, unsigned char masked)
{
    size_t bytes = length < TWO_BYTES ? 0 : length <= UINT16_MAX ? 2 : 8;

    out[0] = masked | (unsigned char)(bytes == 0 ? length : bytes == 2 ? TWO_BYTES : EIGHT_BYTES);
    for (size_t i = 0; i < bytes; i++)
        out[1 + i] = (unsigned char)((uint64_t)length >> 8 * (bytes - 1 - i) & 0xff);
    return 1 + bytes;
}

/* Copies and masks in one go, eight bytes at a time. */
static void copy_masked(unsigned char *out, const char *text, size_t length,
                        const unsigned char *mask)
{
    uint64_t word, masks;
    size_t at = 0;

    memcpy(&masks, mask, FRAME_MASK);
    memcpy((char *)&masks + FRAME_MASK, mask, FRAME_MASK);
    for (; at + sizeof word <= length; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        word ^= masks;
        memcpy(out + at, &word, sizeof word);
    }
    for (; at < length; at++)
        out[at] = (unsigned char)text[at] ^ mask[at % FRAME_MASK];
}

size_t frame_write(unsigned char *out, const char *text, size_t length, const unsigned char *mask)
{
    size_t head = 1;

    out[0] = TEXT_AND_FINAL;
    head += write_length(out + 1, length, mask ? MASKED : 0);
    if (!mask) {
        memcpy(out + head, text, length);
        return head + length;
    }
    memcpy(out + head, mask, FRAME_MASK);
    head += FRAME_MASK;
    copy_masked(out + head, text, length, mask);
    return head + length;
}
