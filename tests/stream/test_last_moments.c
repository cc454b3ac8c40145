/*
 * What callers say, or do not hear, in the moments in which others would lose it: a hand on the
 * receiver, a model that says nothing, a provider that withholds what it was about to say.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

/* A customer whose agent asks for a model of that name, by which the test knows its sessions. */
static struct customer customer_with_model(const char **model)
{
    struct customer customer = customer_new();
    const char *base = say("/api/v1/admin/tenants/%s", customer.tenant);
    struct reply reply;

    *model = say("gpt-realtime-%s", customer.tenant);
    reply = admin("POST", say("%s/agent-versions", base),
                  say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Hello, this is the desk.\","
                      "\"instructions\":\"Be brief.\",\"realtime_model\":\"%s\"}}",
                      customer.agent_id, *model));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    admin("POST", say("%s/agent-versions/%s/publish", base, at(reply.json, "version.id")), NULL);
    customer_number(&customer);
    return customer;
}

static size_t sessions_of(const char *model)
{
    json_object *sessions = NULL;
    size_t count = 0;

    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    for (size_t i = 0; sessions && i < json_object_array_length(sessions); i++)
        count += strcmp(at(json_object_array_get_idx(sessions, i), "model"), model) == 0;
    return count;
}

/* Whether the carrier's caller heard the agent say that, to its end. */
static bool was_heard(json_object *carrier, const char *text)
{
    json_object *heard = NULL;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "who"), "agent") == 0 && strcmp(at(one, "text"), text) == 0 &&
            strcmp(at(one, "whole"), "true") == 0)
            return true;
    }
    return false;
}

/* The model does not know yet that he has stopped, let alone what he said. */
Test(last_moments, who_hangs_up_behind_his_last_word_is_still_understood, .timeout = 120)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550127",
                     "[{\"wait_agent\":true},{\"say\":\"Please cancel my appointment.\"},"
                     "{\"hangup\":true}]");
    call_ended(sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    reply = kwick(&customer, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    cr_expect_not_null(strstr(reply.body, "Please cancel my appointment."), "%s", reply.body);
    cr_expect_str_eq(
        at(query(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", sid)), "0.end_reason"),
        "caller_hangup");
}

Test(last_moments, what_the_provider_withholds_is_apologised_for, .timeout = 120)
{
    const char *model;
    struct customer customer = customer_with_model(&model);
    json_object *carrier =
        call_ended(call_place(&customer, "+13125550312",
                              "[{\"wait_agent\":true},{\"say\":\"Say something forbidden.\"},"
                              "{\"wait_text\":\"cannot help you\",\"timeout_ms\":30000}]"));

    cr_expect(was_heard(carrier, "I am sorry, I cannot help you with that."), "%s",
              json_object_to_json_string(carrier));
}

/* It answers, and says that it has spoken, but there is no sound in it. */
Test(last_moments, a_model_that_has_lost_its_voice_is_replaced, .timeout = 120)
{
    const char *model;
    struct customer customer = customer_with_model(&model);
    json_object *carrier;

    control("MODEL", "POST", "/_fault",
            say("{\"match\":{\"event\":\"response.output_audio.delta\",\"model\":\"%s\"},\"do\":"
                "\"mute\"}",
                model));
    carrier = call_ended(
        call_place(&customer, "+13125550313", "[{\"wait_text\":\"Hello\",\"timeout_ms\":40000}]"));
    cr_expect(was_heard(carrier, "Hello, this is the desk."), "%s",
              json_object_to_json_string(carrier));
    cr_expect_eq(sessions_of(model), 2u);
}
