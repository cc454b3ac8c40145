#include <criterion/criterion.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answerer.h"
#include "core/clock.h"
#include "domain/event_news.h"
#include "outlets.h"
#include "stream/chat.h"
#include "stream/offloop.h"
#include "stream/relay.h"
#include "stream/relay_heard.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;
static struct config config;

static void begin(void)
{
    static const struct agent_version version;

    signal(SIGPIPE, SIG_IGN); /* the server writes to who has left */
    answerer_start();
    chat_links_start();
    live = live_for_test(&carrier, &model);
    config = *live->work.config;
    config.openai_base_url = answerer_url();
    live->work.config = &config;
    live->model = NULL;
    live->line = &relay_line;
    live->relay = arena_new(&live->work.arena, struct relay, 1);
    live->settings.takes_keys = true;
    live->was_ready = true; /* it has greeted */
    live->mind = chat_begin(live, &version);
    live->mind->connect(live);
    kept_forget(&carrier);
}

static void end(void)
{
    live->mind->close(live);
    live_release(live);
    chat_links_stop();
    offloop_collect();
    arena_free(&arena);
}

TestSuite(conversation_relay, .init = begin, .fini = end, .timeout = 30);

static bool take(const char *given)
{
    const char *text = expand(&arena, given);

    return relay_take(live, text, strlen(text));
}

/* In the loop, until the carrier was told something. */
static void await(const char *text)
{
    while (!kept_with(&carrier, text)) {
        offloop_collect();
        usleep(2000);
    }
}

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
}

static void say(const char *words)
{
    mind_speak(live, &(struct speak){.purpose = "said", .words = words});
}

static const char *text_of(const char *item)
{
    const struct slot *slot = transcript_find(&live->transcript, item);

    cr_assert_not_null(slot);
    return slot->text.at;
}

#define SSE(words)                                                                                 \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" words "\"},\"finish_reason\":\"stop\"}]}\n\n" \
    "data: [DONE]\n\n"

Test(conversation_relay, a_given_sentence_is_spoken_without_asking_a_model)
{
    say("Good morning.");
    cr_assert_eq(carrier.count, 2);
    cr_expect_str_eq(carrier.texts[0],
                     "{\"type\":\"text\",\"token\":\"Good morning.\",\"last\":false}");
    cr_expect_str_eq(carrier.texts[1], "{\"type\":\"text\",\"token\":\"\",\"last\":true}");
    cr_expect_eq(answerer_count("/"), 0);
    cr_expect_not(playback_is_idle(&live->playback), "the carrier still speaks");
    later(13 * 65 + 200);
    relay_tick(live);
    cr_expect(playback_is_idle(&live->playback));
}

Test(conversation_relay, what_the_caller_says_is_answered)
{
    answerer_say("/", 200, SSE("We open at nine."));
    cr_expect(take("{'type':'prompt','voicePrompt':'When do you open?','lang':'en-US',"
                   "'last':true}"));
    await("\"last\":true");
    cr_expect_eq(kept_with(&carrier, "We open at "), 1);
    cr_expect_str_eq(text_of("prompt_1"), "When do you open?");
    cr_expect_str_eq(text_of("chat_1"), "We open at nine.");
    cr_expect(strstr(answerer_heard("/", 0).body,
                     "{\"role\":\"user\",\"content\":\"When do you open?\"}") != NULL);
}

static char told[200];

static void keep_news(const struct event_news *news)
{
    strcat(strcat(told, news->type), news->payload.json);
}

static bool is_followed(int64_t tenant)
{
    (void)tenant;
    return true;
}

Test(conversation_relay, a_part_of_a_prompt_is_an_event_and_no_turn)
{
    facts_tell(keep_news, is_followed);
    take("{'type':'prompt','voicePrompt':'When do','last':false}");
    cr_expect_str_eq(told, "transcript.partial{\"role\":\"user\",\"text\":\"When do\"}");
    cr_expect_null(transcript_find(&live->transcript, "prompt_1"));
    cr_expect_eq(answerer_count("/"), 0);
}

Test(conversation_relay, an_interruption_leaves_what_was_heard_in_transcript_and_conversation)
{
    say("One two three. Four five six.");
    take("{'type':'interrupt','utteranceUntilInterrupt':'One two three.',"
         "'durationUntilInterruptMs':'900'}");
    cr_expect_str_eq(text_of("chat_1"), "One two three.");
    answerer_say("/", 200, SSE("Yes."));
    take("{'type':'prompt','voicePrompt':'Hm?','last':true}");
    await("Yes.");
    cr_expect(strstr(answerer_heard("/", 0).body, "\"One two three.\"") != NULL);
    cr_expect(strstr(answerer_heard("/", 0).body, "Four") == NULL);
    cr_expect(strstr(facts_kept, "\"heard_ms\":900") != NULL);
}

Test(conversation_relay, after_a_noise_the_agent_goes_on)
{
    answerer_say("/", 200, SSE("Four."));
    say("One two three. Four five six.");
    take("{'type':'interrupt','utteranceUntilInterrupt':'One two','durationUntilInterruptMs':9}");
    later(2900);
    relay_tick(live);
    cr_expect_eq(answerer_count("/"), 0, "the caller may still be speaking");
    later(200);
    relay_tick(live);
    await("Four.");
    cr_expect(strstr(answerer_heard("/", 0).body, "Go on where you stopped") != NULL);
    later(6000);
    relay_tick(live);
    cr_expect_eq(answerer_count("/"), 1, "once");
}

Test(conversation_relay, an_interruption_may_reach_over_several_sentences)
{
    say("The first.");
    say("And the second one.");
    say("Not the third.");
    take("{'type':'interrupt','utteranceUntilInterrupt':'The first. And the',"
         "'durationUntilInterruptMs':1500}");
    cr_expect_str_eq(text_of("chat_1"), "The first.");
    cr_expect_str_eq(text_of("chat_2"), "And the");
    cr_expect_str_eq(text_of("chat_3"), "");
}

Test(conversation_relay, words_of_the_second_sentence_leave_the_first_whole)
{
    say("The first.");
    say("And the second one.");
    take("{'type':'interrupt','utteranceUntilInterrupt':'And the','durationUntilInterruptMs':1}");
    cr_expect_str_eq(text_of("chat_1"), "The first.");
    cr_expect_str_eq(text_of("chat_2"), "And the");
}

Test(conversation_relay, an_interruption_before_the_first_word_leaves_nothing)
{
    say("Good morning.");
    take("{'type':'interrupt','utteranceUntilInterrupt':'','durationUntilInterruptMs':0}");
    cr_expect_str_eq(text_of("chat_1"), "");
}

Test(conversation_relay, words_that_come_after_an_interruption_are_stale)
{
    answerer_hold("/");
    take("{'type':'prompt','voicePrompt':'Tell me','last':true}");
    while (answerer_count("/") == 0)
        usleep(2000);
    take("{'type':'interrupt','utteranceUntilInterrupt':'','durationUntilInterruptMs':0}");
    answerer_say("/", 200, SSE("Stale."));
    answerer_release();
    for (int i = 0; i < 50; i++) {
        offloop_collect();
        usleep(2000);
    }
    cr_expect_eq(carrier.count, 0);
}

Test(conversation_relay, a_new_prompt_replaces_the_answer_to_the_one_before)
{
    answerer_hold("/");
    take("{'type':'prompt','voicePrompt':'First','last':true}");
    while (answerer_count("/") == 0)
        usleep(2000);
    answerer_say("/", 200, SSE("Only once."));
    take("{'type':'prompt','voicePrompt':'Second','last':true}");
    answerer_release();
    await("\"last\":true");
    cr_expect_eq(kept_with(&carrier, "once."), 1);
    cr_expect(strstr(answerer_heard("/", 1).body, "First") != NULL, "it is still known");
}

Test(conversation_relay, a_greeting_that_is_protected_is_spoken_to_its_end)
{
    live->settings.interruption = (struct interruption_rules){.decides = true, .is_enabled = true};
    mind_speak(live, &(struct speak){.purpose = "greeting", .words = "Good morning."});
    cr_expect_eq(kept_with(&carrier, "\"interruptible\":false"), 2);
    kept_forget(&carrier);
    later(20000);
    relay_tick(live);
    say("And now?");
    cr_expect_eq(kept_with(&carrier, "interruptible"), 0);
}

Test(conversation_relay, what_was_said_before_the_agent_could_hear_is_answered_then)
{
    answerer_say("/", 200, SSE("Hello."));
    live->state = LIVE_CONNECTING;
    take("{'type':'prompt','voicePrompt':'Hello?','last':true}");
    take("{'type':'prompt','voicePrompt':'Anybody there?','last':true}");
    live->state = LIVE_READY;
    relay_tick(live);
    await("Hello.");
    cr_expect_str_eq(text_of("prompt_1"), "Hello? Anybody there?");
}

Test(conversation_relay, messages_that_are_none_end_the_socket)
{
    cr_expect_not(take("nonsense"));
    cr_expect_not(take("[]"));
    cr_expect_not(take("{'type':7}"));
    cr_expect_not(take("{'type':'setup'}"), "a second beginning");
    cr_expect(take("{'type':'unheard.of'}"));
    cr_expect(take("{'type':'error','description':'x'}"));
    cr_expect(take("{'type':'interrupt'}"));
    cr_expect(take("{'type':'dtmf','digit':'far too long'}"));
}

Test(conversation_relay, the_end_is_told_with_what_is_to_follow)
{
    live->result = "transferred";
    live->end_reason = "transfer";
    live->line->leave(live);
    cr_expect(strstr(kept_last(&carrier), "\"type\":\"end\",\"handoffData\":\"{\\\"result\\\":"
                                          "\\\"transferred\\\"") != NULL,
              "%s", kept_last(&carrier));
}

Test(conversation_relay, a_node_that_leaves_a_call_does_not_end_it)
{
    live->result = "completed";
    live->is_left = true;
    live->line->leave(live);
    cr_expect_eq(carrier.count, 0);
}

Test(conversation_relay, commands_in_the_models_text_are_done_and_not_spoken)
{
    answerer_say("/", 200, SSE("Pressing. [[press:12#]] Done."));
    take("{'type':'prompt','voicePrompt':'Press it','last':true}");
    await("\"last\":true");
    cr_expect_eq(kept_with(&carrier, "press:"), 0);
    cr_expect_str_eq(text_of("chat_1"), "Pressing.  Done.");
    cr_expect(strstr(facts_kept, "press_digits") != NULL);
}

Test(conversation_relay, heard_words_are_compared_without_regard_to_spaces)
{
    const char *rest;
    size_t covered;

    cr_expect(relay_covers("One  two three", " One two", &covered, &rest));
    cr_expect_eq(covered, strlen("One  two"));
    cr_expect_str_eq(rest, "");
    cr_expect(relay_covers("One two", "One two three", &covered, &rest));
    cr_expect_str_eq(rest, "three");
    cr_expect_not(relay_covers("One two", "One three", &covered, &rest));
}
