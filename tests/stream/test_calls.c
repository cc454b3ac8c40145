/*
 * Whole calls: the carrier stand-in rings, the model stand-in answers, and what both of them logged
 * is what the API shows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/talk.h"
#include "recorded.h"

#define TALK(words) "[{\"wait_agent\":true},{\"say\":\"" words "\"},{\"wait_agent\":true}]"

static void starts_with_the_greeting(json_object *turns)
{
    cr_expect_str_eq(at(turns, "0.role"), "agent");
    cr_expect_str_eq(at(turns, "0.text"), "Hello, this is the desk.");
}

/* What the carrier stand-in played to its caller, whole, stands in the transcript word for word. */
static void agrees_with_the_carrier(json_object *turns, json_object *carrier)
{
    json_object *heard;
    size_t agreed = 0;

    cr_assert(json_object_object_get_ex(carrier, "transcript", &heard));
    for (size_t i = 0; i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "whole"), "true") != 0)
            continue;
        cr_expect(turns_hold(turns, at(one, "who"), at(one, "text")),
                  "not in the transcript: %s: %s", at(one, "who"), at(one, "text"));
        agreed++;
    }
    cr_expect_geq(agreed, 3u, "the carrier heard %zu whole sentences", agreed);
}

Test(calls, are_answered_transcribed_recorded_and_reported, .timeout = 120)
{
    struct customer customer = customer_new();
    json_object *carrier, *row, *delivery;
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550123", TALK("What time do you open on Monday?"));
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "state"), "completed");

    delivery = delivery_await(customer.webhook_path, "call.completed", sid);
    cr_expect_str_eq(at(delivery, "signature"), "valid");
    cr_expect_str_eq(at(delivery, "json.data.call.id"), sid);

    row = call_settled(&customer, sid);
    cr_expect_str_eq(at(row, "status"), "completed");
    cr_expect_str_eq(at(row, "outcome"), "answered");
    cr_expect_str_eq(at(row, "caller"), "+13125550123");
    cr_expect_str_eq(at(row, "has_transcript"), "true");
    cr_expect_str_eq(at(row, "has_recording"), "true");
    cr_expect_geq(atoi(at(row, "duration_sec")), 2);

    starts_with_the_greeting(call_turns(&customer, sid));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "What time do you open on Monday?"));
    agrees_with_the_carrier(call_turns(&customer, sid), carrier);
}

Test(calls, have_a_stereo_recording_that_holds_each_voice_on_its_side, .timeout = 120)
{
    struct customer customer = customer_new();
    struct reply mp3, part;
    struct sound sound;
    json_object *turns;
    const char *sid;

    customer_number(&customer);
    /* The pause keeps the voices apart where a busy machine sends the frames late. */
    sid = call_place(&customer, "+13125550124",
                     "[{\"wait_agent\":true},{\"pause_ms\":700},"
                     "{\"say\":\"My bicycle has a flat tire again.\"},{\"wait_agent\":true}]");
    call_ended(sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    mp3 = recorded(&customer, sid, NULL);
    cr_assert_eq(mp3.status, 200);
    cr_expect_str_eq(reply_header_of(&mp3, "Content-Type"), "audio/mpeg");

    sound = recorded_sound(&mp3);
    cr_assert_eq(sound.channels, 2, "the recording has %d channels", sound.channels);
    turns = call_turns(&customer, sid);
    for (size_t i = 0; i < json_object_array_length(turns); i++) {
        json_object *turn = json_object_array_get_idx(turns, i);
        bool caller = strcmp(at(turn, "role"), "caller") == 0;
        double from = atof(at(turn, "start_ms")), to = atof(at(turn, "end_ms"));

        cr_expect_gt(sound_energy(&sound, caller ? 0 : 1, from, to),
                     20 * sound_energy(&sound, caller ? 1 : 0, from, to) + 1,
                     "turn %zu (%s, %.0f to %.0f ms) is not on its side", i, at(turn, "role"), from,
                     to);
    }
    free(sound.wav);

    part = recorded(&customer, sid, "bytes=100-299");
    cr_assert_eq(part.status, 206);
    cr_assert_eq(part.length, 200u);
    cr_expect_arr_eq(part.body, mp3.body + 100, 200);
    cr_expect_str_eq(reply_header_of(&part, "Content-Range"), say("bytes 100-299/%zu", mp3.length));
    cr_expect_eq(recorded(&customer, sid, "bytes=999999999-").status, 416);
}

Test(calls, stop_the_agent_when_the_caller_speaks_over_it, .timeout = 120)
{
    struct customer customer = customer_new();
    json_object *carrier, *turns;
    const char *sid, *text = NULL;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550125",
                     "[{\"wait_agent\":true},{\"say\":\"Please tell me a long story.\"},"
                     "{\"barge\":\"Stop, that is enough.\",\"after_ms\":1500},"
                     "{\"wait_agent\":true}]");
    carrier = call_ended(sid);
    cr_expect(has(carrier, "streams.0.clears.0"), "nothing was cleared: %s",
              json_object_get_string(carrier));
    delivery_await(customer.webhook_path, "call.completed", sid);
    turns = call_turns(&customer, sid);
    for (size_t i = 0; i < json_object_array_length(turns); i++)
        if (strcmp(at(json_object_array_get_idx(turns, i), "interrupted"), "true") == 0)
            text = at(json_object_array_get_idx(turns, i), "text");
    cr_assert_not_null(text, "no turn is marked as interrupted: %s", json_object_get_string(turns));
    cr_expect(turns_hold(turns, "caller", "Stop, that is enough."), "%s",
              json_object_get_string(turns));
    cr_expect(has(query(say("SELECT e.id FROM call_events e JOIN calls c ON"
                            " c.tenant_id = e.tenant_id AND c.id = e.call_id"
                            " WHERE c.call_sid = '%s' AND e.type = 'turn.interrupted'",
                            sid)),
                  "0"));
}

Test(calls, end_when_the_agent_says_goodbye_and_only_after_it_was_heard, .timeout = 120)
{
    struct customer customer = customer_new();
    json_object *carrier, *heard;
    const char *sid;
    size_t last;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550126",
                     "[{\"wait_agent\":true},{\"say\":\"Goodbye.\"},{\"pause_ms\":20000}]");
    carrier = call_ended(sid);
    cr_assert(json_object_object_get_ex(carrier, "transcript", &heard));
    last = json_object_array_length(heard) - 1;
    cr_expect_str_eq(at(heard, say("%zu.who", last)), "agent");
    cr_expect_str_eq(at(heard, say("%zu.whole", last)), "true");
    call_settled(&customer, sid);
    cr_expect_str_eq(
        at(query(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", sid)), "0.end_reason"),
        "agent_end");
}

Test(calls, ten_at_once_come_through_whole, .timeout = 180)
{
    struct customer customer = customer_new();
    const char *sids[10];

    customer_number(&customer);
    for (int i = 0; i < 10; i++)
        sids[i] = call_place(&customer, say("+131255502%02d", i),
                             say("[{\"wait_agent\":true},{\"say\":\"I am caller number %d.\"},"
                                 "{\"wait_agent\":true}]",
                                 i + 1));
    for (int i = 0; i < 10; i++)
        cr_expect_str_eq(at(call_ended(sids[i]), "state"), "completed");
    for (int i = 0; i < 10; i++) {
        delivery_await(customer.webhook_path, "call.completed", sids[i]);
        cr_expect(turns_hold(call_turns(&customer, sids[i]), "caller",
                             say("I am caller number %d.", i + 1)),
                  "caller %d was not understood", i + 1);
    }
}
