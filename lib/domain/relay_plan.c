#include "domain/relay_plan.h"

#include <string.h>

#include "core/json.h"
#include "domain/agents.h"
#include "domain/sessions.h"
#include "domain/words.h"

enum { MOST_TEXT = 80, MOST_HINTS = 1000 };

/* A member in either of the spellings that dialects store. */
static const char *either(struct work *work, json_object *object, const char *snake,
                          const char *camel, size_t most)
{
    const char *text = json_text(object, snake);

    if (!text)
        text = json_text(object, camel);
    return text && *text ? word_text(&work->arena, text, most) : NULL;
}

bool relay_is_wanted(json_object *config)
{
    const char *mode = json_text(config, "pipeline_mode");

    if (!mode)
        mode = json_text(config, "pipelineMode");
    return mode && strcmp(mode, "relay") == 0;
}

bool relay_is_session(const struct voice_session *session)
{
    return strcmp(session->transport, "relay") == 0;
}

/* An agent that is not to be interrupted is not; how easily the others are, a word says. */
static void read_interruptions(struct work *work, json_object *config, struct relay_plan *relay)
{
    json_object *rules = json_member(config, "interruption_settings");
    const char *sensitivity = either(work, rules, "sensitivity", "sensitivity", 16);

    if (!rules)
        rules = json_member(config, "interruptionSettings");
    relay->interruptible = json_boolean(rules, "enabled", true) ? "any" : "none";
    if (sensitivity && (strcmp(sensitivity, "low") == 0 || strcmp(sensitivity, "medium") == 0 ||
                        strcmp(sensitivity, "high") == 0))
        relay->interrupt_sensitivity = sensitivity;
}

bool relay_plan_read(struct work *work, const struct voice_session *session, struct call_plan *plan)
{
    struct relay_plan *relay = arena_new(&work->arena, struct relay_plan, 1);
    struct agent_version version;
    json_object *config, *given;

    if (!agent_version_find(work, session->agent_version_id, &version))
        return false;
    config = json_parse(version.config.json);
    given = json_member(config, "relay_config");
    if (!given)
        given = json_member(config, "relayConfig");
    relay->language = either(work, given, "language", "language", 16);
    if (!relay->language)
        relay->language = session->language;
    relay->tts_provider = either(work, given, "tts_provider", "ttsProvider", MOST_TEXT);
    relay->voice = either(work, given, "voice", "voice", MOST_TEXT);
    relay->transcription_provider =
        either(work, given, "transcription_provider", "transcriptionProvider", MOST_TEXT);
    relay->speech_model = either(work, given, "speech_model", "speechModel", MOST_TEXT);
    relay->hints = either(work, given, "hints", "hints", MOST_HINTS);
    read_interruptions(work, config, relay);
    json_object_put(config);
    plan->relay = relay;
    return true;
}
