#include "stream/voicemail.h"

#include <string.h>

#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/mind.h"
#include "stream/socket.h"

enum {
    QUIET_US = 1500 * 1000,     /* behind its beep a machine says nothing */
    LONGEST_US = 45 * 1000000,  /* so long a machine is listened to */
    MESSAGE_US = 180 * 1000000, /* the longest message, said slowly */
};

bool voicemail_is_on(const struct live *live)
{
    return live->voicemail.state != VOICEMAIL_NONE;
}

static void leave_message(struct live *live)
{
    live->voicemail.state = VOICEMAIL_LEAVING;
    mind_insist(live, "voicemail", live->settings.voicemail_message);
    live_drain(live);
    live->hang_up_us = sockets_now_us() + MESSAGE_US;
    fact_event(&live->subject, "voicemail.message", "info", "media", NULL);
}

/* The model listens no more: a machine's words are nobody's turn. */
static void stop_talking(struct live *live)
{
    live->voicemail.state = VOICEMAIL_WAITING;
    live->voicemail.since_us = live->voicemail.voice_us = sockets_now_us();
    live->responses.caller_speaks = false;
    responses_forget_waiting(&live->responses);
    live->retry_us = 0;
    bridge_interrupt(live);
    live->settings.turn_detection = "null";
    if (live->mind && live->mind->configure)
        live->mind->configure(live);
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

void voicemail_verdict(struct live *live, const char *answered_by)
{
    bool is_machine = starts_with(answered_by, "machine_");

    if (live->state < LIVE_READY) {
        live->voicemail.verdict = arena_text(&live->work.arena, answered_by);
        return;
    }
    if (strcmp(answered_by, "fax") == 0 || (is_machine && !live->settings.voicemail_message)) {
        live_finish(live, "completed", "agent_end");
        return;
    }
    if (!is_machine || live->voicemail.state == VOICEMAIL_LEAVING)
        return;
    if (live->voicemail.state == VOICEMAIL_NONE)
        stop_talking(live);
    if (starts_with(answered_by, "machine_end_"))
        leave_message(live);
}

void voicemail_hear(struct live *live, struct slice audio)
{
    if (audio_is_voice(audio.at, audio.length))
        live->voicemail.voice_us = sockets_now_us();
}

void voicemail_tick(struct live *live)
{
    const struct voicemail *voicemail = &live->voicemail;
    int64_t now_us = sockets_now_us();

    if (voicemail->state == VOICEMAIL_WAITING &&
        (now_us - voicemail->voice_us > QUIET_US || now_us - voicemail->since_us > LONGEST_US))
        leave_message(live);
}
