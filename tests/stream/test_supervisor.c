/*
 * A supervisor's hand on a call that is under way: listening, speaking, ending.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "own_call.h"

#define FRAME 160

/* A call in which the agent has begun to talk. */
struct talk {
    struct own_call call;
    struct websocket caller;
};

static struct talk talk_begin(void)
{
    struct talk talk = {.call = own_call_new()};

    talk.caller = own_call_open(&talk.call, stream_port());
    cr_assert_eq(talk.caller.status, 101);
    own_call_start(&talk.call, &talk.caller);
    cr_assert(own_call_hear(&talk.caller, "\"media\"", 20), "the agent said nothing");
    AWAIT(strcmp(own_call_state(&talk.call), "active") == 0);
    return talk;
}

static void talk_end(struct talk *talk)
{
    websocket_say(&talk->caller, say("{\"event\":\"stop\",\"sequenceNumber\":\"9\",\"streamSid\":"
                                     "\"%s\",\"stop\":{\"accountSid\":\"AC1\",\"callSid\":\"%s\"}}",
                                     talk->call.stream_sid, talk->call.sid));
    cr_expect(websocket_closed(&talk->caller, 20));
}

static struct reply act(const struct talk *talk, const char *action, const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", talk->call.customer.stateset),
                                   "Content-Type: application/json", NULL};

    return http("POST", say("/api/v1/sessions/%s/actions/%s", talk->call.stream_sid, action),
                headers, body);
}

/* Opens the socket that the answer names. */
static struct websocket supervisor_open(const struct reply *reply)
{
    const char *path = strstr(at(reply->json, "url"), "/monitor/ws");

    cr_assert(path, "%s", reply->body);
    return websocket_open(stream_port(), path, "");
}

/* Base64 of a frame in which every byte is the same. */
static const char *frame_of(unsigned char byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = say("%*s", (FRAME + 2) / 3 * 4, "");

    for (int i = 0; i < FRAME; i += 3) {
        char *to = text + i / 3 * 4;

        to[0] = digits[byte >> 2];
        to[1] = digits[(byte & 3) << 4 | (i + 1 < FRAME ? byte >> 4 : 0)];
        to[2] = i + 1 < FRAME ? digits[(byte & 15) << 2 | byte >> 6] : '=';
        to[3] = i + 2 < FRAME ? digits[byte & 63] : '=';
    }
    return text;
}

static void caller_says(struct talk *talk, const char *frame)
{
    websocket_say(&talk->caller, say("{\"event\":\"media\",\"media\":{\"track\":\"inbound\","
                                     "\"timestamp\":\"20\",\"payload\":\"%s\"}}",
                                     frame));
}

/* Frames of the caller's until the supervisor's socket says something with "part". */
static const char *supervisor_hears(struct talk *talk, struct websocket *supervisor,
                                    const char *part, const char *frame)
{
    for (int i = 0; i < 20; i++) {
        const char *text;

        caller_says(talk, frame);
        text = websocket_hear_with(supervisor, part, 1);
        if (text || supervisor->close_code)
            return text;
    }
    return NULL;
}

Test(supervisor, hears_both_voices_and_reads_what_is_said, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "monitor", "{\"supervisor\":\"Ann\"}");
    struct websocket supervisor;
    const char *caller = frame_of(0x2a);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    supervisor = supervisor_open(&reply);
    cr_assert_eq(supervisor.status, 101);
    cr_assert(websocket_hear_with(&supervisor, "\"type\":\"session\"", 20));
    cr_expect(supervisor_hears(&talk, &supervisor, caller, caller), "the caller's own audio");
    cr_expect(supervisor_hears(&talk, &supervisor, "Hello, this is the desk.", frame_of(0xff)),
              "the greeting in writing");
    cr_assert_eq(act(&talk, "whisper", "{\"note\":\"The customer is a member\"}").status, 200);
    talk_end(&talk);
    cr_expect(websocket_hear_with(&supervisor, "\"type\":\"ended\"", 20));
    cr_expect(websocket_closed(&supervisor, 20));
    cr_expect_eq(supervisor.close_code, 1000);
}

Test(supervisor, opens_a_socket_once_and_only_with_a_ticket, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "monitor", "{}");
    struct websocket first = supervisor_open(&reply), again, none;

    cr_assert(websocket_hear_with(&first, "\"type\":\"session\"", 20));
    again = supervisor_open(&reply);
    cr_expect(websocket_closed(&again, 20));
    cr_expect_eq(again.close_code, 1008);
    none = websocket_open(stream_port(), "/monitor/ws", "");
    cr_expect_eq(none.status, 401);
    none = websocket_open(stream_port(), "/monitor/ws?ticket=guess", "");
    cr_expect(websocket_closed(&none, 20));
    cr_expect_eq(none.close_code, 1008);
    talk_end(&talk);
}

Test(supervisor, who_does_not_read_is_let_go_and_nobody_else_notices, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "monitor", "{}");
    struct websocket supervisor = supervisor_open(&reply);
    char audio[40 * 1024 + 1];

    cr_assert(websocket_hear_with(&supervisor, "\"type\":\"session\"", 20));
    memset(audio, '/', sizeof audio - 1);
    audio[sizeof audio - 1] = '\0';
    for (int i = 0; i < 400; i++)
        caller_says(&talk, audio);
    cr_expect(websocket_closed(&supervisor, 30));
    cr_expect_eq(supervisor.close_code, 4408);
    cr_expect_str_eq(own_call_state(&talk.call), "active");
    talk_end(&talk);
}

Test(supervisor, who_talks_nonsense_is_let_go, .timeout = 120)
{
    static const char *const nonsense[] = {"{", "[]", "{\"type\":\"dance\"}", "{\"type\":7}",
                                           "\xff"};
    struct talk talk = talk_begin();

    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct reply reply = act(&talk, "monitor", "{}");
        struct websocket supervisor = supervisor_open(&reply);

        cr_assert(websocket_hear_with(&supervisor, "\"type\":\"session\"", 20));
        websocket_say(&supervisor, nonsense[i]);
        cr_expect(websocket_closed(&supervisor, 20), "%s", nonsense[i]);
    }
    cr_expect_str_eq(own_call_state(&talk.call), "active");
    talk_end(&talk);
}

Test(supervisor, takes_over_and_gives_the_caller_back, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "barge", "{\"supervisor\":\"Ann\"}");
    const char *voice = frame_of(0x15), *heard = NULL;
    struct websocket supervisor;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    supervisor = supervisor_open(&reply);
    cr_assert(websocket_hear_with(&supervisor, "\"mode\":\"barge\"", 20));
    for (int i = 0; i < 200 && !heard; i++) {
        websocket_say(&supervisor, say("{\"type\":\"audio\",\"audio\":\"%s\"}", voice));
        caller_says(&talk, frame_of(0x2a));
        if (i % 10 == 9)
            heard = websocket_hear_with(&talk.caller, voice, 1);
    }
    cr_expect(heard, "the caller does not hear the supervisor");
    websocket_say(&supervisor, "{\"type\":\"release\"}");
    cr_expect(websocket_hear_with(&supervisor, "\"mode\":\"monitor\"", 20));
    cr_expect(own_call_hear(&talk.caller, "\"mark\"", 20), "the agent does not go on");
    talk_end(&talk);
}

Test(supervisor, gives_the_caller_back_by_leaving, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "barge", "{}");
    struct websocket supervisor = supervisor_open(&reply);
    const char *events = say("SELECT COUNT(*) AS n FROM call_events WHERE type = 'agent.unmuted'"
                             " AND payload IS NOT NULL AND session_id = (SELECT id FROM"
                             " voice_sessions WHERE stream_sid = '%s')",
                             talk.call.stream_sid);

    cr_assert(websocket_hear_with(&supervisor, "\"mode\":\"barge\"", 20));
    websocket_end(&supervisor);
    AWAIT(strcmp(at(query(events), "0.n"), "1") == 0);
    talk_end(&talk);
}

Test(supervisor, ends_the_call, .timeout = 120)
{
    struct talk talk = talk_begin();
    struct reply reply = act(&talk, "end", "{\"reason\":\"resolved\"}");

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(websocket_closed(&talk.caller, 20));
    AWAIT(strcmp(own_call_state(&talk.call), "ended") == 0);
    reply = act(&talk, "end", "{}");
    cr_expect_eq(reply.status, 404);
    cr_expect_str_eq(at(reply.json, "ok"), "false");
}
