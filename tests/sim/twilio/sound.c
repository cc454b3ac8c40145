/* twilio/sound.c - WAV by hand and MP3 by LAME. */
#include "twilio/sound.h"

#include <lame/lame.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/speech.h"

enum { WAV_HEAD = 44, RATE = SPEECH_RATE };

static int16_t mixed(int16_t a, int16_t b)
{
    int sum = a + b;

    return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

/* The samples as one row, interleaved for two channels. */
static int16_t *samples_of(const unsigned char *left, const unsigned char *right, size_t count,
                           int channels)
{
    int16_t *samples = malloc(count * (size_t)channels * sizeof *samples);

    for (size_t i = 0; i < count; i++) {
        int16_t a = speech_decode(left[i]), b = speech_decode(right[i]);

        if (channels == 2) {
            samples[2 * i] = a;
            samples[2 * i + 1] = b;
        } else {
            samples[i] = mixed(a, b);
        }
    }
    return samples;
}

static void put(unsigned char *at, size_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

unsigned char *sound_wav(const unsigned char *left, const unsigned char *right, size_t count,
                         int channels, size_t *length)
{
    int16_t *samples = samples_of(left, right, count, channels);
    size_t size = count * (size_t)channels * sizeof *samples;
    unsigned char *file = malloc(WAV_HEAD + size);

    memcpy(file, "RIFF....WAVEfmt ", 16);
    put(file + 4, WAV_HEAD - 8 + size, 4);
    put(file + 16, 16, 4);
    put(file + 20, 1, 2);
    put(file + 22, (size_t)channels, 2);
    put(file + 24, RATE, 4);
    put(file + 28, (size_t)(RATE * channels * 2), 4);
    put(file + 32, (size_t)(channels * 2), 2);
    put(file + 34, 16, 2);
    memcpy(file + 36, "data", 4);
    put(file + 40, size, 4);
    memcpy(file + WAV_HEAD, samples, size);
    free(samples);
    *length = WAV_HEAD + size;
    return file;
}

static lame_t coder(int channels)
{
    lame_t lame = lame_init();

    lame_set_in_samplerate(lame, RATE);
    lame_set_num_channels(lame, channels);
    lame_set_mode(lame, channels == 2 ? STEREO : MONO);
    lame_set_brate(lame, 32);
    lame_init_params(lame);
    return lame;
}

unsigned char *sound_mp3(const unsigned char *left, const unsigned char *right, size_t count,
                         int channels, size_t *length)
{
    int16_t *samples = samples_of(left, right, count, channels);
    int room = (int)(count * 5 / 4 + 16384), made, flushed;
    unsigned char *file = malloc((size_t)room);
    lame_t lame = coder(channels);

    if (channels == 2)
        made = lame_encode_buffer_interleaved(lame, samples, (int)count, file, room);
    else
        made = lame_encode_buffer(lame, samples, samples, (int)count, file, room);
    made = made < 0 ? 0 : made;
    flushed = lame_encode_flush(lame, file + made, room - made);
    *length = (size_t)(made + (flushed > 0 ? flushed : 0));
    lame_close(lame);
    free(samples);
    return file;
}
