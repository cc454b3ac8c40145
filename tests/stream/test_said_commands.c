/*
 * Commands that a model writes between its words, "[[press:12#]]": they are carried out, and the
 * caller never hears them, whether the model speaks itself or the carrier reads for it.
 *
 * The model's stand-in says again what the caller said, command and all.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static struct customer customer_with(const char *members)
{
    struct customer customer = customer_new();

    customer_version(&customer,
                     say(DESK ",\"enabled_tools\":[\"end_call\",\"press_digits\"]%s", members));
    customer_number(&customer);
    return customer;
}

/* What the API says that the agent said, one turn a line. */
static const char *transcript(const struct customer *customer, const char *sid)
{
    struct reply reply = kwick(customer, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    json_object *turns = NULL;
    const char *all = "";

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    json_object_object_get_ex(reply.json, "turns", &turns);
    for (size_t i = 0; turns && i < json_object_array_length(turns); i++) {
        json_object *one = json_object_array_get_idx(turns, i);

        if (strcmp(at(one, "role"), "agent") == 0)
            all = say("%s%s\n", all, at(one, "text"));
    }
    return all;
}

/*
 * How much of an utterance with a command the caller's phone got, from 0 to 1; -1 when there was no
 * such utterance.  The stand-in speaks evenly, so that the words before the command are as great a
 * part of the sound as of the text.
 */
static double heard_of_command(json_object *carrier)
{
    json_object *heard = NULL;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "who"), "agent") == 0 && strstr(at(one, "text"), "[["))
            return atof(at(one, "heard_ms")) / atof(at(one, "total_ms"));
    }
    return -1;
}

/* Whether the phone got every sample of an utterance of the agent's that ends so. */
static bool was_heard(json_object *carrier, const char *end)
{
    json_object *heard = NULL;
    bool was = false;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);
        const char *text = at(one, "text");

        was = was ||
              (strcmp(at(one, "who"), "agent") == 0 && strcmp(at(one, "whole"), "true") == 0 &&
               strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0);
    }
    return was;
}

#define ASKS                                                                                       \
    "Please listen carefully to all of my words and then press [[press:12#]] for the billing desk"

Test(said_commands, of_a_model_that_speaks_are_carried_out_and_not_heard, .timeout = 120)
{
    struct customer customer = customer_with("");
    const char *sid = call_place(&customer, "+13125550241",
                                 "[{\"wait_agent\":true},{\"say\":\"" ASKS "\"},"
                                 "{\"wait_text\":\"billing desk\"},{\"pause_ms\":7000},"
                                 "{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *all = json_object_to_json_string(carrier);
    double command_at = (double)(strstr(ASKS, "[[") - ASKS + 10) / (double)(sizeof ASKS + 10);

    cr_expect(heard_of_command(carrier) < command_at,
              "%f of it was heard, the command is at %f: %s", heard_of_command(carrier), command_at,
              all);
    cr_expect_str_eq(at(carrier, "streams.0.keys"), "12#", "%s", all);
    cr_expect(was_heard(carrier, "for the billing desk"), "the rest is said: %s", all);
    call_settled(&customer, sid);
    cr_expect_null(strstr(transcript(&customer, sid), "["), "%s", transcript(&customer, sid));
    cr_expect_not_null(strstr(transcript(&customer, sid), "for the billing desk"), "%s",
                       transcript(&customer, sid));
}

Test(said_commands, that_end_a_call_end_it_when_the_words_were_heard, .timeout = 120)
{
    struct customer customer = customer_with("");
    const char *sid = call_place(&customer, "+13125550242",
                                 "[{\"wait_agent\":true},{\"say\":\"That was all [[end_call]]\"},"
                                 "{\"pause_ms\":40000}]");
    json_object *carrier = call_ended(sid);
    const char *all = json_object_to_json_string(carrier);

    cr_expect(heard_of_command(carrier) < 0.8, "%s", all);
    call_settled(&customer, sid);
    cr_expect_str_eq(
        at(query(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", sid)), "0.end_reason"),
        "agent_end");
    cr_expect_null(strstr(transcript(&customer, sid), "["), "%s", transcript(&customer, sid));
    cr_expect_not_null(strstr(transcript(&customer, sid), "That was all"), "%s",
                       transcript(&customer, sid));
}

Test(said_commands, of_a_model_that_writes_go_to_the_carrier_and_are_not_read_aloud, .timeout = 120)
{
    struct customer customer = customer_with(",\"pipeline_mode\":\"relay\"");
    const char *sid = call_place(&customer, "+13125550243",
                                 "[{\"wait_agent\":true},{\"say\":\"" ASKS "\"},"
                                 "{\"wait_text\":\"billing desk\"},{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *all = json_object_to_json_string(carrier);

    cr_expect_str_eq(at(carrier, "relays.0.digits"), "12#", "%s", all);
    cr_expect_lt(heard_of_command(carrier), 0, "%s", all);
    cr_expect(was_heard(carrier, "for the billing desk"), "%s", all);
    call_settled(&customer, sid);
    cr_expect_null(strstr(transcript(&customer, sid), "["), "%s", transcript(&customer, sid));
}
