/*
 * What a session can be told while it is under way, by a call without sockets.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "outlets.h"
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/orders.h"
#include "stream/realtime.h"
#include "stream/socket.h"
#include "stream/takeover.h"

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
    takeover_end(live);
    kept_forget(&carrier);
    kept_forget(&model);
    arena_free(&arena);
}

TestSuite(orders, .init = begin, .fini = end);

static void caller_says(const char *audio)
{
    const char *text = expand(&arena, audio);

    bridge_from_caller(live, (struct slice){text, strlen(text)}, 20);
}

static void agent_says(const char *audio)
{
    const char *text = expand(&arena, audio);

    bridge_from_model(
        live, &(struct delta){.response = "r1", .item = "i1", .audio = {text, strlen(text)}});
}

Test(orders, a_whisper_reaches_the_agent_and_nobody_else)
{
    cr_expect_null(
        order_for_test(live, "whisper", "{'text':'Offer a discount','supervisor':'Ann'}"));
    cr_expect_eq(kept_with(&model, "Offer a discount"), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 0u, "the agent need not answer");
    cr_expect_eq(carrier.count, 0u);
    cr_expect(strstr(facts_kept, "supervisor.action"));
    cr_expect(strstr(facts_kept, "Ann"));
    cr_expect_null(strstr(facts_kept, "discount"), "what is whispered stands in no event");
}

Test(orders, what_the_supervisor_writes_is_said_by_the_agent)
{
    cr_expect_null(order_for_test(live, "say", "{'text':'We close at five.'}"));
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
    cr_expect_eq(kept_with(&model, "We close at five."), 1u);
}

Test(orders, what_the_supervisor_writes_cuts_off_what_the_agent_says)
{
    agent_says("#1600#");
    cr_expect_null(order_for_test(live, "say", "{'text':'We close at five.'}"));
    cr_expect_eq(kept_with(&carrier, "clear"), 1u);
    cr_expect_eq(kept_with(&model, "We close at five."), 1u);
}

Test(orders, what_the_supervisor_writes_while_the_caller_speaks_is_said_when_he_was_answered)
{
    model_sends(live,
                "{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    cr_expect_null(order_for_test(live, "say", "{'text':'We close at five.'}"));
    cr_expect_eq(kept_with(&model, "We close at five."), 0u);
    model_sends(live,
                "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}");
    model_sends(live, "{'type':'input_audio_buffer.committed','item_id':'u1'}");
    model_sends(live, "{'type':'response.created','response':{'id':'r1'}}");
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_expect_eq(kept_with(&model, "We close at five."), 1u);
}

Test(orders, what_the_supervisor_writes_is_not_lost_to_a_tool_that_answers_meanwhile)
{
    model_sends(live, "{'type':'response.created','response':{'id':'r1'}}");
    agent_says("#1600#");
    cr_expect_null(order_for_test(live, "say", "{'text':'We close at five.'}"));
    mind_speak(live, &(struct speak){.purpose = "tool"});
    model_sends(live, "{'type':'response.done','response':{'id':'r1','status':'cancelled'}}");
    cr_expect_eq(kept_with(&model, "We close at five."), 1u);
}

Test(orders, a_clarification_answers_a_question_or_nothing)
{
    cr_expect_not_null(order_for_test(live, "clarify", "{'text':'The second order'}"));
    cr_expect_eq(model.count, 0u);
}

Test(orders, keys_are_pressed_and_nonsense_is_refused)
{
    cr_expect_null(order_for_test(live, "dtmf", "{'text':'12*'}"));
    cr_expect_not_null(order_for_test(live, "dtmf", "{'text':'hello'}"));
    cr_expect_not_null(order_for_test(live, "dtmf", "{}"));
}

Test(orders, without_words_there_is_nothing_to_do)
{
    cr_expect_not_null(order_for_test(live, "say", "{}"));
    cr_expect_not_null(order_for_test(live, "whisper", "{'text':''}"));
    cr_expect_not_null(order_for_test(live, "context", "{'text':7}"));
    cr_expect_not_null(order_for_test(live, "dance", "{}"));
    cr_expect_eq(model.count, 0u);
}

Test(orders, the_end_is_at_once_without_a_farewell)
{
    cr_expect_null(order_for_test(live, "end", "{'reason':'done'}"));
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_str_eq(live->end_reason, "supervisor_end");
}

Test(orders, an_agent_with_a_farewell_says_it_before_the_end)
{
    live->settings.farewell = "Thank you for calling.";
    cr_expect_null(order_for_test(live, "end", "{}"));
    cr_expect_eq(live->state, LIVE_DRAINING);
    cr_expect_eq(kept_with(&model, "Thank you for calling."), 1u);
    cr_expect_str_eq(live->drain_reason, "supervisor_end");
}

Test(orders, a_caller_is_passed_on_when_the_agent_has_ended_its_sentence)
{
    cr_expect_null(order_for_test(live, "escalate", "{'target':'+13125550100'}"));
    cr_expect_eq(live->state, LIVE_DRAINING);
    cr_expect_str_eq(live->drain_result, "transferred");
    cr_expect_not_null(order_for_test(live, "escalate", "{'target':'+13125550100'}"),
                       "once is enough");
}

Test(orders, a_supervisor_with_a_phone_gets_the_caller_at_once)
{
    agent_says("#1600#");
    cr_expect_null(order_for_test(live, "barge", "{'target':'+13125550100'}"));
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_str_eq(live->result, "transferred");
    cr_expect_eq(kept_with(&carrier, "clear"), 1u, "the agent is not heard to the end");
}

TestSuite(takeover, .init = begin, .fini = end);

static void supervisor_says(const char *audio)
{
    const char *text = expand(&arena, audio);

    takeover_say(live, (struct slice){text, strlen(text)});
}

Test(takeover, silences_the_agent_at_once)
{
    agent_says("#1600#");
    cr_expect_null(order_for_test(live, "barge", "{}"));
    cr_expect_eq(kept_with(&carrier, "clear"), 1u);
    kept_forget(&carrier);
    kept_forget(&model);
    agent_says("#1600#");
    cr_expect_eq(carrier.count, 0u);
    caller_says("#160#");
    cr_expect_eq(model.count, 0u, "the agent does not hear the caller");
    cr_expect_not_null(order_for_test(live, "say", "{'text':'Hello'}"));
}

Test(takeover, carries_the_supervisors_voice_at_the_pace_of_the_callers_frames)
{
    cr_assert(takeover_begin(live));
    kept_forget(&carrier);
    supervisor_says("#480#"); /* 60 ms: enough to begin with */
    cr_expect_eq(carrier.count, 0u);
    for (int i = 0; i < 5; i++)
        caller_says("#160#");
    cr_expect_eq(kept_with(&carrier, "media"), 3u, "three frames were there to be sent");
    cr_expect_eq(model.count, 0u);
}

Test(takeover, ends_with_the_agent_on_the_line_again)
{
    cr_assert(takeover_begin(live));
    cr_expect_not(takeover_begin(live), "one supervisor at a time");
    kept_forget(&model);
    takeover_resume(live);
    cr_expect_not(takeover_is_on(live));
    cr_expect_eq(kept_with(&model, "has spoken with the caller"), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
    caller_says("#160#");
    cr_expect_eq(kept_with(&model, "input_audio_buffer.append"), 1u);
    cr_expect(strstr(facts_kept, "agent.muted"));
    cr_expect(strstr(facts_kept, "agent.unmuted"));
}

Test(takeover, that_nobody_comes_for_is_over_after_a_while)
{
    order_for_test(live, "barge", "{}");
    clock_advance_ms(19 * 1000);
    sockets_send();
    takeover_tick(live);
    cr_expect(takeover_is_on(live));
    clock_advance_ms(2 * 1000);
    sockets_send();
    takeover_tick(live);
    cr_expect_not(takeover_is_on(live));
    cr_expect_eq(kept_with(&model, "Go on where you were"), 1u);
}

Test(takeover, needs_a_line_that_carries_audio)
{
    static const struct line words = {.name = "words"};

    live->line = &words;
    cr_expect_not_null(order_for_test(live, "barge", "{}"));
    cr_expect_not(takeover_is_on(live));
}
