#include "stream/bridge.h"

#include <string.h>

#include "core/log.h"
#include "stream/audio.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/recorder.h"
#include "stream/socket.h"
#include "stream/tones.h"

/* ---- from the caller ---- */

enum { EARLY_LIMIT = 192 * 1024 }; /* ten seconds, longer than a mind is waited for */

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
    if (!live->mind || !is_listening(live))
        hold_back(live, audio);
    else if (live->mind->hear)
        live->mind->hear(live, audio);
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
    if (slot)
        slot->first_audio_ms = (sockets_now_us() - live->speech.stopped_us) / 1000;
    live->speech.stopped_us = 0;
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

void bridge_from_model(struct live *live, const struct delta *delta)
{
    struct slice audio = delta->audio;
    char name[MARK_SIZE];
    size_t count;

    if (live->state < LIVE_READY || live->state >= LIVE_CLOSING ||
        responses_is_discarded(&live->responses, delta->response) ||
        !audio_is_base64(audio.at, audio.length))
        return;
    count = audio_bytes(audio.at, audio.length);
    note_latency(live, delta->item);
    note_time(live, delta->item, count);
    audio = tones_mix(live, audio);
    if (!live->line->audio(live, audio))
        return;
    if (live->recorder)
        recorder_agent(live->recorder, audio);
    playback_sent(&live->playback, delta->item, delta->response, delta->content_index, count,
                  sockets_now_us());
    if (playback_mark(&live->playback, name))
        live->line->mark(live, name);
}

void bridge_item_ends(struct live *live, const char *item)
{
    char name[MARK_SIZE];

    if (playback_end(&live->playback, item, name))
        live->line->mark(live, name);
    tones_flush(live);
}

/* ---- the caller interrupts ---- */

static void note_cut(struct live *live, const struct cut *cut)
{
    struct slot *slot = transcript_find(&live->transcript, cut->item);
    char payload[160];

    if (slot)
        transcript_cut(slot, cut->heard_ms, cut->sent_ms);
    snprintf(payload, sizeof payload, "{\"heard_ms\":%lld,\"sent_ms\":%lld}",
             (long long)cut->heard_ms, (long long)cut->sent_ms);
    fact_event(&live->subject, "turn.interrupted", "info", "media", payload);
}

/* First silence, then everything else; nothing played and nothing begun leaves nothing to stop. */
void bridge_interrupt(struct live *live)
{
    bool by_model = live->settings.model_interrupts && live->responses.caller_speaks;
    struct cut cuts[PLAYBACK_ITEMS];
    size_t count;

    if (playback_is_idle(&live->playback) && live->responses.phase == RESPONSE_NONE)
        return;
    if (!playback_is_idle(&live->playback))
        live->line->clear(live);
    if (live->recorder)
        recorder_clear(live->recorder);
    count = playback_cut(&live->playback, sockets_now_us(), cuts);
    for (size_t i = 0; i < count; i++) {
        mind_truncate(live, &cuts[i]);
        note_cut(live, &cuts[i]);
    }
    if (count)
        tones_were_cleared(live);
    if (responses_interrupt(&live->responses, by_model))
        mind_cancel(live);
    live_write_turns(live);
}
