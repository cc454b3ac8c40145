#include "fcgi/callback/twiml_relay.h"

#include "core/column.h" /* COUNT */
#include "domain/relay_plan.h"

static void attribute(struct text *out, const char *name, const char *value)
{
    if (value && *value)
        text_attribute(out, name, value);
}

/* The agent greets by itself, so that what was heard of its greeting is known like the rest. */
void twiml_write_relay(struct text *out, const struct call_plan *plan)
{
    const struct relay_plan *relay = plan->relay;
    const struct {
        const char *name, *value;
    } attributes[] = {
        {"url", plan->stream_url},
        {"language", relay->language},
        {"ttsProvider", relay->tts_provider},
        {"voice", relay->voice},
        {"transcriptionProvider", relay->transcription_provider},
        {"speechModel", relay->speech_model},
        {"hints", relay->hints},
        {"interruptible", relay->interruptible},
        {"interruptSensitivity", relay->interrupt_sensitivity},
        {"ignoreBackchannel", relay->ignore_backchannel},
        {"dtmfDetection", "true"},
        {"partialPrompts", "true"},
        {"events", "speaker-events"},
    };

    text_put(out, "<Connect");
    attribute(out, "action", plan->after_url);
    text_put(out, " method=\"POST\"><ConversationRelay");
    for (size_t i = 0; i < COUNT(attributes); i++)
        attribute(out, attributes[i].name, attributes[i].value);
    text_put(out, "><Parameter name=\"relay_token\"");
    attribute(out, "value", plan->stream_token);
    text_put(out, "/></ConversationRelay></Connect>");
}
