#include "stream/recording_pause.h"

#include <stdio.h>

#include "stream/recorder.h"

/* The event says where in the recording it happened. */
static void tell(struct live *live, const char *type, const char *why)
{
    char payload[96];

    snprintf(payload, sizeof payload, "{\"at_ms\":%lld,\"why\":\"%s\"}",
             (long long)recorder_ms(live->recorder), why);
    fact_event(&live->subject, type, "info", "media", payload);
}

static void pause_for(struct live *live, unsigned reason, const char *why)
{
    if (live->recorder && recorder_pause(live->recorder, reason))
        tell(live, "recording.paused", why);
}

static void resume_from(struct live *live, unsigned reasons, const char *why)
{
    if (live->recorder && recorder_resume(live->recorder, reasons))
        tell(live, "recording.resumed", why);
}

const char *recording_order_pause(struct live *live, json_object *args)
{
    (void)args;
    if (!live->recorder)
        return "this call is not recorded";
    pause_for(live, PAUSE_ORDER, "order");
    return NULL;
}

/* Who orders it means it: the agent's own wish to pause ends as well. */
const char *recording_order_resume(struct live *live, json_object *args)
{
    (void)args;
    if (!live->recorder)
        return "this call is not recorded";
    resume_from(live, PAUSE_ORDER | PAUSE_TOOL, "order");
    return NULL;
}

const char *recording_tool_pause(struct live *live, json_object *args, const char **fault)
{
    (void)args;
    (void)fault;
    pause_for(live, PAUSE_TOOL, "tool");
    return "{\"status\":\"paused\"}";
}

const char *recording_tool_resume(struct live *live, json_object *args, const char **fault)
{
    (void)args;
    (void)fault;
    resume_from(live, PAUSE_TOOL, "tool");
    return "{\"status\":\"resumed\"}";
}

/* The keys' tones are in the caller's audio. */
void recording_keys_begin(struct live *live)
{
    if (live->settings.pauses_for_cards)
        pause_for(live, PAUSE_KEYS, "keys");
}

void recording_keys_end(struct live *live)
{
    resume_from(live, PAUSE_KEYS, "keys");
}
