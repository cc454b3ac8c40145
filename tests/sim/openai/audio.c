#include "openai/audio.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/speech.h"
#include "openai/json.h"

static unsigned char alaw_encode(int16_t sample)
{
    int value = sample >= 0 ? sample : -sample - 1;
    int exponent = 7;
    int code;

    while (exponent > 0 && (value & (0x80 << exponent)) == 0)
        exponent--;
    code = exponent << 4 | (value >> (exponent == 0 ? 4 : exponent + 3) & 15);
    return (unsigned char)((code | (sample >= 0 ? 0x80 : 0)) ^ 0x55);
}

static int16_t alaw_decode(unsigned char code)
{
    int bits = code ^ 0x55;
    int exponent = bits >> 4 & 7;
    int value = (bits & 15) << 4 | 8;

    if (exponent > 0)
        value = (value + 0x100) << (exponent - 1);
    return (int16_t)((bits & 0x80) != 0 ? value : -value);
}

static char format_kind(struct json_object *format)
{
    const char *type = text_at(format, "type", "audio/pcmu");

    return strcmp(type, "audio/pcm") == 0 ? 'p' : strcmp(type, "audio/pcma") == 0 ? 'a' : 'u';
}

size_t audio_width(struct json_object *format)
{
    return format_kind(format) == 'p' ? 6 : 1;
}

static void write_sample(char kind, unsigned char code, unsigned char *to)
{
    int16_t sample = speech_decode(code);

    if (kind == 'u') {
        to[0] = code;
    } else if (kind == 'a') {
        to[0] = alaw_encode(sample);
    } else {
        for (int i = 0; i < 6; i += 2) {
            to[i] = (unsigned char)(sample & 0xFF);
            to[i + 1] = (unsigned char)(sample >> 8 & 0xFF);
        }
    }
}

static unsigned char read_sample(char kind, const unsigned char *from)
{
    if (kind == 'u')
        return from[0];
    if (kind == 'a')
        return speech_encode(alaw_decode(from[0]));
    return speech_encode((int16_t)(from[2] | from[3] << 8));
}

char *audio_write(struct json_object *format, const unsigned char *ulaw, size_t samples)
{
    char kind = format_kind(format);
    size_t width = audio_width(format);
    unsigned char *bytes = malloc(samples * width + 1);
    char *base64 = malloc((samples * width + 2) / 3 * 4 + 1);

    if (bytes == NULL || base64 == NULL)
        abort();
    for (size_t i = 0; i < samples; i++)
        write_sample(kind, ulaw[i], bytes + i * width);
    EVP_EncodeBlock((unsigned char *)base64, bytes, (int)(samples * width));
    free(bytes);
    return base64;
}

unsigned char *audio_read(struct json_object *format, const char *base64, size_t *samples,
                          size_t *bytes)
{
    size_t length = strlen(base64), width = audio_width(format);
    unsigned char *raw = malloc(length / 4 * 3 + 3);
    int decoded;

    if (raw == NULL)
        abort();
    decoded = EVP_DecodeBlock(raw, (const unsigned char *)base64, (int)length);
    if (decoded < 0 || length % 4 != 0) {
        free(raw);
        return NULL;
    }
    for (size_t i = length; i > 0 && base64[i - 1] == '='; i--)
        decoded--;
    *bytes = (size_t)decoded;
    *samples = *bytes / width;
    for (size_t i = 0; i < *samples; i++)
        raw[i] = read_sample(format_kind(format), raw + i * width);
    return raw;
}
