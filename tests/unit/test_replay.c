/*
 * A whole call, condensed from a recorded one: greeting, question, tool, interrupted answer with
 * one stale piece of audio and a harmless error, goodbye by end_call.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/bridge.h"
#include "stream/media.h"
#include "stream/realtime.h"
#include "stream/socket.h"

/* In the texts ' stands for ", @ for the id of our last request, #n# for n bytes of audio. */
#define AUDIO(response, item, count)                                                               \
    "{'type':'response.output_audio.delta','response_id':'" response "','item_id':'" item          \
    "','output_index':0,'content_index':0,'delta':'" count "'}"
#define AUDIO_DONE(response, item)                                                                 \
    "{'type':'response.output_audio.done','response_id':'" response "','item_id':'" item "'}"
#define WORDS(item, words)                                                                         \
    "{'type':'response.output_audio_transcript.delta','item_id':'" item "','delta':'" words "'}"
#define WORDS_DONE(item, words)                                                                    \
    "{'type':'response.output_audio_transcript.done','item_id':'" item "','transcript':'" words "'}"
#define ADDED(previous, item, role)                                                                \
    "{'type':'conversation.item.added','previous_item_id':" previous ",'item':{'id':'" item        \
    "','type':'message','role':'" role "','content':[]}}"
#define BEGINS(response, ours)                                                                     \
    "{'type':'response.created','response':{'id':'" response "','metadata':" ours "}}"
#define ENDS(response, status, text, audio, cached, out_text, out_audio)                           \
    "{'type':'response.done','response':{'id':'" response "','status':'" status                    \
    "','usage':{'input_token_details':{'text_tokens':" text ",'audio_tokens':" audio               \
    ",'cached_tokens_details':{'text_tokens':" cached                                              \
    "}},'output_token_details':{'text_tokens':" out_text ",'audio_tokens':" out_audio "}}}}"
#define CALLS(response, item, name, ref, arguments)                                                \
    "{'type':'response.output_item.done','response_id':'" response "','item':{'id':'" item         \
    "','type':'function_call','status':'completed','name':'" name "','call_id':'" ref              \
    "','arguments':'" arguments "'}}"
#define OURS "{'client_event_id':'@'}"

static const struct {
    int at_ms;
    const char *text;
} events[] = {
    /* clang-format off */
    {214, BEGINS("r1", OURS)},
    {390, ADDED("null", "greeting", "assistant")},
    {432, WORDS("greeting", "Harbor Cycle")},
    {434, AUDIO("r1", "greeting", "#1000#")},
    {480, AUDIO("r1", "greeting", "#1600#")},
    {526, AUDIO("r1", "greeting", "#9600#")},
    {802, AUDIO("r1", "greeting", "#600#")},
    {856, AUDIO_DONE("r1", "greeting")},
    {857, WORDS_DONE("greeting", "Harbor Cycle Works, Mara speaking. How can I help?")},
    {862, "{'type':'rate_limits.updated','rate_limits':[]}"},
    {865, ENDS("r1", "completed", "352", "0", "0", "15", "32")},
    {3173, "{'type':'input_audio_buffer.speech_started','audio_start_ms':2600,'item_id':'u1'}"},
    {5963, "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':5800,'item_id':'u1'}"},
    {5964, "{'type':'input_audio_buffer.committed','previous_item_id':'greeting','item_id':'u1'}"},
    {5965, ADDED("'greeting'", "u1", "user")},
    {5972, BEGINS("r2", "null")},
    {6177, "{'type':'conversation.item.input_audio_transcription.completed','item_id':'u1','transcript':'Hi, is my bike ready? Ticket four two one seven.'}"},
    {6266, ADDED("'u1'", "preamble", "assistant")},
    {6303, WORDS("preamble", "Let me")},
    {6305, AUDIO("r2", "preamble", "#6400#")},
    {6471, AUDIO_DONE("r2", "preamble")},
    {6472, WORDS_DONE("preamble", "Let me look that up.")},
    {6562, "{'type':'response.function_call_arguments.done','call_id':'c1','name':'check_repair_status','arguments':'{}'}"},
    {6564, CALLS("r2", "f1", "check_repair_status", "c1", "{}")},
    {6565, CALLS("r2", "f1", "check_repair_status", "c1", "{}")},
    {6572, ENDS("r2", "completed", "396", "64", "320", "34", "16")},
    {6866, BEGINS("r3", OURS)},
    {7117, ADDED("'f1'", "answer", "assistant")},
    {7156, WORDS("answer", "Good news, your bike is ready. You can collect it until six this evening, and")},
    {7158, AUDIO("r3", "answer", "#12800#")},
    {8171, WORDS("answer", " there is a balance of sixty-four fifty to pay at the")},
    {8173, AUDIO("r3", "answer", "#12800#")},
    {9497, "{'type':'input_audio_buffer.speech_started','audio_start_ms':8920,'item_id':'u2'}"},
    {9501, AUDIO("r3", "answer", "#1600#")},
    {9511, AUDIO_DONE("r3", "answer")},
    {9512, WORDS_DONE("answer", "Good news, and what nobody heard")},
    {9518, ENDS("r3", "cancelled", "468", "80", "384", "41", "68")},
    {9528, "{'type':'conversation.item.truncated','item_id':'answer','content_index':0,'audio_end_ms':2260}"},
    {9530, "{'type':'error','error':{'type':'invalid_request_error','code':'response_cancel_not_active','message':'x','param':null,'event_id':'cl_0006_cancel'}}"},
    {11721, "{'type':'input_audio_buffer.speech_stopped','audio_end_ms':11560,'item_id':'u2'}"},
    {11722, "{'type':'input_audio_buffer.committed','previous_item_id':'answer','item_id':'u2'}"},
    {11729, BEGINS("r4", "null")},
    {12002, ADDED("'u2'", "goodbye", "assistant")},
    {12043, AUDIO("r4", "goodbye", "#9600#")},
    {12311, AUDIO_DONE("r4", "goodbye")},
    {12312, WORDS_DONE("goodbye", "You are welcome. Goodbye!")},
    {12320, "{'type':'conversation.item.input_audio_transcription.completed','item_id':'u2','transcript':'Perfect, thanks. Bye.'}"},
    {12377, CALLS("r4", "f2", "end_call", "c2", "{}")},
    {12382, ENDS("r4", "completed", "434", "151", "384", "37", "24")},
    /* clang-format on */
};

static struct kept carrier, model;
static struct live *live;

/* Bytes of audio that went to the carrier since the last time this was asked. */
static size_t take_audio(void)
{
    static size_t last;
    size_t total = 0, now;

    for (size_t i = 0; i < carrier.count; i++)
        if (strstr(carrier.texts[i], "\"event\":\"media\""))
            total += (strlen(carrier.texts[i]) - live->media_head_length - 3) / 4 * 3;
    now = total - last;
    last = total;
    return now;
}

/* The carrier has played everything, and says so. */
static void play_out(void)
{
    for (size_t i = 0; i < carrier.count; i++) {
        const char *at = strstr(carrier.texts[i], "\"name\":\"");
        char text[128], name[MARK_SIZE];

        if (!at || sscanf(at + 8, "%23[^\"]", name) != 1)
            continue;
        snprintf(text, sizeof text, "{\"event\":\"mark\",\"mark\":{\"name\":\"%s\"}}", name);
        media_take(live, text, strlen(text));
    }
}

static void advance_to(int at_ms)
{
    static int now_ms;

    clock_advance_ms(at_ms - now_ms);
    now_ms = at_ms;
    sockets_send();
    live->last_media_us = sockets_now_us();
}

static void hand_over(const char *given)
{
    char text[600];
    const char *event = strchr(given, '@');
    struct arena arena = {0};
    const char *whole;

    if (event)
        snprintf(text, sizeof text, "%.*s%s%s", (int)(event - given), given, live->responses.event,
                 event + 1);
    whole = expand(&arena, event ? text : given);
    cr_assert(realtime_take(live, whole, strlen(whole)));
    arena_free(&arena);
}

static const struct slot *turn(const char *item)
{
    const struct slot *slot = transcript_find(&live->transcript, item);

    cr_assert_not_null(slot, "%s", item);
    return slot;
}

static void expect_order(void)
{
    static const char *const order[] = {"greeting", "u1", "preamble", "answer", "u2", "goodbye"};
    const struct slot *slot = live->transcript.first;

    for (size_t i = 0; i < COUNT(order); i++, slot = slot->next) {
        cr_assert_not_null(slot);
        cr_expect_str_eq(slot->item, order[i]);
        cr_expect_eq(slot->seq, (int64_t)i + 1);
    }
    cr_expect_null(slot);
}

static void expect_figures(void)
{
    const struct usage *usage = &live->usage;

    cr_expect_eq(usage->responses, 4);
    cr_expect_eq(usage->text_in, 352 + 396 + 468 + 434);
    cr_expect_eq(usage->audio_in, 64 + 80 + 151);
    cr_expect_eq(usage->text_cached, 320 + 384 + 384);
    cr_expect_eq(usage->text_out, 15 + 34 + 41 + 37);
    cr_expect_eq(usage->audio_out, 32 + 16 + 68 + 24);
    cr_expect_eq(turn("u1")->start_ms, 2600);
    cr_expect_eq(turn("u1")->end_ms, 5800);
    cr_expect_eq(turn("preamble")->first_token_ms, 6303 - 5963);
    cr_expect_eq(turn("preamble")->first_audio_ms, 6305 - 5963);
    cr_expect_eq(turn("goodbye")->first_audio_ms, 12043 - 11721);
}

Test(replay, of_a_whole_call_has_the_results_of_the_recording)
{
    size_t spoken[4] = {0}, item = 0;

    live = live_for_test(&carrier, &model);
    live->has_base = true;
    realtime_speak(live, &(struct speak){.purpose = "greeting", .no_tools = true});
    for (size_t i = 0; i < COUNT(events); i++) {
        if (strstr(events[i].text, "speech_started") && item == 1)
            play_out();
        advance_to(events[i].at_ms);
        hand_over(events[i].text);
        if (strstr(events[i].text, "output_audio.done"))
            spoken[item++] = take_audio() / 8;
    }
    cr_expect_eq(spoken[0], 1600);
    cr_expect_eq(spoken[1], 800);
    cr_expect_eq(spoken[2], 3200, "the piece that came too late is not played");
    cr_expect_eq(spoken[3], 1200);
    cr_expect_eq(kept_with(&model, "function_call_output"), 2);
    cr_expect_eq(kept_with(&model, "response.create\""), 2);
    cr_expect_eq(kept_with(&model, "conversation.item.truncate\""), 1);
    cr_expect_eq(kept_with(&model, "response.cancel"), 0, "the model cancels by itself");
    cr_expect_eq(kept_with(&carrier, "\"event\":\"clear\""), 1);
    cr_expect_eq(live->state, LIVE_DRAINING);
    expect_order();
    expect_figures();
    live_release(live);
}

Test(replay, keeps_of_an_interrupted_answer_what_was_heard)
{
    live = live_for_test(&carrier, &model);
    for (size_t i = 0; i < COUNT(events) && events[i].at_ms < 11000; i++) {
        if (events[i].at_ms == 6866)
            play_out();
        advance_to(events[i].at_ms);
        hand_over(events[i].text);
    }
    cr_expect_eq(turn("answer")->heard_ms, 9497 - 7158);
    cr_expect_eq(strncmp(turn("answer")->text.at, "Good news, your bike is ready.", 30), 0);
    cr_expect_null(strstr(turn("answer")->text.at, "nobody"));
    cr_expect_eq(kept_with(&model, "\"audio_end_ms\":2339"), 1);
    live_release(live);
}

Test(replay, hangs_up_when_the_last_word_was_heard)
{
    live = live_for_test(&carrier, &model);
    for (size_t i = 0; i < COUNT(events); i++) {
        advance_to(events[i].at_ms);
        hand_over(events[i].text);
    }
    live_tick();
    cr_expect_eq(live->state, LIVE_DRAINING, "the goodbye is still being played");
    play_out();
    live_tick();
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_eq(carrier.closed, 0, "the end is written down first");
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"agent_end\""));
    live_end_is_stored(live->subject.session);
    cr_expect_eq(carrier.closed, 1000);
    live_release(live);
}
