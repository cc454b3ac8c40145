/*
 * stream/recorded.h - a call's recording, and how loud each voice is in it.
 */
#ifndef TESTS_STREAM_RECORDED_H
#define TESTS_STREAM_RECORDED_H

#include "harness/harness.h"

/* As the API serves it; "range" is a Range header's value, or NULL. */
struct reply recorded(const struct customer *customer, const char *sid, const char *range);

struct sound {
    unsigned char *wav; /* 16 bit, to be freed */
    size_t length, rate;
    int channels;
};

struct sound recorded_sound(const struct reply *mp3);

/* Mean energy of one channel (0: the caller's) between two moments. */
double sound_energy(const struct sound *sound, int channel, double from_ms, double to_ms);

#endif
