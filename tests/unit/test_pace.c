/* What becomes due by time in a conversation, how it opens, and what machines are told. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/mind.h"
#include "stream/realtime.h"
#include "stream/socket.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
    facts_kept[0] = '\0';
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(pace, .init = begin, .fini = end);
TestSuite(voicemail, .init = begin, .fini = end);
TestSuite(opening, .init = begin, .fini = end);

/* A tenth of a second after the other, as the loop does; the line sends all the while. */
static void later(int ms)
{
    for (int at = 0; at < ms; at += 100) {
        clock_advance_ms(100);
        sockets_send();
        live->last_media_us = sockets_now_us();
        live_tick();
    }
}

static void line(bool is_voice, int ms)
{
    unsigned char samples[AUDIO_FRAME_BYTES];
    char base64[AUDIO_FRAME_BASE64];

    memset(samples, is_voice ? 0x1f : AUDIO_SILENCE, sizeof samples);
    for (int at = 0; at < ms; at += 100) {
        bridge_from_caller(
            live, (struct slice){base64, audio_encode(samples, sizeof samples, base64)}, -1);
        later(100);
    }
}

/* The response that was asked for last is given, and heard. */
static void answer(const char *id)
{
    model_sends(live,
                arena_format(&arena, "{'type':'response.created','response':{'id':'%s'}}", id));
    model_sends(
        live,
        arena_format(&arena,
                     "{'type':'response.output_audio.delta','response_id':'%s','item_id':'i%s',"
                     "'content_index':0,'delta':'#8000#'}",
                     id, id));
    model_sends(live,
                arena_format(&arena, "{'type':'response.output_audio.done','item_id':'i%s'}", id));
    model_sends(live,
                arena_format(&arena,
                             "{'type':'response.done','response':{'id':'%s','status':'completed'}}",
                             id));
}

static void heard(void)
{
    char name[MARK_SIZE];

    later(1000);
    snprintf(name, sizeof name, "g%u.%u", live->playback.generation, live->playback.next_mark - 1);
    playback_heard(&live->playback, name, sockets_now_us());
    cr_expect(playback_is_idle(&live->playback));
}

/* ---- keys ---- */

Test(pace, keys_are_told_when_no_other_follows)
{
    cr_expect(pace_key(live, '4'));
    later(1000);
    pace_key(live, '2');
    later(2400);
    cr_expect_eq(kept_with(&model, "keypad"), 0);
    later(300);
    cr_expect_eq(kept_with(&model, "typed on the keypad: 42"), 1);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"keys\""), 1);
}

Test(pace, keys_are_told_at_once_after_a_hash)
{
    pace_key(live, '1');
    pace_key(live, '#');
    later(100);
    cr_expect_eq(kept_with(&model, "typed on the keypad: 1#"), 1);
}

Test(pace, a_key_silences_the_agent)
{
    mind_speak(live, &(struct speak){.purpose = "answer"});
    answer("r1");
    pace_key(live, '1');
    cr_expect_eq(kept_with(&carrier, "clear"), 1);
}

Test(pace, a_key_does_not_silence_an_agent_that_is_not_to_be_interrupted)
{
    live->settings.interruption.decides = true;
    live->settings.interruption.is_enabled = false;
    mind_speak(live, &(struct speak){.purpose = "answer"});
    answer("r1");
    cr_expect(pace_key(live, '1'));
    cr_expect_eq(kept_with(&carrier, "clear"), 0);
}

Test(pace, keys_are_not_taken_where_the_agent_wants_none)
{
    live->settings.takes_keys = false;
    cr_expect_not(pace_key(live, '1'));
    later(3000);
    cr_expect_eq(kept_with(&model, "keypad"), 0);
}

/* ---- the end ---- */

Test(pace, silence_counts_from_when_the_agent_was_heard)
{
    live->settings.silence_seconds = 5;
    live->active_us = sockets_now_us();
    mind_speak(live, &(struct speak){.purpose = "answer"});
    answer("r1");
    later(6000);
    cr_expect_eq(kept_with(&model, "still there"), 0, "no mark has come back yet");
    heard();
    later(4800);
    cr_expect_eq(kept_with(&model, "still there"), 0);
    later(500);
    cr_expect_eq(kept_with(&model, "still there"), 1);
}

Test(pace, the_end_of_a_long_call_is_announced_a_minute_before)
{
    live->settings.call_limit_seconds = 300;
    later(239500);
    cr_expect_eq(kept_with(&model, "has to end in about one minute"), 0);
    later(1000);
    cr_expect_eq(kept_with(&model, "has to end in about one minute"), 1);
    answer("r1");
    heard();
    later(57000);
    cr_expect_eq(live->state, LIVE_READY);
    later(2000);
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"max_duration\""));
    cr_expect_eq(kept_with(&model, "has to end"), 1, "once");
}

Test(pace, the_end_of_a_short_call_is_announced_in_time)
{
    live->settings.call_limit_seconds = 40;
    later(29800);
    cr_expect_eq(kept_with(&model, "has to end"), 0);
    later(300);
    cr_expect_eq(kept_with(&model, "has to end in about 10 seconds"), 1);
}

Test(pace, the_announcement_waits_for_the_end_of_a_sentence)
{
    live->settings.call_limit_seconds = 300;
    later(239000);
    mind_speak(live, &(struct speak){.purpose = "answer"});
    answer("r1");
    later(5000);
    cr_expect_eq(kept_with(&model, "has to end"), 0);
    heard();
    later(100);
    cr_expect_eq(kept_with(&model, "has to end"), 1);
}

Test(pace, the_announcement_is_not_lost_to_a_caller_who_speaks_just_then)
{
    live->settings.call_limit_seconds = 300;
    later(200000);
    model_sends(live,
                "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    later(91000);
    model_sends(live,
                "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}");
    model_sends(live, "{'type':'input_audio_buffer.committed','item_id':'u1'}");
    cr_expect_eq(kept_with(&model, "has to end"), 0, "the caller's turn comes first");
    model_sends(live, "{'type':'response.created','response':{'id':'r1'}}");
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_expect_eq(kept_with(&model, "has to end in about 10 seconds"), 1);
}

Test(pace, a_goodbye_ends_the_call_when_it_was_answered)
{
    static const char *phrases[] = {"good bye", "auf wiederhören"};

    live->settings.end_phrases = phrases;
    live->settings.nend_phrases = 2;
    model_sends(live,
                "{'type':'conversation.item.input_audio_transcription.completed','item_id':'u1',"
                "'transcript':'Thanks, good bye!'}");
    answer("r1");
    later(3000);
    cr_expect_eq(live->state, LIVE_READY, "the answer is not heard yet");
    heard();
    later(200);
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"agent_end\""));
}

/* ---- how it opens ---- */

Test(opening, the_agent_speaks_first)
{
    live->state = LIVE_CONFIGURING;
    live_ready(live);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"greeting\""), 1);
}

Test(opening, the_agent_waits_where_the_caller_speaks_first)
{
    live->settings.is_caller_first = true;
    live->state = LIVE_CONFIGURING;
    live_ready(live);
    later(1000);
    cr_expect_eq(kept_with(&model, "response.create"), 0);
}

Test(opening, a_call_that_was_interrupted_is_taken_up_by_the_agent)
{
    live->settings.is_caller_first = live->is_resumed = true;
    live->state = LIVE_CONFIGURING;
    live_ready(live);
    cr_expect_eq(kept_with(&model, "connection was interrupted"), 1);
}

Test(opening, a_turns_latency_is_measured_from_the_callers_last_word)
{
    model_sends(live,
                "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    model_sends(live,
                "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}");
    model_sends(live, "{'type':'input_audio_buffer.committed','item_id':'u1'}");
    clock_advance_ms(200);
    sockets_send();
    model_sends(live, "{'type':'response.created','response':{'id':'r1'}}");
    model_sends(live,
                "{'type':'response.output_audio_transcript.delta','item_id':'i1','delta':'Hi'}");
    clock_advance_ms(150);
    sockets_send();
    model_sends(live, "{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
                      "'content_index':0,'delta':'#8000#'}");
    cr_expect_not_null(strstr(facts_kept, "\"first_token_ms\":200"), "%s", facts_kept);
    cr_expect_not_null(strstr(facts_kept, "\"first_audio_ms\":350,\"first_sent_ms\":350"));
}

/* ---- machines ---- */

Test(voicemail, a_human_changes_nothing)
{
    live->settings.voicemail_message = "Please call us back.";
    voicemail_verdict(live, "human");
    voicemail_verdict(live, "unknown");
    cr_expect_not(voicemail_is_on(live));
    cr_expect_eq(model.count, 0);
}

Test(voicemail, behind_the_beep_the_message_is_left_to_its_end)
{
    live->settings.voicemail_message = "Please call us back.";
    voicemail_verdict(live, "machine_end_beep");
    cr_expect_eq(kept_with(&model, "Say exactly: Please call us back."), 1);
    cr_expect_eq(kept_with(&model, "\"turn_detection\":null"), 1);
    model_sends(live, "{'type':'response.created','response':{'id':'r1'}}");
    for (int i = 0; i < 40; i++)
        model_sends(live, "{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
                          "'content_index':0,'delta':'#8000#'}");
    model_sends(live, "{'type':'response.output_audio.done','item_id':'i1'}");
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    later(20000);
    cr_expect_eq(live->state, LIVE_DRAINING, "a message may be longer than any last sentence");
    model_sends(live,
                "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    cr_expect_eq(kept_with(&carrier, "clear"), 0, "nothing that the machine says interrupts it");
    later(20000);
    heard();
    later(100);
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_not_null(strstr(facts_kept, "voicemail.message"));
}

Test(voicemail, a_machine_that_still_speaks_is_heard_out)
{
    live->settings.voicemail_message = "Please call us back.";
    mind_speak(live, &(struct speak){.purpose = "greeting"});
    answer("r1");
    voicemail_verdict(live, "machine_start");
    cr_expect_eq(kept_with(&carrier, "clear"), 1, "the agent falls silent");
    kept_forget(&model);
    line(true, 6000);
    cr_expect_eq(kept_with(&model, "append"), 0, "nobody listens");
    line(false, 1300);
    cr_expect_eq(kept_with(&model, "Please call us back."), 0);
    line(false, 500);
    cr_expect_eq(kept_with(&model, "Please call us back."), 1);
    voicemail_verdict(live, "machine_end_beep");
    cr_expect_eq(kept_with(&model, "Please call us back."), 1, "once");
}

Test(voicemail, an_answer_to_the_machine_is_cancelled)
{
    live->settings.voicemail_message = "Please call us back.";
    voicemail_verdict(live, "machine_start");
    model_sends(live, "{'type':'response.created','response':{'id':'r9'}}");
    cr_expect_eq(kept_with(&model, "response.cancel"), 1);
    model_sends(live, "{'type':'response.output_audio.delta','response_id':'r9','item_id':'i9',"
                      "'content_index':0,'delta':'#8000#'}");
    cr_expect_eq(kept_with(&carrier, "media"), 0);
}

Test(voicemail, without_a_message_the_call_is_over)
{
    voicemail_verdict(live, "machine_start");
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(voicemail, a_fax_is_left_alone)
{
    live->settings.voicemail_message = "Please call us back.";
    voicemail_verdict(live, "fax");
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(voicemail, a_verdict_that_comes_before_the_model_waits_for_it)
{
    live->settings.voicemail_message = "Please call us back.";
    live->state = LIVE_CONFIGURING;
    voicemail_verdict(live, "machine_end_beep");
    live_ready(live);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"greeting\""), 0);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"voicemail\""), 1);
}
