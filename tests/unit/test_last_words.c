/*
 * A caller who hangs up before the model has written down what he said: his last words are kept.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "outlets.h"
#include "stream/last_words.h"
#include "stream/media.h"
#include "stream/mind.h"
#include "stream/realtime.h"
#include "stream/resolver.h"
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

TestSuite(last_words, .init = begin, .fini = end);

static void take(const char *given)
{
    const char *text = expand(&arena, given);

    cr_expect(realtime_take(live, text, strlen(text)));
}

static void hang_up(void)
{
    const char *text = expand(&arena, "{'event':'stop','stop':{'callSid':'CA1'}}");

    cr_expect(media_take(live, text, strlen(text)));
}

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live_tick();
}

#define BEGINS "{'type':'input_audio_buffer.speech_started','audio_start_ms':100,'item_id':'u1'}"
#define STOPS "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}"
#define TAKEN "{'type':'input_audio_buffer.committed','item_id':'u1'}"
#define HEARD                                                                                      \
    "{'type':'conversation.item.input_audio_transcription.completed','item_id':'u1','transcript':" \
    "'Cancel it, thanks.'}"

/* The words stand in the facts, and before the end of the session. */
static void is_written(const char *words)
{
    const char *turn = strstr(facts_kept, words), *over = strstr(facts_kept, "\"kind\":\"end\"");

    cr_assert_not_null(turn, "%s", facts_kept);
    cr_assert_not_null(over, "%s", facts_kept);
    cr_expect_lt(turn, over);
}

static void is_not_over(void)
{
    cr_expect_eq(model.closed, 0u, "the model is still asked");
    cr_expect_null(strstr(facts_kept, "\"kind\":\"end\""));
}

Test(last_words, that_come_after_the_hang_up_are_written_down)
{
    take(BEGINS);
    take(STOPS);
    take(TAKEN);
    hang_up();
    is_not_over();
    later(300);
    is_not_over();
    take(HEARD);
    later(100);
    is_written("Cancel it, thanks.");
    cr_expect_eq(model.closed, 1000u);
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"caller_hangup\",\"duration_ms\":0"),
                       "the call has lasted until then: %s", facts_kept);
}

Test(last_words, of_who_hangs_up_in_mid_sentence_are_asked_for)
{
    take(BEGINS);
    hang_up();
    cr_expect_eq(kept_with(&model, "input_audio_buffer.commit"), 1u);
    later(100);
    take("{'type':'input_audio_buffer.committed','item_id':'another'}");
    take("{'type':'conversation.item.input_audio_transcription.completed','item_id':'another',"
         "'transcript':'Cancel it'}");
    later(100);
    is_written("Cancel it");
}

Test(last_words, that_never_come_are_waited_for_two_seconds)
{
    take(BEGINS);
    take(TAKEN);
    hang_up();
    later(1900);
    is_not_over();
    later(200);
    is_written("[unintelligible]");
}

Test(last_words, are_not_waited_for_where_there_are_none)
{
    take(BEGINS);
    take(STOPS);
    take(TAKEN);
    take(HEARD);
    hang_up();
    is_written("Cancel it, thanks.");
    cr_expect_eq(model.closed, 1000u);
}

Test(last_words, are_not_answered)
{
    live->settings.interruption.decides = live->settings.interruption.has_conditions = true;
    live->settings.model_interrupts = false;
    mind_speak(live, &(struct speak){.purpose = "turn"});
    take(arena_format(&arena,
                      "{'type':'response.created','response':{'id':'r1','metadata':{"
                      "'client_event_id':'%s'}}}",
                      live->responses.event));
    take(BEGINS);
    take(TAKEN);
    hang_up();
    cr_expect_eq(kept_with(&model, "response.cancel"), 1u);
    kept_forget(&carrier);
    kept_forget(&model);
    take("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1','delta':"
         "'#800#'}");
    take("{'type':'response.output_item.done','response_id':'r1','item':{'type':'function_call',"
         "'status':'completed','name':'end_call','call_id':'c1','arguments':'{}'}}");
    take(HEARD);
    take("{'type':'response.done','response':{'id':'r1','status':'failed'}}");
    later(100);
    cr_expect_eq(carrier.count, 0u);
    cr_expect_eq(model.count, 0u, "%s", kept_last(&model));
    is_written("Cancel it, thanks.");
}

Test(last_words, end_with_the_model)
{
    take(BEGINS);
    take(TAKEN);
    hang_up();
    live->model = NULL;
    later(100);
    is_written("[unintelligible]");
}

/* ---- another voice that still speaks ---- */

static struct kept socket;
static struct {
    const struct role *role;
    void *with;
} voice;

static void connect(const struct role *role, const struct target *target, void *with)
{
    (void)target;
    voice.role = role;
    voice.with = with;
}

/* The caller's words are not written down yet when the other voice is to say the answer. */
static void is_answered_by_another_voice(void)
{
    static struct config config = {.elevenlabs_base_url = "http://voice.invalid"};
    static const struct voice_choice choice = {
        .provider = VOICE_ELEVENLABS, .voice_id = "v", .model_id = "m", .settings_json = "{}"};

    live->work.config = &config;
    resolver_pretend("192.0.2.7");
    sockets_connect_by(connect);
    voice_out_begin(live, &choice);
    kept_open(&socket);
    voice.role->opened(voice.with, &socket.outlet);
    take(BEGINS);
    take(STOPS);
    take(TAKEN);
    take("{'type':'response.created','response':{'id':'r1'}}");
    take("{'type':'response.output_text.delta','response_id':'r1','item_id':'i1',"
         "'content_index':0,'delta':'It is cancelled. '}");
    take("{'type':'response.output_text.done','response_id':'r1','item_id':'i1'}");
    take("{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_assert_eq(kept_with(&socket, "It is cancelled."), 1u);
    hang_up();
    is_not_over();
    kept_forget(&model);
}

static void voice_says(const char *given)
{
    const char *text = expand(&arena, given);

    voice.role->message(voice.with, text, strlen(text));
}

static void voice_is_gone(void)
{
    voice.role->closed(voice.with, &(struct closing){.code = 1006, .reason = ""});
}

Test(last_words, are_not_followed_by_what_nobody_hears)
{
    is_answered_by_another_voice();
    voice_says("{'audio':'#800#','alignment':{'chars':['I','t',' ','i','s']}}");
    take(HEARD);
    later(100);
    is_written("Cancel it, thanks.");
    cr_expect_null(strstr(facts_kept, "It is"), "%s", facts_kept);
    voice_is_gone();
}

Test(last_words, are_awaited_without_a_word_to_the_model_when_the_other_voice_fails)
{
    is_answered_by_another_voice();
    voice_is_gone();
    take(HEARD);
    later(100);
    is_written("Cancel it, thanks.");
    cr_expect_eq(model.count, 0u, "%s", kept_last(&model));
}

Test(last_words, do_not_keep_a_process_from_ending)
{
    take(BEGINS);
    take(TAKEN);
    hang_up();
    live_lose_all();
    is_written("[unintelligible]");
    cr_expect_null(strstr(facts_kept, "\"kind\":\"lost\""));
}
