/*
 * Translation calls: two people are called, each hears the other's words translated.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/talk.h"

static struct reply translate(const struct customer *customer, const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->stateset),
                                   "Content-Type: application/json", NULL};

    return http("POST", "/api/v1/voice/translation-calls", headers, body);
}

static const char *room_state(const char *room)
{
    return at(query(say("SELECT state FROM rooms WHERE id = UNHEX(REPLACE('%s', '-', ''))", room)),
              "0.state");
}

Test(translation, each_hears_the_words_of_the_other_translated, .timeout = 180)
{
    struct customer customer = customer_new();
    json_object *first, *second;
    struct reply reply;

    customer_number(&customer);
    somebody_on(
        "+13125550160",
        "\"script\":[{\"wait_text\":\"One moment please\"},{\"pause_ms\":3000},"
        "{\"say\":\"Where is the station?\"},{\"wait_text\":\"In en: Next to the church.\"},"
        "{\"hangup\":true}]");
    somebody_on(
        "+13125550161",
        "\"answer_after_ms\":2500,\"script\":[{\"wait_text\":\"In es: Where is the station?\"},"
        "{\"say\":\"Next to the church.\"},{\"wait_text\":\"La otra persona ha dejado\"},"
        "{\"pause_ms\":30000}]");
    reply = translate(&customer, "{\"participant_a\":\"+13125550160\",\"participant_b\":"
                                 "\"+13125550161\",\"language_a\":\"en\",\"language_b\":\"es\"}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    first = call_ended(at(reply.json, "participant_a_call_sid"));
    cr_expect(agent_was_heard(first, "One moment please, the other side is being connected."), "%s",
              json_object_to_json_string(first));
    cr_expect(agent_was_heard(first, "In en: Next to the church."), "%s",
              json_object_to_json_string(first));
    second = call_ended(at(reply.json, "participant_b_call_sid"));
    cr_expect(agent_was_heard(second, "In es: Where is the station?"), "%s",
              json_object_to_json_string(second));
    cr_expect(agent_was_heard(second, "La otra persona ha dejado la llamada. Adiós."), "%s",
              json_object_to_json_string(second));
    AWAIT(strcmp(room_state(at(reply.json, "room_id")), "ended") == 0);
}

Test(translation, a_second_order_that_fails_cancels_the_first, .timeout = 120)
{
    struct customer customer = customer_new();
    struct reply reply;
    json_object *rows;

    customer_number(&customer);
    somebody_on("+13125550162", "\"answer_after_ms\":20000");
    somebody_on("+13125550163", "\"result\":\"refused\"");
    reply = translate(&customer, "{\"participant_a\":\"+13125550162\",\"participant_b\":"
                                 "\"+13125550163\"}");
    cr_expect_eq(reply.status, 502, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "false");
    AWAIT(json_object_array_length(
              rows = query(
                  say("SELECT c.leg_role, c.state, r.state AS room FROM calls c JOIN rooms r ON"
                      " r.tenant_id = c.tenant_id AND r.id = c.room_id JOIN tenants t ON t.id ="
                      " c.tenant_id WHERE t.tenant_key = '%s' AND c.state_rank = 90 AND r.state = "
                      "'failed'"
                      " ORDER BY c.leg_role",
                      customer.tenant))) == 2);
    cr_expect_str_eq(at(rows, "1.state"), "failed");
    cr_expect_str_neq(at(rows, "0.state"), "in_progress");
}

Test(translation, who_cannot_be_called_is_refused, .timeout = 60)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = translate(&customer, "{\"participant_a\":\"+13125550164\"}");
    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
    reply = translate(&customer, "{\"participant_a\":\"+13125550164\",\"participant_b\":"
                                 "\"+13125550164\"}");
    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
    reply = translate(&customer, "{\"participant_a\":\"+13125550164\",\"participant_b\":"
                                 "\"+13125550165\",\"language_b\":\"no language\"}");
    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "false");
}
