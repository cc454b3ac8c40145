#include "stream/comfort.h"

#include <math.h>
#include <string.h>

#include "core/column.h"
#include "stream/audio.h"
#include "stream/line.h"
#include "stream/live.h"
#include "stream/socket.h"

enum {
    PERIOD_MS = 2000,
    TONE_MS = 240,
    EDGE_MS = 40,   /* it swells and fades, so that it does not click */
    AHEAD_MS = 200, /* so much is sent early */
    PIECE_MS = 20,
    RATE = 8000,
};

static const double pi = 3.14159265358979323846, hertz = 425, loudness = 1200;

/* The µ-law byte whose sample is nearest. */
static unsigned char nearest(double sample)
{
    unsigned char best = AUDIO_SILENCE;

    for (int byte = 0; byte < 256; byte++)
        if (fabs(audio_sample((unsigned char)byte) - sample) < fabs(audio_sample(best) - sample))
            best = (unsigned char)byte;
    return best;
}

static double sample_at(int i)
{
    double ms = i * 1000.0 / RATE;
    double edge = fmin(fmin(ms, TONE_MS - ms) / EDGE_MS, 1);

    return ms < TONE_MS ? loudness * edge * sin(2 * pi * hertz * i / RATE) : 0;
}

/* One period of it, made when it is first needed. */
static const unsigned char *period(void)
{
    static unsigned char sound[PERIOD_MS * AUDIO_BYTES_PER_MS];
    static bool is_made;

    if (is_made)
        return sound;
    memset(sound, AUDIO_SILENCE, sizeof sound);
    for (int i = 0; i < TONE_MS * AUDIO_BYTES_PER_MS; i++)
        sound[i] = nearest(sample_at(i));
    is_made = true;
    return sound;
}

void comfort_play(struct live *live, int64_t since_us, int64_t *at_ms)
{
    int64_t until_ms = (sockets_now_us() - since_us) / 1000 + AHEAD_MS;
    char text[AUDIO_FRAME_BASE64];

    if (!live->line || !live->line->audio)
        return;
    for (; *at_ms < until_ms; *at_ms += PIECE_MS) {
        const unsigned char *from = period() + *at_ms % PERIOD_MS * AUDIO_BYTES_PER_MS;
        size_t length = audio_encode(from, AUDIO_FRAME_BYTES, text);

        if (!live->line->audio(live, (struct slice){text, length}))
            return;
    }
}
