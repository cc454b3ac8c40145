#include "common/speech.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/watermark.h"

enum {
    WAV_MAX = 64 * 1024 * 1024,
    TAPS = 64,      /* of the low-pass, in samples of what espeak-ng makes */
    FRAME = 80,     /* samples judged together for silence: 10 ms */
    PEAK = 16000,   /* of 32767, so that nothing clips further on */
    FLOOR = 12,     /* of the noise under everything: digital silence is no speech */
    KEPT = 256,     /* utterances remembered */
    EDGE_FRAMES = 2 /* of silence left before and after the words */
};

/* Mono samples as they come out of espeak-ng, or on the way to 8 kHz. */
struct sound {
    int16_t *samples;
    size_t count;
    unsigned rate;
};

/* What was spoken before, oldest replaced first. */
static struct {
    pthread_mutex_t lock;
    struct kept {
        char *key;
        unsigned char *ulaw;
        size_t count;
    } entries[KEPT];
    size_t next;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

unsigned char speech_encode(int16_t sample)
{
    enum { BIAS = 0x84, CLIP = 32635 };
    int value = sample;
    int sign = 0, exponent = 7;

    if (value < 0) {
        sign = 0x80;
        value = -value;
    }
    if (value > CLIP)
        value = CLIP;
    value += BIAS;
    while (exponent > 0 && (value & (0x80 << exponent)) == 0)
        exponent--;
    return (unsigned char)~(sign | exponent << 4 | (value >> (exponent + 3) & 15));
}

int16_t speech_decode(unsigned char code)
{
    int bits = ~code & 0xFF;
    int value = (((bits & 15) << 3) + 0x84) << (bits >> 4 & 7);

    value -= 0x84;
    return (int16_t)((bits & 0x80) != 0 ? -value : value);
}

/* Starts espeak-ng with one socket as its standard input and output. */
static bool spawn_speaker(const char *voice, int socket_end, pid_t *child)
{
    char *const argv[] = {"espeak-ng", "--stdout", "--stdin",     "-s",
                          "165",       "-v",       (char *)voice, NULL};
    posix_spawn_file_actions_t actions;
    extern char **environ;
    bool ok;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket_end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket_end, STDOUT_FILENO);
    ok = posix_spawnp(child, "espeak-ng", &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return ok;
}

static bool send_all(int to, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t sent = send(to, text, left, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            text += sent;
            left -= (size_t)sent;
        }
    }
    return shutdown(to, SHUT_WR) == 0;
}

static unsigned char *read_all(int from, size_t *count)
{
    size_t room = 1 << 18;
    unsigned char *bytes = malloc(room);
    ssize_t got = 1;

    *count = 0;
    while (bytes != NULL && (got > 0 || (got < 0 && errno == EINTR)) && *count < WAV_MAX) {
        if (*count == room) {
            unsigned char *larger = realloc(bytes, room *= 2);

            if (larger == NULL)
                free(bytes);
            bytes = larger;
            continue;
        }
        got = read(from, bytes + *count, room - *count);
        *count += got > 0 ? (size_t)got : 0;
    }
    return bytes;
}

/* Everything that espeak-ng writes for a text, or NULL. */
static unsigned char *run_speaker(const char *text, const char *voice, size_t *count)
{
    int ends[2];
    pid_t child;
    unsigned char *wav = NULL;
    int status;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return NULL;
    if (spawn_speaker(voice, ends[1], &child)) {
        close(ends[1]);
        ends[1] = -1;
        if (send_all(ends[0], text))
            wav = read_all(ends[0], count);
        shutdown(ends[0], SHUT_RDWR);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return wav;
}

static unsigned little(const unsigned char *at, size_t bytes)
{
    unsigned number = 0;

    while (bytes-- > 0)
        number = number << 8 | at[bytes];
    return number;
}

/* Takes the samples out of a WAV file.  The length of its last chunk is not to be trusted:
 * espeak-ng does not know it when it writes the header. */
static bool read_wav(const unsigned char *wav, size_t count, struct sound *sound)
{
    size_t at = 12;

    while (at + 8 <= count) {
        size_t size = little(wav + at + 4, 4);
        const unsigned char *body = wav + at + 8;

        if (memcmp(wav + at, "data", 4) == 0) {
            sound->count = (size < count - at - 8 ? size : count - at - 8) / 2;
            sound->samples = malloc(sound->count * sizeof *sound->samples + 1);
            for (size_t i = 0; sound->samples != NULL && i < sound->count; i++)
                sound->samples[i] = (int16_t)little(body + 2 * i, 2);
            return sound->samples != NULL && sound->rate >= SPEECH_RATE;
        }
        if (memcmp(wav + at, "fmt ", 4) == 0 && at + 24 <= count)
            sound->rate = little(body + 4, 4);
        if (size > count - at - 8)
            return false;
        at += 8 + size + (size & 1);
    }
    return false;
}

static unsigned common_divisor(unsigned a, unsigned b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

/* One row of filter taps for each position of an output sample between two input samples:
 * a sinc that passes up to 3.6 kHz, under a Hann window, each row summing up to 1. */
static double *low_pass(unsigned rate, unsigned phases)
{
    const double pi = 3.14159265358979323846;
    double cutoff = 2 * 3600.0 / rate;
    double *taps = malloc(sizeof *taps * TAPS * phases);

    for (unsigned phase = 0; taps != NULL && phase < phases; phase++) {
        double *row = taps + (size_t)phase * TAPS;
        double sum = 0;

        for (int i = 0; i < TAPS; i++) {
            double x = i - TAPS / 2 + 1 - (double)phase / phases;
            double sinc = fabs(x) < 1e-9 ? 1 : sin(pi * cutoff * x) / (pi * cutoff * x);

            row[i] = sinc * (0.5 + 0.5 * cos(2 * pi * x / (TAPS + 1)));
            sum += row[i];
        }
        for (int i = 0; i < TAPS; i++)
            row[i] /= sum;
    }
    return taps;
}

static double filtered(const struct sound *in, size_t at, const double *row)
{
    double sum = 0;

    for (size_t i = 0; i < TAPS; i++) {
        size_t from = at + i + 1;

        if (from >= TAPS / 2 && from - TAPS / 2 < in->count)
            sum += row[i] * in->samples[from - TAPS / 2];
    }
    return sum;
}

static bool resample(const struct sound *in, struct sound *out)
{
    unsigned divisor = common_divisor(in->rate, SPEECH_RATE);
    unsigned phases = SPEECH_RATE / divisor, step = in->rate / divisor;
    double *taps = low_pass(in->rate, phases);

    out->rate = SPEECH_RATE;
    out->count = in->count * phases / step;
    out->samples = malloc(out->count * sizeof *out->samples + 1);
    for (size_t i = 0; taps != NULL && out->samples != NULL && i < out->count; i++) {
        size_t position = i * step;
        double value = filtered(in, position / phases, taps + position % phases * TAPS);

        out->samples[i] = (int16_t)fmax(-32768, fmin(32767, value));
    }
    free(taps);
    return taps != NULL && out->samples != NULL;
}

static int loudest(const int16_t *samples, size_t count)
{
    int peak = 0;

    for (size_t i = 0; i < count; i++)
        peak = abs(samples[i]) > peak ? abs(samples[i]) : peak;
    return peak;
}

/* Shortens pauses, in place. */
static void tighten(struct sound *sound)
{
    int quiet = loudest(sound->samples, sound->count) / 50;
    size_t frames = sound->count / FRAME, to = 0, run = 0, limit = EDGE_FRAMES;

    for (size_t i = 0; i < frames; i++) {
        const int16_t *frame = sound->samples + i * FRAME;

        if (loudest(frame, FRAME) <= quiet) {
            run++;
        } else {
            run = 0;
            limit = SPEECH_PAUSE_MS / 10;
        }
        if (run <= limit) {
            memmove(sound->samples + to, frame, FRAME * sizeof *frame);
            to += FRAME;
        }
    }
    run = run < limit ? run : limit;
    if (run > EDGE_FRAMES)
        to -= (run - EDGE_FRAMES) * FRAME;
    sound->count = to;
}

/* Brings the peak to one height for all voices and codes to mu-law over a floor of noise.  There
 * are two codes for zero; without the negative one, whatever its lowest bit, the audio comes back
 * the same from a conversion to linear samples. */
static unsigned char *code(const struct sound *sound)
{
    int peak = loudest(sound->samples, sound->count);
    unsigned char *ulaw = malloc(sound->count + 1);
    uint32_t state = 7;

    for (size_t i = 0; ulaw != NULL && i < sound->count; i++) {
        int noise, value;

        state = state * 1103515245U + 12345U;
        noise = (int)(state >> 16 & 0xFF) * (2 * FLOOR + 1) / 256 - FLOOR;
        value = sound->samples[i] * PEAK / (peak > 0 ? peak : 1);
        ulaw[i] = speech_encode((int16_t)(value + noise));
        if ((ulaw[i] | 1) == 0x7F)
            ulaw[i] |= 0x80;
    }
    return ulaw;
}

static unsigned char *speak(const char *text, const char *voice, size_t *count)
{
    struct sound made = {0}, fit = {0};
    size_t bytes = 0;
    unsigned char *wav = run_speaker(text, voice, &bytes);
    unsigned char *plain = NULL, *ulaw = NULL;

    if (wav != NULL && read_wav(wav, bytes, &made) && resample(&made, &fit)) {
        tighten(&fit);
        plain = code(&fit);
    }
    if (plain != NULL || (wav != NULL && bytes == 0)) /* nothing is said of an empty text */
        ulaw = watermark_put(text, plain, fit.count, count);
    free(plain);
    free(fit.samples);
    free(made.samples);
    free(wav);
    return ulaw;
}

static unsigned char *duplicate(const unsigned char *ulaw, size_t count)
{
    unsigned char *copy = malloc(count);

    return copy == NULL ? NULL : memcpy(copy, ulaw, count);
}

static unsigned char *recall(const char *key, size_t *count)
{
    unsigned char *found = NULL;

    pthread_mutex_lock(&cache.lock);
    for (size_t i = 0; found == NULL && i < KEPT; i++)
        if (cache.entries[i].key != NULL && strcmp(cache.entries[i].key, key) == 0) {
            *count = cache.entries[i].count;
            found = duplicate(cache.entries[i].ulaw, *count);
        }
    pthread_mutex_unlock(&cache.lock);
    return found;
}

static void remember(const char *key, const unsigned char *ulaw, size_t count)
{
    struct kept kept = {strdup(key), duplicate(ulaw, count), count};
    struct kept old = kept;

    if (kept.key != NULL && kept.ulaw != NULL) {
        pthread_mutex_lock(&cache.lock);
        old = cache.entries[cache.next];
        cache.entries[cache.next] = kept;
        cache.next = (cache.next + 1) % KEPT;
        pthread_mutex_unlock(&cache.lock);
    }
    free(old.key);
    free(old.ulaw);
}

unsigned char *speech_ulaw(const char *text, const char *voice, size_t *count)
{
    const char *name = voice == NULL ? "en-us" : voice;
    size_t room = strlen(name) + strlen(text) + 2;
    char *key = malloc(room);
    unsigned char *ulaw;

    if (key == NULL)
        return NULL;
    strcpy(key, name);
    strcat(strcat(key, "\n"), text);
    ulaw = recall(key, count);
    if (ulaw == NULL && strlen(text) <= WATERMARK_TEXT_MAX &&
        (ulaw = speak(text, name, count)) != NULL)
        remember(key, ulaw, *count);
    free(key);
    return ulaw;
}
