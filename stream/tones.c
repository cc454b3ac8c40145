#include "stream/tones.h"

#include <math.h>
#include <string.h>

#include "stream/audio.h"
#include "stream/line.h"
#include "stream/live.h"
#include "stream/mix.h"
#include "stream/monitor.h"
#include "stream/recorder.h"
#include "stream/socket.h"

enum {
    RATE = AUDIO_BYTES_PER_MS * 1000,
    ON = 100 * AUDIO_BYTES_PER_MS,
    OFF = 100 * AUDIO_BYTES_PER_MS,
    SHORT_PAUSE = RATE / 2,
    LONG_PAUSE = RATE,
    RAMP = 2 * AUDIO_BYTES_PER_MS,         /* so that a key neither begins nor ends with a click */
    LEAST_HEARD = 40 * AUDIO_BYTES_PER_MS, /* a shorter tone counts for none */
    MESSAGE_BYTES = 100 * AUDIO_BYTES_PER_MS,
    LEVEL = 7000, /* of each tone: -10 dBm0, so that both and lowered speech never clip */
};

/* One key or pause: its two tones in Hz, how long they sound, and how long it lasts, in samples. */
struct sign {
    double low, high;
    size_t on, total;
};

/* Of speech under a tone so much is left. */
static const double speech_share = 0.25;

static const char pad[] = "123A456B789C*0#D";

static struct sign sign_of(char key)
{
    static const double lows[] = {697, 770, 852, 941}, highs[] = {1209, 1336, 1477, 1633};
    const char *at = strchr(pad, key);

    if (!at)
        return (struct sign){.total = key == 'W' ? LONG_PAUSE : SHORT_PAUSE};
    return (struct sign){lows[(at - pad) / 4], highs[(at - pad) % 4], ON, ON + OFF};
}

static size_t samples_of(const char *keys)
{
    size_t count = 0;

    for (; *keys; keys++)
        count += sign_of(*keys).total;
    return count;
}

static double ramp(const struct sign *sign, size_t at)
{
    size_t edge = at < sign->on - at ? at : sign->on - at;

    return edge < RAMP ? (double)edge / RAMP : 1;
}

static double tone(const struct sign *sign, size_t at)
{
    double turn = 2 * M_PI * (double)at / RATE;

    return LEVEL * ramp(sign, at) * (sin(sign->low * turn) + sin(sign->high * turn));
}

/* Lays the keys from sample "from" on over audio; where a key sounds the audio is lowered. */
static void lay_over(const char *keys, size_t from, unsigned char *audio, size_t count)
{
    size_t begin = 0;

    for (; *keys && begin < from + count; keys++) {
        struct sign sign = sign_of(*keys);

        for (size_t at = from > begin ? from - begin : 0; at < sign.on && begin + at < from + count;
             at++) {
            unsigned char *byte = &audio[begin + at - from];

            *byte = mix_byte((int16_t)(audio_sample(*byte) * speech_share + tone(&sign, at)));
        }
        begin += sign.total;
    }
}

/* ---- sending ---- */

static bool is_pending(const struct tones *tones)
{
    return tones->keys[0] && tones->sent < samples_of(tones->keys);
}

static void note_sent(struct live *live, size_t count)
{
    struct tones *tones = &live->tones;

    if (!tones->sent)
        tones->heard_us =
            sockets_now_us() + playback_left_ms(&live->playback, sockets_now_us()) * 1000;
    tones->sent += count;
}

struct slice tones_mix(struct live *live, struct slice audio)
{
    struct tones *tones = &live->tones;
    unsigned char *ulaw;
    char *text;
    size_t count;

    tones->is_flowing = true;
    if (!is_pending(tones))
        return audio;
    ulaw = arena_new(&live->scratch, unsigned char, audio.length);
    text = arena_new(&live->scratch, char, audio.length + 4);
    count = audio_decode(audio.at, audio.length, ulaw);
    lay_over(tones->keys, tones->sent, ulaw, count);
    note_sent(live, count);
    return (struct slice){text, audio_encode(ulaw, count, text)};
}

/* A piece of the keys without speech; false when the line takes no more. */
static bool send_piece(struct live *live, size_t count)
{
    struct tones *tones = &live->tones;
    unsigned char ulaw[MESSAGE_BYTES];
    char text[(MESSAGE_BYTES + 2) / 3 * 4];
    struct slice audio = {.at = text};

    memset(ulaw, AUDIO_SILENCE, sizeof ulaw);
    lay_over(tones->keys, tones->sent, ulaw, count);
    audio.length = audio_encode(ulaw, count, text);
    if (!live->line->audio(live, audio))
        return false;
    if (live->recorder)
        recorder_agent(live->recorder, audio);
    monitor_audio(live, "agent", audio);
    note_sent(live, count);
    return true;
}

void tones_flush(struct live *live)
{
    struct tones *tones = &live->tones;
    size_t total = samples_of(tones->keys);

    tones->is_flowing = false;
    while (tones->sent < total) {
        size_t left = total - tones->sent;

        if (!send_piece(live, left < MESSAGE_BYTES ? left : MESSAGE_BYTES))
            return;
    }
}

static int64_t heard_samples(const struct tones *tones)
{
    int64_t heard = (sockets_now_us() - tones->heard_us) * AUDIO_BYTES_PER_MS / 1000;

    return !tones->sent || heard < 0 ? 0 : heard;
}

bool tones_are_idle(const struct live *live)
{
    const struct tones *tones = &live->tones;

    return !tones->keys[0] || (!is_pending(tones) && heard_samples(tones) >= (int64_t)tones->sent);
}

/* A key of which nearly nothing was heard was not pressed; any other is not pressed again. */
void tones_were_cleared(struct live *live)
{
    struct tones *tones = &live->tones;
    int64_t heard = heard_samples(tones);
    const char *rest = tones->keys;

    tones->is_flowing = false;
    while (*rest && heard >= LEAST_HEARD) {
        heard -= (int64_t)sign_of(*rest).total;
        rest++;
    }
    memmove(tones->keys, rest, strlen(rest) + 1);
    tones->sent = 0;
    tones_flush(live);
}

void tones_tick(struct live *live)
{
    struct tones *tones = &live->tones;

    if (tones->is_flowing && playback_left_ms(&live->playback, sockets_now_us()) == 0)
        tones_flush(live);
}

bool digits_send(struct live *live, const char *digits)
{
    struct tones *tones = &live->tones;
    size_t length = strlen(digits);

    if (tones_are_idle(live)) {
        tones->keys[0] = '\0';
        tones->sent = 0;
    }
    if (length == 0 || length + strlen(tones->keys) > TONES_MOST ||
        strspn(digits, "0123456789*#ABCDwW,") != length)
        return false;
    if (live->line->digits) {
        live->line->digits(live, digits);
        return true;
    }
    if (!live->line->audio)
        return false;
    memcpy(tones->keys + strlen(tones->keys), digits, length + 1);
    if (!tones->is_flowing)
        tones_flush(live);
    return true;
}
