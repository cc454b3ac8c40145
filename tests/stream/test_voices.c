/*
 * Calls that another voice speaks: the model writes, ElevenLabs' stand-in says it, the caller hears
 * it; and what happens when that voice fails.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/talk.h"

/* A customer whose agent speaks with a voice of its own, named like the tenant. */
static struct customer customer_with_voice(void)
{
    struct customer customer = customer_new();

    customer_version(&customer,
                     say(DESK ",\"voice\":\"marin\",\"recording\":{\"enabled\":true},"
                              "\"enabled_tools\":[\"end_call\"],\"voice_settings\":{\"provider\":"
                              "\"elevenlabs\",\"voice_id\":\"%s\",\"model_id\":"
                              "\"eleven_flash_v2_5\",\"stability\":0.4,\"similarityBoost\":0.8}",
                         customer.tenant));
    customer_number(&customer);
    return customer;
}

/* What the stand-in was asked to say with the customer's voice, one text behind the other. */
static const char *spoken_by_the_voice(const struct customer *customer)
{
    struct reply reply = control("VOICES", "GET", "/_state", NULL);
    json_object *streams = NULL;
    const char *all = "";

    cr_assert(json_object_object_get_ex(reply.json, "streams", &streams));
    for (size_t i = 0; i < json_object_array_length(streams); i++) {
        json_object *one = json_object_array_get_idx(streams, i), *texts;

        if (strcmp(at(one, "voice"), customer->tenant) != 0)
            continue;
        cr_expect_str_eq(at(one, "output_format"), "ulaw_8000");
        json_object_object_get_ex(one, "texts", &texts);
        for (size_t j = 0; j < json_object_array_length(texts); j++)
            all = say("%s%s|", all, json_object_get_string(json_object_array_get_idx(texts, j)));
    }
    return all;
}

static void order_fault(const struct customer *customer, const char *event, const char *rest)
{
    struct reply reply = control(
        "VOICES", "POST", "/_fault",
        say("{\"match\":{\"voice\":\"%s\",\"event\":\"%s\"%s}", customer->tenant, event, rest));

    cr_assert_eq(reply.status, 201, "%s", reply.body);
}

/* All that the transcript says of the agent, with blanks between the turns. */
static const char *agents_words(json_object *turns)
{
    const char *all = "";

    for (size_t i = 0; i < json_object_array_length(turns); i++) {
        json_object *one = json_object_array_get_idx(turns, i);

        if (strcmp(at(one, "role"), "agent") == 0)
            all = say("%s%s%s", all, *all ? " " : "", at(one, "text"));
    }
    return all;
}

static json_object *voice_row(const char *sid)
{
    return query(say("SELECT v.provider, v.effective, v.fallback_reason, v.utterances,"
                     " v.first_audio_ms FROM session_voices v JOIN voice_sessions s ON"
                     " s.tenant_id = v.tenant_id AND s.id = v.session_id JOIN calls c ON"
                     " c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s'",
                     sid));
}

Test(voices, another_voice_speaks_what_the_model_writes, .timeout = 120)
{
    struct customer customer = customer_with_voice();
    json_object *carrier;
    const char *sid = call_place(&customer, "+13125550140",
                                 "[{\"wait_agent\":true},{\"say\":\"Are you open today?\"},"
                                 "{\"wait_agent\":true}]");

    carrier = call_ended(sid);
    cr_expect(agent_was_heard(carrier, "Hello, this is the desk."), "%s",
              json_object_to_json_string(carrier));
    cr_expect(agent_was_heard(carrier, "You said: Are you open today?") ||
                  agent_was_heard(carrier, "Are you open today?"),
              "%s", json_object_to_json_string(carrier));
    cr_expect_not_null(strstr(spoken_by_the_voice(&customer), "Hello, this is the desk.|"), "%s",
                       spoken_by_the_voice(&customer));
    delivery_await(customer.webhook_path, "call.completed", sid);
    cr_expect_str_eq(agents_words(call_turns(&customer, sid)),
                     "Hello, this is the desk. You said: Are you open today?");
    AWAIT(strcmp(at(voice_row(sid), "0.utterances"), "2") == 0);
    cr_expect_str_eq(at(voice_row(sid), "0.effective"), "elevenlabs");
    cr_expect_str_eq(at(voice_row(sid), "0.fallback_reason"), "");
}

Test(voices, an_interruption_leaves_no_stale_word, .timeout = 120)
{
    struct customer customer = customer_with_voice();
    const char *sid = call_place(&customer, "+13125550141",
                                 "[{\"wait_agent\":true},{\"say\":\"Tell me a long story.\"},"
                                 "{\"barge\":\"Stop, that is enough.\",\"after_ms\":1500},"
                                 "{\"wait_agent\":true}]");
    json_object *carrier = call_ended(sid), *turns;

    cr_expect(has(carrier, "streams.0.clears.0"), "nothing was cleared");
    cr_expect_not(agent_was_heard(carrier, "The little telephone rang"),
                  "the story went on to its end");
    cr_expect(agent_was_heard(carrier, "You said: Stop, that is enough.") ||
                  agent_was_heard(carrier, "Stop, that is enough."),
              "%s", json_object_to_json_string(carrier));
    delivery_await(customer.webhook_path, "call.completed", sid);
    turns = call_turns(&customer, sid);
    cr_expect_null(strstr(agents_words(turns), "good night"),
                   "the transcript keeps what nobody heard: %s", agents_words(turns));
    cr_expect_not_null(strstr(agents_words(turns), "Once upon a time"), "%s", agents_words(turns));
}

Test(voices, the_model_goes_on_itself_where_the_voice_breaks_off, .timeout = 120)
{
    struct customer customer = customer_with_voice();
    json_object *carrier;
    const char *sid, *words;

    order_fault(&customer, "audio", ",\"nth\":\"12\"},\"do\":\"disconnect\"");
    sid = call_place(&customer, "+13125550142",
                     "[{\"wait_agent\":true},{\"say\":\"Tell me a long story.\"},"
                     "{\"wait_agent\":3000},{\"wait_agent\":1000,\"timeout_ms\":4000}]");
    carrier = call_ended(sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    words = agents_words(call_turns(&customer, sid));
    cr_expect_not_null(strstr(words, "Once upon a time"), "%s", words);
    cr_expect_not_null(strstr(words, "without saying thank you."), "%s", words);
    cr_expect(agent_was_heard(carrier, "Hello, this is the desk."));
    AWAIT(strcmp(at(voice_row(sid), "0.effective"), "openai") == 0);
    cr_expect_str_eq(at(voice_row(sid), "0.fallback_reason"), "closed");
}

/* Its first call says why it fell back; the next one does not try before the voice has rested. */
Test(voices, a_voice_without_quota_is_given_up_and_spared_for_a_while, .timeout = 120)
{
    struct customer customer = customer_with_voice();
    json_object *carrier;
    const char *sid;

    order_fault(&customer, "text", "},\"do\":\"error\",\"code\":\"quota_exceeded\"");
    sid = call_place(&customer, "+13125550143", "[{\"wait_agent\":1500}]");
    carrier = call_ended(sid);
    cr_expect(agent_was_heard(carrier, "Hello, this is the desk."), "%s",
              json_object_to_json_string(carrier));
    AWAIT(strcmp(at(voice_row(sid), "0.fallback_reason"), "quota_exceeded") == 0);
    sid = call_place(&customer, "+13125550143", "[{\"wait_agent\":true}]");
    cr_expect(agent_was_heard(call_ended(sid), "Hello, this is the desk."));
    AWAIT(strcmp(at(voice_row(sid), "0.fallback_reason"), "cooling_down") == 0);
    cr_expect_str_eq(spoken_by_the_voice(&customer), "");
}

/* The row of the operator's diagnostics that is the customer's. */
static json_object *diagnostics_of(const struct customer *customer)
{
    struct reply reply = admin(
        "GET", "/api/v1/admin/tenants/audio-providers?limit=1000&include_uncached=true", NULL);
    json_object *items = NULL;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    json_object_object_get_ex(reply.json, "items", &items);
    for (size_t i = 0; items && i < json_object_array_length(items); i++)
        if (strcmp(at(json_object_array_get_idx(items, i), "tenant_id"), customer->tenant) == 0)
            return json_object_array_get_idx(items, i);
    return NULL;
}

Test(voices, a_refused_voice_is_replaced_and_shown_to_the_operator, .timeout = 120)
{
    struct customer customer = customer_with_voice();
    const char *sid;

    order_fault(&customer, "upgrade", "},\"do\":\"status\",\"status\":401,\"times\":-1");
    sid = call_place(&customer, "+13125550144", "[{\"wait_agent\":true}]");
    cr_expect(agent_was_heard(call_ended(sid), "Hello, this is the desk."));
    AWAIT(strcmp(at(voice_row(sid), "0.fallback_reason"), "refused") == 0);
    AWAIT(strcmp(at(diagnostics_of(&customer), "fallback_active"), "true") == 0);
    cr_expect_str_eq(at(diagnostics_of(&customer), "configured_provider"), "elevenlabs");
    cr_expect_str_eq(at(diagnostics_of(&customer), "effective_provider"), "openai");
    cr_expect_str_eq(at(diagnostics_of(&customer), "fallback_reason"), "refused");
    cr_expect_str_eq(at(diagnostics_of(&customer), "elevenlabs_configured"), "true");
    cr_expect_str_eq(at(diagnostics_of(&customer), "elevenlabs_ready"), "false");
    cr_expect_str_eq(at(diagnostics_of(&customer), "last_error"), "refused");
}
