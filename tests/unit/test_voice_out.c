/* What becomes of words that another voice was to speak, without sockets. */
#include <string.h>

#include <criterion/criterion.h>

#include "outlets.h"
#include "stream/bridge.h"
#include "stream/realtime.h"
#include "stream/socket.h"

static struct arena arena;
static struct kept carrier, model;
static struct live *live;

static void hear(const char *text)
{
    const char *json = expand(&arena, text);

    realtime_take(live, json, strlen(json));
}

#define TEXT(part)                                                                                 \
    "{'type':'response.output_text.delta','response_id':'r1','item_id':'i1','output_index':0,"     \
    "'content_index':0,'delta':'" part "'}"
#define TEXT_DONE                                                                                  \
    "{'type':'response.output_text.done','response_id':'r1','item_id':'i1','output_index':0,"      \
    "'content_index':0,'text':''}"

/* A call whose other voice was given up while the model still writes. */
static void setup(void)
{
    live = live_for_test(&carrier, &model);
    live->voice.choice.provider = VOICE_ELEVENLABS;
    hear("{'type':'response.created','response':{'id':'r1'}}");
}

TestSuite(voice_out, .init = setup);

Test(voice_out, what_is_left_unsaid_the_model_says_itself)
{
    hear(TEXT("Good morning. "));
    hear(TEXT("We are open."));
    cr_expect_eq(kept_with(&model, "Say exactly"), 0, "not before it is known whole");
    hear(TEXT_DONE);
    hear("{'type':'response.done','response':{'id':'r1','status':'completed'}}");
    cr_expect_eq(kept_with(&model, "Say exactly: Good morning. We are open."), 1, "%s",
                 kept_last(&model));
    cr_expect_eq(kept_with(&model, "conversation.item.delete"), 1,
                 "the model shall not believe that it was said");
}

Test(voice_out, words_that_wait_to_be_spoken_are_no_silence)
{
    hear(TEXT("Good morning. "));
    cr_expect_not(playback_is_idle(&live->playback));
}

Test(voice_out, an_interruption_ends_words_that_were_never_heard)
{
    hear(TEXT("Good morning. "));
    bridge_interrupt(live);
    cr_expect_eq(kept_with(&model, "conversation.item.delete"), 1);
    hear(TEXT("We are open."));
    hear(TEXT_DONE);
    hear("{'type':'response.done','response':{'id':'r1','status':'cancelled'}}");
    cr_expect_eq(kept_with(&model, "Say exactly"), 0, "%s", kept_last(&model));
    cr_expect_null(live->voice.first);
}

Test(voice_out, a_model_that_was_asked_for_speech_is_not_read_aloud)
{
    live->voice.choice.provider = NULL;
    hear(TEXT("Good morning. "));
    hear(TEXT_DONE);
    cr_expect_null(live->voice.first);
}
