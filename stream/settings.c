#include "stream/settings.h"

#include <ctype.h>
#include <string.h>

#include "core/json.h"
#include "stream/tools/toolbox.h"

enum { LONGEST_CALL_SECONDS = 3600, SILENCE_SECONDS = 30, END_PHRASES = 20 };

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

static bool is_number(json_object *value)
{
    return json_object_is_type(value, json_type_int) ||
           json_object_is_type(value, json_type_double);
}

/* A number in either spelling, moved into its range; the default when there is none. */
static double number_of(json_object *object, const char *snake, const char *camel,
                        const double range[3])
{
    json_object *value = either(object, snake, camel);
    double number = is_number(value) ? json_object_get_double(value) : range[2];

    if (!is_number(value))
        return number;
    return number < range[0] ? range[0] : number > range[1] ? range[1] : number;
}

#define NUMBER(object, snake, camel, least, most, otherwise)                                       \
    number_of(object, snake, camel, (const double[3]){least, most, otherwise})

static bool flag_of(json_object *object, const char *snake, const char *camel, bool otherwise)
{
    json_object *value = either(object, snake, camel);

    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value)
                                                         : otherwise;
}

/* Whether a word is one of those that stand in a text, blanks between them. */
static bool word_of(const char *word, const char *words)
{
    size_t length = word ? strlen(word) : 0;

    for (const char *at = words; length && (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* ---- when the caller speaks ---- */

/* Ranges and defaults are the contract's; what is absent is no condition. */
static void read_interruption(json_object *given, struct interruption_rules *rules)
{
    static const char *const conditions[][2] = {
        {"sensitivity_ms", "sensitivityMs"},
        {"barge_in_confidence", "bargeInConfidence"},
        {"echo_confidence", "echoConfidence"},
        {"false_interruption_timeout_ms", "falseInterruptionTimeoutMs"},
        {"ignore_backchannels", "ignoreBackchannels"},
    };

    rules->is_enabled = flag_of(given, "enabled", "enabled", true);
    rules->in_greeting = flag_of(given, "barge_in_during_greeting", "bargeInDuringGreeting", true);
    for (size_t i = 0; i < COUNT(conditions); i++)
        rules->has_conditions |= either(given, conditions[i][0], conditions[i][1]) != NULL;
    rules->decides = rules->has_conditions || !rules->is_enabled || !rules->in_greeting;
    rules->ignores_backchannels =
        rules->has_conditions && flag_of(given, "ignore_backchannels", "ignoreBackchannels", true);
    rules->speech_ms = (int64_t)NUMBER(given, "sensitivity_ms", "sensitivityMs", 100, 2000, 300);
    rules->false_ms = (int64_t)NUMBER(given, "false_interruption_timeout_ms",
                                      "falseInterruptionTimeoutMs", 500, 5000, 1500);
    rules->confidence = NUMBER(given, "barge_in_confidence", "bargeInConfidence", 0, 1, 0);
    rules->echo = NUMBER(given, "echo_confidence", "echoConfidence", 0, 1, 0);
}

static void add_number(struct text *text, const char *name, double number)
{
    text_add(text, ",\"%s\":", name);
    text_real(text, number);
}

/* The model's turn detection, every value that we rely on said (openai-realtime.md 4.1). */
static const char *read_turn_detection(struct arena *arena, json_object *given,
                                       json_object *interruption, bool decides)
{
    struct text text = {.arena = arena};
    const char *type = json_text(given, "type"), *eagerness = json_text(given, "eagerness");
    double silence = NUMBER(interruption, "min_silence_ms", "minSilenceMs", 100, 3000, 500);

    if (type && strcmp(type, "semantic_vad") == 0) {
        text_put(&text, "{\"type\":\"semantic_vad\",\"eagerness\":");
        text_json(&text, word_of(eagerness, "low medium high auto") ? eagerness : "auto");
    } else {
        text_put(&text, "{\"type\":\"server_vad\"");
        add_number(&text, "threshold", NUMBER(given, "threshold", "threshold", 0, 1, 0.5));
        add_number(&text, "prefix_padding_ms",
                   NUMBER(given, "prefix_padding_ms", "prefixPaddingMs", 0, 2000, 300));
        add_number(&text, "silence_duration_ms",
                   NUMBER(given, "silence_duration_ms", "silenceDurationMs", 200, 3000, silence));
    }
    text_add(&text, ",\"create_response\":%s,\"interrupt_response\":%s}",
             decides ? "false" : "true", decides ? "false" : "true");
    return text.at;
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
    json_object *known = either(config, "context_data", "contextData");

    text_put(&text, text_or(arena, json_text(config, "instructions"),
                            "You answer the telephone. Be brief and friendly."));
    if (profile && *profile)
        text_add(&text, "\n\n%s", profile);
    for (size_t i = 0; i < COUNT(facts); i++)
        if (facts[i]->json && strcmp(facts[i]->json, "{}") != 0)
            text_add(&text, "\n\nFacts about this call, as JSON: %s", facts[i]->json);
    if (json_object_is_type(known, json_type_object) && json_object_object_length(known) > 0)
        text_add(&text, "\n\nFacts about every call, as JSON: %s", json_write(arena, known));
    return text.at;
}

/* Words that are to be recognised: a text, or the list of those who are used to keywords. */
static const char *read_hints(struct arena *arena, json_object *s2s, json_object *stt)
{
    json_object *keywords = json_member(stt, "keywords");
    const char *prompt = json_text(s2s, "transcriptionPrompt");
    struct text text = {.arena = arena};

    if (!prompt)
        prompt = json_text(s2s, "transcription_prompt");
    if (prompt && *prompt)
        return arena_text(arena, prompt);
    if (!json_object_is_type(keywords, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(keywords); i++) {
        json_object *word = json_object_array_get_idx(keywords, i);

        if (json_object_is_type(word, json_type_string))
            text_add(&text, "%s%s", text.length ? ", " : "", json_object_get_string(word));
    }
    return text.at;
}

static void read_hearing(struct arena *arena, json_object *config, struct settings *settings)
{
    json_object *s2s = either(config, "s2s_config", "s2sConfig");
    json_object *stt = either(config, "stt_config", "sttConfig");
    json_object *interruption = either(config, "interruption_settings", "interruptionSettings");
    json_object *noise = either(s2s, "noise_reduction", "noiseReduction");
    json_object *model = either(s2s, "transcription_model", "transcriptionModel");
    const char *named =
        json_object_is_type(noise, json_type_string) ? json_object_get_string(noise) : "near_field";

    if (strcmp(named, "off") != 0)
        settings->noise_reduction = word_of(named, "far_field") ? "far_field" : "near_field";
    settings->transcription_model = text_or(
        arena, json_object_is_type(model, json_type_string) ? json_object_get_string(model) : NULL,
        "gpt-4o-mini-transcribe");
    settings->transcription_prompt = read_hints(arena, s2s, stt);
    read_interruption(interruption, &settings->interruption);
    if (strncmp(settings->transcription_model, "gpt-4o", 6) != 0)
        settings->interruption.confidence = 0; /* the others do not say how sure they are */
    settings->model_interrupts = !settings->interruption.decides;
    settings->turn_detection =
        read_turn_detection(arena, either(config, "s2s_turn_detection", "s2sTurnDetection"),
                            interruption, settings->interruption.decides);
}

static void read_voice(struct arena *arena, json_object *config, struct settings *settings)
{
    json_object *s2s = either(config, "s2s_config", "s2sConfig");

    settings->model = text_or(arena, json_text(config, "realtime_model"),
                              text_or(arena, json_text(s2s, "model"), "gpt-realtime"));
    settings->voice = text_or(arena, json_text(config, "voice"),
                              text_or(arena, json_text(s2s, "voice"), "marin"));
    settings->speed =
        NUMBER(either(config, "voice_settings", "voiceSettings"), "speed", "speed", 0.25, 1.5, 1);
    settings->max_output_tokens = json_integer(s2s, "maxResponseOutputTokens", 0);
}

/* ---- the call ---- */

/* Who speaks first, wherever a dialect keeps what it has no place for. */
static bool is_caller_first(json_object *config)
{
    json_object *first = either(config, "first_speaker", "firstSpeaker");

    if (!first)
        first = either(json_member(config, "extra"), "first_speaker", "firstSpeaker");
    return json_object_is_type(first, json_type_string) &&
           word_of(json_object_get_string(first), "user caller callee");
}

static void read_end_phrases(struct arena *arena, json_object *list, struct settings *settings)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    settings->end_phrases =
        arena_new(arena, const char *, count < END_PHRASES ? count : END_PHRASES);
    for (size_t i = 0; i < count && settings->nend_phrases < END_PHRASES; i++) {
        json_object *one = json_object_array_get_idx(list, i);

        if (json_object_is_type(one, json_type_string))
            settings->end_phrases[settings->nend_phrases++] =
                arena_text(arena, json_object_get_string(one));
    }
}

static void read_limits(struct arena *arena, json_object *config, struct settings *settings)
{
    json_object *limits = either(config, "call_settings", "callSettings");
    const char *message = json_text(limits, "voicemail_message");
    double most = NUMBER(limits, "max_call_duration_seconds", "maxCallDurationSeconds", 30, 14400,
                         LONGEST_CALL_SECONDS);

    settings->call_limit_seconds =
        (int64_t)NUMBER(limits, "max_duration_seconds", "maxDurationSeconds", 30, 14400, most);
    settings->silence_seconds = (int64_t)NUMBER(limits, "silence_timeout_seconds",
                                                "silenceTimeoutSeconds", 5, 300, SILENCE_SECONDS);
    settings->takes_keys = flag_of(limits, "dtmf_enabled", "dtmfEnabled", true);
    if (!message)
        message = json_text(limits, "voicemailMessage");
    read_end_phrases(arena, either(limits, "end_call_phrases", "endCallPhrases"), settings);
    settings->voicemail_message = text_or(arena, message, NULL);
}

static void read_rules(json_object *config, bool tenant_records, struct settings *settings)
{
    settings->records = json_boolean(json_member(config, "recording"), "enabled", tenant_records);
    settings->pauses_for_cards =
        json_boolean(json_member(config, "recording"), "pause_for_cards", false);
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
    settings->farewell = text_or(arena, json_text(config, "farewell"),
                                 text_or(arena, json_text(config, "closingSentence"), NULL));
    settings->language =
        read_language(arena, session->language ? session->language : json_text(config, "language"));
    settings->is_caller_first = is_caller_first(config);
    read_hearing(arena, config, settings);
    read_voice(arena, config, settings);
    read_limits(arena, config, settings);
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
    if (settings->transcription_prompt) {
        text_put(text, ",\"prompt\":");
        text_json(text, settings->transcription_prompt);
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

/* Voices of earlier speech models that this one does not have, and which is like them. */
static const char *realtime_voice(const char *voice)
{
    static const char *const alike[][2] = {
        {"nova", "coral"}, {"onyx", "cedar"}, {"fable", "ballad"}};

    for (size_t i = 0; voice && i < COUNT(alike); i++)
        if (strcmp(voice, alike[i][0]) == 0)
            return alike[i][1];
    return voice;
}

/* A voice that was made for a customer goes by its id. */
static void write_voice(const char *voice, struct text *text)
{
    bool is_own = voice && strncmp(voice, "voice_", 6) == 0;

    text_put(text, is_own ? "{\"id\":" : "");
    text_json(text, voice);
    text_put(text, is_own ? "}" : "");
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
    write_voice(realtime_voice(settings->voice), text);
    text_put(text, ",\"speed\":");
    text_real(text, settings->speed > 0 ? settings->speed : 1);
    text_put(text, "}},");
    if (settings->interruption.confidence > 0)
        text_put(text, "\"include\":[\"item.input_audio_transcription.logprobs\"],");
    text_put(text, "\"tools\":");
    toolbox_write(settings->tools, text, TOOLS_REALTIME);
    text_put(text, ",\"tool_choice\":\"auto\"");
    if (settings->max_output_tokens > 0)
        text_add(text, ",\"max_output_tokens\":%lld", (long long)settings->max_output_tokens);
    else
        text_put(text, ",\"max_output_tokens\":\"inf\"");
    text_put(text, ",\"truncation\":\"auto\"}}");
}
