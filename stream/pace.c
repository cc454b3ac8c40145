#include "stream/pace.h"

#include <string.h>

#include "stream/bridge.h"
#include "stream/mind.h"
#include "stream/recording_pause.h"
#include "stream/short_words.h"
#include "stream/socket.h"

enum {
    KEYS_US = 2500 * 1000,    /* after the last key the keys are told */
    GOODBYE_US = 2500 * 1000, /* so long an answer to a goodbye may take to begin */
    WARN_SECONDS = 60,        /* before the longest call ends; of short ones a quarter */
    WARN_LATEST_SECONDS = 10, /* by then it is said into whatever is said */
};

static bool is_quiet(const struct live *live)
{
    return live->responses.phase == RESPONSE_NONE && !live->responses.caller_speaks &&
           playback_is_idle(&live->playback);
}

/* Asks the model to say something of its own wording; "must": also when the caller speaks first. */
static void ask(struct live *live, const char *purpose, const char *wish, bool must)
{
    mind_speak(live, &(struct speak){
                         .purpose = purpose,
                         .instructions = arena_format(&live->work.arena, "%s\n\n%s",
                                                      live->settings.instructions, wish),
                         .no_tools = true,
                         .must = must,
                     });
}

/* ---- keys ---- */

bool pace_key(struct live *live, char key)
{
    size_t length = strlen(live->keys);

    if (!live->settings.takes_keys || !strchr("0123456789*#ABCD", key) || length == KEYS)
        return false;
    if (!length && !interruption_is_forbidden(live))
        bridge_interrupt(live);
    recording_keys_begin(live);
    live->keys[length] = key;
    live->keys[length + 1] = '\0';
    live->keys_us = sockets_now_us();
    live_heard(live, true);
    return true;
}

static void tell_keys(struct live *live)
{
    size_t length = strlen(live->keys);

    if (!length || (live->keys[length - 1] != '#' && length < KEYS &&
                    sockets_now_us() - live->keys_us < KEYS_US))
        return;
    mind_tell(live, SPEAKER_USER,
              arena_format(&live->scratch, "The caller typed on the keypad: %s", live->keys));
    mind_speak(live, &(struct speak){.purpose = "keys"});
    live->keys[0] = '\0';
    recording_keys_end(live);
}

/* ---- silence ---- */

/* A silent caller is asked once, then the call ends.  While the agent is heard nobody is silent. */
static void break_silence(struct live *live)
{
    int64_t limit_us = live->settings.silence_seconds * 1000000;

    if (!is_quiet(live) || live->interruption.state != INTERRUPTION_NOT_ASKED ||
        live->tools.running > 0)
        live_heard(live, false);
    if (limit_us <= 0 || sockets_now_us() - live->active_us < limit_us)
        return;
    if (!live->pace.was_prompted) {
        live->pace.was_prompted = true;
        ask(live, "silence", "The caller says nothing. Ask briefly whether they are still there.",
            false);
        return;
    }
    ask(live, "goodbye", "The caller still says nothing. Say a short goodbye; the call ends now.",
        false);
    live_drain_for(live, "silence");
}

/* ---- the end ---- */

void pace_words(struct live *live, const char *words)
{
    for (size_t i = 0; i < live->settings.nend_phrases; i++)
        if (words_hold(words, live->settings.end_phrases[i])) {
            live->pace.goodbye_us = sockets_now_us();
            return;
        }
}

/* The agent's answer to a goodbye is the last that is said. */
static void part(struct live *live)
{
    if (live->pace.goodbye_us && is_quiet(live) &&
        sockets_now_us() - live->pace.goodbye_us > GOODBYE_US)
        live_drain(live);
}

static const char *left_in_words(struct live *live, int64_t seconds)
{
    if (seconds >= WARN_SECONDS)
        return "one minute";
    return arena_format(&live->work.arena, "%lld seconds", (long long)seconds);
}

static void announce_end(struct live *live, int64_t left_ms)
{
    int64_t limit = live->settings.call_limit_seconds, before = limit / 4;

    if (before > WARN_SECONDS)
        before = WARN_SECONDS;
    if (live->pace.was_warned || left_ms > before * 1000 ||
        (!is_quiet(live) && left_ms > (int64_t)WARN_LATEST_SECONDS * 1000))
        return;
    live->pace.was_warned = true;
    ask(live, "limit",
        arena_format(&live->work.arena,
                     "Tell the caller in one short sentence that this call has to end in about %s.",
                     left_in_words(live, (left_ms + 999) / 1000)),
        true);
    fact_event(&live->subject, "call.limit_near", "info", "media", NULL);
}

static void keep_to_limit(struct live *live)
{
    int64_t left_ms = live->settings.call_limit_seconds * 1000 - live_elapsed_ms(live);

    if (live->settings.call_limit_seconds <= 0)
        return;
    if (left_ms <= 0)
        live_finish(live, "completed", "max_duration");
    else
        announce_end(live, left_ms);
}

void pace_tick(struct live *live)
{
    tell_keys(live);
    if (live->state != LIVE_READY)
        return;
    break_silence(live);
    if (live->state == LIVE_READY)
        part(live);
    if (live->state == LIVE_READY)
        keep_to_limit(live);
}
