/*
 * tests/load/stamp.h - how a frame of the load tools' audio is known again.
 *
 * Each 20 ms (160 bytes of µ-law) begin with a stamp, which is found at any place of what comes
 * back, so that a bridge may cut the audio anew.
 */
#ifndef LOAD_STAMP_H
#define LOAD_STAMP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FRAME_BYTES = 160, STAMP_BYTES = 10 };
enum stamp_flag { STAMP_PLAIN, STAMP_SPEECH_BEGINS, STAMP_SPEECH_ENDS };

struct stamp {
    uint16_t call;
    uint32_t number;
    uint8_t flag;
};

static inline void stamp_write(uint8_t *at, const struct stamp *stamp)
{
    memcpy(at, "TLk", 3);
    memcpy(at + 3, &stamp->call, 2);
    memcpy(at + 5, &stamp->number, 4);
    at[9] = stamp->flag;
}

/* The first stamp at or behind "from"; says where it is, or "length" when there is none. */
static inline size_t stamp_find(const uint8_t *bytes, size_t from, size_t length,
                                struct stamp *stamp)
{
    const uint8_t *found = from < length ? memmem(bytes + from, length - from, "TLk", 3) : NULL;

    *stamp = (struct stamp){0};
    if (!found || found + STAMP_BYTES > bytes + length)
        return length;
    from = (size_t)(found - bytes);
    memcpy(&stamp->call, bytes + from + 3, 2);
    memcpy(&stamp->number, bytes + from + 5, 4);
    stamp->flag = bytes[from + 9];
    return from;
}

#endif
