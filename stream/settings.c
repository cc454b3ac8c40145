#include "stream/settings.h"

#include <ctype.h>
#include <string.h>

#include "core/json.h"

enum { LONGEST_CALL_SECONDS = 3600 };

static const char *text_or(struct arena *arena, const char *text, const char *otherwise)
{
    return text && *text ? arena_text(arena, text) : otherwise;
}

/* A member in either of the spellings that dialects store: snake_case or camelCase. */
static json_object *either(json_object *object, const char *snake, const char *camel)
{
    json_object *member = json_member(object, snake);

    return member ? member : json_member(object, camel);
}

static void add_number(struct text *text, const char *name, json_object *value, double otherwise)
{
    text_add(text, ",\"%s\":", name);
    text_real(text, value && (json_object_is_type(value, json_type_int) ||
                              json_object_is_type(value, json_type_double))
                        ? json_object_get_double(value)
                        : otherwise);
}

/* The model's turn detection, every value that we rely on said (openai-realtime.md 4.1). */
static const char *read_turn_detection(struct arena *arena, json_object *given)
{
    struct text text = {.arena = arena};
    const char *type = json_text(given, "type"), *eagerness = json_text(given, "eagerness");

    if (type && strcmp(type, "semantic_vad") == 0) {
        text_put(&text, "{\"type\":\"semantic_vad\",\"eagerness\":");
        text_json(&text, eagerness ? eagerness : "auto");
    } else {
        text_put(&text, "{\"type\":\"server_vad\"");
        add_number(&text, "threshold", json_member(given, "threshold"), 0.5);
        add_number(&text, "prefix_padding_ms",
                   either(given, "prefix_padding_ms", "prefixPaddingMs"), 300);
        add_number(&text, "silence_duration_ms",
                   either(given, "silence_duration_ms", "silenceDurationMs"), 500);
    }
    text_put(&text, ",\"create_response\":true,\"interrupt_response\":true}");
    return text.at;
}

static bool lists(json_object *list, const char *name)
{
    if (!json_object_is_type(list, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);

        if (json_object_is_type(entry, json_type_string) &&
            strcmp(json_object_get_string(entry), name) == 0)
            return true;
    }
    return false;
}

/* The model knows languages by two letters. */
static const char *read_language(struct arena *arena, const char *language)
{
    if (!language || !isalpha((unsigned char)language[0]) || !isalpha((unsigned char)language[1]) ||
        (language[2] && language[2] != '-'))
        return NULL;
    return arena_format(arena, "%c%c", tolower((unsigned char)language[0]),
                        tolower((unsigned char)language[1]));
}

/* What is known of this one call stands behind the agent's instructions. */
static const char *read_instructions(struct arena *arena, json_object *config,
                                     const struct call *call)
{
    const document *facts[] = {&call->variables, &call->context};
    struct text text = {.arena = arena};
    const char *profile = json_text(config, "assistant_profile");

    text_put(&text, text_or(arena, json_text(config, "instructions"),
                            "You answer the telephone. Be brief and friendly."));
    if (profile && *profile)
        text_add(&text, "\n\n%s", profile);
    for (size_t i = 0; i < COUNT(facts); i++)
        if (facts[i]->json && strcmp(facts[i]->json, "{}") != 0)
            text_add(&text, "\n\nFacts about this call, as JSON: %s", facts[i]->json);
    return text.at;
}

static void read_voice(struct arena *arena, json_object *config, struct settings *settings)
{
    json_object *s2s = json_member(config, "s2s_config");
    const char *noise = json_text(s2s, "noiseReduction");

    settings->model = text_or(arena, json_text(config, "realtime_model"),
                              text_or(arena, json_text(s2s, "model"), "gpt-realtime"));
    settings->voice = text_or(arena, json_text(config, "voice"),
                              text_or(arena, json_text(s2s, "voice"), "marin"));
    settings->transcription_model =
        text_or(arena, json_text(s2s, "transcriptionModel"), "gpt-4o-mini-transcribe");
    settings->noise_reduction =
        noise && strcmp(noise, "off") != 0 ? arena_text(arena, noise) : NULL;
    settings->max_output_tokens = json_integer(s2s, "maxResponseOutputTokens", 0);
}

static void read_rules(json_object *config, bool tenant_records, struct settings *settings)
{
    json_object *tools = json_member(config, "enabled_tools");
    json_object *limits = json_member(config, "call_settings");

    settings->may_end_call = !tools || lists(tools, "end_call");
    settings->records = json_boolean(json_member(config, "recording"), "enabled", tenant_records);
    settings->pauses_for_cards =
        json_boolean(json_member(config, "recording"), "pause_for_cards", false);
    settings->model_interrupts = true;
    settings->call_limit_seconds =
        json_integer(limits, "maxCallDurationSeconds", LONGEST_CALL_SECONDS);
    settings->silence_seconds = json_integer(limits, "silenceTimeoutSeconds", 0);
}

void settings_read(struct work *work, const struct agent_version *version,
                   const struct voice_session *session, const struct call *call,
                   bool tenant_records, struct settings *settings)
{
    struct arena *arena = &work->arena;
    json_object *config = version->config.json ? json_parse(version->config.json) : NULL;

    *settings = (struct settings){0};
    settings->instructions = read_instructions(arena, config, call);
    settings->greeting =
        text_or(arena, session->greeting, text_or(arena, json_text(config, "greeting"), NULL));
    settings->language =
        read_language(arena, session->language ? session->language : json_text(config, "language"));
    settings->turn_detection =
        read_turn_detection(arena, json_member(config, "s2s_turn_detection"));
    read_voice(arena, config, settings);
    read_rules(config, tenant_records, settings);
    json_object_put(config);
}

static void write_input(const struct settings *settings, struct text *text)
{
    text_put(text, "\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{\"model\":");
    text_json(text, settings->transcription_model);
    if (settings->language) {
        text_put(text, ",\"language\":");
        text_json(text, settings->language);
    }
    text_put(text, "},\"noise_reduction\":");
    if (settings->noise_reduction) {
        text_put(text, "{\"type\":");
        text_json(text, settings->noise_reduction);
        text_put(text, "}");
    } else {
        text_put(text, "null");
    }
    text_add(text, ",\"turn_detection\":%s}", settings->turn_detection);
}

static void write_tools(const struct settings *settings, struct text *text)
{
    text_put(text, "\"tools\":[");
    if (settings->may_end_call)
        text_put(text, "{\"type\":\"function\",\"name\":\"end_call\",\"description\":"
                       "\"Hang up. Say goodbye first.\",\"parameters\":{\"type\":\"object\","
                       "\"properties\":{\"reason\":{\"type\":\"string\"}},"
                       "\"required\":[\"reason\"]}}");
    text_put(text, "],\"tool_choice\":\"auto\"");
}

void settings_write(const struct settings *settings, const char *event, struct text *text)
{
    text_add(text,
             "{\"type\":\"session.update\",\"event_id\":\"%s\",\"session\":{"
             "\"type\":\"realtime\",\"output_modalities\":[\"%s\"],\"instructions\":",
             event, settings->speaks_text ? "text" : "audio");
    text_json(text, settings->instructions);
    text_put(text, ",\"audio\":{");
    write_input(settings, text);
    text_put(text, ",\"output\":{\"format\":{\"type\":\"audio/pcmu\"},\"voice\":");
    text_json(text, settings->voice);
    text_put(text, "}},");
    write_tools(settings, text);
    if (settings->max_output_tokens > 0)
        text_add(text, ",\"max_output_tokens\":%lld", (long long)settings->max_output_tokens);
    else
        text_put(text, ",\"max_output_tokens\":\"inf\"");
    text_put(text, ",\"truncation\":\"auto\"}}");
}
