/* twilio/hearing.c - voices and silence. */
#include "twilio/hearing.h"

#include <stdlib.h>
#include <string.h>

#include "common/speech.h"

enum { NOISE_LEVEL = 100, SILENCE = 0xFF };

void hearing_voice(struct hearing *hearing, int64_t now_ms)
{
    if (!hearing->any || now_ms - hearing->last_voice_ms > TURN_GAP_MS)
        hearing->turn_began_ms = now_ms;
    hearing->any = true;
    hearing->last_voice_ms = now_ms;
}

int64_t hearing_silence(const struct hearing *hearing, int64_t now_ms)
{
    return hearing->any ? now_ms - hearing->last_voice_ms : now_ms;
}

bool is_voice(const unsigned char *ulaw, size_t count)
{
    long sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += abs(speech_decode(ulaw[i]));
    return count && sum / (long)count > NOISE_LEVEL;
}

bool mouth_next(struct mouth *mouth, unsigned char *ulaw, size_t count)
{
    size_t left = mouth->count - mouth->at, taken = left < count ? left : count;

    if (taken)
        memcpy(ulaw, mouth->speech + mouth->at, taken);
    memset(ulaw + taken, SILENCE, count - taken);
    mouth->at += taken;
    return taken > 0;
}
