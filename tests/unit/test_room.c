/* Two legs of a translation call in one room, without sockets. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "outlets.h"
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/media.h"
#include "stream/mind.h"
#include "stream/mix.h"
#include "stream/realtime.h"
#include "stream/socket.h"

static struct arena arena;
static struct kept carriers[2], models[2];
static struct live *legs[2];

static const struct room room = {.language_a = "en", .language_b = "es", .original_level = 20};

static void open_leg(int side)
{
    legs[side] = live_for_test(&carriers[side], &models[side]);
    room_enter(legs[side], &room, side ? "participant_b" : "participant_a");
    cr_assert(room_ready(legs[side]));
}

/* The interpreter translates a turn. */
static void begin_translation(int side)
{
    responses_forget(&legs[side]->responses);
    mind_speak(legs[side], &(struct speak){.purpose = "turn"});
}

static void open_both(void)
{
    open_leg(0);
    open_leg(1);
    for (int side = 0; side < 2; side++) {
        begin_translation(side);
        kept_forget(&carriers[side]);
        kept_forget(&models[side]);
    }
}

/* A frame of the leg's caller: a tone of that loudness. */
static void speak(int side, int16_t loudness)
{
    unsigned char frame[AUDIO_FRAME_BYTES];
    char base64[AUDIO_FRAME_BASE64 + 1];

    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = mix_byte((int16_t)(i % 2 ? loudness : -loudness));
    bridge_from_caller(legs[side],
                       (struct slice){base64, audio_encode(frame, sizeof frame, base64)}, 20);
}

/* What the leg's interpreter says. */
static void interpret(int side, const char *item)
{
    const char *text =
        expand(&arena, "{'type':'response.output_audio.delta','response_id':'r1','item_id':'ITEM',"
                       "'output_index':0,'content_index':0,'delta':'#800#'}");
    char *copy = arena_text(&arena, text);

    memcpy(strstr(copy, "ITEM"), item, 4);
    realtime_take(legs[side], copy, strlen(copy));
}

/* The loudness of the first sample of the leg's last message of audio. */
static int heard(int side)
{
    const char *payload = strstr(kept_last(&carriers[side]), "\"payload\":\"");
    unsigned char ulaw[8192];
    size_t length;

    cr_assert_not_null(payload, "no audio was sent: %s", kept_last(&carriers[side]));
    payload += strlen("\"payload\":\"");
    length = strcspn(payload, "\"");
    cr_assert_gt(audio_decode(payload, length, ulaw), 0u);
    return abs(audio_sample(ulaw[0]));
}

Test(room, the_other_voice_is_heard_low)
{
    open_both();
    for (int i = 0; i < 3; i++) {
        speak(0, 8000);
        speak(1, 0);
    }
    cr_assert_geq(heard(1), 1500);
    cr_assert_leq(heard(1), 1700, "%d", heard(1));
    cr_assert_lt(heard(0), 100, "nobody hears himself");
}

Test(room, an_interpreter_is_heard_by_the_other_side_at_its_own_pace)
{
    open_both();
    interpret(0, "i001");
    cr_assert_eq(kept_with(&carriers[1], "\"event\":\"media\""), 0, "nothing before its frame");
    speak(1, 0);
    cr_assert_eq(kept_with(&carriers[1], "\"event\":\"media\""), 1);
    cr_assert_eq(kept_with(&carriers[0], "\"event\":\"media\""), 0);
    cr_assert_geq(kept_with(&models[1], "input_audio_buffer.append"), 1u);
}

Test(room, a_mark_follows_its_audio_and_tells_the_interpreter_whom_it_belongs_to)
{
    open_both();
    interpret(0, "i001");
    realtime_take(legs[0],
                  expand(&arena, "{'type':'response.output_audio.done','response_id':"
                                 "'r1','item_id':'i001'}"),
                  strlen(expand(&arena, "{'type':'response.output_audio.done','response_id':"
                                        "'r1','item_id':'i001'}")));
    cr_assert_not(playback_is_idle(&legs[0]->playback));
    speak(1, 0);
    cr_assert_eq(kept_with(&carriers[1], "\"event\":\"mark\""), 0, "640 of 800 bytes have left");
    speak(1, 0);
    cr_assert_eq(kept_with(&carriers[1], "\"name\":\"0:g0.1\""), 1);
    media_take(legs[1], expand(&arena, "{'event':'mark','mark':{'name':'0:g0.1'}}"),
               strlen(expand(&arena, "{'event':'mark','mark':{'name':'0:g0.1'}}")));
    cr_assert(playback_is_idle(&legs[0]->playback));
}

Test(room, the_first_leg_hears_that_it_has_to_wait)
{
    open_leg(0);
    cr_assert_eq(kept_with(&models[0], "Say exactly: One moment please"), 1);
    speak(0, 8000);
    interpret(0, "i001");
    speak(0, 0);
    cr_assert_eq(kept_with(&carriers[0], "\"event\":\"media\""), 1, "its notice is its own");
    cr_assert_not_null(strstr(facts_kept, "\"state\":\"waiting\""));
}

Test(room, who_stays_behind_is_told_in_his_language_and_ended)
{
    open_both();
    cr_assert_not_null(strstr(facts_kept, "\"state\":\"live\""));
    responses_forget(&legs[1]->responses);
    live_finish(legs[0], "completed", "caller_hangup");
    cr_assert_eq(kept_with(&models[1], "La otra persona ha dejado la llamada"), 1);
    cr_assert_gt(legs[1]->room.end_us, sockets_now_us());
    legs[1]->room.end_us = 1;
    room_tick(legs[1]);
    cr_assert_eq(legs[1]->state, LIVE_CLOSING);
}

Test(room, a_leg_whose_connection_was_lost_is_waited_for_and_comes_back)
{
    open_both();
    live_lost(legs[0]);
    cr_assert_eq(legs[1]->room.end_us, 0);
    cr_assert_gt(legs[1]->room.wait_us, 0);
    open_leg(0);
    cr_assert_eq(legs[1]->room.wait_us, 0);
    kept_forget(&carriers[1]);
    begin_translation(0);
    interpret(0, "i002");
    speak(1, 0);
    cr_assert_eq(kept_with(&carriers[1], "\"event\":\"media\""), 1);
}
