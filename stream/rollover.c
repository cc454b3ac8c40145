#include "stream/rollover.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/model.h"
#include "stream/realtime.h"
#include "stream/realtime_link.h"
#include "stream/refused.h"
#include "stream/socket.h"

enum {
    QUIET_US = 700 * 1000,   /* without a word of anybody's */
    BOTH_US = 600 * 1000,    /* so long both sessions hear the caller */
    SETUP_US = 10 * 1000000, /* for the new session to be configured */
    AGAIN_US = 5 * 1000000,
    LATEST_US = 240 * 1000000, /* after its time: then it is not waited for quiet any more, … */
    LAST_US = 20 * 1000000,    /* … nor so long before it ends */
    SHORTEST_MS = 60 * 1000,   /* a life shorter than that is a clock that is wrong */
    SHARE = 12,                /* of its life, of which nothing is used */
};

/* Nobody speaks, is about to, or waits for something. */
static bool is_quiet(const struct live *live)
{
    const struct responses *responses = &live->responses;

    return responses->phase == RESPONSE_NONE && !responses->is_waiting &&
           !responses->caller_speaks && !live->retry_us && !live->keys[0] &&
           live->interruption.state == INTERRUPTION_NOT_ASKED &&
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

/* ---- how long it lives ---- */

/* Reads when the session of a message ends, and when it is to be replaced; 0: it does not say. */
static void read_life(const char *text, size_t length, int64_t *due_us, int64_t *expires_us)
{
    struct member session[] = {{.name = "session"}}, expires[] = {{.name = "expires_at"}};
    int64_t at_s, left_ms;

    *due_us = *expires_us = 0;
    if (!scan_members(text, length, session, 1) || session[0].kind != '{' ||
        !scan_members(session[0].value.at, session[0].value.length, expires, 1))
        return;
    at_s = slice_number(expires[0].value, 0);
    left_ms = at_s > 0 && at_s < INT32_MAX * 4LL ? at_s * 1000 - clock_now().ms : 0;
    if (left_ms < SHORTEST_MS)
        return;
    *expires_us = sockets_now_us() + left_ms * 1000;
    *due_us = *expires_us - left_ms * 1000 / SHARE;
}

void rollover_note(struct live *live, const char *text, size_t length)
{
    read_life(text, length, &live->rollover.due_us, &live->rollover.expires_us);
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

/* Whether the error is of our configuration, and without the setting it names that may be taken. */
static bool is_mended(struct live *live, const char *text, size_t length)
{
    enum { EVENT, CODE, PARAM, WANTED };
    struct member error[] = {{.name = "error"}};
    struct member found[WANTED] = {
        [EVENT] = {.name = "event_id"}, [CODE] = {.name = "code"}, [PARAM] = {.name = "param"}};
    char code[64], param[256];

    if (!scan_members(text, length, error, 1) || error[0].kind != '{' ||
        !scan_members(error[0].value.at, error[0].value.length, found, WANTED) ||
        !slice_is(found[EVENT].value, live->rollover.setup_event))
        return false;
    if (!slice_copy(found[CODE].value, code, sizeof code))
        snprintf(code, sizeof code, "unknown");
    return slice_copy(found[PARAM].value, param, sizeof param) &&
           refused_setting(live, code, param);
}

bool rollover_take(struct live *live, const char *text, size_t length)
{
    struct member wanted[] = {{.name = "type"}};
    char type[64];

    if (!scan_members(text, length, wanted, COUNT(wanted)) ||
        !slice_copy(wanted[0].value, type, sizeof type))
        return true;
    if (strcmp(type, "session.created") == 0) {
        read_life(text, length, &live->rollover.next_due_us, &live->rollover.next_expires_us);
        configure(live);
    } else if (strcmp(type, "session.updated") == 0)
        live->rollover.is_configured = true;
    else if (strcmp(type, "error") == 0 && is_mended(live, text, length))
        configure(live);
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
    bool owed = live->responses.phase != RESPONSE_NONE;

    live->model = rollover->outlet;
    live->link = rollover->link;
    live->base_ms = rollover->base_ms;
    live->has_base = true;
    live->speech.item[0] = '\0';
    *rollover = (struct rollover){.born_us = sockets_now_us(),
                                  .due_us = rollover->next_due_us,
                                  .expires_us = rollover->next_expires_us};
    if (old)
        old->close(old, 1000, "");
    live->connects = 1;
    live->segments++;
    responses_forget(&live->responses);
    live->responses.retries = 0;
    model_tell_history(live);
    if (owed)
        mind_speak(live, &(struct speak){.purpose = "resume"});
    log_info(&live->work, "model.rolled", "segment=%u", live->segments);
    fact_event(&live->subject, "model.rolled", "info", "model", "{\"planned\":true}");
}

/* Both sessions hear the caller from now on. */
static void begin_both(struct live *live)
{
    live->rollover.heard_us = sockets_now_us();
    live->rollover.base_ms = live_elapsed_ms(live);
}

static bool is_due(const struct rollover *rollover, int64_t limit_us)
{
    int64_t now_us = sockets_now_us();

    return now_us - rollover->born_us >= limit_us ||
           (rollover->due_us && now_us >= rollover->due_us);
}

/* Quiet would be better, but there is no more time for it. */
static bool is_late(const struct rollover *rollover, int64_t limit_us)
{
    int64_t now_us = sockets_now_us();

    return now_us - rollover->born_us > limit_us + LATEST_US ||
           (rollover->expires_us && now_us > rollover->expires_us - LAST_US);
}

void rollover_tick(struct live *live)
{
    struct rollover *rollover = &live->rollover;
    int64_t now_us = sockets_now_us();
    int64_t limit_us = live->work.config->model_session_seconds * 1000000;
    bool now;

    if (live->mind != &realtime_mind || live->state != LIVE_READY || live->log || limit_us <= 0 ||
        !is_due(rollover, limit_us) || now_us < rollover->not_before_us)
        return;
    now = is_quiet(live) || (is_late(rollover, limit_us) && !live->responses.caller_speaks);
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
