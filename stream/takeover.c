#include "stream/takeover.h"

#include <string.h>

#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/monitor.h"
#include "stream/recorder.h"
#include "stream/socket.h"

enum {
    AWAITED_US = 20 * 1000000,
    LEAD_MS = 60,   /* gathered before the voice flows */
    MOST_MS = 1000, /* that may wait */
    LONGEST_FRAME = 2000,
};

bool takeover_is_on(const struct live *live)
{
    return live->takeover.state != TAKEOVER_OFF;
}

static void note(struct live *live, const char *type)
{
    fact_event(&live->subject, type, "info", "supervisor", NULL);
}

const char *takeover_order(struct live *live)
{
    struct takeover *takeover = &live->takeover;

    if (takeover->state == TAKEOVER_ON)
        return "a supervisor speaks with the caller already";
    if (takeover->state == TAKEOVER_OFF) {
        bridge_interrupt(live);
        note(live, "agent.muted");
    }
    takeover->state = TAKEOVER_ORDERED;
    takeover->deadline_us = sockets_now_us() + AWAITED_US;
    return NULL;
}

bool takeover_begin(struct live *live)
{
    struct takeover *takeover = &live->takeover;

    if (live->state != LIVE_READY || takeover_order(live))
        return false;
    if (!jitter_open(&takeover->voice, MOST_MS, LEAD_MS)) {
        takeover_resume(live);
        return false;
    }
    takeover->state = TAKEOVER_ON;
    return true;
}

void takeover_end(struct live *live)
{
    jitter_close(&live->takeover.voice);
    live->takeover = (struct takeover){.state = TAKEOVER_OFF};
}

void takeover_resume(struct live *live)
{
    bool was_on = live->takeover.state == TAKEOVER_ON;

    if (!takeover_is_on(live))
        return;
    takeover_end(live);
    note(live, "agent.unmuted");
    if (live->state != LIVE_READY)
        return;
    live_heard(live, true);
    mind_tell(live, SPEAKER_SYSTEM,
              was_on ? "A supervisor has spoken with the caller, which you did not hear, and has "
                       "left. You are on the line again: ask briefly whether anything is left."
                     : "You were silent for a moment. Go on where you were.");
    mind_speak(live, &(struct speak){.purpose = "unmuted"});
}

void takeover_say(struct live *live, struct slice audio)
{
    if (live->takeover.state == TAKEOVER_ON)
        jitter_put_base64(&live->takeover.voice, audio);
}

/* As much of the supervisor's voice as the caller's frame is long. */
static void send_voice(struct live *live, size_t count)
{
    unsigned char ulaw[LONGEST_FRAME];
    char text[(LONGEST_FRAME + 2) / 3 * 4];
    struct slice audio = {text, 0};

    if (count > sizeof ulaw || !jitter_take(&live->takeover.voice, ulaw, count))
        return;
    audio.length = audio_encode(ulaw, count, text);
    if (!live->line->audio(live, audio))
        return;
    if (live->recorder)
        recorder_agent(live->recorder, audio);
    monitor_audio(live, "supervisor", audio);
}

bool takeover_from_caller(struct live *live, struct slice audio)
{
    if (!takeover_is_on(live))
        return false;
    live_heard(live, true);
    if (live->takeover.state == TAKEOVER_ON)
        send_voice(live, audio_bytes(audio.at, audio.length));
    return true;
}

void takeover_tick(struct live *live)
{
    if (live->takeover.state == TAKEOVER_ORDERED && sockets_now_us() > live->takeover.deadline_us)
        takeover_resume(live);
}
