#include "stream/interruption.h"

#include <stdio.h>
#include <string.h>

#include "core/column.h" /* NO_INTEGER */
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/response_end.h"
#include "stream/short_words.h"
#include "stream/socket.h"

enum {
    LONG_SPEECH_MS = 800,    /* no "uh-huh" lasts so long */
    ENDING_MS = 1000,        /* "yes" in the last second answers the question that is just asked */
    CLOSED_US = 3 * 1000000, /* voice so long ago: the end of the speech was lost */
    GAP_US = 750 * 1000,     /* a line that sends nothing for so long in mid-speech … */
    PAD_MS = 1000,           /* … gets so much silence in its place */
    PAD_FRAME = 100 * AUDIO_BYTES_PER_MS,
};

static bool is_audible(const struct live *live)
{
    return !playback_is_idle(&live->playback) || live->interruption.state == INTERRUPTION_HELD;
}

static bool is_talking(const struct live *live)
{
    return is_audible(live) || live->responses.phase != RESPONSE_NONE;
}

static bool is_greeting(const struct live *live)
{
    const struct playback *playback = &live->playback;
    const char *id = live->interruption.greeting, *purpose = live->responses.current.purpose;

    if (playback->nitems)
        return id[0] && strcmp(playback->items[0].response, id) == 0;
    return live->responses.phase != RESPONSE_NONE && purpose && strcmp(purpose, "greeting") == 0;
}

void interruption_response(struct live *live, const char *id, const char *purpose)
{
    if (purpose && strcmp(purpose, "greeting") == 0)
        snprintf(live->interruption.greeting, sizeof live->interruption.greeting, "%s", id);
}

static bool is_protected(const struct live *live)
{
    const struct interruption_rules *rules = &live->settings.interruption;

    return rules->decides && (!rules->is_enabled || (!rules->in_greeting && is_greeting(live)));
}

bool interruption_is_forbidden(const struct live *live)
{
    return is_talking(live) && is_protected(live);
}

/* ---- while the caller speaks ---- */

void interruption_begins(struct live *live)
{
    const struct interruption_rules *rules = &live->settings.interruption;
    struct interruption *speech = &live->interruption;

    speech->voiced_ms = speech->deadline_us = 0;
    speech->voice_us = sockets_now_us();
    speech->is_over_agent = speech->is_protected = speech->is_padded = false;
    if (!rules->decides) {
        bridge_interrupt(live);
        return;
    }
    if (!is_talking(live))
        return;
    speech->is_protected = is_protected(live);
    speech->is_over_agent = speech->is_protected || (rules->has_conditions && is_audible(live));
    speech->is_at_end = live->responses.phase == RESPONSE_NONE &&
                        playback_left_ms(&live->playback, sockets_now_us()) < ENDING_MS;
    if (!speech->is_over_agent)
        bridge_interrupt(live);
    else if (!speech->is_protected && speech->state == INTERRUPTION_NOT_ASKED)
        speech->state = INTERRUPTION_MAYBE;
}

/* So much voice silences the agent before the words are known. */
static int64_t voice_wanted_ms(const struct interruption_rules *rules)
{
    bool words_count = rules->ignores_backchannels || rules->confidence > 0 || rules->echo > 0;

    return words_count && rules->speech_ms < LONG_SPEECH_MS ? LONG_SPEECH_MS : rules->speech_ms;
}

void interruption_hear(struct live *live, struct slice audio)
{
    struct interruption *speech = &live->interruption;

    if (speech->state == INTERRUPTION_NOT_ASKED || !audio_is_voice(audio.at, audio.length))
        return;
    speech->voice_us = sockets_now_us();
    speech->voiced_ms += (int64_t)audio_bytes(audio.at, audio.length) / AUDIO_BYTES_PER_MS;
    if (speech->state == INTERRUPTION_MAYBE &&
        speech->voiced_ms >= voice_wanted_ms(&live->settings.interruption))
        bridge_hold(live);
}

void interruption_pauses(struct live *live)
{
    struct interruption *speech = &live->interruption;

    if (speech->state != INTERRUPTION_NOT_ASKED)
        speech->deadline_us = sockets_now_us() + live->settings.interruption.false_ms * 1000;
}

/* ---- what the caller said ---- */

static void answer(struct live *live)
{
    response_drop_retry(live);
    mind_speak(live, &(struct speak){.purpose = "turn"});
}

void interruption_turn(struct live *live, struct slot *slot)
{
    struct interruption *speech = &live->interruption;

    if (slot && speech->is_over_agent && !speech->is_protected) {
        slot->over_agent_ms = speech->voiced_ms;
        slot->is_at_end = speech->is_at_end;
    } else {
        answer(live);
    }
    speech->is_over_agent = false;
}

/* What the agent said last: where an echo comes from. */
static const char *last_words(const struct live *live)
{
    const char *words = "";

    for (const struct slot *slot = live->transcript.first; slot; slot = slot->next)
        if (slot->speaker == SPEAKER_ASSISTANT && slot->text.length)
            words = slot->text.at;
    return words;
}

/* Why words said over the agent do not stop it; NULL: they do. */
static const char *why_not(const struct live *live, const struct slot *slot, const char *words,
                           double confidence)
{
    const struct interruption_rules *rules = &live->settings.interruption;

    if (!words_are_any(words))
        return "no_words";
    if (confidence >= 0 && confidence < rules->confidence)
        return "unsure";
    if (rules->echo > 0 && words_likeness(words, last_words(live)) >= rules->echo)
        return "echo";
    if (rules->ignores_backchannels && !slot->is_at_end && is_talking(live) &&
        words_are_backchannel(words, live->settings.language))
        return "backchannel";
    return NULL;
}

static void note_ignored(struct live *live, const char *why)
{
    char payload[64];

    snprintf(payload, sizeof payload, "{\"why\":\"%s\"}", why);
    fact_event(&live->subject, "turn.ignored", "info", "media", payload);
}

/* Unless he is speaking again: then that decides. */
static void go_on(struct live *live)
{
    struct interruption *speech = &live->interruption;

    if (live->responses.caller_speaks)
        return;
    speech->deadline_us = 0;
    if (speech->state == INTERRUPTION_HELD)
        bridge_resume(live);
    speech->state = INTERRUPTION_NOT_ASKED;
}

void interruption_words(struct live *live, struct slot *slot, const char *words, double confidence,
                        bool is_whole)
{
    const struct interruption_rules *rules = &live->settings.interruption;
    bool is_enough = slot->over_agent_ms >= rules->speech_ms || !is_talking(live);
    const char *why;

    if (slot->over_agent_ms == NO_INTEGER ||
        (!is_whole && (!is_enough || rules->confidence > 0 || rules->echo > 0)))
        return;
    why = why_not(live, slot, words, confidence);
    if (why && !is_whole)
        return;
    slot->over_agent_ms = NO_INTEGER;
    if (why) {
        note_ignored(live, why);
        go_on(live);
        return;
    }
    if (is_enough)
        bridge_interrupt(live);
    else
        go_on(live);
    answer(live);
}

/* ---- time ---- */

/* A line that lost frames in mid-speech would leave the model waiting for its end. */
static void pad(struct live *live)
{
    unsigned char silence[PAD_FRAME];
    char text[(PAD_FRAME + 2) / 3 * 4];
    struct slice audio = {.at = text};

    live->interruption.is_padded = true;
    memset(silence, AUDIO_SILENCE, sizeof silence);
    audio.length = audio_encode(silence, sizeof silence, text);
    for (int ms = 0; live->mind->hear && ms < PAD_MS; ms += PAD_FRAME / AUDIO_BYTES_PER_MS)
        live->mind->hear(live, audio);
}

void interruption_tick(struct live *live)
{
    struct interruption *speech = &live->interruption;
    int64_t now_us = sockets_now_us();

    if (live->responses.caller_speaks && !speech->is_padded &&
        now_us - live->last_media_us > GAP_US)
        pad(live);
    if (speech->state == INTERRUPTION_HELD && live->responses.caller_speaks &&
        now_us - speech->voice_us > CLOSED_US) {
        live->responses.caller_speaks = false;
        speech->deadline_us = now_us;
    }
    if (speech->deadline_us && now_us >= speech->deadline_us)
        go_on(live);
}

void interruption_forget(struct live *live)
{
    live->responses.caller_speaks = false;
    go_on(live);
}
