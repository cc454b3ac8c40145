/* twilio/keys.c - the eight tones of the keypad, by Goertzel's algorithm. */
#include "twilio/keys.h"

#include <math.h>

#include "common/speech.h"

enum { TONES = 4, STEPS_NEEDED = 2 };

static const double LOWS[TONES] = {697, 770, 852, 941}, HIGHS[TONES] = {1209, 1336, 1477, 1633};
static const char PAD[] = "123A456B789C*0#D";

/* Least power of a tone in a step, and its least share of all there is to hear. */
static const double LEAST = 100.0 * 100.0, SHARE = 0.15, TWIST = 6.3;

static double power_of(const unsigned char *ulaw, size_t count, double hertz)
{
    double twice = 2 * cos(2 * M_PI * hertz / SPEECH_RATE), last = 0, before = 0;

    for (size_t i = 0; i < count; i++) {
        double now = speech_decode(ulaw[i]) + twice * last - before;

        before = last;
        last = now;
    }
    return 2 * (last * last + before * before - twice * last * before) /
           ((double)count * (double)count);
}

static double power(const unsigned char *ulaw, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)speech_decode(ulaw[i]) * speech_decode(ulaw[i]);
    return sum / (double)count;
}

/* The strongest tone of a group, -1 when none stands out. */
static int strongest(const unsigned char *ulaw, size_t count, const double *group, double *its)
{
    double powers[TONES];
    int best = 0;

    for (int i = 0; i < TONES; i++) {
        powers[i] = power_of(ulaw, count, group[i]);
        best = powers[i] > powers[best] ? i : best;
    }
    *its = powers[best];
    for (int i = 0; i < TONES; i++)
        if (i != best && powers[i] * 4 > powers[best])
            return -1;
    return best;
}

static char key_in(const unsigned char *ulaw, size_t count)
{
    double all = power(ulaw, count), low, high;
    int row = strongest(ulaw, count, LOWS, &low), column = strongest(ulaw, count, HIGHS, &high);

    if (row < 0 || column < 0 || low < LEAST || high < LEAST || low < all * SHARE ||
        high < all * SHARE || low > high * TWIST || high > low * TWIST)
        return 0;
    return PAD[row * TONES + column];
}

void keys_hear(struct keys *keys, const unsigned char *ulaw, size_t count)
{
    char key = count ? key_in(ulaw, count) : 0;

    keys->lasting = key == keys->now ? keys->lasting + 1 : 1;
    keys->now = key;
    if (key && keys->lasting == STEPS_NEEDED && keys->count < KEYS_MAX)
        keys->pressed[keys->count++] = key;
}
