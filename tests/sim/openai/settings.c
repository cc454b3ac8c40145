#include "openai/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "openai/effective.h"
#include "openai/schema.h"
#include "openai/session.h"

enum {
    PATH_SIZE = 200,
    METADATA_MAX = 16,
    TOOLS_MAX = 128,
    INSTRUCTIONS_MAX = 16384 * 4, /* instructions and tools: 16,384 tokens of some four bytes */
};

enum kind {
    OBJECT,
    TEXT,
    NUMBER,
    INTEGER,
    BOOLEAN,
    CHOICE,
    LIST,
    TOKENS,
    VOICE,
    FORMAT,
    MODALITIES,
    TOOLS,
    TOOL_CHOICE,
    METADATA,
    TRUNCATION,
    TRACING,
    PROMPT,
    INCLUDE,
};

/* What a member may be.  "choices" are separated by blanks. */
struct rule {
    const char *path;
    enum kind kind;
    bool nullable, reasoning; /* the latter: only models of the 2-family know it */
    double least, most;
    const char *choices;
};

/* An update on its way through the rules. */
struct check {
    struct session *session;
    struct json_object *event;
    const char *root; /* "session" or "response" */
    const struct rule *rules;
    size_t count;
};

#define VOICES "alloy ash ballad coral echo sage shimmer verse marin cedar"
#define TRANSCRIBERS                                                                               \
    "whisper-1 gpt-4o-transcribe gpt-4o-mini-transcribe gpt-4o-mini-transcribe-2025-12-15 "        \
    "gpt-4o-transcribe-diarize gpt-realtime-whisper gpt-transcribe gpt-live-transcribe"
#define LANGUAGES                                                                                  \
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn "   \
    "ko lt lv mi mk mr ms ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
#define EFFORTS "minimal low medium high xhigh"

/* clang-format off */
static const struct rule session_rules[] = {
    {"type", CHOICE, .choices = "realtime"},
    {"model", TEXT},
    {"instructions", TEXT, .nullable = true},
    {"output_modalities", MODALITIES},
    {"audio", OBJECT},
    {"audio.input", OBJECT},
    {"audio.input.format", FORMAT},
    {"audio.input.transcription", OBJECT, .nullable = true},
    {"audio.input.transcription.model", CHOICE, .choices = TRANSCRIBERS},
    {"audio.input.transcription.language", CHOICE, .nullable = true, .choices = LANGUAGES},
    {"audio.input.transcription.prompt", TEXT, .nullable = true},
    {"audio.input.transcription.delay", CHOICE, .choices = "minimal low medium high xhigh"},
    {"audio.input.noise_reduction", OBJECT, .nullable = true},
    {"audio.input.noise_reduction.type", CHOICE, .choices = "near_field far_field"},
    {"audio.input.turn_detection", OBJECT, .nullable = true},
    {"audio.input.turn_detection.type", CHOICE, .choices = "server_vad semantic_vad"},
    {"audio.input.turn_detection.threshold", NUMBER, .most = 1},
    {"audio.input.turn_detection.prefix_padding_ms", INTEGER, .most = 10000},
    {"audio.input.turn_detection.silence_duration_ms", INTEGER, .most = 20000},
    {"audio.input.turn_detection.create_response", BOOLEAN},
    {"audio.input.turn_detection.interrupt_response", BOOLEAN},
    {"audio.input.turn_detection.idle_timeout_ms", INTEGER, .nullable = true,
        .least = 5000, .most = 30000},
    {"audio.input.turn_detection.eagerness", CHOICE, .choices = "auto low medium high"},
    {"audio.output", OBJECT},
    {"audio.output.format", FORMAT},
    {"audio.output.voice", VOICE, .choices = VOICES},
    {"audio.output.speed", NUMBER, .least = 0.25, .most = 1.5},
    {"tools", TOOLS, .nullable = true},
    {"tool_choice", TOOL_CHOICE, .choices = "auto none required"},
    {"max_output_tokens", TOKENS},
    {"truncation", TRUNCATION, .choices = "auto disabled"},
    {"tracing", TRACING, .nullable = true, .choices = "auto"},
    {"prompt", PROMPT, .nullable = true},
    {"include", INCLUDE, .nullable = true, .choices = "item.input_audio_transcription.logprobs"},
    {"reasoning", OBJECT, .nullable = true, .reasoning = true},
    {"reasoning.effort", CHOICE, .choices = EFFORTS},
    {"parallel_tool_calls", BOOLEAN, .reasoning = true},
};

static const struct rule response_rules[] = {
    {"conversation", CHOICE, .choices = "auto none"},
    {"input", LIST, .nullable = true},
    {"instructions", TEXT, .nullable = true},
    {"output_modalities", MODALITIES},
    {"audio", OBJECT},
    {"audio.output", OBJECT},
    {"audio.output.format", FORMAT},
    {"audio.output.voice", VOICE, .choices = VOICES},
    {"tools", TOOLS, .nullable = true},
    {"tool_choice", TOOL_CHOICE, .choices = "auto none required"},
    {"max_output_tokens", TOKENS},
    {"prompt", PROMPT, .nullable = true},
    {"metadata", METADATA, .nullable = true},
    {"reasoning", OBJECT, .nullable = true, .reasoning = true},
    {"reasoning.effort", CHOICE, .choices = EFFORTS},
    {"parallel_tool_calls", BOOLEAN, .reasoning = true},
};
/* clang-format on */

/* Writes two names one behind the other; what does not fit is cut off. */
static void join(char path[PATH_SIZE], const char *before, const char *between, const char *after)
{
    if (snprintf(path, PATH_SIZE, "%s%s%s", before, between, after) < 0)
        path[0] = '\0';
}

/* ---- refusing ----------------------------------------------------------------------------- */

static bool refuse(const struct check *check, const char *code, const char *path, const char *why)
{
    char param[PATH_SIZE];

    join(param, check->root, ".", path);
    session_violation(check->session, "refused", "%s: %s", code, param);
    session_error(check->session, check->event, code, param, "%s: '%s'.", why, param);
    return false;
}

static bool wrong_type(const struct check *check, const char *path)
{
    return refuse(check, "invalid_type", path, "Invalid type for");
}

static bool wrong_value(const struct check *check, const char *path)
{
    return refuse(check, "invalid_value", path, "Invalid value for");
}

static bool unknown(const struct check *check, const char *path)
{
    return refuse(check, "unknown_parameter", path, "Unknown parameter");
}

static bool missing(const struct check *check, const char *path)
{
    return refuse(check, "missing_required_parameter", path, "Missing required parameter");
}

static bool listed(const char *choices, const char *text)
{
    size_t length = strlen(text);

    for (const char *found = strstr(choices, text); found != NULL && length > 0;
         found = strstr(found + 1, text))
        if ((found == choices || found[-1] == ' ') && (found[length] == ' ' || !found[length]))
            return true;
    return false;
}

bool settings_only(struct session *session, struct json_object *event, struct json_object *object,
                   const char *prefix, const char *allowed)
{
    json_object_object_foreach(object, name, value)
    {
        (void)value;
        if (!listed(allowed, name)) {
            char param[PATH_SIZE];

            join(param, prefix, "", name);
            session_violation(session, "refused", "unknown_parameter: %s", param);
            session_error(session, event, "unknown_parameter", param, "Unknown parameter: '%s'.",
                          param);
            return false;
        }
    }
    return true;
}

/* ---- kinds of values ---------------------------------------------------------------------- */

static bool check_choice(const struct check *check, const struct rule *rule, const char *path,
                         struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string))
        return wrong_type(check, path);
    return listed(rule->choices, json_object_get_string(value)) || wrong_value(check, path);
}

static bool check_number(const struct check *check, const struct rule *rule, const char *path,
                         struct json_object *value)
{
    double number = json_object_get_double(value);

    if (!json_object_is_type(value, json_type_int) &&
        (rule->kind == INTEGER || !json_object_is_type(value, json_type_double)))
        return wrong_type(check, path);
    return (number >= rule->least && number <= rule->most) || wrong_value(check, path);
}

static bool check_tokens(const struct check *check, const char *path, struct json_object *value)
{
    if (json_object_is_type(value, json_type_string))
        return strcmp(json_object_get_string(value), "inf") == 0 || wrong_value(check, path);
    if (!json_object_is_type(value, json_type_int))
        return wrong_type(check, path);
    return (json_object_get_int64(value) >= 1 && json_object_get_int64(value) <= 4096) ||
           wrong_value(check, path);
}

static bool check_voice(const struct check *check, const struct rule *rule, const char *path,
                        struct json_object *value)
{
    if (json_object_is_type(value, json_type_object))
        return text_at(value, "id", NULL) != NULL || missing(check, path);
    return check_choice(check, rule, path, value);
}

/* A plain text is how the beta spelled it; a rate belongs to PCM alone. */
static bool check_format(const struct check *check, const char *path, struct json_object *value)
{
    const char *type = text_at(value, "type", "");
    char rate[PATH_SIZE], prefix[PATH_SIZE];

    if (!json_object_is_type(value, json_type_object) ||
        !listed("audio/pcm audio/pcmu audio/pcma", type))
        return wrong_value(check, path);
    join(rate, path, ".", "rate");
    if (strcmp(type, "audio/pcm") != 0 && at(value, "rate") != NULL)
        return unknown(check, rate);
    if (number_at(value, "rate", 24000) != 24000)
        return wrong_value(check, rate);
    join(rate, check->root, ".", path);
    join(prefix, rate, ".", "");
    return settings_only(check->session, check->event, value, prefix, "type rate");
}

static bool check_modalities(const struct check *check, const char *path, struct json_object *value)
{
    const char *only;

    if (!json_object_is_type(value, json_type_array))
        return wrong_type(check, path);
    only = json_object_array_length(value) == 1
               ? json_object_get_string(json_object_array_get_idx(value, 0))
               : NULL;
    return (only != NULL && listed("audio text", only)) || wrong_value(check, path);
}

static bool check_schema(const struct check *check, const char *path, struct json_object *schema)
{
    const char *fault = schema == NULL ? NULL : schema_fault(schema);

    return fault == NULL || refuse(check, "invalid_function_parameters", path, fault);
}

static bool check_tool(const struct check *check, struct json_object *tool, size_t index)
{
    char path[PATH_SIZE], prefix[PATH_SIZE];
    const char *type = text_at(tool, "type", NULL), *name = text_at(tool, "name", NULL);

    snprintf(path, sizeof path, "tools[%zu].type", index);
    if (type == NULL)
        return missing(check, path);
    if (strcmp(type, "mcp") == 0)
        return true;
    if (strcmp(type, "function") != 0)
        return wrong_value(check, path);
    snprintf(path, sizeof path, "tools[%zu].name", index);
    if (name == NULL)
        return missing(check, path);
    if (!schema_is_name(name))
        return wrong_value(check, path);
    snprintf(path, sizeof path, "tools[%zu].description", index);
    if (at(tool, "description") != NULL && text_at(tool, "description", NULL) == NULL)
        return wrong_type(check, path);
    snprintf(path, sizeof path, "tools[%zu].parameters", index);
    if (!check_schema(check, path, at(tool, "parameters")))
        return false;
    snprintf(prefix, sizeof prefix, "%s.tools[%zu].", check->root, index);
    return settings_only(check->session, check->event, tool, prefix,
                         "type name description parameters");
}

static bool check_tools(const struct check *check, const char *path, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_array))
        return wrong_type(check, path);
    if (json_object_array_length(value) > TOOLS_MAX)
        return wrong_value(check, path);
    for (size_t i = 0; i < json_object_array_length(value); i++)
        if (!check_tool(check, json_object_array_get_idx(value, i), i))
            return false;
    return true;
}

static bool check_metadata(const struct check *check, const char *path, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_object))
        return wrong_type(check, path);
    json_object_object_foreach(value, name, text)
    {
        if (!json_object_is_type(text, json_type_string))
            return wrong_type(check, path);
        if (strlen(name) > 64 || json_object_get_string_len(text) > 512)
            return wrong_value(check, path);
    }
    return json_object_object_length(value) <= METADATA_MAX || wrong_value(check, path);
}

/* A function is named at the top, as tools are. */
static bool check_tool_choice(const struct check *check, const struct rule *rule, const char *path,
                              struct json_object *value)
{
    const char *type = text_at(value, "type", NULL);

    if (!json_object_is_type(value, json_type_object))
        return check_choice(check, rule, path, value);
    if (type == NULL)
        return missing(check, "tool_choice.type");
    if (strcmp(type, "mcp") == 0)
        return text_at(value, "server_label", NULL) != NULL ||
               missing(check, "tool_choice.server_label");
    if (strcmp(type, "function") != 0)
        return wrong_value(check, "tool_choice.type");
    return text_at(value, "name", NULL) != NULL || missing(check, "tool_choice.name");
}

static bool check_truncation(const struct check *check, const struct rule *rule, const char *path,
                             struct json_object *value)
{
    double ratio = real_at(value, "retention_ratio", -1);

    if (!json_object_is_type(value, json_type_object))
        return check_choice(check, rule, path, value);
    if (strcmp(text_at(value, "type", ""), "retention_ratio") != 0)
        return wrong_value(check, "truncation.type");
    return (ratio >= 0 && ratio <= 1) || wrong_value(check, "truncation.retention_ratio");
}

/* Where traces go is settled once. */
static bool check_tracing(const struct check *check, const struct rule *rule, const char *path,
                          struct json_object *value)
{
    struct json_object *set = at(check->session->settings, "tracing");

    if (set != NULL && !json_object_equal(set, value))
        return wrong_value(check, path);
    return json_object_is_type(value, json_type_object) || check_choice(check, rule, path, value);
}

static bool check_prompt(const struct check *check, const char *path, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_object))
        return wrong_type(check, path);
    return text_at(value, "id", NULL) != NULL || missing(check, "prompt.id");
}

static bool check_include(const struct check *check, const struct rule *rule, const char *path,
                          struct json_object *value)
{
    if (!json_object_is_type(value, json_type_array))
        return wrong_type(check, path);
    for (size_t i = 0; i < json_object_array_length(value); i++)
        if (!check_choice(check, rule, path, json_object_array_get_idx(value, i)))
            return false;
    return true;
}

static bool check_basic(const struct check *check, const char *path, struct json_object *value,
                        enum json_type type)
{
    return json_object_is_type(value, type) || wrong_type(check, path);
}

/* ---- walking an update -------------------------------------------------------------------- */

static bool check_object(const struct check *check, const char *path, struct json_object *object);

static bool check_value(const struct check *check, const struct rule *rule, const char *path,
                        struct json_object *value)
{
    switch (rule->kind) {
    case OBJECT:
        return check_object(check, path, value);
    case TEXT:
        return check_basic(check, path, value, json_type_string);
    case BOOLEAN:
        return check_basic(check, path, value, json_type_boolean);
    case LIST:
        return check_basic(check, path, value, json_type_array);
    case NUMBER:
    case INTEGER:
        return check_number(check, rule, path, value);
    case CHOICE:
        return check_choice(check, rule, path, value);
    case TOKENS:
        return check_tokens(check, path, value);
    case VOICE:
        return check_voice(check, rule, path, value);
    case FORMAT:
        return check_format(check, path, value);
    case MODALITIES:
        return check_modalities(check, path, value);
    case TOOLS:
        return check_tools(check, path, value);
    case TOOL_CHOICE:
        return check_tool_choice(check, rule, path, value);
    case METADATA:
        return check_metadata(check, path, value);
    case TRUNCATION:
        return check_truncation(check, rule, path, value);
    case TRACING:
        return check_tracing(check, rule, path, value);
    case PROMPT:
        return check_prompt(check, path, value);
    case INCLUDE:
        return check_include(check, rule, path, value);
    }
    return true;
}

static bool check_member(const struct check *check, const char *path, struct json_object *value)
{
    const struct rule *rule = check->rules, *end = check->rules + check->count;

    while (rule < end && strcmp(rule->path, path) != 0)
        rule++;
    if (rule == end)
        return unknown(check, path);
    if (rule->reasoning &&
        strncmp(text_at(check->session->record, "model", ""), "gpt-realtime-2", 14) != 0)
        return unknown(check, path);
    if (value == NULL)
        return rule->nullable || wrong_type(check, path);
    return check_value(check, rule, path, value);
}

static bool check_object(const struct check *check, const char *path, struct json_object *object)
{
    if (!json_object_is_type(object, json_type_object))
        return wrong_type(check, path);
    json_object_object_foreach(object, name, value)
    {
        char inner[PATH_SIZE];

        join(inner, path, path[0] == '\0' ? "" : ".", name);
        if (!check_member(check, inner, value))
            return false;
    }
    return true;
}

/* ---- rules that look at several members --------------------------------------------------- */

static bool check_turn_detection(const struct check *check, struct json_object *turn)
{
    static const char *const only_server[] = {"threshold", "prefix_padding_ms",
                                              "silence_duration_ms", "idle_timeout_ms"};
    const char *type = text_at(turn, "type", NULL);

    if (turn == NULL)
        return true;
    if (type == NULL)
        return missing(check, "audio.input.turn_detection.type");
    if (strcmp(type, "server_vad") == 0)
        return at(turn, "eagerness") == NULL ||
               unknown(check, "audio.input.turn_detection.eagerness");
    for (size_t i = 0; i < sizeof only_server / sizeof only_server[0]; i++) {
        char path[PATH_SIZE];

        join(path, "audio.input.turn_detection", ".", only_server[i]);
        if (json_object_object_get_ex(turn, only_server[i], NULL))
            return unknown(check, path);
    }
    return true;
}

/* Some transcribers take no hints, and one alone may be told how long it may take. */
static bool check_transcription(const struct check *check, struct json_object *transcription)
{
    const char *name = text_at(transcription, "model", "");
    bool streams = strcmp(name, "gpt-realtime-whisper") == 0;

    if (at(transcription, "prompt") != NULL &&
        (streams || strcmp(name, "gpt-4o-transcribe-diarize") == 0))
        return wrong_value(check, "audio.input.transcription.prompt");
    return at(transcription, "delay") == NULL || streams ||
           wrong_value(check, "audio.input.transcription.delay");
}

static bool check_noise_reduction(const struct check *check, struct json_object *noise)
{
    return noise == NULL || at(noise, "type") != NULL ||
           missing(check, "audio.input.noise_reduction.type");
}

/* What the model has to read before anybody has said a word. */
static bool check_length(const struct check *check, struct json_object *update)
{
    struct json_object *tools = at(update, "tools");
    size_t length = strlen(text_at(update, "instructions", ""));

    if (tools != NULL)
        length += strlen(json_object_to_json_string_ext(tools, JSON_C_TO_STRING_PLAIN));
    return length <= INSTRUCTIONS_MAX ||
           refuse(check, "invalid_value", "instructions",
                  "Instructions and tools may have 16384 tokens at most");
}

static bool check_voice_kept(const struct check *check, struct json_object *update)
{
    struct json_object *given = at(update, "audio.output.voice");
    struct session *session = check->session;

    if (given == NULL || !session->voice_fixed ||
        json_object_equal(given, at(session->settings, "audio.output.voice")))
        return true;
    return refuse(check, "cannot_update_voice", "audio.output.voice",
                  "Cannot update a conversation's voice if assistant audio is present");
}

static bool check_session(const struct check *check, struct json_object *update)
{
    const char *name = text_at(update, "model", NULL);

    if (update == NULL || !json_object_is_type(update, json_type_object)) {
        session_error(check->session, check->event, "missing_required_parameter", "session",
                      "Missing required parameter: 'session'.");
        return false;
    }
    if (!check_object(check, "", update))
        return false;
    if (at(update, "type") == NULL)
        return missing(check, "type");
    if (name != NULL && strcmp(name, text_at(check->session->settings, "model", "")) != 0)
        return wrong_value(check, "model");
    return check_turn_detection(check, at(update, "audio.input.turn_detection")) &&
           check_transcription(check, at(update, "audio.input.transcription")) &&
           check_noise_reduction(check, at(update, "audio.input.noise_reduction")) &&
           check_length(check, update) && check_voice_kept(check, update);
}

/* ---- the events -------------------------------------------------------------------------- */

void session_update(struct session *session, struct json_object *event)
{
    struct json_object *update = at(event, "session");
    struct check check = {session, event, "session", session_rules,
                          sizeof session_rules / sizeof session_rules[0]};

    session_note(session, "updates", pack("update=o", copy_of(update)));
    if (!check_session(&check, update))
        return;
    effective_merge(session->settings, update);
    session->configured = true;
    session_send(session, "session.updated", pack("session=k", session->settings));
}

bool settings_check_response(struct session *session, struct json_object *event)
{
    struct json_object *params = at(event, "response");
    struct check check = {session, event, "response", response_rules,
                          sizeof response_rules / sizeof response_rules[0]};

    if (params == NULL)
        return true;
    return check_object(&check, "", params);
}
