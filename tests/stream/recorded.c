#include "recorded.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum { HEADER = 44, MOST = 64 << 20 };

struct reply recorded(const struct customer *customer, const char *sid, const char *range)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->kwickphone),
                                   range ? say("Range: %s", range) : NULL, NULL};

    return http("GET", say("/v1/calls/%s/recording", sid), headers, NULL);
}

struct sound recorded_sound(const struct reply *mp3)
{
    const char *from = say("%s/tmp/recording-%d.mp3", fact("VAR"), getpid());
    const char *to = say("%s/tmp/recording-%d.wav", fact("VAR"), getpid());
    struct sound sound = {.wav = calloc(1, MOST)};
    FILE *file = fopen(from, "wb");

    cr_assert(file && fwrite(mp3->body, 1, mp3->length, file) == mp3->length);
    fclose(file);
    cr_assert_eq(system(say("mpg123 -q -w %s %s", to, from)), 0);
    file = fopen(to, "rb");
    cr_assert(file);
    sound.length = fread(sound.wav, 1, MOST, file);
    fclose(file);
    unlink(from);
    unlink(to);
    sound.channels = sound.wav[22];
    sound.rate = (size_t)(sound.wav[24] | sound.wav[25] << 8);
    return sound;
}

double sound_energy(const struct sound *sound, int channel, double from_ms, double to_ms)
{
    double sum = 0;
    size_t count = 0;

    for (size_t frame = (size_t)(from_ms * (double)sound->rate / 1000);
         frame < (size_t)(to_ms * (double)sound->rate / 1000); frame++) {
        size_t place = HEADER + frame * 4 + (size_t)channel * 2;
        int16_t sample;

        if (place + 2 > sound->length)
            break;
        memcpy(&sample, sound->wav + place, 2);
        sum += (double)sample * sample;
        count++;
    }
    return count ? sum / (double)count : 0;
}
