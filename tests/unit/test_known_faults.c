/*
 * What users of other bridges between phones and speech models complain about, each by its name.
 *
 * Complaints that other suites answer:
 *   the assistant cannot be interrupted        realtime/who_interrupts_hears_silence_first
 *   interrupting after generation does nothing realtime/after_generation_ended_an_interruption_…
 *   greeting missing, or the wrong one first   opening/…
 *   static, echo and coughs interrupt          interruption/…, and noise is reduced unless told
 *                                              not to
 *   speech_stopped never comes                 interruption/of_a_line_that_falls_silent_…,
 *                                              interruption/whose_end_is_never_told_…
 *   poor recognition of keywords               settings/…: language and prompt reach the session
 *   transcripts out of order or missing        transcript/…
 *   the silence timer fires during speech      pace/silence_counts_from_when_the_agent_was_heard
 *   samples still on beta names                realtime/the_beta_names_are_understood_too
 *   parameters vanish from the stream's URL,   media/…, sockets/…: the token stands in the path or
 *   and sockets are open to the world          in a parameter, is checked before a session is made,
 *                                              and messages are bounded
 *   a frozen or lost model                     realtime/one_that_falls_silent_is_given_up
 *   the call dies at 60 minutes                a session that nears its end is rolled over
 *   a dropped stream is a dropped call         the verbs behind <Connect> ask us again
 *
 * And those that cannot happen here:
 *   choppy words, "h-h-hello"       a delta goes to the carrier as it came, in one message: nothing
 *                                   is cut into small frames, padded or delayed
 *   timer drift of a 20 ms pacer    there is no pacer; the carrier has all the audio and plays it
 *   latency that grows with a call  frames of 20 ms are passed on in the turn in which they come,
 *                                   and what cannot be sent is dropped oldest first
 *   a status callback replaces the  the only update of a live call is a transfer or its end, which
 *   running stream                  the session itself asks for; callbacks write rows
 *   state of the last call is left  all state is in the session, freed with its last hold
 *   first events lost               a socket has its role before its first byte is read
 *   audio before the stream is      a model is connected only after the start frame was claimed
 *   known
 *   a proxy cuts an idle stream     every socket is pinged
 *   keys come twice or in-band      each event is one key; there is no other way in
 *   self-interruption by our track  what is marked as outbound is not heard
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/bridge.h"
#include "stream/media.h"
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

TestSuite(known_faults, .init = begin, .fini = end);

static void from_carrier(const char *given)
{
    const char *text = expand(&arena, given);

    cr_expect(media_take(live, text, strlen(text)));
}

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live->last_media_us = sockets_now_us();
    live_tick();
}

#define DELTA(response, item, audio)                                                               \
    "{'type':'response.output_audio.delta','response_id':'" response "','item_id':'" item          \
    "','content_index':0,'delta':'" audio "'}"
#define BEGINS(response) "{'type':'response.created','response':{'id':'" response "'}}"
#define DONE(response)                                                                             \
    "{'type':'response.done','response':{'id':'" response "','status':'completed'}}"
#define SPEECH "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}"

/* ---- interruptions ---- */

Test(known_faults, truncated_at_a_position_that_the_item_does_not_have)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#4000#"));
    model_sends(live, DELTA("r1", "i2", "#8000#"));
    later(700);
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&model, "\"item_id\":\"i2\",\"content_index\":0,\"audio_end_ms\":200"),
                 1, "counted from its own beginning: %s", kept_last(&model));
    cr_expect_eq(kept_with(&model, "\"item_id\":\"i1\""), 0, "what was heard whole stays so");
}

Test(known_faults, truncated_behind_the_audio_that_was_sent)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#4000#"));
    later(5000);
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&model, "\"audio_end_ms\":500"), 1);
}

Test(known_faults, truncated_although_nothing_was_heard_or_said_in_sound)
{
    model_sends(live, BEGINS("r1"));
    model_sends(
        live,
        "{'type':'response.output_text.delta','response_id':'r1','item_id':'i1','delta':'Hi'}");
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&model, "truncate"), 0);
}

Test(known_faults, marks_that_a_clear_brings_back_count_as_played)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#8000#"));
    model_sends(live, SPEECH);
    model_sends(live, DONE("r1"));
    model_sends(live, BEGINS("r2"));
    model_sends(live, DELTA("r2", "i2", "#8000#"));
    from_carrier("{'event':'mark','mark':{'name':'g0.0'}}");
    cr_expect_not(playback_is_idle(&live->playback), "that was of the audio before");
    from_carrier("{'event':'mark','mark':{'name':'g1.7 or so'}}");
    from_carrier("{'event':'mark','mark':{'name':''}}");
    cr_expect_not(playback_is_idle(&live->playback));
}

Test(known_faults, a_mark_without_a_name)
{
    model_sends(live, BEGINS("r1"));
    for (int i = 0; i < 8; i++)
        model_sends(live, DELTA("r1", "i1", "#4000#"));
    model_sends(live, "{'type':'response.output_audio.done','response_id':'r1','item_id':'i1'}");
    cr_expect_gt(kept_with(&carrier, "\"event\":\"mark\""), 4);
    cr_expect_eq(kept_with(&carrier, "\"event\":\"mark\""), kept_with(&carrier, "\"name\":\"g0."));
}

Test(known_faults, old_audio_of_a_response_that_began_after_the_interruption)
{
    mind_speak(live, &(struct speak){.purpose = "tool"});
    model_sends(live, SPEECH);
    model_sends(live, arena_format(&arena,
                                   "{'type':'response.created','response':{'id':'r1','metadata':{"
                                   "'client_event_id':'%s'}}}",
                                   live->responses.event));
    cr_expect_eq(kept_with(&model, "response.cancel"), 1);
    model_sends(live, DELTA("r1", "i1", "#8000#"));
    cr_expect_eq(kept_with(&carrier, "media"), 0);
}

Test(known_faults, noise_flushes_a_greeting_that_nobody_hears_yet)
{
    model_sends(live, SPEECH);
    cr_expect_eq(carrier.count, 0, "there is nothing to clear");
}

/* ---- responses ---- */

Test(known_faults, an_error_of_no_weight_kills_the_call)
{
    static const char *const codes[] = {
        "response_cancel_not_active", "invalid_value",     "input_audio_buffer_commit_empty",
        "cannot_update_voice",        "unknown_parameter", "server_error",
        "rate_limit_exceeded"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        model_sends(live,
                    arena_format(&arena,
                                 "{'type':'error','error':{'type':'t','code':'%s','event_id':'x'}}",
                                 codes[i]));
    model_sends(live, "{'type':'error','error':{'type':null,'code':null,'param':null}}");
    model_sends(live, "{'type':'error'}");
    cr_expect_eq(live->state, LIVE_READY);
}

Test(known_faults, a_fatal_error_is_tried_again_for_ever)
{
    model_sends(live, "{'type':'error','error':{'type':'t','code':'insufficient_quota'}}");
    cr_expect_neq(live->state, LIVE_CONNECTING);
}

Test(known_faults, two_answers_to_one_question)
{
    model_sends(live, BEGINS("r1"));
    mind_speak(live, &(struct speak){.purpose = "tool"});
    mind_speak(live, &(struct speak){.purpose = "tool"});
    cr_expect_eq(kept_with(&model, "response.create"), 0, "one runs");
    model_sends(live, DONE("r1"));
    cr_expect_eq(kept_with(&model, "response.create"), 1, "both in one");
}

Test(known_faults, an_answer_of_our_own_beside_the_models)
{
    model_sends(live, BEGINS("r1"));
    mind_speak(live, &(struct speak){.purpose = "tool"});
    model_sends(live, "{'type':'input_audio_buffer.committed','item_id':'u1'}");
    model_sends(live, DONE("r1"));
    cr_expect_eq(kept_with(&model, "response.create"), 0, "the model answers the turn by itself");
}

Test(known_faults, a_request_that_crossed_the_models_own_is_lost)
{
    mind_speak(live, &(struct speak){.purpose = "tool"});
    model_sends(
        live,
        arena_format(&arena,
                     "{'type':'error','error':{'code':'conversation_already_has_active_response',"
                     "'event_id':'%s'}}",
                     live->responses.event));
    model_sends(live, DONE("r1"));
    cr_expect_eq(kept_with(&model, "\"purpose\":\"tool\""), 2);
}

Test(known_faults, a_tool_runs_with_half_of_its_arguments)
{
    model_sends(live,
                "{'type':'response.function_call_arguments.done','call_id':'c1','name':'end_call',"
                "'arguments':'{'}");
    model_sends(
        live,
        "{'type':'response.output_item.done','item':{'type':'function_call','status':'incomplete',"
        "'name':'end_call','call_id':'c1','arguments':'{'}}");
    cr_expect_eq(live->state, LIVE_READY);
    cr_expect_eq(kept_with(&model, "function_call_output"), 0);
}

Test(known_faults, a_response_that_fails_leaves_the_caller_in_silence)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live,
                "{'type':'response.done','response':{'id':'r1','status':'failed','status_details':{"
                "'type':'failed','error':{'code':'server_error'}}}}");
    later(1600);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"retry\""), 1);
}

/* ---- the session ---- */

Test(known_faults, nothing_answers_when_tools_are_set)
{
    realtime_configure(live);
    cr_expect_eq(kept_with(&model, "\"tools\":[]"), 0);
    cr_expect_eq(kept_with(&model, "\"tools\":[{\"type\":\"function\",\"name\":"), 1, "%s",
                 kept_last(&model));
}

Test(known_faults, static_after_the_session_was_changed)
{
    for (int i = 0; i < 2; i++)
        realtime_configure(live);
    cr_expect_eq(kept_with(&model, "\"input\":{\"format\":{\"type\":\"audio/pcmu\"}"), 2);
    cr_expect_eq(kept_with(&model, "\"output\":{\"format\":{\"type\":\"audio/pcmu\"}"), 2);
    live->state = LIVE_CONFIGURING;
    live->connects = 2;
    model_sends(live,
                "{'type':'session.updated','session':{'audio':{'output':{'format':{'type':'audio/"
                "pcm'}}}}}");
    cr_expect_neq(live->state, LIVE_READY, "noise is not passed on");
}

Test(known_faults, text_instead_of_speech_after_a_replay)
{
    realtime_configure(live);
    cr_expect_eq(kept_with(&model, "\"output_modalities\":[\"audio\"]"), 1);
}

#define FRAME "{'event':'media','media':{'track':'inbound','timestamp':'20','payload':'#160#'}}"

Test(known_faults, the_callers_first_words_are_lost)
{
    live->state = LIVE_CONFIGURING;
    for (int i = 0; i < 100; i++)
        from_carrier(FRAME);
    cr_expect_eq(model.count, 0, "before its format is set the model would hear noise");
    live_ready(live);
    cr_expect_eq(kept_with(&model, "append"), 100);
}

Test(known_faults, the_goodbye_is_cut_off)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#16000#"));
    model_sends(live, "{'type':'response.output_audio.done','response_id':'r1','item_id':'i1'}");
    model_sends(live, DONE("r1"));
    live_drain(live);
    later(1900);
    cr_expect_eq(live->state, LIVE_DRAINING);
    from_carrier("{'event':'mark','mark':{'name':'g0.1'}}");
    later(100);
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(known_faults, a_goodbye_whose_mark_is_lost_keeps_the_call_open)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#16000#"));
    model_sends(live, DONE("r1"));
    live_drain(live);
    later(12100);
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(known_faults, the_model_talks_on_after_the_caller_hung_up)
{
    from_carrier("{'event':'stop','stop':{'callSid':'CA1'}}");
    cr_expect_eq(model.closed, 1000);
    cr_expect_eq(live->state, LIVE_CLOSING);
    model_sends(live, DELTA("r1", "i1", "#8000#"));
    cr_expect_eq(carrier.count, 0);
}

Test(known_faults, a_stream_that_is_gone_without_a_word_is_a_zombie)
{
    clock_advance_ms(31000);
    sockets_send();
    live_tick();
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_eq(model.closed, 1000);
}

Test(known_faults, what_we_said_ourselves_is_heard_as_the_caller)
{
    from_carrier("{'event':'media','media':{'track':'outbound','timestamp':'20','payload':"
                 "'#160#'}}");
    cr_expect_eq(model.count, 0);
}

Test(known_faults, a_mark_or_key_or_frame_out_of_order_ends_the_call)
{
    from_carrier("{'event':'mark','mark':{'name':'g9.9'}}");
    from_carrier("{'event':'dtmf','dtmf':{'digit':'xy'}}");
    from_carrier("{'event':'connected','protocol':'Call'}");
    from_carrier(FRAME);
    cr_expect_eq(live->state, LIVE_READY);
}
