#include "stream/coalesce.h"

#include <string.h>

enum {
    WINDOW_US = 200 * 1000,
    CALM_US = 1000 * 1000, /* so long it must be easy before fewer frames wait */
    LONG_TURN_US = 12000,  /* and busy: more frames wait */
    SHORT_TURN_US = 2000,  /* or idle: fewer */
    BUSY = 800,
    IDLE = 350, /* thousandths of the time in which the loop works */
    MEMORY = 3, /* a window counts for a third of what is believed */
};

static struct {
    unsigned frames; /* beyond the first */
    int64_t window_us, calm_us;
    int64_t sum_us, squares;
    int64_t turn_us, busy; /* believed: one stall of the machine does not change them much */
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

static void believe(int64_t now_us)
{
    pressure.turn_us += (usual_turn_us() - pressure.turn_us) / MEMORY;
    pressure.busy +=
        (pressure.sum_us * 1000 / (now_us - pressure.window_us) - pressure.busy) / MEMORY;
}

/*
 * Long turns alone say little: a machine that stalls now and then makes some too.  Only a loop that
 * has little time left gains from fewer messages.
 */
static void judge(int64_t now_us)
{
    bool is_easy = pressure.turn_us < SHORT_TURN_US || pressure.busy < IDLE;

    if (!is_easy || !pressure.frames)
        pressure.calm_us = now_us;
    if (pressure.turn_us > LONG_TURN_US && pressure.busy > BUSY &&
        pressure.frames + 1 < COALESCE_MOST)
        pressure.frames++;
    if (pressure.frames && now_us - pressure.calm_us > CALM_US) {
        pressure.frames--;
        pressure.calm_us = now_us;
    }
}

void coalesce_note_turn(int64_t turn_us, int64_t now_us)
{
    if (!pressure.window_us)
        pressure.window_us = now_us - turn_us;
    pressure.sum_us += turn_us;
    pressure.squares += turn_us * turn_us;
    if (now_us - pressure.window_us < WINDOW_US)
        return;
    believe(now_us);
    judge(now_us);
    pressure.window_us = now_us;
    pressure.sum_us = pressure.squares = 0;
}

unsigned coalesce_awaited(const struct coalesced *held)
{
    return coalesce_frames() - held->count % coalesce_frames();
}

/* The longest message of the carrier's fits; anything longer could only come from a test. */
bool coalesce_add(struct coalesced *held, struct slice *audio)
{
    static unsigned char bytes[64 * 1024];
    static char text[sizeof bytes / 3 * 4 + 8];
    bool leaves = ++held->count % coalesce_frames() == 0;
    size_t length = held->length;

    if (coalesce_frames() == 1 && length == 0)
        return true;
    if (audio->length / 4 * 3 > sizeof bytes - sizeof held->bytes)
        return true;
    memcpy(bytes, held->bytes, length);
    length += audio_decode(audio->at, audio->length, bytes + length);
    if (!leaves && length < coalesce_frames() * AUDIO_FRAME_BYTES) {
        memcpy(held->bytes, bytes, length);
        held->length = length;
        return false;
    }
    held->length = 0;
    *audio = (struct slice){.at = text, .length = audio_encode(bytes, length, text)};
    return true;
}
