/*
 * Calls as a tenant's client reads them afterwards: the log, one call of it, figures over all.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"
#include "domain/invocations.h"
#include "domain/latency.h"
#include "domain/recordings.h"
#include "domain/sessions.h"
#include "domain/turns.h"
#include "harness/store.h"

TestSuite(call_log, .timeout = 90);

#define LOGS "/api/v1/call-logs"

struct caller {
    struct customer customer;
    struct work work;
};

static struct caller caller_new(void)
{
    struct caller caller = {.customer = customer_new()};

    caller.work = customer_work(&caller.customer);
    return caller;
}

static struct reply get(const struct caller *caller, const char *path)
{
    return ask("GET", path, caller->customer.stateset, NULL, NULL);
}

/* A call that began so long ago. */
static struct call call_ago(struct caller *caller, int64_t seconds, const char *state)
{
    struct call call = call_coming_in(&caller->work);

    call.state = state;
    call.state_rank = strcmp(state, "in_progress") == 0 ? 60 : 90;
    call.started_at = instant_after(clock_now(), -seconds * 1000);
    return call;
}

static void put(struct caller *caller, const struct call *call)
{
    cr_assert(call_insert(&caller->work, call), "%s", caller->work.error.message);
}

Test(call_log, lists_the_newest_calls_first)
{
    struct caller caller = caller_new(), other = caller_new();
    struct call old = call_ago(&caller, 3600, "completed"),
                now = call_ago(&caller, 5, "in_progress");
    struct call foreign = call_ago(&other, 1, "completed");

    old.escalated = true;
    old.outcome = "answered";
    old.ended_at = instant_after(old.started_at, 60000);
    old.duration_seconds = 55;
    put(&caller, &old);
    put(&caller, &now);
    put(&other, &foreign);
    struct reply reply = get(&caller, LOGS);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant"), caller.customer.tenant);
    cr_expect_str_eq(at(reply.json, "count"), "2");
    cr_expect(has(reply.json, "next_cursor"));
    cr_expect_str_eq(at(reply.json, "next_cursor"), "");
    cr_expect_str_eq(at(reply.json, "calls.0.id"), uuid_of(now.id));
    cr_expect_str_eq(at(reply.json, "calls.0.status"), "in_progress");
    cr_expect(has(reply.json, "calls.0.ended_at"));
    cr_expect_str_eq(at(reply.json, "calls.1.status"), "escalated");
    cr_expect_str_eq(at(reply.json, "calls.1.outcome"), "answered");
    cr_expect_str_eq(at(reply.json, "calls.1.escalated"), "true");
    cr_expect_str_eq(at(reply.json, "calls.1.duration_seconds"), "55");
    cr_expect_str_eq(at(reply.json, "calls.1.from_number"), "+13125550190");
    cr_expect_str_eq(at(reply.json, "calls.1.function_call_count"), "0");
    cr_expect_str_eq(at(reply.json, "calls.1.transcript_length"), "0");
    cr_expect_eq(strncmp(at(reply.json, "calls.1.stream_sid"), "MZ", 2), 0);
    cr_expect_not(has(reply.json, "calls.2"));
}

Test(call_log, goes_on_where_a_page_ended)
{
    struct caller caller = caller_new();

    for (int i = 0; i < 3; i++) {
        struct call call = call_ago(&caller, 100 + i, "completed");
        put(&caller, &call);
    }
    struct reply first = get(&caller, LOGS "?limit=2");
    cr_assert_eq(first.status, 200, "%s", first.body);
    cr_expect_str_eq(at(first.json, "count"), "2");
    const char *cursor = say("%s", at(first.json, "next_cursor"));
    cr_assert(*cursor);
    struct call late = call_ago(&caller, 0, "in_progress");
    put(&caller, &late);
    struct reply second = get(&caller, say(LOGS "?limit=2&offset=50&cursor=%s", cursor));
    cr_assert_eq(second.status, 200, "%s", second.body);
    cr_expect_str_eq(at(second.json, "count"), "1", "the cursor beats the offset");
    cr_expect_str_eq(at(second.json, "next_cursor"), "");
    struct reply skipped = get(&caller, LOGS "?offset=3");
    cr_expect_str_eq(at(skipped.json, "count"), "1");
    cr_expect_str_eq(at(skipped.json, "calls.0.id"), at(second.json, "calls.0.id"));
}

Test(call_log, is_narrowed_by_the_query)
{
    struct caller caller = caller_new();
    struct call one = call_ago(&caller, 100, "busy"), two = call_ago(&caller, 50, "completed");

    one.outcome = "busy";
    two.direction = "outbound";
    two.duration_seconds = 30;
    put(&caller, &one);
    put(&caller, &two);
    const char *const first[] = {"status=busy", "outcome=busy", "direction=inbound",
                                 say("call_sid=%s", one.call_sid), "status=busy&limit=1"};
    const char *const second[] = {"status=completed", "direction=outbound", "min_duration=30",
                                  "max_duration=30&direction=outbound"};
    const char *const both[] = {"",
                                "escalated=false",
                                "from_number=%2B13125550190",
                                "from_number=+13125550190",
                                "to_number=3125550191",
                                "from_date=2020-01-01",
                                "to_date=2099-01-01T00:00:00Z",
                                "status="};
    const char *const none[] = {
        "escalated=true",           "to_date=2020-01-01",
        "status=canceled",          "call_sid=CA00000000000000000000000000000000",
        "transcript_search=unsaid", "transcript_search=un"};

    for (size_t i = 0; i < COUNT_OF(first); i++) {
        struct reply reply = get(&caller, say(LOGS "?%s", first[i]));
        cr_expect_str_eq(at(reply.json, "calls.0.id"), uuid_of(one.id), "%s", first[i]);
        cr_expect_str_eq(at(reply.json, "count"), "1", "%s", first[i]);
    }
    for (size_t i = 0; i < COUNT_OF(second); i++) {
        struct reply reply = get(&caller, say(LOGS "?%s", second[i]));
        cr_expect_str_eq(at(reply.json, "calls.0.id"), uuid_of(two.id), "%s", second[i]);
        cr_expect_str_eq(at(reply.json, "count"), "1", "%s", second[i]);
    }
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        struct reply reply = get(&caller, say(LOGS "?%s", both[i]));
        cr_expect_str_eq(at(reply.json, "count"), "2", "%s", both[i]);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        struct reply reply = get(&caller, say(LOGS "?%s", none[i]));
        cr_expect_str_eq(at(reply.json, "count"), "0", "%s %s", none[i], reply.body);
    }
}

Test(call_log, says_which_filter_is_wrong)
{
    struct caller caller = caller_new();
    static const struct {
        const char *name, *value;
    } wrong[] = {
        {"status", "ringing"},
        {"outcome", "won"},
        {"direction", "up"},
        {"escalated", "maybe"},
        {"from_date", "yesterday"},
        {"to_date", "2026-02-30"},
        {"min_duration", "short"},
        {"max_duration", "-1"},
        {"limit", "101"},
        {"limit", "0"},
        {"offset", "-1"},
        {"cursor", "AAAA"},
        {"cursor", ""},
        {"transcript_search", "%20"},
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = get(&caller, say(LOGS "?%s=%s", wrong[i].name, wrong[i].value));
        stateset_refused(&reply, 400, "VALIDATION_ERROR");
        cr_expect_str_eq(at(reply.json, "details.field"), wrong[i].name, "%s", reply.body);
    }
}

/* A call in which two spoke and a tool found something; its path. */
static const char *told_call(struct caller *caller, struct call *call)
{
    struct invocation tool;
    struct turn turns[3];

    *call = call_ago(caller, 60, "completed");
    call->model = "gpt-realtime";
    call->summary = "Asked for an order.";
    call->answered_by = "human";
    put(caller, call);
    for (int i = 0; i < 3; i++) {
        row_clear(&turn_entity, &turns[i]);
        turns[i].session_id = call->id;
        turns[i].call_id = call->id;
        turns[i].seq = i + 1;
        turns[i].role = i == 0 ? "assistant" : i == 1 ? "user" : "tool";
        turns[i].text = i == 0 ? "Hello!" : "Where is my order?";
        turns[i].occurred_at = call->started_at;
        turns[i].redactions = 0;
    }
    cr_assert(turns_put(&caller->work, turns, 3), "%s", caller->work.error.message);
    invocation_begin(&tool);
    tool.call_id = call->id;
    tool.tool_name = "find_order";
    tool.arguments.json = "{\"order\":\"12\"}";
    tool.result.json = "{\"status\":\"shipped\"}";
    tool.status = "ok";
    tool.duration_ms = 40;
    cr_assert(invocation_put(&caller->work, &tool), "%s", caller->work.error.message);
    return say(LOGS "/%s", uuid_of(call->id));
}

Test(call_log, shows_what_was_said_and_done)
{
    struct caller caller = caller_new();
    struct call call;
    struct reply reply = get(&caller, told_call(&caller, &call));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "call.id"), uuid_of(call.id));
    cr_expect_str_eq(at(reply.json, "call.tenant_id"), caller.customer.tenant);
    cr_expect_str_eq(at(reply.json, "call.call_sid"), call.call_sid);
    cr_expect_str_eq(at(reply.json, "call.status"), "completed");
    cr_expect_str_eq(at(reply.json, "call.answered_by"), "human");
    cr_expect_str_eq(at(reply.json, "call.model"), "gpt-realtime");
    cr_expect_str_eq(at(reply.json, "call.summary"), "Asked for an order.");
    cr_expect_str_eq(at(reply.json, "call.transcript.0.role"), "assistant");
    cr_expect_str_eq(at(reply.json, "call.transcript.1.content"), "Where is my order?");
    cr_expect(*at(reply.json, "call.transcript.1.timestamp"));
    cr_expect_not(has(reply.json, "call.transcript.2"), "what a tool said stands with the tool");
    cr_expect_str_eq(at(reply.json, "call.function_calls.0.name"), "find_order");
    cr_expect_str_eq(at(reply.json, "call.function_calls.0.arguments.order"), "12");
    cr_expect_str_eq(at(reply.json, "call.function_calls.0.result.status"), "shipped");
    cr_expect_str_eq(at(reply.json, "call.function_calls.0.duration_ms"), "40");
    cr_expect(has(reply.json, "call.recording_url"));
}

Test(call_log, is_seen_by_its_tenant_alone_and_by_its_id)
{
    struct caller caller = caller_new(), other = caller_new();
    struct call call;
    struct reply reply = get(&other, told_call(&caller, &call));

    stateset_refused(&reply, 404, "NOT_FOUND");
    reply = get(&caller, LOGS "/nonsense");
    stateset_refused(&reply, 404, "NOT_FOUND");
    reply = get(&caller, LOGS "/01939f3a-7c21-7b02-9c44-0a1b2c3d4e5f");
    stateset_refused(&reply, 404, "NOT_FOUND");
}

Test(call_log, plays_the_recording_to_its_tenant_alone)
{
    struct caller caller = caller_new(), other = caller_new();
    struct call call = call_ago(&caller, 60, "completed");
    struct recording recording;
    struct reply reply;

    put(&caller, &call);
    const char *path = say(LOGS "/%s", uuid_of(call.id)), *played = say("%s/recording", path);
    reply = get(&caller, path);
    cr_expect_str_eq(at(reply.json, "call.recording_url"), "");
    reply = get(&caller, played);
    stateset_refused(&reply, 404, "NOT_FOUND");
    row_clear(&recording_entity, &recording);
    recording.call_id = call.id;
    recording.channels = 2;
    recording.source = "bridge";
    recording.content_type = "audio/mpeg";
    cr_assert(recording_begin(&caller.work, &recording) &&
                  recording_append_chunk(&caller.work, &recording, 0, "some sound", 10) &&
                  recording_finish(&caller.work, recording.id,
                                   &(struct recording_end){.duration_ms = 1000, .bytes = 10}),
              "%s", caller.work.error.message);
    reply = get(&caller, path);
    const char *url = at(reply.json, "call.recording_url");
    cr_assert(strlen(url) > strlen(played), "%s", url);
    cr_expect_str_eq(url + strlen(url) - strlen(played), played);
    reply = get(&caller, played);
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(reply.body, "some sound");
    reply = ask("GET", played, caller.customer.stateset, NULL, "Range: bytes=5-");
    cr_expect_eq(reply.status, 206);
    cr_expect_str_eq(reply.body, "sound");
    reply = ask("GET", played, caller.customer.stateset, NULL, "Range: bytes=50-");
    stateset_refused(&reply, 416, "RANGE_NOT_SATISFIABLE");
    reply = get(&other, played);
    stateset_refused(&reply, 404, "NOT_FOUND");
    reply = ask("GET", played, NULL, NULL, NULL);
    stateset_refused(&reply, 401, "UNAUTHORIZED");
}

Test(call_log, counts_all_calls_of_a_tenant)
{
    struct caller caller = caller_new(), other = caller_new();
    static const struct {
        const char *state, *outcome;
        bool escalated;
        int64_t duration, ago;
    } calls[] = {
        {"completed", "answered", false, 100, 60},   {"completed", "answered", true, 50, 100000},
        {"completed", "voicemail", false, 30, 60},   {"busy", "busy", false, 0, 60},
        {"no_answer", "no_answer", false, 0, 60},    {"failed", "failed", false, 0, 60},
        {"in_progress", NULL, false, NO_INTEGER, 5},
    };
    struct reply reply = get(&caller, LOGS "/stats");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "stats.total_calls"), "0");
    cr_expect(has(reply.json, "stats.answer_rate"));
    cr_expect_str_eq(at(reply.json, "stats.answer_rate"), "", "null without a call");
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        struct call call = call_ago(&caller, calls[i].ago, calls[i].state);

        call.outcome = calls[i].outcome;
        call.escalated = calls[i].escalated;
        call.duration_seconds = calls[i].duration;
        put(&caller, &call);
    }
    reply = get(&caller, LOGS "/stats");
    static const struct {
        const char *name, *value;
    } expected[] = {
        {"total_calls", "7"},           {"completed_calls", "2"},
        {"escalated_calls", "1"},       {"failed_calls", "1"},
        {"answered_calls", "2"},        {"voicemail_calls", "1"},
        {"no_answer_calls", "1"},       {"busy_calls", "1"},
        {"failed_outcome_calls", "1"},  {"calls_last_24h", "6"},
        {"avg_duration_seconds", "30"},
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        cr_expect_eq(atof(at(reply.json, say("stats.%s", expected[i].name))),
                     atof(expected[i].value), "%s: %s", expected[i].name, reply.body);
    cr_expect_float_eq(atof(at(reply.json, "stats.answer_rate")), 2.0 / 6.0, 0.001);
    reply = get(&other, LOGS "/stats");
    cr_expect_str_eq(at(reply.json, "stats.total_calls"), "0");
}

/* A call whose answers all took so long. */
static void answered_in(struct caller *caller, int64_t ago, int64_t ms)
{
    struct call call = call_ago(caller, ago, "completed");
    struct turn turns[2];

    put(caller, &call);
    for (int i = 0; i < 2; i++) {
        row_clear(&turn_entity, &turns[i]);
        turns[i].llm_first_token_ms = ms / 2;
        turns[i].e2e_first_audio_ms = ms;
    }
    cr_assert(
        latency_put(&caller->work, call.id, call.started_at, "gpt-realtime", "alloy", turns, 2));
}

Test(call_log, tells_how_fast_agents_answered)
{
    enum { HOUR = 3600, DAY = 24 * HOUR };
    struct caller caller = caller_new(), other = caller_new();
    struct reply reply = get(&caller, LOGS "/latency");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "stats.call_sample_count"), "0");
    cr_expect_str_eq(at(reply.json, "stats.window"), "24h");
    cr_expect(has(reply.json, "stats.p95_e2e_first_audio_ms"));
    cr_expect_str_eq(at(reply.json, "timeseries.bucket"), "hour");
    for (int i = 0; i < 5; i++)
        answered_in(&caller, 60, 400 + 100 * i);
    answered_in(&caller, 3 * DAY, 2000);
    answered_in(&caller, 40 * DAY, 4000);
    answered_in(&other, 60, 9000);
    reply = get(&caller, LOGS "/latency?samples=2");
    cr_expect_str_eq(at(reply.json, "tenant"), caller.customer.tenant);
    cr_expect_str_eq(at(reply.json, "stats.call_sample_count"), "5");
    cr_expect_str_eq(at(reply.json, "stats.turn_sample_count"), "10");
    cr_expect_float_eq(atof(at(reply.json, "stats.p50_e2e_first_audio_ms")), 600, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "stats.p95_e2e_first_audio_ms")), 780, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "stats.p50_llm_first_token_ms")), 300, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "stats.avg_e2e_first_audio_ms")), 600, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "stats.max_e2e_first_audio_ms")), 800, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "slowest.0.e2e_p95_ms")), 800, 0.1);
    cr_expect_float_eq(atof(at(reply.json, "slowest.1.e2e_p95_ms")), 700, 0.1);
    cr_expect_str_eq(at(reply.json, "slowest.0.voice"), "alloy");
    cr_expect_str_eq(at(reply.json, "slowest.0.turn_count"), "2");
    cr_expect_not(has(reply.json, "slowest.2"));
    cr_expect(*at(reply.json, "timeseries.points.0.bucket_start"));
    reply = get(&caller, LOGS "/latency?window=7d");
    cr_expect_str_eq(at(reply.json, "stats.call_sample_count"), "6");
    cr_expect_str_eq(at(reply.json, "timeseries.bucket"), "day");
    cr_expect_str_eq(at(reply.json, "timeseries.points.0.call_count"), "1");
    cr_expect_float_eq(atof(at(reply.json, "timeseries.points.0.p99_e2e_first_audio_ms")), 2000,
                       0.1);
    reply = get(&caller, LOGS "/latency?window=all");
    cr_expect_str_eq(at(reply.json, "stats.call_sample_count"), "7");
    cr_expect_float_eq(atof(at(reply.json, "slowest.0.e2e_p95_ms")), 4000, 0.1);
    reply = get(&caller, LOGS "/latency?window=12h");
    stateset_refused(&reply, 400, "VALIDATION_ERROR");
    reply = get(&caller, LOGS "/latency?samples=51");
    stateset_refused(&reply, 400, "VALIDATION_ERROR");
}

Test(call_log, needs_a_key)
{
    static const char *const paths[] = {LOGS, LOGS "/stats", LOGS "/latency",
                                        LOGS "/01939f3a-7c21-7b02-9c44-0a1b2c3d4e5f"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = ask("GET", paths[i], NULL, NULL, NULL);
        stateset_refused(&reply, 401, "UNAUTHORIZED");
        reply = ask("GET", paths[i], "ssk_nobody", NULL, NULL);
        stateset_refused(&reply, 401, "UNAUTHORIZED");
    }
}
