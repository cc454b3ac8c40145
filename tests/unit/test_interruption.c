/*
 * Conversations on a virtual clock: what is said over the agent, as labelled clips, and what the
 * caller hears then.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/media.h"
#include "stream/mind.h"
#include "stream/realtime.h"
#include "stream/short_words.h"
#include "stream/socket.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;
static unsigned turns;

/* The agent of these tests has every condition; a test takes away what it does not want. */
static void begin(void)
{
    live = live_for_test(&carrier, &model);
    live->settings.model_interrupts = false;
    live->settings.language = "en";
    live->settings.interruption = (struct interruption_rules){
        .decides = true,
        .is_enabled = true,
        .in_greeting = true,
        .has_conditions = true,
        .ignores_backchannels = true,
        .speech_ms = 300,
        .false_ms = 1500,
    };
    facts_kept[0] = '\0';
    turns = 0;
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(interruption, .init = begin, .fini = end);

static void take(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void take(const char *format, ...)
{
    char given[4096];
    const char *text;
    va_list args;

    va_start(args, format);
    vsnprintf(given, sizeof given, format, args);
    va_end(args);
    text = expand(&arena, given);
    cr_expect(realtime_take(live, text, strlen(text)));
}

/* 20 ms of the caller, a voice or silence; the line is never quiet in between. */
static void frame(bool is_voice)
{
    unsigned char samples[AUDIO_FRAME_BYTES];
    char base64[AUDIO_FRAME_BASE64];

    memset(samples, is_voice ? 0x1f : AUDIO_SILENCE, sizeof samples);
    live->last_media_us = sockets_now_us();
    bridge_from_caller(live, (struct slice){base64, audio_encode(samples, sizeof samples, base64)},
                       live_elapsed_ms(live));
    clock_advance_ms(20);
    sockets_send();
    if (live_elapsed_ms(live) % 100 == 0)
        live_tick();
}

static void frames(int ms, bool is_voice)
{
    for (int at = 0; at < ms; at += 20)
        frame(is_voice);
}

/* What a caller says over the agent, and what the model makes of it. */
#define NEVER "never"

struct clip {
    char label[48];
    int voice_ms;
    char words[64];      /* NEVER: they do not come */
    int words_after_ms;  /* the end of the turn */
    double logprob;      /* of each piece; 0: as sure as can be */
    bool stops, goes_on; /* the agent fell silent, and went on */
    bool is_answered;    /* the model was asked to answer it */
};

static void say(const struct clip *clip)
{
    const char *item = arena_format(&arena, "u%u", ++turns);

    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'%s'}", item);
    frames(clip->voice_ms, true);
    frames(500, false);
    take("{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'%s'}", item);
    take("{'type':'input_audio_buffer.committed','item_id':'%s'}", item);
    frames(clip->words_after_ms, false);
    if (strcmp(clip->words, NEVER) != 0)
        take("{'type':'conversation.item.input_audio_transcription.completed','item_id':'%s',"
             "'transcript':'%s','logprobs':[{'token':'x','logprob':%g}]}",
             item, clip->words, clip->logprob);
}

/* The agent begins to say ten seconds; the first is heard. */
static void agent_talks(const char *purpose)
{
    mind_speak(live, &(struct speak){.purpose = purpose});
    take("{'type':'response.created','response':{'id':'r1','metadata':{'client_event_id':'%s'}}}",
         live->responses.event);
    for (int i = 0; i < 10; i++)
        take("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
             "'content_index':0,'delta':'#8000#'}");
    take("{'type':'response.output_audio_transcript.delta','item_id':'i1','delta':'One'}");
    take("{'type':'response.output_audio_transcript.done','item_id':'i1','response_id':'r1',"
         "'transcript':'One two three four five six seven eight nine ten'}");
    take("{'type':'response.output_audio.done','response_id':'r1','item_id':'i1'}");
    take("{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    frames(1000, false);
    kept_forget(&carrier);
    kept_forget(&model);
}

/* Milliseconds of audio that the carrier was given since then. */
static int64_t sent_ms(void)
{
    int64_t sum = 0;

    for (size_t i = 0; i < carrier.count; i++) {
        const char *payload = strstr(carrier.texts[i], "payload\":\"");

        if (payload)
            sum += (int64_t)audio_bytes(payload + 10, strcspn(payload + 10, "\"")) /
                   AUDIO_BYTES_PER_MS;
    }
    return sum;
}

static const struct clip clips[] = {
    {"a cough", 160, "", 200, 0, false, false, false},
    {"a long cough", 1000, "", 200, 0, true, true, false},
    {"a noise that is named", 1000, "(coughs)", 200, 0, true, true, false},
    {"a dog that nobody writes down", 1000, NEVER, 1700, 0, true, true, false},
    {"uh-huh", 400, "Uh-huh.", 200, 0, false, false, false},
    {"a friendly murmur", 700, "Yeah, okay, right.", 300, 0, false, false, false},
    {"a slow uh-huh", 900, "Mm-hm.", 300, 0, true, true, false},
    {"a short objection", 400, "No, stop.", 200, 0, true, false, true},
    {"an objection", 1200, "Wait, that is not what I asked for.", 300, 0, true, false, true},
    {"an objection that begins like an uh-huh", 1000, "Yeah but I said Tuesday", 300, 0, true,
     false, true},
    {"words too short to count", 200, "Hello?", 200, 0, false, false, true},
};

ParameterizedTestParameters(interruption, a_clip_has_the_outcome_of_its_label)
{
    return cr_make_param_array(struct clip, (struct clip *)clips, sizeof clips / sizeof clips[0]);
}

ParameterizedTest(struct clip *clip, interruption, a_clip_has_the_outcome_of_its_label)
{
    agent_talks("answer");
    say(clip);
    cr_expect_eq(kept_with(&carrier, "clear") > 0, clip->stops, "%s: silence", clip->label);
    cr_expect_eq(sent_ms() > 0, clip->goes_on, "%s: goes on", clip->label);
    cr_expect_eq(kept_with(&model, "response.create"), clip->is_answered ? 1 : 0, "%s: answer",
                 clip->label);
    cr_expect_eq(kept_with(&model, "truncate"), clip->stops && !clip->goes_on ? 1 : 0,
                 "%s: what the model believes was heard", clip->label);
    cr_expect_eq(live->interruption.state, INTERRUPTION_NOT_ASKED, "%s", clip->label);
}

Test(interruption, after_a_cough_every_word_is_heard_once)
{
    agent_talks("answer");
    say(&(struct clip){"a long cough", 1000, "", 200, 0, true, true, false});
    /* 1.78 s were heard when it fell silent, with the frame that made it 800 ms of voice */
    cr_expect_eq(sent_ms(), 8220, "%lld", (long long)sent_ms());
    frames(8300, false);
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u9'}");
    cr_expect_eq(live->transcript.first->heard_ms, NO_INTEGER, "the turn stays whole");
}

Test(interruption, of_speech_that_went_on_after_a_cough_keeps_what_was_heard)
{
    agent_talks("answer");
    say(&(struct clip){"a long cough", 1000, "", 200, 0, true, true, false});
    frames(1000, false);
    say(&(struct clip){"an objection", 1200, "Please stop it now", 300, 0, true, false, true});
    /* 1.78 s before the cough, then 1 s and 0.78 s until the objection was one */
    cr_expect_eq(kept_with(&model, "\"audio_end_ms\":3560"), 1);
}

Test(interruption, is_final_no_word_from_before_it_is_heard)
{
    agent_talks("answer");
    say(&(struct clip){"an objection", 1200, "Please stop it now", 300, 0, true, false, true});
    kept_forget(&carrier);
    frames(3000, false);
    cr_expect_eq(sent_ms(), 0);
}

Test(interruption, while_the_model_still_speaks_cancels_it_and_drops_what_comes)
{
    mind_speak(live, &(struct speak){.purpose = "answer"});
    take("{'type':'response.created','response':{'id':'r1'}}");
    take("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
         "'content_index':0,'delta':'#16000#'}");
    frames(500, false);
    kept_forget(&carrier);
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    frames(1000, true);
    cr_expect_eq(live->interruption.state, INTERRUPTION_HELD);
    take("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
         "'content_index':0,'delta':'#8000#'}");
    cr_expect_eq(sent_ms(), 0, "held back");
    frames(500, false);
    take("{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}");
    take("{'type':'input_audio_buffer.committed','item_id':'u1'}");
    take("{'type':'conversation.item.input_audio_transcription.completed','item_id':'u1',"
         "'transcript':'I want something else'}");
    cr_expect_eq(kept_with(&model, "response.cancel"), 1);
    take("{'type':'response.output_audio.delta','response_id':'r1','item_id':'i1',"
         "'content_index':0,'delta':'#8000#'}");
    cr_expect_eq(sent_ms(), 0, "stale");
    take("{'type':'response.done','response':{'id':'r1','status':'cancelled'}}");
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1, "then the caller is answered");
}

Test(interruption, by_words_that_come_late_still_counts)
{
    agent_talks("answer");
    say(&(struct clip){"an objection", 1000, "Please stop it now", 1700, 0, true, true, true});
    cr_expect_eq(kept_with(&carrier, "clear"), 2, "it went on after 1.5 s, and stopped again");
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1);
}

Test(interruption, by_yes_to_the_question_that_is_just_asked_is_an_answer)
{
    agent_talks("answer");
    frames(8400, false);
    say(&(struct clip){"yes", 400, "Yes.", 200, 0, false, false, true});
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1);
}

Test(interruption, needs_words_that_the_model_is_sure_of_where_the_agent_asks_for_it)
{
    const struct clip mumble = {"a mumble", 600, "Tuesday perhaps then", 200, -1.2, 0, 0, 0};
    const struct clip clear = {"clear words", 600, "Tuesday perhaps then", 200, -0.1, 0, 0, 0};

    live->settings.interruption.confidence = 0.6;
    agent_talks("answer");
    say(&mumble);
    cr_expect_eq(kept_with(&carrier, "clear"), 0);
    say(&clear);
    cr_expect_eq(kept_with(&carrier, "clear"), 1);
}

Test(interruption, is_not_made_by_the_agents_own_echo)
{
    live->settings.interruption.echo = 0.8;
    agent_talks("answer");
    say(&(struct clip){"echo", 700, "two three four five", 200, 0, false, false, false});
    cr_expect_eq(kept_with(&carrier, "clear"), 0);
    cr_expect_eq(kept_with(&model, "response.create"), 0);
}

Test(interruption, of_a_protected_greeting_waits_for_its_end_and_is_answered)
{
    live->settings.interruption.in_greeting = false;
    live->settings.interruption.has_conditions = false;
    agent_talks("greeting");
    say(&(struct clip){"a question", 1200, "Are you open on Monday", 300, 0, 0, 0, 0});
    cr_expect_eq(kept_with(&carrier, "clear"), 0);
    cr_expect_eq(kept_with(&model, "append"), 100, "every frame was heard: %zu",
                 kept_with(&model, "append"));
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1);
}

Test(interruption, after_a_protected_greeting_is_immediate)
{
    live->settings.interruption.in_greeting = false;
    live->settings.interruption.has_conditions = false;
    agent_talks("answer");
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    cr_expect_eq(kept_with(&carrier, "clear"), 1);
}

Test(interruption, is_never_of_an_agent_that_forbids_it)
{
    live->settings.interruption.is_enabled = false;
    agent_talks("answer");
    say(&(struct clip){"an objection", 1200, "Please stop it now", 300, 0, 0, 0, 0});
    cr_expect_eq(kept_with(&carrier, "clear"), 0);
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1, "it is answered afterwards");
}

Test(interruption, of_silence_is_an_ordinary_turn_and_answered_at_once)
{
    say(&(struct clip){"yes", 300, NEVER, 0, 0, 0, 0, 0});
    cr_expect_eq(kept_with(&model, "\"purpose\":\"turn\""), 1);
}

Test(interruption, whose_end_is_never_told_does_not_silence_the_agent_for_good)
{
    agent_talks("answer");
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    frames(1000, true);
    cr_expect_eq(live->interruption.state, INTERRUPTION_HELD);
    frames(3500, false);
    cr_expect_eq(live->interruption.state, INTERRUPTION_NOT_ASKED);
    cr_expect_gt(sent_ms(), 0);
}

Test(interruption, that_is_open_when_the_agent_wants_to_hang_up_is_settled_first)
{
    agent_talks("answer");
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    frames(1000, true);
    live_drain(live);
    frames(500, false);
    take("{'type':'input_audio_buffer.speech_stopped','audio_end_ms':900,'item_id':'u1'}");
    cr_expect_eq(live->state, LIVE_DRAINING, "nobody has heard the last sentence yet");
    frames(1700, false);
    cr_expect_gt(sent_ms(), 0, "now it is said");
    cr_expect_eq(live->state, LIVE_DRAINING);
}

Test(interruption, of_a_line_that_falls_silent_in_mid_speech_is_closed_with_silence)
{
    take("{'type':'input_audio_buffer.speech_started','audio_start_ms':0,'item_id':'u1'}");
    frames(200, true);
    kept_forget(&model);
    clock_advance_ms(900);
    sockets_send();
    live_tick();
    live_tick();
    cr_expect_eq(kept_with(&model, "append"), 10, "a second, once");
}

Test(interruption, backchannels_are_those_of_the_language)
{
    cr_expect(words_are_backchannel("Genau, ja.", "de"));
    cr_expect_not(words_are_backchannel("Genau.", "en"));
    cr_expect(words_are_backchannel("Genau.", NULL), "an unknown language has all of them");
    cr_expect(words_are_backchannel("Uh-huh…", "xx"), "one without a list has the English ones");
    cr_expect(words_are_backchannel("¿Sí?", "es"));
    cr_expect_not(words_are_backchannel("", "en"));
    cr_expect_not(words_are_backchannel("(laughs)", "en"));
    cr_expect_not(words_are_backchannel("yes yes yes yes yes", "en"));
    cr_expect_not(words_are_backchannel("no", "en"));
}

Test(interruption, words_are_told_from_signs)
{
    cr_expect_not(words_are_any(" … - [noise] (cough)"));
    cr_expect_not(words_are_any("(cough"));
    cr_expect(words_are_any("日本"));
    cr_expect_float_eq(words_likeness("two three nine", "one two three four"), 2.0 / 3, 1e-9);
    cr_expect_eq(words_likeness("", "one"), 0);
    cr_expect(words_hold("Well, good  BYE then", "good bye"));
    cr_expect_not(words_hold("goodbyes", "goodbye"));
}
