#include "stream/rollover.h"

#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "stream/live.h"
#include "stream/model.h"
#include "stream/realtime.h"
#include "stream/realtime_link.h"
#include "stream/socket.h"

enum {
    QUIET_US = 700 * 1000,   /* without a word of anybody's */
    BOTH_US = 600 * 1000,    /* so long both sessions hear the caller */
    SETUP_US = 10 * 1000000, /* for the new session to be configured */
    AGAIN_US = 5 * 1000000,
    LATEST_US = 240 * 1000000, /* after its time: then it is not waited for quiet any more */
};

/* Nobody speaks, is about to, or waits for something. */
static bool is_quiet(const struct live *live)
{
    const struct responses *responses = &live->responses;

    return responses->phase == RESPONSE_NONE && !responses->is_waiting &&
           !responses->caller_speaks && !live->retry_us && !live->keys[0] &&
           playback_is_idle(&live->playback) && !transcript_is_waiting(&live->transcript) &&
           sockets_now_us() - live->active_us > QUIET_US;
}

void rollover_drop(struct live *live)
{
    struct rollover *rollover = &live->rollover;

    if (rollover->outlet)
        rollover->outlet->close(rollover->outlet, 1000, "");
    rollover->outlet = NULL;
    rollover->link = NULL;
    rollover->is_configured = false;
    rollover->heard_us = 0;
}

static void try_later(struct live *live, const char *why)
{
    log_info(&live->work, "model.not_rolled", "why=%s", why);
    rollover_drop(live);
    live->rollover.not_before_us = sockets_now_us() + AGAIN_US;
}

/* ---- the new connection ---- */

void rollover_opened(struct live *live, struct outlet *outlet)
{
    live->rollover.outlet = outlet;
}

void rollover_gone(struct live *live)
{
    live->rollover.outlet = NULL;
    try_later(live, "closed");
}

static void configure(struct live *live)
{
    struct rollover *rollover = &live->rollover;
    struct text text = {.arena = &live->scratch};

    responses_event(&live->responses, "session", rollover->setup_event);
    settings_write(&live->settings, rollover->setup_event, &text);
    outlet_send(rollover->outlet, text.at, text.length);
}

bool rollover_take(struct live *live, const char *text, size_t length)
{
    struct member wanted[] = {{.name = "type"}};
    char type[64];

    if (!scan_members(text, length, wanted, COUNT(wanted)) ||
        !slice_copy(wanted[0].value, type, sizeof type))
        return true;
    if (strcmp(type, "session.created") == 0)
        configure(live);
    else if (strcmp(type, "session.updated") == 0)
        live->rollover.is_configured = true;
    else if (strcmp(type, "error") == 0 || strcmp(type, "input_audio_buffer.speech_started") == 0)
        try_later(live, type);
    arena_reset(&live->scratch);
    return true;
}

void rollover_hear(struct live *live, struct slice audio)
{
    struct rollover *rollover = &live->rollover;

    if (rollover->heard_us && rollover->outlet)
        realtime_append(rollover->outlet, audio);
}

/* ---- when ---- */

static void open_next(struct live *live)
{
    live->rollover.asked_us = sockets_now_us();
    realtime_open_beside(live);
}

static void take_over(struct live *live)
{
    struct rollover *rollover = &live->rollover;
    struct outlet *old = live->model;

    live->model = rollover->outlet;
    live->link = rollover->link;
    live->base_ms = rollover->base_ms;
    live->has_base = true;
    live->speech.item[0] = '\0';
    *rollover = (struct rollover){.born_us = sockets_now_us()};
    if (old)
        old->close(old, 1000, "");
    live->connects = 1;
    live->segments++;
    responses_forget(&live->responses);
    model_tell_history(live);
    log_info(&live->work, "model.rolled", "segment=%u", live->segments);
    fact_event(&live->subject, "model.rolled", "info", "model", "{\"planned\":true}");
}

/* Both sessions hear the caller from now on. */
static void begin_both(struct live *live)
{
    live->rollover.heard_us = sockets_now_us();
    live->rollover.base_ms = live_elapsed_ms(live);
}

void rollover_tick(struct live *live)
{
    struct rollover *rollover = &live->rollover;
    int64_t now_us = sockets_now_us();
    int64_t age_us = now_us - rollover->born_us;
    int64_t limit_us = live->work.config->model_session_seconds * 1000000;
    bool quiet = is_quiet(live);
    bool now = quiet || (age_us > limit_us + LATEST_US && !live->responses.caller_speaks);

    if (live->mind != &realtime_mind || live->state != LIVE_READY || live->log || limit_us <= 0 ||
        age_us < limit_us || now_us < rollover->not_before_us)
        return;
    if (!rollover->link && now)
        open_next(live);
    else if (rollover->link && !rollover->is_configured && now_us - rollover->asked_us > SETUP_US)
        try_later(live, "late");
    else if (rollover->is_configured && !rollover->heard_us && now)
        begin_both(live);
    else if (rollover->heard_us && !now)
        try_later(live, "speech");
    else if (rollover->heard_us && now_us - rollover->heard_us > BOTH_US)
        take_over(live);
}
