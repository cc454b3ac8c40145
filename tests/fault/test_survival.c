/*
 * Calls that outlive what carried them: two nodes of one host, one of them killed, drained or
 * without its database. These tests run one after the other, each with the stack to itself.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/talk.h"

/* Whatever a test stopped, or started with settings of its own, is as it was for the next one. */
static void restore(void)
{
    static const char *const settings[] = {"DRAIN_SECONDS", "MODEL_SESSION_SECONDS",
                                           "OPENAI_REALTIME_FALLBACK_URL",
                                           "OPENAI_REALTIME_FALLBACK_MODEL"};
    static const char *const parts[] = {"database", "carrier", "model", "receiver",
                                        "fcgi",     "stream",  "web"};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        unsetenv(settings[i]);
    control("MODEL", "DELETE", "/_fault", NULL);
    part_stop("stream2", "INT");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        part_start(parts[i]);
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200);
}

TestSuite(survival, .init = restore, .fini = restore, .timeout = 240);

static void set(const char *name, const char *value)
{
    cr_assert_eq(setenv(name, value, 1), 0);
}

/* Whether the store has a node of that name as one that takes calls. */
static bool node_is_up(const char *name)
{
    return atoi(at(query(say("SELECT COUNT(*) AS up FROM media_nodes WHERE name = '%s'"
                             " AND state = 'up' AND heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL 5"
                             " SECOND",
                             name)),
                   "0.up")) == 1;
}

/* Starts the first node anew, with the settings made so far. */
static void restart_node(void)
{
    part_stop("stream", "INT");
    part_start("stream");
    AWAIT(node_is_up(fact("NODE_NAME")));
}

static const char *second_node(void)
{
    return say("%s-2", fact("NODE_NAME"));
}

static void start_second_node(void)
{
    part_start("stream2");
    AWAIT(node_is_up(second_node()));
}

/* The part that holds the call: "stream" or "stream2". */
static const char *holder(const char *sid)
{
    const char *sql = say("SELECT n.name FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                          " s.tenant_id AND c.id = s.call_id JOIN media_nodes n ON n.id = s.node_id"
                          " WHERE c.call_sid = '%s' AND s.state IN ('connecting', 'active')",
                          sid);

    AWAIT(strlen(at(query(sql), "0.name")) > 0);
    return strcmp(at(query(sql), "0.name"), second_node()) == 0 ? "stream2" : "stream";
}

static json_object *call_now(const char *sid)
{
    return control("CARRIER", "GET", say("/_calls/%s", sid), NULL).json;
}

/* Waits until the carrier's caller has said, or the agent was heard to say, a sentence. */
static void await_words(const char *sid, const char *text)
{
    AWAIT_FOR(60, strstr(json_object_to_json_string(call_now(sid)), text));
}

/* The longest silence of the agent's between a moment and its next word, as the caller's carrier
 * heard it; -1 when it said nothing more. */
static int gap_after(json_object *carrier, int moment_ms)
{
    json_object *heard = NULL;
    int quiet_since = moment_ms;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);
        int from = atoi(at(one, "at_ms")), to = from + atoi(at(one, "heard_ms"));

        if (strcmp(at(one, "who"), "agent") != 0)
            continue;
        if (from > moment_ms)
            return from - quiet_since;
        if (to > quiet_since)
            quiet_since = to;
    }
    return -1;
}

/* Whether a model was told a text as something that had been said before. */
static bool model_was_told(const char *text)
{
    json_object *sessions = NULL, *told;

    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    for (size_t i = 0; sessions && i < json_object_array_length(sessions); i++)
        if (json_object_object_get_ex(json_object_array_get_idx(sessions, i), "told", &told) &&
            strstr(json_object_to_json_string(told), text))
            return true;
    return false;
}

static int sessions_of(const char *sid)
{
    return atoi(at(query(say("SELECT COUNT(*) AS n FROM voice_sessions s JOIN calls c ON"
                             " c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE c.call_sid ="
                             " '%s'",
                             sid)),
                   "0.n"));
}

#define TALK                                                                                       \
    "[{\"wait_agent\":true},{\"say\":\"My name is Ada Lovelace.\"},{\"wait_agent\":true},"         \
    "{\"say\":\"Tell me a long story.\"},{\"wait_agent\":true},{\"pause_ms\":3000},"               \
    "{\"say\":\"The last question.\"},{\"wait_agent\":true}]"

/* The story's words that the caller heard before the moment, as its carrier measured. */
static const char *story_heard(json_object *carrier, int *heard_ms)
{
    json_object *heard = NULL;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strncmp(at(one, "text"), "Once upon a time", 16) == 0) {
            *heard_ms = atoi(at(one, "heard_ms"));
            return at(one, "text");
        }
    }
    cr_assert_fail("nobody told a story");
    return NULL;
}

#define BROKEN_TURN                                                                                \
    "SELECT t.%s FROM call_turns t JOIN calls c ON c.tenant_id = t.tenant_id AND c.id = t.call_id" \
    " WHERE c.call_sid = '%s' AND t.interrupted = 1 AND t.text LIKE 'Once upon%%' ORDER BY"        \
    " t.occurred_at LIMIT 1"

/* How much of the story was heard before it broke off, as the transcript says. */
static int known_ms(const char *sid)
{
    return atoi(at(query(say(BROKEN_TURN, "heard_ms", sid)), "0.heard_ms"));
}

/*
 * Everything that was said to its end, a line each: by the carrier's own log, and by the
 * transcript. What broke off is in neither.
 */
static const char *carriers_lines(json_object *carrier)
{
    json_object *heard = NULL;
    const char *all = "";

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "whole"), "true") == 0)
            all = say("%s%s: %s\n", all, at(one, "who"), at(one, "text"));
    }
    return all;
}

static const char *transcripts_lines(json_object *turns)
{
    const char *all = "";

    for (size_t i = 0; i < json_object_array_length(turns); i++) {
        json_object *one = json_object_array_get_idx(turns, i);

        if (strcmp(at(one, "interrupted"), "true") != 0)
            all = say("%s%s: %s\n", all, at(one, "role"), at(one, "text"));
    }
    return all;
}

Test(survival, a_call_whose_node_is_killed_in_mid_sentence_goes_on_at_the_other)
{
    struct customer customer = customer_new();
    int moment, gap, heard_ms;
    json_object *carrier;
    const char *sid, *part, *story, *turn;

    customer_number(&customer);
    start_second_node();
    sid = call_place(&customer, "+13125550161", TALK);
    await_words(sid, "Tell me a long story.");
    nap_ms(3500); /* well into the story */
    part = holder(sid);
    moment = atoi(at(call_now(sid), "now_ms"));
    part_stop(part, "KILL");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "state"), "completed");
    gap = gap_after(carrier, moment);
    cr_log_info("the agent was gone for %d ms", gap);
    cr_expect(gap >= 0 && gap < 3000, "the agent was gone for %d ms", gap);
    cr_expect(model_was_told("My name is Ada Lovelace."));
    cr_expect(model_was_told("You said: My name is Ada Lovelace."));
    cr_expect(model_was_told("Once upon a time"), "the sentence that broke off");

    part_start(part);
    call_settled(&customer, sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    cr_expect_eq(sessions_of(sid), 2);
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "My name is Ada Lovelace."));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "Tell me a long story."));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "The last question."));

    /* What was heard of the sentence that broke off is known but for a quarter of a second. */
    story = story_heard(carrier, &heard_ms);
    AWAIT(abs(known_ms(sid) - heard_ms) < 250);
    cr_log_info("%d of %d ms that were heard are known", known_ms(sid), heard_ms);
    turn = at(query(say(BROKEN_TURN, "text", sid)), "0.text");
    cr_expect(strlen(turn) > 0 && strncmp(story, turn, strlen(turn)) == 0, "%s", turn);
    cr_expect_str_eq(transcripts_lines(call_turns(&customer, sid)), carriers_lines(carrier));
}

Test(survival, a_call_is_handed_over_when_its_node_has_no_more_time)
{
    struct customer customer = customer_new();
    json_object *carrier;
    const char *sid;
    int moment, gap;

    customer_number(&customer);
    set("DRAIN_SECONDS", "1");
    restart_node();
    sid = call_place(&customer, "+13125550162", TALK);
    await_words(sid, "Tell me a long story.");
    nap_ms(2000);
    start_second_node();
    moment = atoi(at(call_now(sid), "now_ms"));
    part_stop("stream", "TERM");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "state"), "completed");
    gap = gap_after(carrier, moment + 1000);
    cr_log_info("the agent was gone for %d ms", gap);
    cr_expect(gap >= 0 && gap < 3000, "the agent was gone for %d ms", gap);
    call_settled(&customer, sid);
    cr_expect_eq(sessions_of(sid), 2);
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "My name is Ada Lovelace."));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "The last question."));
}

Test(survival, a_node_that_drains_gets_no_new_calls_and_ends_when_its_last_one_has)
{
    struct customer customer = customer_new();
    const char *sid, *other;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550163", TALK);
    await_words(sid, "My name is Ada Lovelace.");
    start_second_node();
    cr_assert_eq(system(say("kill -TERM %d", part_pid("stream"))), 0);
    AWAIT(
        strcmp(at(query(say("SELECT state FROM media_nodes WHERE name = '%s'", fact("NODE_NAME"))),
                  "0.state"),
               "draining") == 0);
    other = call_place(&customer, "+13125550164", "[{\"wait_agent\":true}]");
    cr_expect_str_eq(holder(other), "stream2");
    cr_expect_str_eq(at(call_ended(sid), "state"), "completed");
    call_settled(&customer, sid);
    cr_expect_eq(sessions_of(sid), 1, "the running call stayed where it was");
    call_ended(other);
    part_stop("stream", "TERM");
}

Test(survival, without_any_node_the_caller_hears_the_fallback)
{
    struct customer customer = customer_new();
    json_object *carrier;
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550165",
                     "[{\"wait_agent\":true},{\"say\":\"My name is Ada Lovelace.\"},"
                     "{\"pause_ms\":40000}]");
    await_words(sid, "My name is Ada Lovelace.");
    part_stop("stream", "KILL");
    carrier = call_ended(sid);
    cr_expect(strstr(json_object_to_json_string(carrier), "One moment, please."), "no silence");
    cr_expect(strstr(json_object_to_json_string(carrier), "leave a message"), "%s",
              json_object_to_json_string(carrier));
}

/* ---- without the database ---- */

/* One call while all is well: from then on the host knows the number. */
static void call_once(const struct customer *customer)
{
    const char *sid = call_place(customer, "+13125550166", "[{\"wait_agent\":true}]");

    call_ended(sid);
    call_settled(customer, sid);
}

#define SHORT_TALK                                                                                 \
    "[{\"wait_agent\":true},{\"say\":\"Is anybody there?\"},{\"wait_agent\":true},"                \
    "{\"say\":\"Thank you, goodbye.\"},{\"wait_agent\":true},{\"pause_ms\":20000}]"

Test(survival, a_whole_call_while_the_database_is_away_is_complete_afterwards)
{
    struct customer customer = customer_new();
    json_object *carrier, *row;
    const char *sid;

    customer_number(&customer);
    call_once(&customer);
    part_stop("database", "TERM");
    sid = call_place(&customer, "+13125550167", SHORT_TALK);
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "state"), "completed");
    cr_expect(strstr(json_object_to_json_string(carrier), "You said: Is anybody there?"), "%s",
              json_object_to_json_string(carrier));
    cr_expect_lt(atoi(at(carrier, "now_ms")), 25000, "the agent hung up");
    part_start("database");

    row = call_settled(&customer, sid);
    cr_expect_str_eq(at(row, "outcome"), "answered");
    cr_expect_str_eq(at(row, "caller"), "+13125550167");
    delivery_await(customer.webhook_path, "call.completed", sid);
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "Is anybody there?"));
    cr_expect(turns_hold(call_turns(&customer, sid), "agent", "You said: Is anybody there?"));
    cr_expect_eq(sessions_of(sid), 1);
    cr_expect_str_eq(
        at(query(say("SELECT COUNT(*) AS n FROM calls WHERE call_sid = '%s'", sid)), "0.n"), "1");
}

Test(survival, a_number_the_host_never_saw_gets_a_sentence_while_the_database_is_away)
{
    struct customer customer = customer_new();
    json_object *carrier;
    const char *sid;

    customer_number(&customer);
    part_stop("database", "TERM");
    sid = call_place(&customer, "+13125550168", SHORT_TALK);
    carrier = call_ended(sid);
    part_start("database");
    cr_expect(strstr(json_object_to_json_string(carrier), "call again in a few minutes"), "%s",
              json_object_to_json_string(carrier));
    AWAIT_FOR(60, atoi(at(query(say("SELECT COUNT(*) AS n FROM callback_tasks t JOIN tenants n ON"
                                    " n.id = t.tenant_id WHERE n.tenant_key = '%s'",
                                    customer.tenant)),
                          "0.n")) == 1);
}

/* How many turns of the call have that text; asked of the store, which has no limit. */
static int turns_saying(const char *sid, const char *text)
{
    return atoi(
        at(query(say("SELECT COUNT(*) AS n FROM call_turns t JOIN calls c ON c.tenant_id ="
                     " t.tenant_id AND c.id = t.call_id WHERE c.call_sid = '%s' AND t.text ="
                     " '%s'",
                     sid, text)),
           "0.n"));
}

Test(survival, a_node_killed_while_the_database_is_away_leaves_the_call_to_the_other)
{
    struct customer customer = customer_new();
    json_object *carrier;
    const char *sid, *part;
    int moment, gap;

    customer_number(&customer);
    start_second_node();
    call_once(&customer);
    sid = call_place(&customer, "+13125550169", TALK);
    await_words(sid, "My name is Ada Lovelace.");
    part = holder(sid);
    part_stop("database", "TERM");
    await_words(sid, "Tell me a long story.");
    nap_ms(3500);
    moment = atoi(at(call_now(sid), "now_ms"));
    part_stop(part, "KILL");
    carrier = call_ended(sid);
    part_start("database");
    part_start(part);
    cr_expect_str_eq(at(carrier, "state"), "completed");
    gap = gap_after(carrier, moment);
    cr_log_info("the agent was gone for %d ms", gap);
    cr_expect(gap >= 0 && gap < 3000, "the agent was gone for %d ms", gap);
    call_settled(&customer, sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    /* Two spools, and the dead node's is applied when it is back. */
    AWAIT_FOR(40, turns_saying(sid, "Tell me a long story.") == 1);
    AWAIT_FOR(40, turns_saying(sid, "The last question.") == 1);
    AWAIT_FOR(40, sessions_of(sid) == 2);
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "My name is Ada Lovelace."));
}

/* ---- the model ---- */

static void fault(const char *order)
{
    struct reply reply = control("MODEL", "POST", "/_fault", order);

    cr_assert_eq(reply.status / 100, 2, "%ld %s", reply.status, reply.body);
}

#define LONG_TALK                                                                                  \
    "[{\"wait_agent\":true},{\"say\":\"My name is Ada Lovelace.\"},{\"wait_agent\":true},"         \
    "{\"pause_ms\":9000},{\"say\":\"The last question.\"},{\"wait_agent\":true}]"

static int model_sessions(void)
{
    json_object *sessions = NULL;

    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    return sessions ? (int)json_object_array_length(sessions) : 0;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;

    while ((text = strstr(text, word))) {
        text += strlen(word);
        count++;
    }
    return count;
}

Test(survival, a_models_session_is_replaced_before_its_time_and_the_caller_does_not_notice)
{
    struct customer customer = customer_new();
    const char *sid, *heard;
    int before;

    customer_number(&customer);
    set("MODEL_SESSION_SECONDS", "6");
    restart_node();
    before = model_sessions();
    sid = call_place(&customer, "+13125550170", LONG_TALK);
    heard = json_object_to_json_string(call_ended(sid));
    call_settled(&customer, sid);
    cr_expect_geq(model_sessions(), before + 2, "a second session was opened");
    cr_expect_eq(count_of(heard, "Hello, this is the desk."), 1, "greeted once: %s", heard);
    cr_expect_eq(count_of(heard, "You said: The last question."), 1, "%s", heard);
    cr_expect(model_was_told("You said: My name is Ada Lovelace."));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "My name is Ada Lovelace."));
    cr_expect(turns_hold(call_turns(&customer, sid), "caller", "The last question."));
    cr_expect_eq(sessions_of(sid), 1);
    cr_expect_geq(atoi(at(query(say("SELECT model_segments FROM voice_sessions s JOIN calls c ON"
                                    " c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE"
                                    " c.call_sid = '%s'",
                                    sid)),
                          "0.model_segments")),
                  2);
}

Test(survival, a_lost_model_is_connected_again_and_gives_the_answer_that_it_owed)
{
    struct customer customer = customer_new();
    const char *sid, *heard;

    customer_number(&customer);
    fault("{\"match\":{\"event\":\"response.output_audio_transcript.delta\",\"nth\":\"14\"},"
          "\"do\":\"disconnect\"}");
    sid = call_place(&customer, "+13125550171", LONG_TALK);
    heard = json_object_to_json_string(call_ended(sid));
    call_settled(&customer, sid);
    cr_expect_eq(count_of(heard, "Hello, this is the desk."), 1, "greeted once: %s", heard);
    cr_expect(model_was_told("My name is Ada Lovelace."));
    cr_expect(strstr(heard, "You said: The last question."), "%s", heard);
    cr_expect_eq(sessions_of(sid), 1);
}

Test(survival, when_the_provider_is_away_the_other_one_goes_on_with_the_call)
{
    struct customer customer = customer_new();
    const char *sid, *heard;

    customer_number(&customer);
    set("OPENAI_REALTIME_FALLBACK_URL", fact("OPENAI_REALTIME_URL"));
    set("OPENAI_REALTIME_FALLBACK_MODEL", "gpt-realtime-mini");
    restart_node();
    sid = call_place(&customer, "+13125550172", LONG_TALK);
    await_words(sid, "Hello, this is the desk.");
    fault("{\"match\":{\"event\":\"upgrade\",\"model\":\"gpt-realtime\"},\"do\":\"status\","
          "\"status\":503,\"times\":-1}");
    fault("{\"match\":{\"event\":\"input_audio_buffer.committed\",\"nth\":\"1\"},"
          "\"do\":\"disconnect\"}");
    heard = json_object_to_json_string(call_ended(sid));
    call_settled(&customer, sid);
    cr_expect(strstr(heard, "You said: The last question."), "%s", heard);
    cr_expect(strstr(control("MODEL", "GET", "/_state", NULL).body, "gpt-realtime-mini"));
    cr_expect_eq(sessions_of(sid), 1);
}

Test(survival, when_no_model_can_be_had_the_caller_is_asked_for_a_message)
{
    struct customer customer = customer_new();
    const char *sid, *heard;

    customer_number(&customer);
    fault("{\"match\":{\"event\":\"upgrade\"},\"do\":\"status\",\"status\":503,\"times\":-1}");
    sid = call_place(&customer, "+13125550173", "[{\"pause_ms\":12000}]");
    heard = json_object_to_json_string(call_ended(sid));
    cr_expect(strstr(heard, "leave a message"), "%s", heard);
    cr_expect_str_eq(at(call_settled(&customer, sid), "status"), "completed");
    cr_expect_str_eq(
        at(query(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", sid)), "0.end_reason"),
        "model_error");
}
