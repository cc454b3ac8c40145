/* Commands in what the agent says: carried out, and heard by nobody. */
#include <criterion/criterion.h>

#include <string.h>

#include "domain/commands.h"
#include "outlets.h"
#include "stream/bracketed.h"
#include "stream/bridge.h"
#include "stream/clarification.h"
#include "stream/orders.h"
#include "stream/realtime.h"
#include "stream/socket.h"
#include "stream/tools.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
    tools_open(live,
               &(struct agent_version){.config = {"{\"enabled_tools\":[\"end_call\","
                                                  "\"press_digits\",\"request_user\"]}"}},
               &(struct call){0}, NULL, 0);
    facts_kept[0] = '\0';
}

static void end(void)
{
    kept_forget(&carrier);
    kept_forget(&model);
    arena_free(&arena);
}

TestSuite(bracketed, .fini = end);
TestSuite(said_commands, .init = begin, .fini = end);
TestSuite(clarification, .init = begin, .fini = end);

/* ---- the filter ---- */

static char told[400];

static void note(void *with, const char *name, const char *value)
{
    (void)with;
    snprintf(told + strlen(told), sizeof told - strlen(told), "<%s|%s>", name, value);
}

/* The text in pieces of "size" bytes. */
static const char *filtered(const char *text, size_t size)
{
    struct bracketed bracketed = {.length = 0};
    struct text out = {.arena = &arena};

    told[0] = '\0';
    text_put(&out, "");
    for (size_t at = 0, length = strlen(text); at < length; at += size) {
        char *piece = arena_copy(&arena, text + at, size < length - at ? size : length - at);

        bracketed_take(&bracketed, piece, false, &out, note, NULL);
    }
    bracketed_take(&bracketed, "", true, &out, note, NULL);
    return out.at;
}

Test(bracketed, are_taken_out_however_the_text_is_cut)
{
    static const char text[] = "One [[press:12#]]two[[ end_call ]] [3] [[transfer: +1312 ]]four.";

    for (size_t size = 1; size < sizeof text; size++) {
        cr_expect_str_eq(filtered(text, size), "One two [3] four.", "in pieces of %zu", size);
        cr_expect_str_eq(told, "<press|12#><end_call|><transfer|+1312>", "in pieces of %zu", size);
    }
}

Test(bracketed, what_never_ends_is_not_passed_on_and_no_command)
{
    cr_expect_str_eq(filtered("Well, [[press:1", 3), "Well, ");
    cr_expect_str_eq(told, "");
    cr_expect_str_eq(filtered("a [", 1), "a [");
    cr_expect_str_eq(filtered("a ] b ]] c", 1), "a ] b ]] c");
}

Test(bracketed, what_is_too_long_is_no_command_and_not_passed_on)
{
    const char *text = arena_format(&arena, "a[[press:%0*d]]b", 2000, 0);

    cr_expect_str_eq(filtered(text, 7), "ab");
    cr_expect_str_eq(told, "");
}

/* ---- a model that speaks itself ---- */

static void model_says(const char *given)
{
    const char *text = expand(&arena, given);

    realtime_take(live, text, strlen(text));
}

static void begin_response(void)
{
    model_says("{'type':'response.created','response':{'id':'r1'}}");
    model_says("{'type':'conversation.item.added','item':{'id':'i1','type':'message',"
               "'role':'assistant','content':[]}}");
}

static void words(const char *words)
{
    model_says(arena_format(&arena,
                            "{'type':'response.output_audio_transcript.delta','response_id':'r1',"
                            "'item_id':'i1','delta':'%s'}",
                            words));
}

static void sound(void)
{
    model_says("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
               "'content_index':0,'delta':'#8000#'}");
}

static void words_end(const char *words)
{
    model_says(arena_format(&arena,
                            "{'type':'response.output_audio_transcript.done','response_id':'r1',"
                            "'item_id':'i1','transcript':'%s'}",
                            words));
}

static const char *heard(void)
{
    return transcript_find(&live->transcript, "i1")->text.at;
}

Test(said_commands, of_a_model_that_speaks_are_done_and_silence_it)
{
    size_t before;

    begin_response();
    words("Press one ");
    sound();
    before = kept_with(&carrier, "\"media\"");
    cr_expect_gt(before, 0u);
    words("[[press:1]] ");
    sound();
    words_end("Press one [[press:1]] ");
    cr_expect_eq(kept_with(&carrier, "\"media\""), before, "what follows is not heard");
    cr_expect_str_eq(heard(), "Press one ");
    cr_expect(strstr(facts_kept, "press_digits"));
    cr_expect_null(strstr(facts_kept, "[["), "%s", facts_kept);
    cr_expect_str_eq(live->tones.keys, "1");
}

Test(said_commands, what_was_said_behind_one_is_said_again)
{
    begin_response();
    words("Press one ");
    sound();
    words("[[press:1]] and then wait.");
    words_end("Press one [[press:1]] and then wait.");
    model_says("{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_expect_eq(kept_with(&model, "Say exactly: and then wait."), 1u);
}

Test(said_commands, words_that_had_no_sound_yet_are_not_taken_for_heard)
{
    begin_response();
    words("This is far ahead of its sound. [[end_call]]");
    words_end("This is far ahead of its sound. [[end_call]]");
    cr_expect_str_eq(heard(), "");
    cr_expect_eq(live->state, LIVE_DRAINING);
    model_says("{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_expect_eq(kept_with(&model, "Say exactly: This is far ahead of its sound."), 1u);
}

Test(said_commands, are_carried_out_once_even_when_only_the_end_tells_them)
{
    begin_response();
    words_end("Thank you. [[press:7]]");
    words_end("Thank you. [[press:7]]");
    cr_expect_str_eq(live->tones.keys, "7");
}

Test(said_commands, of_words_that_the_caller_cut_off_do_not_count)
{
    begin_response();
    words("Wait, ");
    sound();
    bridge_interrupt(live);
    words("[[press:1]]");
    words_end("Wait, [[press:1]]");
    cr_expect_str_eq(live->tones.keys, "");
}

Test(said_commands, that_the_agent_has_no_tool_for_are_refused_in_words)
{
    begin_response();
    words("[[transfer:+13125550100]]");
    cr_expect_eq(live->state, LIVE_READY);
    cr_expect_eq(kept_with(&model, "The tool transfer_call answered"), 1u);
    cr_expect_eq(kept_with(&model, "function_call_output"), 0u, "the model has called nothing");
}

/* ---- questions ---- */

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    clarification_tick(live);
}

Test(clarification, goes_to_the_supervisor_and_comes_back_to_the_agent)
{
    begin_response();
    words("Let me ask. [[request_user:May I give ten percent?]]");
    words_end("Let me ask. [[request_user:May I give ten percent?]]");
    cr_expect(strstr(facts_kept, "supervisor.question"));
    cr_expect(strstr(facts_kept, "May I give ten percent?"));
    cr_expect_null(order_for_test(live, "clarify", "{'text':'Five at most'}"));
    cr_expect_eq(kept_with(&model, "Five at most"), 1u);
    cr_expect(strstr(facts_kept, "supervisor.answer"));
    cr_expect_str_eq(order_for_test(live, "clarify", "{'text':'Ten then'}"), COMMAND_NO_QUESTION);
}

Test(clarification, asks_a_caller_who_heard_nothing_to_hold_on)
{
    tool_call(live, "request_user", "call_1", "{\"question\":\"May I?\"}");
    kept_forget(&model);
    later(1000);
    cr_expect_eq(model.count, 0u);
    later(1000);
    cr_expect_eq(kept_with(&model, "hold on"), 1u);
    later(1000);
    cr_expect_eq(kept_with(&model, "hold on"), 1u, "once");
}

Test(clarification, is_given_up_when_nobody_answers)
{
    tool_call(live, "request_user", "call_1", "{\"question\":\"May I?\"}");
    later(CLARIFICATION_MS + 1000);
    cr_expect_eq(kept_with(&model, "Go on without the answer"), 1u);
    cr_expect_str_eq(order_for_test(live, "clarify", "{'text':'Yes'}"), COMMAND_NO_QUESTION);
}

Test(clarification, is_settled_by_a_supervisor_who_speaks_to_the_caller)
{
    tool_call(live, "request_user", "call_1", "{\"question\":\"May I?\"}");
    cr_expect_null(order_for_test(live, "say", "{'text':'You may have five percent.'}"));
    cr_expect_str_eq(order_for_test(live, "clarify", "{'text':'Yes'}"), COMMAND_NO_QUESTION);
}

Test(clarification, waits_for_one_answer_at_a_time)
{
    tool_call(live, "request_user", "call_1", "{\"question\":\"May I?\"}");
    tool_call(live, "request_user", "call_2", "{\"question\":\"And this?\"}");
    cr_expect_eq(kept_with(&model, "a question waits"), 1u);
    tool_call(live, "request_user", "call_3", "{\"question\":\" \"}");
    cr_expect_eq(kept_with(&model, "there is no question"), 1u);
}
