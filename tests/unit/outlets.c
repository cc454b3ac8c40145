#include "outlets.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "stream/audio.h"
#include "stream/media.h"
#include "stream/orders.h"
#include "stream/realtime.h"
#include "stream/realtime_link.h"
#include "stream/socket.h"
#include "stream/tools.h"

char facts_kept[64 * 1024];

static char *begin(struct outlet *outlet, enum message_kind kind, size_t most)
{
    struct kept *kept = (struct kept *)outlet;

    (void)kind;
    if (kept->closed || kept->count == OUTLET_MESSAGES)
        return NULL;
    kept->texts[kept->count] = calloc(1, most + 1);
    return kept->texts[kept->count];
}

static void end(struct outlet *outlet, size_t length)
{
    struct kept *kept = (struct kept *)outlet;

    kept->texts[kept->count++][length] = '\0';
}

static void drop_audio(struct outlet *outlet)
{
    (void)outlet;
}

static void close_outlet(struct outlet *outlet, unsigned code, const char *reason)
{
    (void)reason;
    ((struct kept *)outlet)->closed = code;
}

void kept_open(struct kept *kept)
{
    *kept = (struct kept){
        .outlet = {.begin = begin, .end = end, .drop_audio = drop_audio, .close = close_outlet}};
}

size_t kept_with(const struct kept *kept, const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < kept->count; i++)
        count += strstr(kept->texts[i], text) != NULL;
    return count;
}

const char *kept_last(const struct kept *kept)
{
    return kept->count ? kept->texts[kept->count - 1] : "";
}

void kept_forget(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free(kept->texts[i]);
    kept->count = 0;
}

static bool keep_fact(const char *line, size_t length)
{
    size_t used = strlen(facts_kept);

    if (used + length + 2 > sizeof facts_kept)
        return false;
    memcpy(facts_kept + used, line, length);
    memcpy(facts_kept + used + length, "\n", 2);
    return true;
}

struct live *live_for_test(struct kept *carrier, struct kept *model)
{
    static struct config config = {.openai_realtime_url = "ws://model.invalid/v1/realtime"};
    struct live *live;

    clock_set((instant){1767225600000});
    sockets_send();
    facts_to(keep_fact);
    live = live_new(&config, "192.0.2.1");
    live->line = &media_line;
    live->mind = &realtime_mind;
    kept_open(carrier);
    kept_open(model);
    live->carrier = &carrier->outlet;
    live->model = &model->outlet;
    live->state = LIVE_READY;
    live->started_us = live->last_media_us = sockets_now_us();
    live->subject = (struct subject){.tenant = 7, .call = uid_new(), .session = uid_new()};
    live->settings.instructions = "Be brief.";
    live->settings.model_interrupts = live->settings.takes_keys = true;
    live->settings.interruption.is_enabled = live->settings.interruption.in_greeting = true;
    tools_open(live, &(struct agent_version){.config = {"{}"}}, &(struct call){0}, NULL, 0);
    strcpy(live->stream_sid, "MZ1");
    live->media_head_length =
        (size_t)snprintf(live->media_head, sizeof live->media_head,
                         "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"payload\":\"");
    return live;
}

static void add_audio(struct text *out, size_t count)
{
    unsigned char *silence = malloc(count + 1);
    char *base64 = malloc(count * 2 + 8);

    memset(silence, 0x55, count);
    text_bytes(out, base64, audio_encode(silence, count, base64));
    free(silence);
    free(base64);
}

const char *expand(struct arena *arena, const char *text)
{
    struct text out = {.arena = arena};

    for (; *text; text++) {
        if (*text == '#') {
            add_audio(&out, strtoul(text + 1, (char **)(uintptr_t)&text, 10));
            continue;
        }
        text_char(&out, *text == '\'' ? '"' : *text);
    }
    return out.at ? out.at : "";
}

/* Fuzzers link this file too, which know no assertions. */
void model_sends(struct live *live, const char *message)
{
    struct arena arena = {0};
    const char *text = expand(&arena, message);

    if (!realtime_take(live, text, strlen(text)))
        abort();
    arena_free(&arena);
}

const char *order_for_test(struct live *live, const char *kind, const char *args)
{
    struct arena arena = {0};
    json_object *tree = json_tokener_parse(expand(&arena, args));
    const char *error = order_run(live, kind, tree);

    json_object_put(tree);
    arena_free(&arena);
    return error;
}
