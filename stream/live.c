#include "stream/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "domain/turns.h"
#include "stream/bridge.h"
#include "stream/call_log.h"
#include "stream/chat.h"
#include "stream/claims.h"
#include "stream/comeback.h"
#include "stream/last_words.h"
#include "stream/media.h"
#include "stream/mind.h"
#include "stream/model.h"
#include "stream/monitor.h"
#include "stream/realtime_link.h"
#include "stream/recorder.h"
#include "stream/recording_pause.h"
#include "stream/relay.h"
#include "stream/response_end.h"
#include "stream/tools.h"

enum {
    START_US = 5 * 1000000,   /* from the upgrade to the start frame */
    CLAIM_US = 10 * 1000000,  /* for the database to answer */
    STORE_US = 3 * 1000000,   /* so long the end is waited for to be written down */
    DRAIN_US = 12 * 1000000,  /* the longest last sentence */
    SILENT_US = 30 * 1000000, /* without a frame of the caller's the line is dead */
    STEADY_US = 60 * 1000000, /* a connection that held so long may be repaired again */
    TOLD_TURNS = 30,
};

static struct {
    struct live *first;
    size_t count;
} calls;

struct live *live_new(const struct config *config, const char *ip)
{
    struct live *live = calloc(1, sizeof *live);

    if (!live)
        abort();
    uid_write_uuid(uid_new(), live->id);
    live->work = (struct work){.id = live->id, .config = config};
    live->transcript.arena = &live->work.arena;
    live->holds = 1;
    live->opened_us = sockets_now_us();
    live->deadline_us = live->opened_us + START_US;
    snprintf(live->ip, sizeof live->ip, "%s", ip);
    live->log = call_log_begin(ip);
    live->next = calls.first;
    calls.first = live;
    calls.count++;
    return live;
}

void live_hold(struct live *live)
{
    live->holds++;
}

void live_release(struct live *live)
{
    struct live **at = &calls.first;

    if (--live->holds > 0)
        return;
    while (*at && *at != live)
        at = &(*at)->next;
    if (*at) {
        *at = live->next;
        calls.count--;
    }
    call_log_end(live->log, live->call_sid);
    queue_free(&live->early);
    unplayed_free(&live->interruption.unplayed);
    arena_free(&live->scratch);
    explicit_bzero(live->token, sizeof live->token);
    toolbox_release(live->toolbox);
    work_end(&live->work);
    free(live);
}

size_t live_count(void)
{
    return calls.count;
}

size_t live_pending(const char *ip)
{
    size_t count = 0;

    for (const struct live *live = calls.first; live; live = live->next)
        count += live->is_pending && live->state == LIVE_OPEN && (!ip || strcmp(live->ip, ip) == 0);
    return count;
}

struct live *live_find(uid id)
{
    struct live *live = calls.first;

    while (live && (live->state < LIVE_CONNECTING || live->state >= LIVE_CLOSING ||
                    !uid_equal(live->subject.session, id)))
        live = live->next;
    return live;
}

int64_t live_elapsed_ms(const struct live *live)
{
    return (sockets_now_us() - live->started_us) / 1000;
}

/* ---- beginning ---- */

/* Ends a session of which nothing needs to be written down. */
static void dismiss(struct live *live, unsigned code, const char *reason)
{
    live->state = LIVE_OVER;
    if (live->carrier)
        live->carrier->close(live->carrier, code, reason);
}

void live_start(struct live *live)
{
    live->state = LIVE_CLAIMING;
    live->deadline_us = sockets_now_us() + CLAIM_US;
    if (!live->token[0])
        dismiss(live, 1008, "no token");
    else if (!claim_ask(live))
        dismiss(live, 1011, "try again later");
}

void live_refused(struct live *live, const struct error *error)
{
    bool is_ours = error->what == BUSY || error->what == INTERNAL;

    call_log_refused(live->log, error);
    log_warning(&live->work, "session.refused", "code=%s", failure_code(error->what));
    if (live->state == LIVE_CLAIMING)
        dismiss(live, is_ours ? 1011 : 1008, is_ours ? "try again later" : "token refused");
}

static enum speaker speaker_of(const char *role)
{
    return role && strcmp(role, "assistant") == 0 ? SPEAKER_ASSISTANT : SPEAKER_USER;
}

/* The last turns of the session that this one continues. */
static void keep_history(struct live *live, const struct claimed *claimed)
{
    struct arena *arena = &live->work.arena;
    size_t first = claimed->nhistory > TOLD_TURNS ? claimed->nhistory - TOLD_TURNS : 0;

    live->is_resumed = !uid_is_none(claimed->session->resume_of);
    comeback_read(live, claimed->session);
    live->history = arena_new(arena, struct said, claimed->nhistory - first);
    for (size_t i = first; i < claimed->nhistory; i++) {
        const struct turn *turn = &claimed->history[i];

        if (turn->text && *turn->text)
            live->history[live->nhistory++] =
                (struct said){speaker_of(turn->role), arena_text(arena, turn->text)};
    }
}

/* The socket may be gone meanwhile: then the claim's trace ends with the session. */
void live_claimed(struct live *live, const struct claimed *claimed)
{
    call_log_claimed(live->log, claimed);
    live->subject = (struct subject){
        .tenant = claimed->session->tenant_id,
        .call = claimed->call->id,
        .session = claimed->session->id,
        .redacts = claimed->redacts,
    };
    memcpy(live->subject.call_sid, live->call_sid, sizeof live->call_sid);
    memcpy(live->subject.stream_sid, live->stream_sid, sizeof live->stream_sid);
    live->work.tenant = live->subject.tenant;
    uid_write_uuid(live->subject.session, live->id);
    settings_read(&live->work, claimed->version, claimed->session, claimed->call,
                  claimed->tenant_records, &live->settings);
    tools_open(live, claimed->version, claimed->call, claimed->tools, claimed->ntools);
    keep_history(live, claimed);
    if (claimed->call->answered_by)
        live->voicemail.verdict = arena_text(&live->work.arena, claimed->call->answered_by);
    if (live->state != LIVE_CLAIMING) {
        live->state = LIVE_CONNECTING;
        if (live->was_stopped)
            live_finish(live, "completed", "caller_hangup");
        else
            live_lost(live);
        return;
    }
    log_info(&live->work, "session.claimed", "call=%s stream=%s", live->call_sid, live->stream_sid);
    if (live->is_resumed)
        fact_event(&live->subject, "session.resumed", "info", "media", NULL);
    if (live->settings.records && !live->relay)
        live->recorder = recorder_open(&live->subject);
    live->mind = live->relay ? chat_begin(live, claimed->version) : &realtime_mind;
    room_enter(live, claimed->room, claimed->call->leg_role);
    voice_out_begin(live, claimed->room ? NULL : claimed->voice);
    mind_connect(live);
}

/* ---- the conversation ---- */

static const char *greeting(struct live *live)
{
    struct arena *arena = &live->work.arena;
    const char *instructions = live->settings.instructions;

    if (live->is_resumed)
        return arena_format(arena, "%s\n\n%s", instructions, comeback_words(live));
    if (live->settings.greeting)
        return arena_format(arena, "%s\n\nThe call was just answered. Say exactly: %s",
                            instructions, live->settings.greeting);
    return arena_format(arena, "%s\n\nThe call was just answered. Greet the caller.", instructions);
}

/* Whether it is the caller who speaks first. */
static bool is_waited_for(const struct live *live)
{
    return live->settings.is_caller_first && !live->is_resumed;
}

void live_ready(struct live *live)
{
    bool is_first = !live->was_ready;

    live->state = LIVE_READY;
    live->was_ready = true;
    live->ready_us = live->active_us = sockets_now_us();
    live->segments++;
    live->responses.retries = 0;
    log_info(&live->work, "session.ready", "ms=%lld segment=%u", (long long)live_elapsed_ms(live),
             live->segments);
    if (is_first)
        fact_active(&live->subject);
    fact_event(&live->subject, is_first ? "model.connected" : "model.rolled", "info", "model",
               NULL);
    interruption_forget(live);
    model_tell_history(live);
    bridge_flush_early(live);
    if (is_first && room_ready(live))
        return;
    if (is_first && live->voicemail.verdict)
        voicemail_verdict(live, live->voicemail.verdict);
    if (is_first && live->state == LIVE_READY && !voicemail_is_on(live) && !is_waited_for(live))
        mind_speak(live, &(struct speak){.purpose = "greeting",
                                         .instructions = greeting(live),
                                         .words = live->is_resumed ? NULL : live->settings.greeting,
                                         .no_tools = true});
    else if (live->transcript.last && live->transcript.last->speaker == SPEAKER_USER) {
        response_drop_retry(live);
        mind_speak(live, &(struct speak){.purpose = "resume"});
    }
}

void live_write_turns(struct live *live)
{
    struct slot *slot;

    while ((slot = transcript_take(&live->transcript))) {
        fact_turn(&live->subject, slot);
        if (!slot->is_told)
            fact_said(&live->subject, slot);
        monitor_turn(live, slot);
        slot->is_told = true;
        checkpoint_turned(live, slot);
    }
    checkpoint_write(live);
}

/* ---- ending ---- */

void live_drain(struct live *live)
{
    live_drain_for(live, "agent_end");
}

void live_drain_for(struct live *live, const char *end_reason)
{
    if (live->state != LIVE_READY)
        return;
    live->state = LIVE_DRAINING;
    live->drain_reason = end_reason;
    live->hang_up_us = sockets_now_us() + DRAIN_US;
    fact_draining(&live->subject);
}

static void note_usage(struct live *live)
{
    const struct usage *usage = &live->usage;
    char payload[300];

    snprintf(payload, sizeof payload,
             "{\"responses\":%lld,\"text_in\":%lld,\"audio_in\":%lld,\"text_cached\":%lld,"
             "\"audio_cached\":%lld,\"text_out\":%lld,\"audio_out\":%lld}",
             (long long)usage->responses, (long long)usage->text_in, (long long)usage->audio_in,
             (long long)usage->text_cached, (long long)usage->audio_cached,
             (long long)usage->text_out, (long long)usage->audio_out);
    fact_event(&live->subject, "model.usage", "debug", "model", payload);
}

/* What nobody has heard to the end was interrupted by the end. */
static void cut_short(struct live *live)
{
    struct cut cuts[PLAYBACK_ITEMS];
    size_t count = playback_cut(&live->playback, sockets_now_us(), cuts);

    for (size_t i = 0; i < count; i++) {
        struct slot *slot = transcript_find(&live->transcript, cuts[i].item);

        if (slot && cuts[i].heard_ms < cuts[i].sent_ms)
            transcript_cut(slot, cuts[i].heard_ms, cuts[i].sent_ms);
    }
}

/* Everything that both ways of ending have in common: nobody is heard and nothing is done … */
static void fall_silent(struct live *live)
{
    live->ended_ms = live_elapsed_ms(live);
    tools_end(live);
    if (live->interruption.state == INTERRUPTION_HELD)
        bridge_interrupt(live);
    cut_short(live);
    unplayed_free(&live->interruption.unplayed);
    queue_free(&live->early);
    if (live->recorder)
        recorder_close(live->recorder);
    live->recorder = NULL;
    takeover_end(live);
}

/* … and then nothing is understood any more. */
static void let_go(struct live *live)
{
    transcript_expire(&live->transcript, sockets_now_us(), true);
    live_write_turns(live);
    note_usage(live);
    mind_close(live);
    voice_out_close(live);
    monitor_end(live);
    live->state = LIVE_CLOSING;
    live->deadline_us = sockets_now_us() + STORE_US;
}

static void conclude(struct live *live)
{
    let_go(live);
    log_info(&live->work, "session.ended", "result=%s reason=%s ms=%lld", live->result,
             live->end_reason, (long long)live->ended_ms);
    fact_end(&live->subject, live->result, live->end_reason, live->ended_ms, live->segments);
}

/* Another voice that still speaks would add words to the transcript that nobody hears. */
static void await_last_words(struct live *live)
{
    voice_out_stop(live);
    live->state = LIVE_CLOSING;
    last_words_begin(live);
}

static void end_waiting(struct live *live)
{
    conclude(live);
    last_words_end(live);
}

void live_finish(struct live *live, const char *result, const char *end_reason)
{
    bool was_talking;

    if (live->state >= LIVE_CLOSING)
        return;
    if (live->state < LIVE_CONNECTING) {
        dismiss(live, 1000, "");
        return;
    }
    was_talking = live->state == LIVE_READY || live->state == LIVE_DRAINING;
    live->result = result;
    live->end_reason = end_reason;
    room_leave(live, false);
    fall_silent(live);
    if (was_talking && live->was_stopped && last_words_await(live))
        await_last_words(live);
    else
        conclude(live);
}

void live_lost(struct live *live)
{
    if (live->state < LIVE_CONNECTING) {
        dismiss(live, 1001, "");
        return;
    }
    room_leave(live, true);
    fall_silent(live);
    let_go(live);
    log_warning(&live->work, "session.lost", "ms=%lld", (long long)live->ended_ms);
    fact_lost(&live->subject);
}

static void close_carrier(struct live *live)
{
    live->state = LIVE_OVER;
    if (live->carrier && live->line->leave)
        live->line->leave(live);
    if (live->carrier)
        live->carrier->close(live->carrier, live->is_left ? 1001 : 1000, "");
}

void live_end_is_stored(uid id)
{
    for (struct live *live = calls.first; live; live = live->next)
        if (live->state == LIVE_CLOSING && uid_equal(live->subject.session, id)) {
            call_log_add(live->log, 'e', "", 0);
            close_carrier(live);
        }
}

void live_lose_all(void)
{
    for (struct live *live = calls.first, *next; live; live = next) {
        next = live->next;
        if (live->last_words_us) {
            end_waiting(live);
        } else if (live->state < LIVE_CLOSING) {
            live->is_left = true;
            live_lost(live);
        }
    }
}

/* ---- time ---- */

void live_heard(struct live *live, bool by_caller)
{
    live->active_us = sockets_now_us();
    if (by_caller)
        live->pace.was_prompted = false;
}

/* The last word was heard, or nobody waits for it any longer. */
static void hang_up_when_heard(struct live *live)
{
    bool is_said =
        live->responses.phase == RESPONSE_NONE && !live->responses.is_waiting && !live->retry_us;
    bool is_heard = is_said && playback_is_idle(&live->playback) &&
                    live->interruption.state != INTERRUPTION_HELD &&
                    !transcript_is_waiting(&live->transcript) && tones_are_idle(live) &&
                    live->tools.running == 0;

    if (is_heard || sockets_now_us() > live->hang_up_us)
        live_finish(live, live->drain_result ? live->drain_result : "completed",
                    live->drain_result ? "transfer" : live->drain_reason);
}

static void tick_conversation(struct live *live)
{
    int64_t now_us = sockets_now_us();

    voice_out_tick(live);
    room_tick(live);
    tools_tick(live);
    interruption_tick(live);
    takeover_tick(live);
    clarification_tick(live);
    transcript_expire(&live->transcript, now_us, false);
    live_write_turns(live);
    if (live->retry_us && now_us > live->retry_us) {
        live->retry_us = 0;
        mind_speak(live, &live->again);
    }
    if (!live->retry_us && responses_is_left(&live->responses, now_us)) {
        struct speak waiting = live->responses.waiting;

        mind_speak(live, &waiting);
    }
    voicemail_tick(live);
    pace_tick(live);
    if (now_us - live->ready_us > STEADY_US)
        live->connects = 0;
    if (live->state >= LIVE_CLOSING)
        return;
    if (responses_is_overdue(&live->responses, now_us))
        model_lost(live, "silent");
    else if (live->state == LIVE_DRAINING)
        hang_up_when_heard(live);
    else if (now_us - live->last_media_us > SILENT_US)
        live_finish(live, "failed", "carrier_error");
}

static void tick(struct live *live)
{
    bool is_late = sockets_now_us() > live->deadline_us;

    call_log_add(live->log, 't', "", 0);
    if (live->relay)
        relay_tick(live);
    if (live->chat)
        chat_tick(live);
    model_tick(live);
    switch (live->state) {
    case LIVE_OPEN:
    case LIVE_CLAIMING:
        if (is_late)
            dismiss(live, 1008, "nothing came in time");
        break;
    case LIVE_CONNECTING:
    case LIVE_CONFIGURING:
        if (is_late)
            model_lost(live, "late");
        break;
    case LIVE_READY:
    case LIVE_DRAINING:
        tick_conversation(live);
        break;
    case LIVE_CLOSING:
        if (!live->last_words_us && is_late)
            close_carrier(live);
        else if (live->last_words_us &&
                 (!last_words_are_owed(live) || sockets_now_us() > live->last_words_us))
            end_waiting(live);
        break;
    case LIVE_OVER:
        break;
    }
    arena_reset(&live->scratch);
}

void live_tick(void)
{
    for (struct live *live = calls.first, *next; live; live = next) {
        next = live->next;
        live_hold(live);
        tick(live);
        live_release(live);
    }
}
