#include "stream/mix.h"

#include <stdlib.h>
#include <string.h>

#include "stream/audio.h"

enum {
    BIAS = 0x84,
    LOUDEST = 32635,
    LONGEST_BASE64 = 16 * 1024, /* a carrier's message holds a fraction of a second */
};

unsigned char mix_byte(int16_t sample)
{
    int sign = sample < 0 ? 0x80 : 0, magnitude = sample < 0 ? -(int)sample : sample;
    int segment = 7;

    magnitude = (magnitude > LOUDEST ? (int)LOUDEST : magnitude) + BIAS;
    while (segment > 0 && !(magnitude & 0x80 << segment))
        segment--;
    return (unsigned char)~(sign | segment << 4 | (magnitude >> (segment + 3) & 0x0f));
}

static int16_t clip(int sum)
{
    if (sum > INT16_MAX)
        return INT16_MAX;
    return (int16_t)(sum < INT16_MIN ? INT16_MIN : sum);
}

/* What adds nothing is left as it was: a frame that passes alone is the very bytes that came. */
void mix_under(unsigned char *frame, const unsigned char *voice, size_t count, int level)
{
    for (size_t i = 0; i < count; i++) {
        int added = audio_sample(voice[i]) * level / MIX_FULL;

        if (added)
            frame[i] = mix_byte(clip(audio_sample(frame[i]) + added));
    }
}

/* ---- the jitter buffer ---- */

bool jitter_open(struct jitter *jitter, int most_ms, int lead_ms)
{
    *jitter = (struct jitter){
        .most = (size_t)most_ms * AUDIO_BYTES_PER_MS,
        .lead = (size_t)lead_ms * AUDIO_BYTES_PER_MS,
    };
    jitter->bytes = malloc(jitter->most);
    return jitter->bytes != NULL;
}

void jitter_close(struct jitter *jitter)
{
    free(jitter->bytes);
    *jitter = (struct jitter){0};
}

static void drop_oldest(struct jitter *jitter, size_t count)
{
    jitter->first = (jitter->first + count) % jitter->most;
    jitter->count -= count;
    jitter->dropped += count;
}

void jitter_put(struct jitter *jitter, const unsigned char *ulaw, size_t count)
{
    if (count > jitter->most) {
        jitter->dropped += count - jitter->most;
        ulaw += count - jitter->most;
        count = jitter->most;
    }
    if (jitter->count + count > jitter->most)
        drop_oldest(jitter, jitter->count + count - jitter->most);
    for (size_t done = 0; done < count;) {
        size_t at = (jitter->first + jitter->count) % jitter->most;
        size_t part = jitter->most - at < count - done ? jitter->most - at : count - done;

        memcpy(jitter->bytes + at, ulaw + done, part);
        jitter->count += part;
        done += part;
    }
}

void jitter_put_base64(struct jitter *jitter, struct slice audio)
{
    unsigned char ulaw[LONGEST_BASE64 / 4 * 3];

    if (audio.length <= LONGEST_BASE64 && audio_is_base64(audio.at, audio.length))
        jitter_put(jitter, ulaw, audio_decode(audio.at, audio.length, ulaw));
}

size_t jitter_take(struct jitter *jitter, unsigned char *ulaw, size_t count)
{
    size_t taken = 0;

    if (jitter->count >= jitter->lead && jitter->count)
        jitter->flows = true;
    while (jitter->flows && taken < count && jitter->count) {
        ulaw[taken++] = jitter->bytes[jitter->first];
        jitter->first = (jitter->first + 1) % jitter->most;
        jitter->count--;
    }
    if (taken < count) {
        memset(ulaw + taken, AUDIO_SILENCE, count - taken);
        jitter->flows = false;
    }
    return taken;
}

void jitter_clear(struct jitter *jitter)
{
    jitter->first = jitter->count = 0;
    jitter->flows = false;
}
