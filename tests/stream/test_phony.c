/*
 * Calls in the hands of Phony's clients: what an override does at the carrier and at the model,
 * what the agent learns, and what who follows the call is told.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"
#include "harness/websocket.h"

#define FROM "+13125550295"

/* A customer with an agent that has what a Phony agent has, and a key. */
struct phone {
    struct customer customer;
    const char *key, *model, *sid;
};

/* "members" are of the agent's document and begin with a comma. */
static struct phone phone_with(const char *members)
{
    struct phone phone = {.customer = customer_new()};
    const char *base = say("/api/v1/admin/tenants/%s", phone.customer.tenant);
    struct reply version;
    const char *id;

    phone.model = say("gpt-%s", phone.customer.tenant);
    version =
        admin("POST", say("%s/agent-versions", base),
              say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Hello, this is the desk.\","
                  "\"instructions\":\"Be brief.\",\"chat_model\":\"%s\",\"enabled_tools\":["
                  "\"end_call\",\"press_digits\",\"transfer_call\",\"request_user\"]%s}}",
                  phone.customer.agent_id, phone.model, members));
    cr_assert_eq(version.status / 100, 2, "%ld %s", version.status, version.body);
    id = at(version.json, "agent_version.id");
    if (!*id)
        id = at(version.json, *at(version.json, "version.id") ? "version.id" : "id");
    version = admin("POST", say("%s/agent-versions/%s/publish", base, id), NULL);
    cr_assert_eq(version.status / 100, 2, "%ld %s", version.status, version.body);
    customer_number(&phone.customer);
    phone.key = customer_key(&phone.customer, "phony", "\"permissions\":[\"*\"]");
    return phone;
}

#define RELAY ",\"pipeline_mode\":\"relay\""

static void rings(struct phone *phone, const char *script)
{
    phone->sid = call_place(&phone->customer, FROM, script);
    AWAIT_FOR(30, json_object_array_length(
                      query(say("SELECT 1 AS one FROM voice_sessions s JOIN calls c ON c.tenant_id"
                                " = s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND"
                                " s.state = 'active'",
                                phone->sid))) > 0);
}

static struct reply ask(const struct phone *phone, const char *method, const char *path,
                        const char *body)
{
    const char *const headers[] = {say("X-API-Key: %s", phone->key),
                                   "Content-Type: application/json", NULL};

    return http(method, path, headers, body);
}

/* "members" follow the call's SID. */
static void override(const struct phone *phone, const char *what, const char *members)
{
    struct reply reply = ask(phone, "POST", say("/api/override/%s", what),
                             say("{\"call_sid\":\"%s\"%s}", phone->sid, members));

    cr_assert_eq(reply.status, 200, "%s: %ld %s", what, reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "ok", "%s", reply.body);
}

/* Every line that the carrier heard of the agent. */
static const char *heard(json_object *carrier)
{
    const char *all = "";
    json_object *list;

    cr_assert(json_object_object_get_ex(carrier, "transcript", &list));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);

        all = say("%s%s: %s\n", all, at(one, "who"), at(one, "text"));
    }
    return all;
}

/* What the API has of both sides. */
static const char *transcript_of(const struct phone *phone)
{
    return json_object_to_json_string(
        query(say("SELECT t.role, t.text FROM call_turns t JOIN calls c ON c.tenant_id ="
                  " t.tenant_id AND c.id = t.call_id WHERE c.call_sid = '%s' ORDER BY t.seq",
                  phone->sid)));
}

#define WAITS "[{\"wait_agent\":true},{\"pause_ms\":60000},{\"hangup\":true}]"

/* ---- overrides ---- */

Test(phony, a_supervisors_text_is_spoken_and_the_call_is_ended, .timeout = 120)
{
    struct phone phone = phone_with("");
    json_object *carrier;

    rings(&phone, "[{\"wait_agent\":true},{\"say\":\"Please tell me a long story\"},"
                  "{\"wait_text\":\"transfer you to our specialist\"},{\"pause_ms\":60000}]");
    AWAIT(strstr(transcript_of(&phone), "long story"));
    override(&phone, "text", ",\"text\":\"Let me transfer you to our specialist.\"");
    AWAIT_FOR(30, strstr(transcript_of(&phone), "Let me transfer you to our specialist."));
    override(&phone, "end", "");
    carrier = call_ended(phone.sid);
    cr_expect(strstr(heard(carrier), "agent: Let me transfer you to our specialist."), "%s",
              heard(carrier));
    cr_expect_null(strstr(heard(carrier), "saying thank you."), "the story went on: %s",
                   heard(carrier));
}

Test(phony, digits_sound_in_the_line_or_go_by_the_relay, .timeout = 120)
{
    struct phone phone = phone_with(""), relay = phone_with(RELAY);

    rings(&phone, WAITS);
    rings(&relay, WAITS);
    override(&phone, "dtmf", ",\"digit\":\"15#\"");
    override(&relay, "dtmf", ",\"digit\":\"42*\"");
    nap_ms(2000);
    override(&phone, "end", "");
    override(&relay, "end", "");
    cr_expect_str_eq(at(call_ended(phone.sid), "streams.0.keys"), "15#");
    cr_expect_str_eq(at(call_ended(relay.sid), "relays.0.digits"), "42*");
}

Test(phony, a_transfer_dials_the_target_and_escalates_the_call, .timeout = 120)
{
    struct phone phone = phone_with("");
    const char *target =
        say("+13125557%s", phone.customer.number + strlen(phone.customer.number) - 3);

    control("CARRIER", "POST", "/_callee",
            say("{\"number\":\"%s\",\"script\":[{\"say\":\"Specialist speaking\"},"
                "{\"hangup\":true}]}",
                target));
    rings(&phone, "[{\"wait_agent\":true},{\"wait_text\":\"Specialist speaking\"},"
                  "{\"pause_ms\":1000},{\"hangup\":true}]");
    override(&phone, "transfer", say(",\"target\":\"%s\"", target));
    cr_expect(strstr(heard(call_ended(phone.sid)), "Specialist speaking"), "nobody was dialled");
    cr_expect_str_eq(
        at(query(say("SELECT escalated, escalation_target FROM calls WHERE call_sid = '%s'",
                     phone.sid)),
           "0.escalation_target"),
        target);
}

/* ---- context ---- */

/* What the chat stand-in was asked last for this phone's model. */
static const char *last_request(const struct phone *phone)
{
    struct reply log = control("MODEL", "GET", "/_log?after=0", NULL);
    const char *found = "";
    json_object *entries;

    cr_assert(json_object_object_get_ex(log.json, "entries", &entries));
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *one = json_object_array_get_idx(entries, i);

        if (strcmp(at(one, "event"), "chat") == 0 && strcmp(at(one, "model"), phone->model) == 0)
            found = json_object_to_json_string(one);
    }
    return found;
}

Test(phony, context_reaches_the_model_in_the_conversation, .timeout = 120)
{
    struct phone phone = phone_with(RELAY ",\"context_data\":{\"department\":\"billing\"}");
    struct reply reply;

    rings(&phone, "[{\"wait_agent\":true},{\"pause_ms\":4000},{\"say\":\"What do you know?\"},"
                  "{\"wait_text\":\"You said: What\"},{\"hangup\":true}]");
    reply = ask(&phone, "PUT", say("/api/calls/%s/context", phone.sid),
                "{\"context\":{\"priority\":\"very high indeed\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    call_ended(phone.sid);
    cr_expect(strstr(last_request(&phone), "very high indeed"), "%s", last_request(&phone));
    cr_expect(strstr(last_request(&phone), "billing"), "%s", last_request(&phone));
}

/* ---- commands in what the agent says ---- */

/* The model stand-in repeats what it hears, so that the caller gives it the words. */
static void are_in_no_turn_of_the_agent(const struct phone *phone)
{
    const char *turns = at(query(say("SELECT GROUP_CONCAT(t.text) AS it FROM call_turns t JOIN"
                                     " calls c ON c.tenant_id = t.tenant_id AND c.id = t.call_id"
                                     " WHERE c.call_sid = '%s' AND t.role = 'assistant'",
                                     phone->sid)),
                           "0.it");

    cr_expect(strstr(turns, "and two"), "%s", turns);
    cr_expect(!strstr(turns, "[[") && !strstr(turns, "12#"), "%s", turns);
}

#define PRESSES                                                                                    \
    "[{\"wait_agent\":true},{\"say\":\"please say one [[press:12#]] and two\"},"                   \
    "{\"wait_text\":\"and two\"},{\"pause_ms\":3000},{\"hangup\":true}]"

Test(phony, commands_of_a_chat_model_are_done_and_not_spoken, .timeout = 120)
{
    struct phone phone = phone_with(RELAY);
    json_object *carrier;

    rings(&phone, PRESSES);
    carrier = call_ended(phone.sid);
    cr_expect_str_eq(at(carrier, "relays.0.digits"), "12#");
    cr_expect(strstr(heard(carrier), "agent: You said: please say one"), "%s", heard(carrier));
    are_in_no_turn_of_the_agent(&phone);
}

/* That nothing more of the item is played is seen in tests/unit: this carrier knows by the first
 * of its sound what the whole of it says. */
Test(phony, commands_of_a_model_that_speaks_are_done_and_said_anew_without, .timeout = 120)
{
    struct phone phone = phone_with("");
    json_object *carrier;

    rings(&phone, PRESSES);
    carrier = call_ended(phone.sid);
    cr_expect_str_eq(at(carrier, "streams.0.keys"), "12#");
    cr_expect(strstr(heard(carrier), "and two"), "%s", heard(carrier));
    are_in_no_turn_of_the_agent(&phone);
}

Test(phony, a_question_waits_for_its_supervisor_who_answers_it, .timeout = 120)
{
    struct phone phone = phone_with(RELAY);
    struct websocket ws = websocket_open(atoi(fact("STREAM_PORT")), "/events/ws",
                                         say("X-API-Key: %s\r\n", phone.key));
    const char *asked;

    cr_assert(websocket_hear_with(&ws, "\"type\":\"ping\"", 20));
    rings(&phone, "[{\"wait_agent\":true},"
                  "{\"say\":\"Well [[request_user:May I give a discount?]]\"},"
                  "{\"wait_text\":\"still there\"},{\"pause_ms\":500},{\"hangup\":true}]");
    asked = websocket_hear_with(&ws, "supervisor.question", 30);
    cr_assert(asked, "closed with %d", ws.close_code);
    cr_expect(strstr(asked, "\"type\":\"call.updated\""), "%s", asked);
    cr_expect(strstr(asked, "May I give a discount?"), "%s", asked);
    override(&phone, "clarification", ",\"response\":\"Five percent at most\"");
    call_ended(phone.sid);
    cr_expect(strstr(last_request(&phone), "Five percent at most"), "%s", last_request(&phone));
    websocket_end(&ws);
}

/* ---- events ---- */

static json_object *next_event(struct websocket *ws)
{
    const char *text;

    while ((text = websocket_hear(ws, 20)) && strstr(text, "\"type\":\"ping\""))
        ;
    cr_assert(text, "closed with %d", ws->close_code);
    return kept(json_tokener_parse(text));
}

/* The words of the contract, in the order in which a call brings them about. */
Test(phony, events_tell_a_call_in_order_and_with_their_fields, .timeout = 120)
{
    struct phone phone = phone_with("");
    struct websocket ws = websocket_open(atoi(fact("STREAM_PORT")), "/events/ws",
                                         say("Authorization: Bearer %s\r\n", phone.key));
    bool was_started = false, was_said = false, was_updated = false;
    json_object *one;

    cr_assert(websocket_hear_with(&ws, "\"type\":\"ping\"", 20));
    rings(&phone, "[{\"wait_agent\":true},{\"pause_ms\":2500},{\"say\":\"Goodbye\"},"
                  "{\"wait_agent\":true},{\"pause_ms\":9000}]");
    cr_assert_eq(
        ask(&phone, "PUT", say("/api/calls/%s/context", phone.sid), "{\"context\":{\"vip\":true}}")
            .status,
        200);
    do {
        const char *type;

        one = next_event(&ws);
        type = at(one, "type");
        cr_expect_eq(strlen(at(one, "id")), 26u);
        cr_expect_eq(strlen(at(one, "timestamp")), 24u, "%s", at(one, "timestamp"));
        cr_expect_str_eq(at(one, "call_sid"), phone.sid);
        if (strcmp(type, "call.started") == 0) {
            cr_expect(!was_started && !was_said, "it starts once, and first");
            cr_expect_str_eq(at(one, "status"), "active");
            cr_expect_str_eq(at(one, "direction"), "inbound");
            cr_expect_str_eq(at(one, "from_number"), FROM);
            cr_expect_str_eq(at(one, "to_number"), phone.customer.number);
            was_started = true;
        } else if (strncmp(type, "transcript.", 11) == 0) {
            cr_expect(was_started, "%s before the start", type);
            cr_expect(*at(one, "text"), "%s without words", type);
            cr_expect(*at(one, "speaker"));
            was_said = true;
        } else if (strcmp(type, "context.updated") == 0) {
            cr_expect_str_eq(at(one, "updates.vip"), "true");
            cr_expect_str_eq(at(one, "context.vip"), "true");
            was_updated = true;
        }
    } while (strcmp(at(one, "type"), "call.ended") != 0);
    cr_expect(was_started && was_said && was_updated);
    cr_expect_str_eq(at(one, "status"), "completed");
    cr_expect_gt(atoi(at(one, "duration")), 0);
    websocket_end(&ws);
}
