#include "stream/coalesce.h"

#include <string.h>

enum {
    WINDOW_US = 200 * 1000,
    CALM_US = 1000 * 1000, /* so long turns must be short before fewer frames wait */
    LONG_TURN_US = 8000,
    SHORT_TURN_US = 2000,
};

static struct {
    unsigned frames; /* beyond the first */
    int64_t window_us, calm_us;
    int64_t sum_us, squares;
} pressure;

unsigned coalesce_frames(void)
{
    return 1 + pressure.frames;
}

void coalesce_force(unsigned frames)
{
    pressure.frames = frames > 0 && frames <= COALESCE_MOST ? frames - 1 : 0;
}

void coalesce_reset(void)
{
    memset(&pressure, 0, sizeof pressure);
}

/* The turn that a frame falls into: long ones hold more frames than short ones. */
static int64_t usual_turn_us(void)
{
    return pressure.sum_us ? pressure.squares / pressure.sum_us : 0;
}

static void judge(int64_t now_us)
{
    int64_t turn_us = usual_turn_us();

    if (turn_us > SHORT_TURN_US || !pressure.frames)
        pressure.calm_us = now_us;
    if (turn_us > LONG_TURN_US && pressure.frames + 1 < COALESCE_MOST)
        pressure.frames++;
    if (pressure.frames && now_us - pressure.calm_us > CALM_US) {
        pressure.frames--;
        pressure.calm_us = now_us;
    }
}

void coalesce_note_turn(int64_t turn_us, int64_t now_us)
{
    if (!pressure.window_us)
        pressure.window_us = now_us;
    pressure.sum_us += turn_us;
    pressure.squares += turn_us * turn_us;
    if (now_us - pressure.window_us < WINDOW_US)
        return;
    judge(now_us);
    pressure.window_us = now_us;
    pressure.sum_us = pressure.squares = 0;
}

/* The longest message of the carrier's fits; anything longer could only come from a test. */
bool coalesce_add(struct coalesced *held, struct slice *audio)
{
    static unsigned char bytes[64 * 1024];
    static char text[sizeof bytes / 3 * 4 + 8];
    size_t length = held->length;

    if (audio->length / 4 * 3 > sizeof bytes - sizeof held->bytes)
        return true;
    memcpy(bytes, held->bytes, length);
    length += audio_decode(audio->at, audio->length, bytes + length);
    if (length < coalesce_frames() * AUDIO_FRAME_BYTES) {
        memcpy(held->bytes, bytes, length);
        held->length = length;
        return false;
    }
    held->length = 0;
    *audio = (struct slice){.at = text, .length = audio_encode(bytes, length, text)};
    return true;
}
