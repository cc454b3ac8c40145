#include "stream/refused.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/live.h"
#include "stream/tools/toolbox.h"

enum { SHORTEST_INSTRUCTIONS = 4 * 1024 };

/* ---- giving up one setting: false when it is the default already ---- */

static bool yield_voice(struct live *live, const char *param)
{
    static const char usual[] = "marin";

    (void)param;
    if (live->settings.voice && strcmp(live->settings.voice, usual) == 0)
        return false;
    live->settings.voice = usual;
    return true;
}

static bool yield_speed(struct live *live, const char *param)
{
    bool was = live->settings.speed != 1;

    (void)param;
    live->settings.speed = 1;
    return was;
}

static bool yield_language(struct live *live, const char *param)
{
    bool was = live->settings.language != NULL;

    (void)param;
    live->settings.language = NULL;
    return was;
}

static bool yield_hints(struct live *live, const char *param)
{
    bool was = live->settings.transcription_prompt != NULL;

    (void)param;
    live->settings.transcription_prompt = NULL;
    return was;
}

static bool yield_transcriber(struct live *live, const char *param)
{
    static const char usual[] = "gpt-4o-mini-transcribe";

    (void)param;
    if (strcmp(live->settings.transcription_model, usual) == 0)
        return false;
    live->settings.transcription_model = usual;
    return true;
}

static bool yield_noise(struct live *live, const char *param)
{
    bool was = live->settings.noise_reduction != NULL;

    (void)param;
    live->settings.noise_reduction = NULL;
    return was;
}

static bool yield_length(struct live *live, const char *param)
{
    bool was = live->settings.max_output_tokens != 0;

    (void)param;
    live->settings.max_output_tokens = 0;
    return was;
}

/* A quarter of them, to the border of a character; what matters most stands first. */
static bool yield_instructions(struct live *live, const char *param)
{
    const char *all = live->settings.instructions;
    size_t length = all ? strlen(all) / 4 * 3 : 0;

    (void)param;
    if (length < SHORTEST_INSTRUCTIONS)
        return false;
    while ((all[length] & 0xC0) == 0x80)
        length--;
    live->settings.instructions = arena_copy(&live->work.arena, all, length);
    return true;
}

/* "session.tools[3].parameters" names the fourth; a list that names none is given up whole. */
static bool yield_tool(struct live *live, const char *param)
{
    const struct toolbox *all = live->settings.tools;
    const char *bracket = strchr(param, '[');
    size_t named = bracket ? strtoul(bracket + 1, NULL, 10) : SIZE_MAX;
    struct toolbox *rest;

    if (!all || all->count == 0)
        return false;
    rest = arena_new(&live->work.arena, struct toolbox, 1);
    *rest = *all;
    rest->count = 0;
    rest->tools = arena_new(&live->work.arena, struct tool, all->count);
    for (size_t i = 0; i < all->count && named < all->count; i++)
        if (i != named)
            rest->tools[rest->count++] = all->tools[i];
    live->settings.tools = rest;
    return true;
}

/* ---- which it is ---- */

static const struct {
    const char *param; /* its beginning, the longer ones first */
    bool (*yield)(struct live *live, const char *param);
} yielding[] = {
    {"session.audio.input.transcription.language", yield_language},
    {"session.audio.input.transcription.prompt", yield_hints},
    {"session.audio.input.transcription", yield_transcriber},
    {"session.audio.input.noise_reduction", yield_noise},
    {"session.audio.output.voice", yield_voice},
    {"session.audio.output.speed", yield_speed},
    {"session.max_output_tokens", yield_length},
    {"session.instructions", yield_instructions},
    {"session.tools", yield_tool},
};

static void note(struct live *live, const char *code, const char *param)
{
    struct text payload = {.arena = &live->scratch};

    log_warning(&live->work, "model.setting_refused", "code=%s param=%s", code, param);
    text_put(&payload, "{\"why\":");
    text_json(&payload, code);
    text_put(&payload, ",\"param\":");
    text_json(&payload, param);
    text_put(&payload, ",\"next\":\"default\"}");
    fact_event(&live->subject, "model.error", "warn", "model", payload.at);
}

bool refused_setting(struct live *live, const char *code, const char *param)
{
    for (size_t i = 0; param && i < COUNT(yielding); i++) {
        if (strncmp(param, yielding[i].param, strlen(yielding[i].param)) != 0)
            continue;
        if (!yielding[i].yield(live, param))
            return false;
        note(live, code, param);
        return true;
    }
    return false;
}
