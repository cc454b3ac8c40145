/*
 * What a caller says over the agent, in whole calls: the agent of these has conditions, and tells a
 * long story.  tests/unit/test_interruption.c has the same clips and more on a virtual clock.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/talk.h"

#define OVER_A_STORY(words)                                                                        \
    "[{\"wait_agent\":true},{\"say\":\"Tell me a long story.\"},{\"pause_ms\":500},"               \
    "{\"barge\":\"" words "\",\"after_ms\":2500},{\"wait_agent\":1500,\"timeout_ms\":40000}]"

static struct customer storyteller(const char *interruption)
{
    struct customer customer = customer_new();

    customer_number(&customer);
    customer_version(&customer,
                     say(DESK ",\"language\":\"en\",\"interruption_settings\":%s", interruption));
    return customer;
}

/* Who said what, once the call is over. */
static json_object *turns_of(const struct customer *customer, const char *sid)
{
    call_ended(sid);
    call_settled(customer, sid);
    return call_turns(customer, sid);
}

/* The turn that begins with these words; fails when there is none. */
static json_object *turn(json_object *turns, const char *words)
{
    for (size_t i = 0; i < json_object_array_length(turns); i++) {
        json_object *one = json_object_array_get_idx(turns, i);

        if (strncmp(at(one, "text"), words, strlen(words)) == 0)
            return one;
    }
    cr_assert_fail("nobody said \"%s\": %s", words, json_object_to_json_string(turns));
    return NULL;
}

static size_t events(const char *sid, const char *type)
{
    return json_object_array_length(
        query(say("SELECT e.id FROM call_events e JOIN calls c ON c.tenant_id = e.tenant_id AND "
                  "c.id = e.call_id WHERE c.call_sid = '%s' AND e.type = '%s'",
                  sid, type)));
}

#define STORY "Once upon a time"
#define STORY_ENDS "without saying thank you."

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), of_end = strlen(end);

    return length >= of_end && strcmp(text + length - of_end, end) == 0;
}

Test(interruptions, uh_huh_does_not_stop_a_story, .timeout = 120)
{
    struct customer customer = storyteller("{\"sensitivityMs\":300}");
    const char *sid = call_place(&customer, "+13125550123", OVER_A_STORY("Uh huh."));
    json_object *turns = turns_of(&customer, sid);

    cr_expect(ends_with(at(turn(turns, STORY), "text"), STORY_ENDS), "%s",
              json_object_to_json_string(turns));
    cr_expect_eq(events(sid, "turn.interrupted"), 0);
    cr_expect_eq(events(sid, "turn.ignored"), 1);
    turn(turns, "Uh huh.");
}

Test(interruptions, after_a_long_cough_the_story_goes_on, .timeout = 120)
{
    struct customer customer = storyteller("{\"sensitivityMs\":300}");
    const char *sid = call_place(&customer, "+13125550123",
                                 OVER_A_STORY("(a long and terrible fit of coughing, and more)"));
    json_object *turns = turns_of(&customer, sid);

    cr_expect(ends_with(at(turn(turns, STORY), "text"), STORY_ENDS), "%s",
              json_object_to_json_string(turns));
    cr_expect_eq(events(sid, "turn.held"), 1);
    cr_expect_eq(events(sid, "turn.resumed"), 1);
    cr_expect_eq(events(sid, "turn.interrupted"), 0);
}

Test(interruptions, an_objection_ends_the_story_and_is_answered, .timeout = 120)
{
    struct customer customer = storyteller("{\"sensitivityMs\":300}");
    const char *sid = call_place(&customer, "+13125550123",
                                 OVER_A_STORY("Please stop, I only want to know the time."));
    json_object *turns = turns_of(&customer, sid);

    cr_expect_not(ends_with(at(turn(turns, STORY), "text"), STORY_ENDS));
    cr_expect_str_eq(at(turn(turns, STORY), "interrupted"), "true");
    cr_expect_eq(events(sid, "turn.interrupted"), 1);
    turn(turns, "You said: Please stop");
}

Test(interruptions, a_protected_greeting_is_heard_to_its_end_and_the_caller_answered,
     .timeout = 120)
{
    struct customer customer = storyteller("{\"bargeInDuringGreeting\":false}");
    const char *sid = call_place(&customer, "+13125550123",
                                 "[{\"barge\":\"What time is it now?\",\"after_ms\":300},"
                                 "{\"wait_text\":\"You said\",\"timeout_ms\":20000},"
                                 "{\"wait_agent\":true,\"timeout_ms\":5000}]");
    json_object *turns = turns_of(&customer, sid);

    cr_expect_str_eq(at(turn(turns, "Hello"), "text"), "Hello, this is the desk.");
    cr_expect_eq(events(sid, "turn.interrupted"), 0);
    turn(turns, "You said: What time is it now?");
}
