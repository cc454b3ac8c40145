#include "stream/orders.h"

#include <string.h>

#include "core/text.h"
#include "stream/bridge.h"
#include "stream/call_log.h"
#include "stream/clarification.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/recording_pause.h"
#include "stream/takeover.h"
#include "stream/tones.h"

static const char *say(struct live *live, json_object *args)
{
    const char *text = json_text(args, "text");

    if (!text || !*text)
        return "there is nothing to say";
    if (takeover_is_on(live))
        return "a supervisor speaks with the caller";
    if (live->state != LIVE_READY)
        return "the session is about to end";
    clarification_drop(live);
    bridge_interrupt(live);
    mind_insist(live, "order", text);
    return NULL;
}

/* Into the conversation as a message of the system's, which nobody speaks. */
static const char *tell_with(struct live *live, json_object *args, const char *preface)
{
    const char *text = json_text(args, "text");

    if (!text || !*text)
        return "there is nothing to tell";
    mind_tell(live, SPEAKER_SYSTEM, arena_format(&live->scratch, "%s%s", preface, text));
    return NULL;
}

static const char *whisper(struct live *live, json_object *args)
{
    return tell_with(live, args,
                     "Your supervisor tells you, unheard by the caller; act on it and do not "
                     "mention it: ");
}

static const char *context(struct live *live, json_object *args)
{
    return tell_with(live, args, "New information about this call: ");
}

static const char *press(struct live *live, json_object *args)
{
    const char *digits = json_text(args, "text");

    return digits && digits_send(live, digits) ? NULL : "these are no keys that can be pressed";
}

static const char *monitor(struct live *live, json_object *args)
{
    (void)live, (void)args;
    return NULL;
}

static const char *transfer(struct live *live, json_object *args)
{
    (void)args;
    if (live->state != LIVE_READY)
        return "the session is about to end";
    takeover_end(live);
    live->drain_result = "transferred";
    live_drain(live);
    return NULL;
}

/* The supervisor's phone is dialled by the after hook, as for every caller who is passed on. */
static const char *barge(struct live *live, json_object *args)
{
    if (live->state != LIVE_READY)
        return "the session is about to end";
    if (!json_text(args, "target"))
        return live->line->audio ? takeover_order(live)
                                 : "this session has no audio: name a phone to be called at";
    bridge_interrupt(live);
    live->drain_result = "transferred";
    live_finish(live, "transferred", "transfer");
    return NULL;
}

static const char *end(struct live *live, json_object *args)
{
    (void)args;
    if (!live->settings.farewell || live->state != LIVE_READY || takeover_is_on(live)) {
        live_finish(live, "completed", "supervisor_end");
        return NULL;
    }
    bridge_interrupt(live);
    mind_insist(live, "farewell", live->settings.farewell);
    live_drain_for(live, "supervisor_end");
    return NULL;
}

static const char *drain(struct live *live, json_object *args)
{
    (void)args;
    live_drain(live);
    return NULL;
}

static const char *amd(struct live *live, json_object *args)
{
    const char *verdict = json_text(args, "answered_by");

    voicemail_verdict(live, verdict ? verdict : "unknown");
    return NULL;
}

static const struct kind {
    const char *name;
    const char *(*run)(struct live *live, json_object *args);
    bool is_quiet; /* no supervisor's: it is nothing to tell of */
} kinds[] = {
    {"say", say},
    {"whisper", whisper},
    {"context", context},
    {"clarify", clarification_answer},
    {"dtmf", press},
    {"monitor", monitor},
    {"barge", barge},
    {"escalate", transfer},
    {"transfer", transfer},
    {"end", end},
    {"drain", drain, .is_quiet = true},
    {"amd", amd, .is_quiet = true},
    {"pause_recording", recording_order_pause},
    {"resume_recording", recording_order_resume},
};

static void note(struct live *live, const char *kind, json_object *args)
{
    struct text payload = {.arena = &live->scratch};

    text_add(&payload, "{\"action\":\"%s\",\"supervisor\":", kind);
    text_json(&payload, json_text(args, "supervisor"));
    text_char(&payload, '}');
    fact_event(&live->subject, "supervisor.action", "info", "supervisor", payload.at);
}

/* What ends the session is noted before its end, or the event would stand behind it. */
const char *order_run(struct live *live, const char *kind, json_object *args)
{
    call_log_order(live->log, kind, args);
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].name, kind) == 0) {
            if (!kinds[i].is_quiet)
                note(live, kind, args);
            return kinds[i].run(live, args);
        }
    return "this session does not do that";
}
