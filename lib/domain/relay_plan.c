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

/*
 * An agent that is not to be interrupted is not; how easily the others are is a word here, where
 * agents have milliseconds of speech.
 */
static void read_interruptions(json_object *rules, struct relay_plan *relay)
{
    enum { HIGH_MS = 300, MEDIUM_MS = 800 };
    int64_t ms = json_integer(rules, "sensitivity_ms", json_integer(rules, "sensitivityMs", 0));
    bool ignores = json_boolean(rules, "ignore_backchannels", false) ||
                   json_boolean(rules, "ignoreBackchannels", false);

    relay->interruptible = json_boolean(rules, "enabled", true) ? "any" : "none";
    relay->interrupt_sensitivity = ms == 0           ? NULL
                                   : ms <= HIGH_MS   ? "high"
                                   : ms <= MEDIUM_MS ? "medium"
                                                     : "low";
    relay->ignore_backchannel = ignores ? "true" : NULL;
}

bool relay_plan_read(struct work *work, const struct voice_session *session, struct call_plan *plan)
{
    struct relay_plan *relay = arena_new(&work->arena, struct relay_plan, 1);
    struct agent_version version;
    json_object *config, *given, *rules;

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
    rules = json_member(config, "interruption_settings");
    read_interruptions(rules ? rules : json_member(config, "interruptionSettings"), relay);
    json_object_put(config);
    plan->relay = relay;
    return true;
}
