/*
 * How a response of the model's can end, and that the caller is not left in silence then.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "outlets.h"
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
    live->settings.call_limit_seconds = live->settings.silence_seconds = 0;
    live->connects = 1;
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(response_end, .init = begin, .fini = end);

static void take(const char *given)
{
    const char *text = expand(&arena, given);

    cr_expect(realtime_take(live, text, strlen(text)));
}

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live->last_media_us = sockets_now_us();
    live_tick();
}

/* The request that was sent last becomes a response. */
static void begins(const char *id)
{
    take(arena_format(&arena,
                      "{'type':'response.created','response':{'id':'%s','metadata':{"
                      "'client_event_id':'%s'}}}",
                      id, live->responses.event));
}

static void ends(const char *id, const char *how)
{
    take(arena_format(&arena, "{'type':'response.done','response':{'id':'%s',%s}}", id, how));
}

#define SOUND                                                                                      \
    "{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1','delta':'#800#'}"
#define WORDS(response)                                                                            \
    "{'type':'response.output_audio_transcript.delta','response_id':'" response "','item_id':"     \
    "'i1','delta':'Good day'}"
#define TAKEN "{'type':'input_audio_buffer.committed','item_id':'u1'}"
#define WHOLE "'status':'completed'"
#define FAILED                                                                                     \
    "'status':'failed','status_details':{'type':'failed','error':{'code':'server_error'}}"
#define WITHHELD                                                                                   \
    "'status':'incomplete','status_details':{'type':'incomplete','reason':'content_filter'}"

static void greets(void)
{
    mind_say(live, "greeting", "Good day");
    begins("r1");
}

Test(response_end, without_a_sound_is_asked_for_again_as_it_was)
{
    greets();
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 2u);
}

Test(response_end, without_a_sound_twice_is_meant_so_and_keeps_its_connection)
{
    greets();
    ends("r1", WHOLE);
    later(1600);
    begins("r2");
    ends("r2", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 2u);
    cr_expect_eq(live->state, LIVE_READY);
    cr_expect_eq(model.closed, 0u);
    greets();
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 4u, "the next one may be tried again too");
}

Test(response_end, with_words_but_no_sound_twice_takes_another_connection_that_says_it)
{
    greets();
    take(WORDS("r1"));
    ends("r1", WHOLE);
    later(1600);
    begins("r2");
    take(WORDS("r2"));
    ends("r2", WHOLE);
    cr_expect_neq(live->state, LIVE_READY, "this one has lost its voice");
    live->state = LIVE_READY;
    live->model = &model.outlet;
    model.closed = 0;
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 3u);
}

Test(response_end, without_a_word_is_not_taken_for_the_one_before_that_had_words)
{
    greets();
    take(WORDS("r1"));
    ends("r1", WHOLE);
    later(1600);
    begins("r2");
    ends("r2", WHOLE);
    cr_expect_eq(live->state, LIVE_READY);
}

Test(response_end, of_the_last_session_does_not_count_in_the_next)
{
    live->responses.retries = 3;
    live_ready(live);
    cr_expect_eq(live->state, LIVE_READY);
    take("{'type':'response.created','response':{'id':'r1'}}");
    ends("r1", FAILED);
    cr_expect_eq(live->state, LIVE_READY, "its first failure is not the fourth");
}

Test(response_end, is_not_made_good_when_the_session_that_follows_owes_something_else)
{
    live->was_ready = true;
    greets();
    ends("r1", FAILED);
    take(TAKEN);
    live->retry_us = sockets_now_us() + 1; /* as if it had failed behind that turn */
    live_ready(live);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"resume\""), 1u);
    cr_expect_eq(live->retry_us, 0);
}

/* ---- the call goes on before it is asked for again ---- */

Test(response_end, in_failure_is_forgotten_when_the_caller_has_said_something_else)
{
    live->settings.interruption.decides = live->settings.interruption.has_conditions = false;
    greets();
    ends("r1", FAILED);
    take(TAKEN);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u, "the model answers by itself");
}

Test(response_end, in_failure_is_forgotten_when_the_callers_next_turn_is_answered)
{
    live->settings.interruption.decides = true;
    greets();
    ends("r1", FAILED);
    take(TAKEN);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1u);
    begins("r2");
    ends("r2", "'status':'cancelled'");
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 1u);
}

Test(response_end, in_failure_is_forgotten_when_the_agent_is_interrupted)
{
    greets();
    ends("r1", FAILED);
    bridge_interrupt(live);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, in_failure_of_what_must_be_said_is_never_forgotten)
{
    mind_insist(live, "farewell", "Goodbye");
    begins("r1");
    ends("r1", FAILED);
    bridge_interrupt(live);
    take(TAKEN);
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Goodbye"), 2u);
}

Test(response_end, in_failure_is_not_told_to_a_machine)
{
    live->settings.voicemail_message = "Call us back.";
    mind_insist(live, "order", "Wait a moment");
    begins("r1");
    ends("r1", FAILED);
    voicemail_verdict(live, "machine_start");
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Wait a moment"), 1u);
}

Test(response_end, in_failure_of_what_the_caller_cut_off_is_not_made_good)
{
    greets();
    take(SOUND);
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    take(TAKEN);
    ends("r1", FAILED);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, of_one_that_was_never_said_to_begin_is_known_all_the_same)
{
    mind_say(live, "greeting", "Good day");
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 2u);
}

Test(response_end, with_a_sound_is_the_end)
{
    greets();
    take(SOUND);
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, with_nothing_but_a_tools_call_is_the_end)
{
    mind_speak(live, &(struct speak){.purpose = "turn"});
    begins("r1");
    take("{'type':'response.output_item.done','response_id':'r1','item':{'type':'function_call',"
         "'status':'completed','name':'end_call','call_id':'c1','arguments':'{}'}}");
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, with_words_for_another_voice_is_the_end)
{
    live->settings.speaks_text = true;
    greets();
    take("{'type':'response.output_text.delta','response_id':'r1','item_id':'i1','delta':'Hi'}");
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, with_words_that_nobody_speaks_is_silence)
{
    greets();
    take("{'type':'response.output_text.delta','response_id':'r1','item_id':'i1','delta':'Hi'}");
    ends("r1", WHOLE);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 2u);
}

Test(response_end, of_one_that_the_caller_cut_off_asks_for_nothing)
{
    greets();
    live->responses.caller_speaks = true;
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    ends("r1", WITHHELD);
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, of_an_interpreter_who_had_nothing_to_say_is_the_end)
{
    static char room; /* nobody looks into it */

    greets();
    live->room.meeting = (struct meeting *)(void *)&room;
    ends("r1", WHOLE);
    live->room.meeting = NULL;
    later(1600);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
}

Test(response_end, before_the_first_sound_is_tried_again_as_it_was)
{
    greets();
    ends("r1", FAILED);
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 2u);
}

Test(response_end, in_mid_sentence_is_tried_again_without_beginning_anew)
{
    greets();
    take(SOUND);
    ends("r1", FAILED);
    later(1600);
    cr_expect_eq(kept_with(&model, "Say exactly: Good day"), 1u);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"retry\""), 1u);
}

Test(response_end, by_the_providers_filter_is_apologised_for)
{
    mind_speak(live, &(struct speak){.purpose = "turn"});
    begins("r1");
    take(SOUND);
    ends("r1", WITHHELD);
    cr_expect_eq(kept_with(&model, "Say exactly: I am sorry, I cannot help you with that."), 1u);
}

Test(response_end, by_the_providers_filter_is_apologised_for_in_the_callers_language)
{
    live->settings.language = "de";
    mind_speak(live, &(struct speak){.purpose = "turn"});
    begins("r1");
    ends("r1", WITHHELD);
    cr_expect_eq(kept_with(&model, "Say in the language de"), 1u);
}

Test(response_end, by_the_filter_of_an_apology_does_not_go_round_in_circles)
{
    mind_speak(live, &(struct speak){.purpose = "turn"});
    begins("r0");
    ends("r0", WITHHELD);
    for (int i = 1; i < 10 && live->state == LIVE_READY; i++) {
        begins("r1");
        ends("r1", WITHHELD);
        later(1600);
    }
    cr_expect_leq(kept_with(&model, "response.create"), 6u);
    cr_expect_neq(live->state, LIVE_READY);
}
