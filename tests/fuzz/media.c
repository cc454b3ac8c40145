// with: stream/scan.c stream/audio.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "stream/audio.h"
#include "stream/scan.h"

/* What the frames of both sides are looked through for. */
static const char *const names[] = {"event", "media", "payload", "type", "delta"};

enum { NAMES = sizeof names / sizeof names[0] };

/* A frame's audio decodes to as many bytes as it was said to hold. */
static void check_audio(struct slice audio)
{
    unsigned char *out;

    if (!audio_is_base64(audio.at, audio.length))
        return;
    out = malloc(audio.length / 4 * 3);
    if (audio_decode(audio.at, audio.length, out) != audio_bytes(audio.at, audio.length))
        abort();
    free(out);
}

/* Of what is JSON, the scanner finds the same members as the parser, if their names are plain. */
static void compare(const char *text, size_t length, const struct member *found)
{
    struct work work = {.id = "fuzz"};
    const struct json_rules rules = {.refuse_repeated = true};
    json_object *tree;

    if (json_read(&work, text, length, &rules, &tree)) {
        for (size_t i = 0; i < NAMES; i++) {
            const char *value = json_text(tree, names[i]);

            if (value && !found[i].value.at && !memchr(text, '\\', length))
                abort();
            if (value && found[i].kind == '"' && !memchr(text, '\\', length) &&
                !slice_is(found[i].value, value))
                abort();
        }
        json_object_put(tree);
    }
    work_end(&work);
}

/* Whatever a carrier or a model sends, looking through it reads no byte too many. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct member found[NAMES];
    char copy[64];

    memset(found, 0, sizeof found);
    for (size_t i = 0; i < NAMES; i++)
        found[i].name = names[i];
    if (scan_members(text, size, found, NAMES) && found[1].kind == '{') {
        struct member payload[] = {{.name = "payload"}, {.name = "timestamp"}};

        if (scan_members(found[1].value.at, found[1].value.length, payload, 2) &&
            payload[0].kind == '"')
            check_audio(payload[0].value);
        slice_number(payload[1].value, 0);
    }
    for (size_t i = 0; i < NAMES; i++)
        slice_copy(found[i].value, copy, sizeof copy);
    if (found[4].kind == '"')
        check_audio(found[4].value);
    if (size < 4096)
        compare(text, size, found);
    return 0;
}
