#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
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
#include "stream/relay_language.h"
#include "stream/tools.h"

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

Test(conversation_relay, who_has_not_said_who_he_is_is_brief)
{
    char text[20 * 1024];
    int length = snprintf(text, sizeof text, "{'type':'info','name':'%17000s'}", "");

    cr_expect(take(text), "later it may be long");
    live->state = LIVE_OPEN;
    cr_expect_not(take(text));
    text[16 * 1024 - 100] = '\0';
    strcat(text, "'}");
    cr_expect_gt(length, 16 * 1024);
    cr_expect(take(text));
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

/* ---- languages ---- */

static void hear_in(const char *language)
{
    say("Good morning.");
    take(arena_format(&arena, "{'type':'prompt','voicePrompt':'Hi','lang':'%s','last':true}",
                      language));
}

Test(conversation_relay, the_voice_follows_a_caller_who_changes_the_language)
{
    live->settings.language = "en";
    hear_in("en-US");
    cr_expect_eq(kept_with(&carrier, "\"language\""), 0);
    hear_in("es");
    cr_expect_eq(kept_with(&carrier, "{\"type\":\"language\",\"ttsLanguage\":\"es\"}"), 1);
    hear_in("es-MX");
    cr_expect_eq(kept_with(&carrier, "\"type\":\"language\""), 1, "it is the same language");
    hear_in("en");
    cr_expect_eq(kept_with(&carrier, "{\"type\":\"language\",\"ttsLanguage\":\"en\"}"), 1);
    hear_in("no language, {}");
    cr_expect_eq(kept_with(&carrier, "\"type\":\"language\""), 2);
}

static const char *switch_to(const char *language)
{
    json_object *arguments = json_parse(arena_format(&arena, "{\"language\":\"%s\"}", language));
    const char *fault = NULL, *answer = language_tool(live, arguments, &fault);

    json_object_put(arguments);
    return answer ? "" : fault;
}

Test(conversation_relay, an_agent_can_change_what_is_spoken_and_listened_for)
{
    tools_open(live, &(struct agent_version){.config = {"{\"languages\":[\"en\",\"es-ES\"]}"}},
               &(struct call){0}, NULL, 0);
    cr_expect_str_eq(switch_to("es-MX"), "");
    cr_expect_str_eq(kept_last(&carrier), "{\"type\":\"language\",\"ttsLanguage\":\"es-MX\","
                                          "\"transcriptionLanguage\":\"es-MX\"}");
    cr_expect_str_eq(switch_to("fr"), "you do not speak that language");
    cr_expect_str_eq(switch_to("Klingon!"), "language is a code like en or es-MX");
    cr_expect_eq(kept_with(&carrier, "\"type\":\"language\""), 1);
}

/* ---- a model that does not answer ---- */

static void two_providers(void)
{
    config.openai_base_url = arena_format(&arena, "%s/one", answerer_url());
    config.openai_chat_fallback_url = arena_format(&arena, "%s/two", answerer_url());
    config.openai_api_key = "first-key";
    config.openai_chat_fallback_key = "other-key";
    config.openai_chat_fallback_model = "other-model";
}

static void ask(void)
{
    take("{'type':'prompt','voicePrompt':'When do you open?','last':true}");
}

Test(conversation_relay, another_provider_answers_when_the_first_cannot)
{
    struct heard heard;

    two_providers();
    answerer_say("/one", 401, "{\"error\":{\"code\":\"invalid_api_key\"}}");
    answerer_say("/two", 200, SSE("We open at nine."));
    ask();
    await("\"last\":true");
    cr_expect_eq(kept_with(&carrier, "We open at "), 1);
    heard = answerer_heard("/two", 0);
    cr_expect_str_eq(heard_header(&heard, "Authorization"), "Bearer other-key");
    cr_expect(strstr(heard.body, "other-model") && strstr(heard.body, "When do you open?"), "%s",
              heard.body);
    ask();
    while (answerer_count("/two") < 2) {
        offloop_collect();
        usleep(2000);
    }
    cr_expect_eq(answerer_count("/one"), 1, "it stays with whom it has");
}

static void asked(const char *path)
{
    while (!answerer_count(path))
        usleep(2000);
}

Test(conversation_relay, a_provider_that_says_nothing_is_not_waited_for_twice)
{
    two_providers();
    answerer_hold("/one");
    answerer_say("/two", 200, SSE("We open at nine."));
    ask();
    asked("/one");
    later(CHAT_FIRST_MS + 1000);
    await("\"last\":true");
    cr_expect_eq(kept_with(&carrier, "We open at "), 1);
    cr_expect_eq(answerer_count("/one"), 1);
    answerer_release();
}

Test(conversation_relay, when_no_provider_answers_the_call_goes_on_by_its_fallback)
{
    two_providers();
    answerer_say("/one", 401, "{\"error\":{\"code\":\"invalid_api_key\"}}");
    answerer_say("/two", 401, "{\"error\":{\"code\":\"invalid_api_key\"}}");
    ask();
    while (live->state < LIVE_CLOSING) {
        offloop_collect();
        usleep(2000);
    }
    cr_expect_str_eq(live->result, "failed");
    cr_expect_str_eq(live->end_reason, "model_error");
}

static void wait_ms(int ms)
{
    for (; ms > 0; ms -= 100) {
        later(100);
        relay_tick(live);
    }
}

Test(conversation_relay, who_waits_for_an_answer_is_told_so_once)
{
    answerer_hold("/");
    ask();
    asked("/");
    wait_ms(4000);
    cr_expect_eq(kept_with(&carrier, "One moment"), 0);
    wait_ms(1000);
    cr_expect_eq(kept_with(&carrier, "One moment, please."), 1);
    wait_ms(4000);
    cr_expect_eq(kept_with(&carrier, "One moment, please."), 1);
    answerer_say("/", 200, SSE("We open at nine."));
    answerer_release(); /* with nothing, so that it is asked again */
    while (!kept_with(&carrier, "nine")) {
        offloop_collect();
        later(10);
        chat_tick(live);
        usleep(2000);
    }
    cr_expect_str_eq(text_of("hold_1"), "One moment, please.");
}

Test(conversation_relay, who_is_owed_nothing_is_left_in_peace)
{
    say("Good morning.");
    wait_ms(20000);
    cr_expect_eq(kept_with(&carrier, "One moment"), 0);
}
