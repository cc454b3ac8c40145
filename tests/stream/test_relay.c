/*
 * Calls whose agent reads and writes: the carrier stand-in turns speech into text and text into
 * speech, the chat stand-in answers, and what both of them logged is what the API shows.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"
#include "harness/websocket.h"

/* A customer whose agent reads and writes; its model has a name of its own, for faults of its own.
 */
struct desk {
    struct customer customer;
    const char *model;
};

static struct desk desk_with(const char *members)
{
    struct desk desk = {.customer = customer_new()};
    const char *base = say("/api/v1/admin/tenants/%s", desk.customer.tenant);
    struct reply version;
    const char *id;

    desk.model = say("gpt-%s", desk.customer.tenant);
    version = admin("POST", say("%s/agent-versions", base),
                    say("{\"agent_id\":\"%s\",\"config\":{\"pipeline_mode\":\"relay\","
                        "\"greeting\":\"Hello, this is the desk.\",\"instructions\":\"Be brief.\","
                        "\"chat_model\":\"%s\",\"language\":\"en-US\","
                        "\"enabled_tools\":[\"end_call\",\"press_digits\",\"business_hours\","
                        "\"switch_language\"]%s}}",
                        desk.customer.agent_id, desk.model, members));
    cr_assert_eq(version.status / 100, 2, "%ld %s", version.status, version.body);
    id = at(version.json, "agent_version.id");
    if (!*id)
        id = at(version.json, *at(version.json, "version.id") ? "version.id" : "id");
    version = admin("POST", say("%s/agent-versions/%s/publish", base, id), NULL);
    cr_assert_eq(version.status / 100, 2, "%ld %s", version.status, version.body);
    customer_number(&desk.customer);
    return desk;
}

static struct desk desk_new(void)
{
    return desk_with("");
}

static json_object *turns_of(const struct desk *desk, const char *sid)
{
    struct reply reply = kwick(&desk->customer, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    json_object *turns;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert(json_object_object_get_ex(reply.json, "turns", &turns));
    return turns;
}

static const char *dialogue(json_object *list, const char *who, const char *text)
{
    const char *all = "";

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);

        if (strcmp(at(one, who), "carrier") != 0)
            all = say("%s%s: %s\n", all, at(one, who), at(one, text));
    }
    return all;
}

/* What the carrier stand-in heard and spoke is the transcript, turn by turn. */
static const char *heard_by(json_object *carrier)
{
    json_object *list;

    cr_assert(json_object_object_get_ex(carrier, "transcript", &list));
    return dialogue(list, "who", "text");
}

static const char *transcript_of(const struct desk *desk, const char *sid)
{
    return dialogue(turns_of(desk, sid), "role", "text");
}

#define AGREES(desk, sid, carrier)                                                                 \
    do {                                                                                           \
        call_settled(&(desk).customer, sid);                                                       \
        AWAIT(strcmp(transcript_of(&(desk), sid), heard_by(carrier)) == 0);                        \
    } while (0)

#define FROM "+13125550140"

Test(relay, calls_are_spoken_transcribed_and_ended_by_the_agent, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid = call_place(&desk.customer, FROM,
                                 "[{\"wait_agent\":true},{\"say\":\"What time do you open?\"},"
                                 "{\"wait_agent\":true},{\"say\":\"Thank you, goodbye\"},"
                                 "{\"wait_agent\":true},{\"pause_ms\":20000}]");
    json_object *carrier = call_ended(sid);

    cr_expect_str_eq(at(carrier, "relays.0.status"), "ended");
    cr_expect_str_eq(at(carrier, "relays.0.malformed"), "0");
    cr_expect(strstr(at(carrier, "relays.0.handoff"), "\"result\":\"completed\"") != NULL);
    AGREES(desk, sid, carrier);
    cr_expect(strncmp(heard_by(carrier),
                      "agent: Hello, this is the desk.\n"
                      "caller: What time do you open?\n"
                      "agent: You said: What time do you open?\n"
                      "caller: Thank you, goodbye\n",
                      40) == 0,
              "%s", heard_by(carrier));
    cr_expect_str_eq(at(call_settled(&desk.customer, sid), "outcome"), "answered");
}

Test(relay, who_interrupts_leaves_in_the_transcript_what_was_heard, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid = call_place(&desk.customer, FROM,
                                 "[{\"wait_agent\":true},{\"say\":\"Please tell me a long story\"},"
                                 "{\"barge\":\"Stop, what is your name?\",\"after_ms\":2500},"
                                 "{\"wait_text\":\"You said: Stop\"},{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *heard = heard_by(carrier);

    AGREES(desk, sid, carrier);
    cr_expect(strstr(heard, "agent: Once upon a time") != NULL, "%s", heard);
    cr_expect(strstr(heard, "thank you.") == NULL, "the story went on: %s", heard);
    cr_expect(strstr(heard, "agent: You said: Stop, what is your name?") != NULL, "%s", heard);
}

/* What the chat stand-in was asked for this model's requests, the latest one's messages. */
static json_object *last_request(const struct desk *desk)
{
    struct reply log = control("MODEL", "GET", "/_log?after=0", NULL);
    json_object *entries, *found = NULL;

    cr_assert(json_object_object_get_ex(log.json, "entries", &entries));
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *one = json_object_array_get_idx(entries, i);

        if (strcmp(at(one, "event"), "chat") == 0 && strcmp(at(one, "model"), desk->model) == 0)
            found = one;
    }
    cr_assert_not_null(found);
    return found;
}

Test(relay, the_model_is_told_only_what_was_heard_of_its_words, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid = call_place(&desk.customer, FROM,
                                 "[{\"wait_agent\":true},{\"say\":\"Please tell me a long story\"},"
                                 "{\"barge\":\"Stop that\",\"after_ms\":2500},"
                                 "{\"wait_text\":\"You said: Stop\"},{\"hangup\":true}]");
    const char *messages, *told;

    call_ended(sid);
    messages = json_object_to_json_string(last_request(&desk));
    told = strstr(messages, "Once upon a time");
    cr_expect(told && !strstr(messages, "thank you."), "%s", messages);
    cr_expect(strstr(messages, "Hello, this is the desk.") != NULL);
}

Test(relay, keys_that_the_model_presses_go_to_the_carrier, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid =
        call_place(&desk.customer, FROM,
                   "[{\"wait_agent\":true},"
                   "{\"say\":\"use the tool press_digits with {\\\"digits\\\":\\\"12#\\\"}\"},"
                   "{\"wait_text\":\"One moment\"},{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);

    cr_expect_str_eq(at(carrier, "relays.0.digits"), "12#");
    AGREES(desk, sid, carrier);
}

Test(relay, the_agent_can_go_on_in_another_language, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid = call_place(
        &desk.customer, FROM,
        "[{\"wait_agent\":true},"
        "{\"say\":\"use the tool switch_language with {\\\"language\\\":\\\"es-ES\\\"}\"},"
        "{\"wait_text\":\"The tool says\"},{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *received = say("%s", at(carrier, "relays.0.received"));

    cr_expect(strstr(received, "\"transcriptionLanguage\": \"es-ES\"") ||
                  strstr(received, "\"transcriptionLanguage\":\"es-ES\""),
              "%s", json_object_to_json_string(carrier));
    cr_expect_str_eq(at(carrier, "relays.0.malformed"), "0");
    AGREES(desk, sid, carrier);
}

Test(relay, tools_are_run_once_and_spoken_about, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid =
        call_place(&desk.customer, FROM,
                   "[{\"wait_agent\":true},"
                   "{\"say\":\"use the tools check_business_hours and press_digits\"},"
                   "{\"wait_text\":\"The tool says\"},{\"wait_agent\":true},"
                   "{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *heard = heard_by(carrier), *said = strstr(heard, "The tool says");

    AGREES(desk, sid, carrier);
    cr_expect(said && !strstr(said + 1, "The tool says"), "it was spoken about twice: %s", heard);
    cr_expect_eq(
        json_object_array_length(query(
            say("SELECT status FROM tool_invocations WHERE tool_name = 'check_business_hours' AND"
                " call_id = (SELECT id FROM calls WHERE call_sid = '%s')",
                sid))),
        1u);
}

Test(relay, keys_that_the_caller_presses_reach_the_model, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid = call_place(&desk.customer, FROM,
                                 "[{\"wait_agent\":true},{\"dtmf\":\"421#\"},"
                                 "{\"wait_text\":\"421#\"},{\"hangup\":true}]");

    cr_expect(strstr(heard_by(call_ended(sid)),
                     "agent: You said: The caller typed on the keypad: 421#") != NULL);
}

static void fault(const struct desk *desk, const char *act, const char *members)
{
    struct reply reply = control("MODEL", "POST", "/_fault",
                                 say("{\"match\":{\"event\":\"chat\",\"model\":\"%s\"},"
                                     "\"do\":\"%s\"%s}",
                                     desk->model, act, members));

    cr_assert_eq(reply.status / 100, 2, "%ld %s", reply.status, reply.body);
}

#define ASKS "[{\"wait_agent\":true},{\"say\":\"Are you there?\"},"

Test(relay, a_slow_model_is_waited_for, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid;

    fault(&desk, "slow", ",\"ms\":4000");
    sid = call_place(&desk.customer, FROM, ASKS "{\"wait_text\":\"You said\"},{\"hangup\":true}]");
    cr_expect(strstr(heard_by(call_ended(sid)), "agent: You said: Are you there?") != NULL);
}

Test(relay, a_request_that_fails_is_sent_once_more, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid, *heard;

    fault(&desk, "refuse", ",\"status\":500");
    sid = call_place(&desk.customer, FROM, ASKS "{\"wait_text\":\"You said\"},{\"hangup\":true}]");
    heard = heard_by(call_ended(sid));
    cr_expect(strstr(heard, "agent: You said: Are you there?") != NULL, "%s", heard);
}

Test(relay, an_answer_that_breaks_off_is_not_said_twice, .timeout = 120)
{
    struct desk desk = desk_new();
    const char *sid, *heard, *first;

    fault(&desk, "break", ",\"count\":12");
    sid = call_place(&desk.customer, FROM,
                     "[{\"wait_agent\":true},{\"say\":\"tell me a long story\"},"
                     "{\"wait_agent\":true},{\"say\":\"And now?\"},"
                     "{\"wait_text\":\"You said: And now\"},{\"hangup\":true}]");
    heard = heard_by(call_ended(sid));
    first = strstr(heard, "Once upon a time");
    cr_expect(first && !strstr(first + 1, "Once upon"), "%s", heard);
    cr_expect(strstr(heard, "agent: You said: And now?") != NULL, "%s", heard);
}

Test(relay, a_model_that_is_gone_leaves_no_silence, .timeout = 120)
{
    struct desk desk = desk_new();
    json_object *carrier;
    const char *sid;

    fault(&desk, "refuse", ",\"status\":500,\"times\":-1");
    sid = call_place(&desk.customer, FROM, ASKS "{\"pause_ms\":60000}]");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "relays.0.status"), "ended");
    cr_expect(strstr(at(carrier, "relays.0.handoff"), "\"result\":\"failed\"") != NULL, "%s",
              at(carrier, "relays.0.handoff"));
    cr_expect(strstr(json_object_to_json_string(carrier), "\"who\": \"carrier\"") != NULL,
              "the caller heard nothing at the end: %s", json_object_to_json_string(carrier));
    cr_expect_str_eq(at(call_settled(&desk.customer, sid), "status"), "completed");
}

Test(relay, a_caller_who_says_nothing_is_asked_once_and_then_left, .timeout = 120)
{
    struct desk desk = desk_with(",\"call_settings\":{\"silenceTimeoutSeconds\":5}");
    const char *sid =
        call_place(&desk.customer, FROM, "[{\"wait_agent\":true},{\"pause_ms\":90000}]");
    json_object *carrier = call_ended(sid);

    cr_expect_str_eq(at(carrier, "relays.0.status"), "ended");
    cr_expect(strstr(heard_by(carrier), "agent: Hello, this is the desk.\nagent: ") != NULL, "%s",
              heard_by(carrier));
    AGREES(desk, sid, carrier);
}

/* ---- who may come in ---- */

Test(relay, a_handshake_without_a_signature_is_refused, .timeout = 60)
{
    AWAIT(websocket_open(atoi(fact("STREAM_PORT")), "/relay/ws", "").status == 401);
}

static void carrier_fault(const char *from, const char *act)
{
    struct reply reply =
        control("CARRIER", "POST", "/_fault",
                say("{\"match\":{\"event\":\"relay\",\"from\":\"%s\"},\"do\":\"%s\"}", from, act));

    cr_assert_eq(reply.status / 100, 2, "%ld %s", reply.status, reply.body);
}

Test(relay, a_foreign_signature_gets_no_call, .timeout = 120)
{
    struct desk desk = desk_new();
    json_object *carrier;

    carrier_fault("+13125550141", "foreign");
    carrier = call_ended(
        call_place(&desk.customer, "+13125550141", "[{\"wait_agent\":true},{\"hangup\":true}]"));
    /* The first try is refused; the carrier asks again, signs rightly and is let in. */
    cr_expect_str_eq(at(carrier, "relays.1.status"), "failed");
    cr_expect_str_eq(at(carrier, "relays.1.close_code"), "1008");
    cr_expect(strstr(heard_by(carrier), "agent: Hello, this is the desk.") != NULL);
}

/* Opens a relay's socket, signed as the stack's own carrier account would sign it. */
static struct websocket signed_socket(void)
{
    const char *signature = carrier_signature(fact("REHEARSAL_AUTH_TOKEN"),
                                              say("%s/relay/ws", fact("STREAM_PUBLIC_URL")), "");
    const char *header = say("X-Twilio-Signature: %s\r\n", signature);
    struct websocket ws;

    AWAIT((ws = websocket_open(atoi(fact("STREAM_PORT")), "/relay/ws", header)).status == 101);
    return ws;
}

Test(relay, a_foreign_token_is_refused, .timeout = 60)
{
    struct websocket ws = signed_socket();

    websocket_say(&ws, "{\"type\":\"setup\",\"sessionId\":\"VX1\",\"callSid\":\"CA1\","
                       "\"customParameters\":{\"relay_token\":\"v1.AAAA.BBBB\"}}");
    cr_expect_null(websocket_hear_with(&ws, "nothing", 10));
    cr_expect_eq(ws.close_code, 1008);
}

Test(relay, a_socket_that_says_nothing_is_closed_after_five_seconds, .timeout = 60)
{
    struct websocket ws = signed_socket();

    cr_expect_null(websocket_hear_with(&ws, "nothing", 10));
    cr_expect_eq(ws.close_code, 1008);
}

Test(relay, nonsense_ends_its_own_socket, .timeout = 60)
{
    struct websocket ws = signed_socket();

    websocket_say(&ws, "{\"type\":");
    cr_expect_null(websocket_hear_with(&ws, "nothing", 4));
    cr_expect_eq(ws.close_code, 1008);
}

/* ---- broken sockets ---- */

Test(relay, a_call_whose_socket_breaks_goes_on_with_its_conversation, .timeout = 120)
{
    struct desk desk = desk_new();
    json_object *carrier;
    const char *sid, *messages;

    cr_assert_eq(control("CARRIER", "POST", "/_fault",
                         "{\"match\":{\"event\":\"relay\",\"from\":\"+13125550142\"},"
                         "\"do\":\"close\",\"ms\":9000}")
                         .status /
                     100,
                 2);
    sid = call_place(&desk.customer, "+13125550142",
                     "[{\"wait_agent\":true},{\"say\":\"My name is Ada\"},"
                     "{\"wait_text\":\"You said: My name is Ada\"},{\"pause_ms\":12000},"
                     "{\"say\":\"Are you back?\"},"
                     "{\"wait_text\":\"You said: Are you back\"},{\"hangup\":true}]");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "relays.1.status"), "failed");
    cr_expect_str_eq(at(carrier, "relays.0.status"), "completed");
    messages = json_object_to_json_string(last_request(&desk));
    cr_expect(strstr(messages, "My name is Ada") != NULL, "%s", messages);
}
