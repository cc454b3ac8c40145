#include "domain/machines.h"

#include "core/json.h"
#include "domain/agents.h"
#include "domain/words.h"

enum { MOST_MESSAGE = 2000 };

/* A member in either of the spellings that dialects store. */
static json_object *either(json_object *object, const char *snake, const char *camel)
{
    json_object *member = json_member(object, snake);

    return member ? member : json_member(object, camel);
}

bool machine_settings(struct work *work, uid agent_version, struct machine_settings *settings)
{
    struct agent_version version;
    json_object *config, *given, *message, *detects;

    *settings = (struct machine_settings){0};
    if (!agent_version_find(work, agent_version, &version))
        return work->error.what == NOT_FOUND;
    config = version.config.json ? json_parse(version.config.json) : NULL;
    given = either(config, "call_settings", "callSettings");
    message = either(given, "voicemail_message", "voicemailMessage");
    detects = either(given, "voicemail_detection", "voicemailDetection");
    if (json_object_is_type(message, json_type_string))
        settings->message = word_text(&work->arena, json_object_get_string(message), MOST_MESSAGE);
    settings->detects =
        json_object_is_type(detects, json_type_boolean) && json_object_get_boolean(detects);
    json_object_put(config);
    return true;
}
