#include "core/rand.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

static uint64_t seeded; /* the state of the repeatable generator; 0: real randomness */

/* splitmix64: short, and good enough for what tests need. */
static uint64_t next_seeded(void)
{
    uint64_t z = seeded += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

void rand_bytes(void *bytes, size_t count)
{
    unsigned char *at = bytes;

    if (!seeded) {
        if (count > INT32_MAX || RAND_bytes(at, (int)count) != 1)
            abort();
        return;
    }
    while (count) {
        uint64_t word = next_seeded();
        size_t step = count < sizeof word ? count : sizeof word;

        memcpy(at, &word, step);
        at += step;
        count -= step;
    }
}

uint64_t rand_below(uint64_t below)
{
    uint64_t word, limit = UINT64_MAX - UINT64_MAX % below;

    do
        rand_bytes(&word, sizeof word);
    while (word >= limit);
    return word % below;
}

void rand_seed(uint64_t seed)
{
    seeded = seed;
}
