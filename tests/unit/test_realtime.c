#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/bridge.h"
#include "stream/media.h"
#include "stream/model.h"
#include "stream/realtime.h"
#include "stream/socket.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(realtime, .init = begin, .fini = end);

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live->last_media_us = sockets_now_us();
}

#define DELTA(response, item, audio)                                                               \
    "{'type':'response.output_audio.delta','response_id':'" response "','item_id':'" item          \
    "','content_index':0,'delta':'" audio "'}"
#define SPEECH "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}"
#define BEGINS(response) "{'type':'response.created','response':{'id':'" response "'}}"
#define ERROR(code, event)                                                                         \
    "{'type':'error','error':{'type':'t','code':" code ",'event_id':" event "}}"

Test(realtime, audio_passes_untouched_and_a_mark_follows)
{
    model_sends(live, DELTA("r1", "i1", "#400#"));
    cr_assert_eq(carrier.count, 2);
    cr_expect_str_eq(carrier.texts[0],
                     arena_format(&arena,
                                  "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{"
                                  "\"payload\":\"%s\"}}",
                                  expand(&arena, "#400#")));
    cr_expect_str_eq(carrier.texts[1],
                     "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"g0.0\"}}");
}

Test(realtime, the_beta_names_are_understood_too)
{
    model_sends(live,
                "{'type':'response.audio.delta','response_id':'r1','item_id':'i1','delta':'AAAA'}");
    cr_expect_eq(kept_with(&carrier, "media"), 1);
}

Test(realtime, audio_that_is_none_is_not_played)
{
    model_sends(live, DELTA("r1", "i1", "AA\\/A"));
    model_sends(live, DELTA("r1", "i1", ""));
    model_sends(live, "{'type':'response.output_audio.delta','delta':'AAAA'}");
    model_sends(
        live, "{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1','delta':7}");
    model_sends(live, "nonsense");
    model_sends(live, "{'type':'unheard.of'}");
    model_sends(live, "{'type':'response.done','response':NaN}");
    cr_expect_eq(carrier.count, 0);
    cr_expect_eq(live->state, LIVE_READY);
}

Test(realtime, who_interrupts_hears_silence_first)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#16000#"));
    later(700);
    kept_forget(&carrier);
    model_sends(live, SPEECH);
    cr_assert_eq(carrier.count, 1);
    cr_expect_str_eq(carrier.texts[0], "{\"event\":\"clear\",\"streamSid\":\"MZ1\"}");
    cr_expect_not_null(strstr(kept_last(&model), "\"audio_end_ms\":700"));
    model_sends(live, DELTA("r1", "i1", "#800#"));
    cr_expect_eq(carrier.count, 1, "what comes after it is stale");
    model_sends(live, BEGINS("r2"));
    model_sends(live, DELTA("r2", "i2", "#800#"));
    cr_expect_eq(kept_with(&carrier, "media"), 1, "the next answer is heard");
}

Test(realtime, after_generation_ended_an_interruption_cancels_nothing)
{
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#16000#"));
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    later(100);
    live->settings.model_interrupts = false;
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&carrier, "clear"), 1);
    cr_expect_eq(kept_with(&model, "truncate"), 1);
    cr_expect_eq(kept_with(&model, "response.cancel"), 0);
}

Test(realtime, a_model_that_does_not_stop_by_itself_is_told_to)
{
    live->settings.model_interrupts = false;
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#16000#"));
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&model, "\"response_id\":\"r1\""), 1);
    model_sends(live, SPEECH);
    cr_expect_eq(kept_with(&model, "response.cancel"), 1, "once");
}

Test(realtime, noise_while_nothing_is_played_interrupts_nothing)
{
    model_sends(live, SPEECH);
    cr_expect_eq(carrier.count + model.count, 0);
}

struct error_case {
    char text[120];
    bool is_fatal;
};

ParameterizedTestParameters(realtime, errors)
{
    static struct error_case cases[] = {
        {ERROR("'response_cancel_not_active'", "null"), false},
        {ERROR("'invalid_value'", "'cl_0005_trunc'"), false},
        {ERROR("'server_error'", "null"), false},
        {ERROR("null", "null"), false},
        {"{'type':'error'}", false},
        {"{'type':'error','error':'text'}", false},
        {ERROR("'invalid_api_key'", "null"), true},
        {ERROR("'insufficient_quota'", "null"), true},
        {ERROR("'model_not_found'", "null"), true},
        {ERROR("'beta_api_shape_disabled'", "null"), true},
    };

    return cr_make_param_array(struct error_case, cases, COUNT(cases));
}

ParameterizedTest(struct error_case *given, realtime, errors)
{
    model_sends(live, given->text);
    cr_expect_eq(live->state == LIVE_CLOSING, given->is_fatal, "%s", given->text);
    if (given->is_fatal)
        cr_expect_not_null(strstr(facts_kept, "\"reason\":\"model_error\""));
}

Test(realtime, a_failed_response_is_tried_again_and_not_for_ever)
{
    for (int i = 0; i < 4; i++) {
        model_sends(
            live,
            "{'type':'response.done','response':{'id':'r1','status':'failed','status_details':"
            "{'error':{'code':'server_error'}}}}");
        live_tick();
        later(1600);
        live_tick();
        if (i < 3)
            cr_expect_eq(kept_with(&model, "response.create"), (size_t)i + 1);
        live->responses.phase = RESPONSE_NONE;
    }
    cr_expect_neq(live->state, LIVE_READY, "then another connection is tried");
}

Test(realtime, a_setup_that_is_refused_or_in_another_format_is_given_up)
{
    live->state = LIVE_CONFIGURING;
    live->connects = 3;
    strcpy(live->setup_event, "cl_0001_session");
    model_sends(live, ERROR("'unknown_parameter'", "'cl_0001_session'"));
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(realtime, noise_instead_of_ulaw_is_not_played)
{
    live->state = LIVE_CONFIGURING;
    live->connects = 3;
    model_sends(live,
                "{'type':'session.updated','session':{'audio':{'output':{'format':{'type':'audio/"
                "pcm'}}}}}");
    cr_expect_eq(live->state, LIVE_CLOSING);
}

Test(realtime, a_configured_model_greets_with_the_whole_instructions)
{
    live->state = LIVE_CONFIGURING;
    live->settings.greeting = "Good day";
    model_sends(live,
                "{'type':'session.updated','session':{'audio':{'output':{'format':{'type':'audio/"
                "pcmu'}}}}}");
    cr_expect_eq(live->state, LIVE_READY);
    cr_expect_not_null(strstr(kept_last(&model), "Be brief."));
    cr_expect_not_null(strstr(kept_last(&model), "Say exactly: Good day"));
    cr_expect_not_null(strstr(facts_kept, "\"kind\":\"active\""));
}

Test(realtime, a_new_connection_learns_what_was_said)
{
    model_sends(
        live,
        "{'type':'conversation.item.added','item':{'id':'i1','type':'message','role':'assistant','"
        "content':[]}}");
    model_sends(
        live,
        "{'type':'response.output_audio_transcript.done','item_id':'i1','transcript':'Hello'}");
    model_sends(live, "{'type':'input_audio_buffer.committed','item_id':'u1'}");
    model_sends(live,
                "{'type':'conversation.item.input_audio_transcription.completed','item_id':'u1','"
                "transcript':'My name is Ann'}");
    live->state = LIVE_CONFIGURING;
    live->was_ready = true;
    model_sends(live, "{'type':'session.updated','session':{}}");
    cr_assert_eq(model.count, 3);
    cr_expect_not_null(strstr(model.texts[0], "\"output_text\",\"text\":\"Hello\""));
    cr_expect_not_null(strstr(model.texts[1], "\"input_text\",\"text\":\"My name is Ann\""));
    cr_expect_not_null(strstr(model.texts[2], "response.create"), "it owes an answer");
}

Test(realtime, while_it_is_away_the_line_is_not_dead)
{
    live->state = LIVE_CONNECTING;
    live->ladder.lost_us = sockets_now_us();
    live->deadline_us = sockets_now_us() + 10 * 1000000;
    later(1200);
    live_tick();
    cr_expect_eq(kept_with(&carrier, "\"media\""), 0, "a moment is nothing");
    later(600);
    live_tick();
    cr_expect_gt(kept_with(&carrier, "\"media\""), 5);
}

Test(realtime, one_that_falls_silent_is_given_up)
{
    live->connects = 3;
    model_sends(live, BEGINS("r1"));
    later(15500);
    live_tick();
    for (int i = 0; i < 2; i++) {
        later(1000);
        live_tick();
    }
    cr_expect_eq(live->state, LIVE_CLOSING);
}

#define CALL(name, arguments)                                                                      \
    "{'type':'response.output_item.done','item':{'type':'function_call','status':'completed',"     \
    "'name':'" name "','call_id':'c1','arguments':'" arguments "'}}"

Test(realtime, a_tool_runs_once_for_each_call)
{
    model_sends(live, CALL("end_call", "{}"));
    model_sends(live, CALL("end_call", "{}"));
    cr_expect_eq(kept_with(&model, "function_call_output"), 1);
    cr_expect_eq(live->state, LIVE_DRAINING);
}

Test(realtime, a_tool_that_does_not_exist_or_cannot_be_read_is_answered)
{
    model_sends(live, CALL("launch_rocket", "{}"));
    cr_expect_eq(kept_with(&model, "unknown tool"), 1);
    cr_expect_not_null(strstr(kept_last(&model), "response.create"));
    model_sends(
        live,
        "{'type':'response.output_item.done','item':{'type':'function_call','status':'completed',"
        "'name':'end_call','call_id':'c2','arguments':'{\\'reas'}}");
    cr_expect_eq(kept_with(&model, "no JSON object"), 1);
    cr_expect_eq(live->state, LIVE_READY);
}

#define STOPPED "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}"
#define COMMITTED "{'type':'input_audio_buffer.committed','item_id':'u1'}"

Test(realtime, a_tools_result_that_came_while_the_caller_spoke_is_answered_once)
{
    model_sends(live, SPEECH);
    model_sends(live, CALL("launch_rocket", "{}"));
    cr_expect_eq(kept_with(&model, "response.create"), 0, "he speaks");
    model_sends(live, STOPPED);
    model_sends(live, COMMITTED);
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#800#"));
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    later(3000);
    live_tick();
    cr_expect_eq(kept_with(&model, "response.create"), 0, "the model answers the turn by itself");
}

Test(realtime, a_tools_result_is_answered_when_the_turn_is_never_taken_in)
{
    model_sends(live, SPEECH);
    model_sends(live, CALL("launch_rocket", "{}"));
    model_sends(live, STOPPED);
    later(1000);
    live_tick();
    cr_expect_eq(kept_with(&model, "response.create"), 0, "it may come yet");
    later(1500);
    live_tick();
    cr_expect_eq(kept_with(&model, "response.create"), 1);
    model_sends(live, BEGINS("r1"));
    later(3000);
    live_tick();
    cr_expect_eq(kept_with(&model, "response.create"), 1, "once");
}

Test(realtime, an_interrupted_call_of_a_tool_is_not_run)
{
    model_sends(
        live,
        "{'type':'response.output_item.done','item':{'type':'function_call','status':'incomplete',"
        "'name':'end_call','call_id':'c1','arguments':'{'}}");
    cr_expect_eq(model.count, 0);
}

Test(realtime, a_silent_caller_is_asked_once_and_then_let_go)
{
    live->settings.silence_seconds = 5;
    live->active_us = sockets_now_us();
    later(5100);
    live_tick();
    cr_expect_eq(kept_with(&model, "still there"), 1);
    model_sends(live, BEGINS("r1"));
    live_tick();
    live->responses.has_come = true; /* and was heard */
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    later(4900);
    live_tick();
    cr_expect_eq(live->state, LIVE_READY);
    later(300);
    live_tick();
    cr_expect_eq(live->state, LIVE_DRAINING);
    cr_expect_eq(kept_with(&model, "Say a short goodbye"), 1);
    model_sends(live, BEGINS("r2"));
    live->responses.has_come = true; /* and was heard */
    model_sends(live, "{'type':'response.done','response':{'id':'r2','status':'completed'}}");
    live_tick();
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"silence\""));
}

Test(realtime, who_speaks_or_listens_is_not_silent)
{
    live->settings.silence_seconds = 5;
    model_sends(live, BEGINS("r1"));
    model_sends(live, DELTA("r1", "i1", "#64000#"));
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    later(7000);
    live_tick();
    cr_expect_eq(kept_with(&model, "still there"), 0, "the agent is still heard");
    model_sends(live,
                "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    later(6000);
    live_tick();
    cr_expect_eq(kept_with(&model, "still there"), 0, "the caller is");
}

Test(realtime, a_connection_that_held_for_a_minute_may_be_repaired_again)
{
    live->ready_us = sockets_now_us();
    live->connects = 3;
    later(61000);
    live_tick();
    cr_expect_eq(live->connects, 0);
}
