#include "stream/model.h"

#include "core/config.h"
#include "core/log.h"
#include "stream/chat_provider.h"
#include "stream/comfort.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/realtime.h"
#include "stream/realtime_link.h"
#include "stream/socket.h"

enum {
    ATTEMPTS = 3, /* connections to one provider, the one that was lost included */
    BACK_OFF_US = 500 * 1000,
    WAIT_US = 10 * 1000000, /* longer than any pause between two tries */
    SILENCE_US = 1500 * 1000,
    TOLD_TURNS = 30, /* so many turns a new connection learns of what was said */
};

void model_tell_history(struct live *live)
{
    const struct slot *slot = live->transcript.first;
    int64_t skip = live->transcript.count - TOLD_TURNS;

    for (size_t i = 0; i < live->nhistory; i++)
        mind_tell(live, live->history[i].speaker, live->history[i].text);
    for (; slot; slot = slot->next)
        if (slot->seq > skip && slot->is_complete && slot->text.length > 0)
            mind_tell(live, slot->speaker, slot->text.at);
}

static void note(struct live *live, const char *why, const char *next)
{
    struct text payload = {.arena = &live->scratch};

    log_warning(&live->work, "model.lost", "why=%s next=%s", why, next);
    text_put(&payload, "{\"why\":");
    text_json(&payload, why);
    text_add(&payload, ",\"next\":\"%s\"}", next);
    fact_event(&live->subject, "model.error", "warn", "model", payload.at);
}

/* The first try comes at once, each one after it half a second later than the one before. */
static void try_again(struct live *live)
{
    struct ladder *ladder = &live->ladder;
    int64_t tried = live->connects > 1 ? live->connects - 1 : 0;

    ladder->retry_us = sockets_now_us() + tried * BACK_OFF_US;
    live->state = LIVE_CONNECTING;
    live->deadline_us = sockets_now_us() + WAIT_US;
    model_tick(live);
}

static bool has_fallback(const struct live *live)
{
    const char *url = live->mind->other ? live->mind->other(live->work.config) : NULL;

    return !live->ladder.is_fallback && url && *url;
}

void model_lost(struct live *live, const char *why)
{
    struct ladder *ladder = &live->ladder;
    bool is_useless = realtime_is_fatal(why) || chat_provider_is_silent(why);
    bool again = live->connects < ATTEMPTS && !is_useless;
    bool other = !again && has_fallback(live);

    if (live->state < LIVE_CONNECTING || live->state >= LIVE_CLOSING)
        return;
    note(live, why, again ? "same" : other ? "fallback" : "end");
    ladder->was_answering |= live->responses.phase != RESPONSE_NONE;
    if (!ladder->lost_us) {
        ladder->lost_us = sockets_now_us();
        ladder->comfort_ms = 0;
    }
    mind_close(live);
    responses_forget(&live->responses);
    if (live->state == LIVE_DRAINING) {
        live_finish(live, "completed", "agent_end");
    } else if (again || other) {
        ladder->is_fallback |= other;
        live->connects = other ? 0 : live->connects;
        try_again(live);
    } else {
        live_finish(live, "failed", "model_error");
    }
}

/* Somebody can speak again; an answer that broke off is given anew. */
static void note_recovery(struct live *live)
{
    struct ladder *ladder = &live->ladder;
    bool owed = ladder->was_answering && live->responses.phase == RESPONSE_NONE;

    ladder->lost_us = 0;
    ladder->was_answering = false;
    if (owed)
        mind_speak(live, &(struct speak){.purpose = "resume"});
}

static void keep_company(struct live *live)
{
    struct ladder *ladder = &live->ladder;
    int64_t since_us = ladder->lost_us ? ladder->lost_us : live->started_us;

    if (sockets_now_us() - since_us > SILENCE_US && playback_is_idle(&live->playback))
        comfort_play(live, since_us + SILENCE_US, &ladder->comfort_ms);
}

void model_tick(struct live *live)
{
    struct ladder *ladder = &live->ladder;

    if (live->state == LIVE_READY && ladder->lost_us)
        note_recovery(live);
    if (live->state == LIVE_READY)
        rollover_tick(live);
    if (live->state != LIVE_CONNECTING && live->state != LIVE_CONFIGURING)
        return;
    if (ladder->retry_us && sockets_now_us() >= ladder->retry_us) {
        ladder->retry_us = 0;
        mind_connect(live);
    }
    keep_company(live);
}
