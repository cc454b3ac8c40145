#include "stream/bridge.h"

#include <string.h>

#include "core/log.h"
#include "stream/audio.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/monitor.h"
#include "stream/recorder.h"
#include "stream/response_end.h"
#include "stream/socket.h"
#include "stream/tones.h"

/* ---- from the caller ---- */

enum {
    EARLY_LIMIT = 192 * 1024,         /* ten seconds, longer than a mind is waited for */
    PIECE = 500 * AUDIO_BYTES_PER_MS, /* of what is said again */
};

static void hold_back(struct live *live, struct slice audio)
{
    char *room;

    live->early.limit = EARLY_LIMIT;
    room = queue_begin(&live->early, MESSAGE_AUDIO, audio.length);
    if (!room)
        return;
    memcpy(room, audio.at, audio.length);
    queue_end(&live->early, audio.length);
}

static bool is_listening(const struct live *live)
{
    return live->state == LIVE_READY || live->state == LIVE_DRAINING;
}

void bridge_from_caller(struct live *live, struct slice audio, int64_t at_ms)
{
    if (live->state >= LIVE_CLOSING || live->state == LIVE_OPEN ||
        !audio_is_base64(audio.at, audio.length))
        return;
    if (!live->has_base) {
        live->base_ms = at_ms >= 0 ? at_ms : live_elapsed_ms(live);
        live->has_base = true;
    }
    if (live->recorder)
        recorder_caller(live->recorder, audio);
    monitor_audio(live, "caller", audio);
    if (takeover_from_caller(live, audio))
        return;
    room_from_caller(live, audio);
    if (voicemail_is_on(live))
        voicemail_hear(live, audio);
    else if (!live->mind || !is_listening(live))
        hold_back(live, audio);
    else if (live->mind->hear)
        live->mind->hear(live, audio);
    if (live->responses.caller_speaks)
        interruption_hear(live, audio);
}

void bridge_flush_early(struct live *live)
{
    struct slice audio;

    while ((audio.at = queue_first(&live->early, &audio.length))) {
        if (live->mind->hear)
            live->mind->hear(live, audio);
        queue_drop_first(&live->early);
    }
    queue_free(&live->early);
}

/* ---- from the model ---- */

/* How long the caller waited for this answer's first sound. */
static void note_latency(struct live *live, const char *item)
{
    struct slot *slot;

    if (!live->speech.stopped_us)
        return;
    slot = transcript_find(&live->transcript, item);
    if (slot) {
        slot->asked_us = live->speech.stopped_us;
        slot->first_audio_ms = (sockets_now_us() - slot->asked_us) / 1000;
    }
    live->speech.stopped_us = 0;
}

/* Since when the caller hears it, as far as it is ours: the frame is on its way. */
static void note_sent(struct live *live, const char *item)
{
    struct slot *slot = transcript_find(&live->transcript, item);
    char payload[160];

    if (!slot || slot->first_audio_ms == NO_INTEGER || slot->first_sent_ms != NO_INTEGER)
        return;
    slot->first_sent_ms = (sockets_now_us() - slot->asked_us) / 1000;
    snprintf(payload, sizeof payload,
             "{\"first_token_ms\":%lld,\"first_audio_ms\":%lld,\"first_sent_ms\":%lld}",
             slot->first_token_ms == NO_INTEGER ? -1 : (long long)slot->first_token_ms,
             (long long)slot->first_audio_ms, (long long)slot->first_sent_ms);
    fact_event(&live->subject, "turn.latency", "debug", "media", payload);
}

/* An item is heard from when those before it are over. */
static void note_time(struct live *live, const char *item, size_t count)
{
    struct slot *slot = transcript_find(&live->transcript, item);

    if (!slot)
        return;
    if (slot->start_ms == NO_INTEGER) {
        slot->start_ms =
            live_elapsed_ms(live) + playback_left_ms(&live->playback, sockets_now_us());
        slot->end_ms = slot->start_ms;
    }
    slot->end_ms += (int64_t)count / AUDIO_BYTES_PER_MS;
}

/* To the caller, with a mark behind it now and then. */
static bool play(struct live *live, const struct delta *delta)
{
    struct slice audio = tones_mix(live, delta->audio);
    char name[MARK_SIZE];

    if (!live->line->audio(live, audio))
        return false;
    if (live->recorder)
        recorder_agent(live->recorder, audio);
    monitor_audio(live, "agent", audio);
    playback_sent(&live->playback, delta->item, delta->response, delta->content_index,
                  audio_bytes(delta->audio.at, delta->audio.length), sockets_now_us());
    if (playback_mark(&live->playback, name))
        live->line->mark(live, name);
    return true;
}

/* An agent that may have to go on after a false interruption keeps what it says. */
static void keep(struct live *live, const struct delta *delta)
{
    struct unplayed *unplayed = &live->interruption.unplayed;

    if (!live->settings.interruption.has_conditions)
        return;
    unplayed_trim(unplayed, &live->playback);
    unplayed_add(unplayed, delta->item, delta->response, delta->content_index, delta->audio);
}

void bridge_from_model(struct live *live, const struct delta *delta)
{
    struct slice audio = delta->audio;

    if (live->state < LIVE_READY || live->state >= LIVE_CLOSING || takeover_is_on(live) ||
        responses_is_discarded(&live->responses, delta->response) ||
        !audio_is_base64(audio.at, audio.length))
        return;
    note_latency(live, delta->item);
    note_time(live, delta->item, audio_bytes(audio.at, audio.length));
    keep(live, delta);
    if (live->interruption.state != INTERRUPTION_HELD && play(live, delta))
        note_sent(live, delta->item);
}

void bridge_item_ends(struct live *live, const char *item)
{
    char name[MARK_SIZE];

    unplayed_end(&live->interruption.unplayed, item);
    if (live->interruption.state != INTERRUPTION_HELD && playback_end(&live->playback, item, name))
        live->line->mark(live, name);
    tones_flush(live);
}

/* ---- the caller may be interrupting ---- */

static void silence(struct live *live)
{
    if (!playback_is_idle(&live->playback))
        live->line->clear(live);
    if (live->recorder)
        recorder_clear(live->recorder);
    monitor_clear(live);
}

void bridge_hold(struct live *live)
{
    struct interruption *speech = &live->interruption;
    int64_t now_us = sockets_now_us();

    silence(live);
    playback_pass(&live->playback, now_us);
    unplayed_trim(&speech->unplayed, &live->playback);
    if (!speech->cuts)
        speech->cuts = arena_new(&live->work.arena, struct cut, PLAYBACK_ITEMS);
    speech->ncuts = playback_cut(&live->playback, now_us, speech->cuts);
    speech->held_us = now_us;
    speech->state = INTERRUPTION_HELD;
    if (speech->ncuts)
        tones_were_cleared(live);
    fact_event(&live->subject, "turn.held", "debug", "media", NULL);
}

static const struct cut *find_cut(const struct interruption *speech, const char *item)
{
    for (size_t i = 0; i < speech->ncuts; i++)
        if (strcmp(speech->cuts[i].item, item) == 0)
            return &speech->cuts[i];
    return NULL;
}

/* The rest of an item, in pieces as the model sends them. */
static void play_rest(struct live *live, const struct unplayed_item *kept, const struct cut *cut)
{
    char text[(PIECE + 2) / 3 * 4];
    size_t at = cut ? (size_t)cut->heard_ms * AUDIO_BYTES_PER_MS : 0;
    struct delta delta = {
        .response = kept->response, .item = kept->item, .content_index = kept->content_index};

    if (cut)
        playback_continue(&live->playback, cut, sockets_now_us());
    for (size_t count; at < kept->count; at += count) {
        count = kept->count - at < PIECE ? kept->count - at : PIECE;
        delta.audio = (struct slice){text, audio_encode(kept->bytes + at, count, text)};
        if (!play(live, &delta))
            return;
    }
}

void bridge_resume(struct live *live)
{
    struct interruption *speech = &live->interruption;
    int64_t paused_ms = (sockets_now_us() - speech->held_us) / 1000;

    speech->state = INTERRUPTION_NOT_ASKED;
    for (const struct unplayed_item *kept = speech->unplayed.first; kept; kept = kept->next) {
        struct slot *slot = transcript_find(&live->transcript, kept->item);

        if (slot && slot->end_ms != NO_INTEGER)
            slot->end_ms += paused_ms;
        play_rest(live, kept, find_cut(speech, kept->item));
        if (kept->is_over)
            bridge_item_ends(live, kept->item);
    }
    speech->ncuts = 0;
    fact_event(&live->subject, "turn.resumed", "info", "media", NULL);
}

/* ---- the caller interrupts ---- */

static void note_cut(struct live *live, const struct cut *cut)
{
    struct slot *slot = transcript_find(&live->transcript, cut->item);
    char payload[160];

    mind_truncate(live, cut);
    if (slot)
        transcript_cut(slot, cut->heard_ms, cut->sent_ms);
    snprintf(payload, sizeof payload, "{\"heard_ms\":%lld,\"sent_ms\":%lld}",
             (long long)cut->heard_ms, (long long)cut->sent_ms);
    fact_event(&live->subject, "turn.interrupted", "info", "media", payload);
}

/* What was being said when the agent was held, and what the model made of it since. */
static void cut_held(struct live *live)
{
    struct interruption *speech = &live->interruption;

    for (const struct unplayed_item *kept = speech->unplayed.first; kept; kept = kept->next) {
        const struct cut *at = find_cut(speech, kept->item);
        struct cut cut = {.content_index = kept->content_index,
                          .heard_ms = at ? at->heard_ms : 0,
                          .sent_ms = (int64_t)kept->count / AUDIO_BYTES_PER_MS};

        memcpy(cut.item, kept->item, ID_SIZE);
        memcpy(cut.response, kept->response, ID_SIZE);
        note_cut(live, &cut);
    }
    speech->ncuts = 0;
}

static void cut_playing(struct live *live)
{
    struct cut cuts[PLAYBACK_ITEMS];
    size_t count;

    silence(live);
    count = playback_cut(&live->playback, sockets_now_us(), cuts);
    for (size_t i = 0; i < count; i++)
        note_cut(live, &cuts[i]);
    if (count)
        tones_were_cleared(live);
}

/* First silence, then everything else; nothing played and nothing begun leaves nothing to stop. */
void bridge_interrupt(struct live *live)
{
    struct interruption *speech = &live->interruption;
    bool by_model = live->settings.model_interrupts && live->responses.caller_speaks;
    bool is_held = speech->state == INTERRUPTION_HELD;

    speech->state = INTERRUPTION_NOT_ASKED;
    speech->deadline_us = 0;
    voice_out_stop(live);
    response_drop_retry(live);
    if (!is_held && playback_is_idle(&live->playback) && live->responses.phase == RESPONSE_NONE)
        return;
    if (is_held)
        cut_held(live);
    else
        cut_playing(live);
    unplayed_free(&speech->unplayed);
    if (responses_interrupt(&live->responses, by_model))
        mind_cancel(live);
    live_write_turns(live);
}
