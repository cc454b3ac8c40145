#include "openai/effective.h"

#include <string.h>

#include "openai/json.h"

static void fill(struct json_object *object, const char *name, struct json_object *value)
{
    if (json_object_object_get_ex(object, name, NULL))
        json_object_put(value);
    else
        json_object_object_add(object, name, value);
}

/* What an update leaves out of an object that it replaces takes its default. */
static void fill_defaults(struct json_object *input)
{
    struct json_object *turn = at(input, "turn_detection");
    struct json_object *transcription = at(input, "transcription");

    if (transcription != NULL) {
        fill(transcription, "language", NULL);
        fill(transcription, "prompt", NULL);
    }
    if (turn == NULL)
        return;
    if (strcmp(text_at(turn, "type", ""), "server_vad") == 0) {
        fill(turn, "threshold", json_object_new_double(0.5));
        fill(turn, "prefix_padding_ms", json_object_new_int(300));
        fill(turn, "silence_duration_ms", json_object_new_int(200));
        fill(turn, "idle_timeout_ms", NULL);
    } else {
        fill(turn, "eagerness", json_object_new_string("auto"));
    }
    fill(turn, "create_response", json_object_new_boolean(true));
    fill(turn, "interrupt_response", json_object_new_boolean(true));
}

static bool has_members_of_its_own(const char *name)
{
    return strcmp(name, "audio") == 0 || strcmp(name, "input") == 0 || strcmp(name, "output") == 0;
}

/* Members of the three audio objects are set one by one, all others as a whole. */
static void merge(struct json_object *settings, struct json_object *update)
{
    json_object_object_foreach(update, name, value)
    {
        if (has_members_of_its_own(name))
            merge(at(settings, name), value);
        else if (strcmp(name, "type") != 0)
            json_object_object_add(settings, name, copy_of(value));
    }
}

void effective_merge(struct json_object *settings, struct json_object *update)
{
    merge(settings, update);
    fill_defaults(at(settings, "audio.input"));
}

struct json_object *effective_default(const char *id, const char *model_name, int64_t expires_at)
{
    struct json_object *input =
        pack("format=o transcription=n noise_reduction=n turn_detection=o",
             pack("type=s rate=i", "audio/pcm", (int64_t)24000), pack("type=s", "server_vad"));
    struct json_object *output =
        pack("format=o voice=s speed=d", pack("type=s rate=i", "audio/pcm", (int64_t)24000),
             "marin", 1.0);

    fill_defaults(input);
    return pack("type=s object=s id=s model=s output_modalities=o instructions=s tools=o "
                "tool_choice=s max_output_tokens=s tracing=n truncation=s prompt=n expires_at=i "
                "audio=o include=n",
                "realtime", "realtime.session", id, model_name, pack_list("audio", NULL),
                "You are a helpful assistant.", json_object_new_array(), "auto", "inf", "auto",
                expires_at, pack("input=o output=o", input, output));
}
