/*
 * Lists of calls as a tenant asks for them, and what each costs.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "core/e164.h"
#include "domain/call_logs.h"
#include "domain/call_stats.h"
#include "domain/finalise.h"
#include "domain/session_logs.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

/* ELSEWHERE: so far are tenants that no other test has. */
enum { CALLS = 120, PAGE = 10, ELSEWHERE = 1000000 };

static const instant START = {1790000000000};

/* One call in three was to us, one in four was passed on; two began at the same time. */
static uid put_call(int i)
{
    static const char *const states[] = {"completed", "busy", "no_answer", "failed", "in_progress"};
    struct call call;

    call_begin(work, &call);
    call.carrier = "sim";
    call.origin = "carrier";
    call.state = states[i % 5];
    call.state_rank = i % 5 == 4 ? 60 : 90;
    call.outcome = i % 5 == 0 ? "answered" : i % 5 == 4 ? NULL : states[i % 5];
    call.direction = i % 3 ? "outbound" : "inbound";
    call.from_addr = i % 2 ? "+13125550101" : "+13125550102";
    call.to_addr = i % 2 ? "+13125550102" : "+13125550101";
    call.escalated = i % 4 == 0;
    call.started_at = instant_after(START, (int64_t)(i / 2) * 1000);
    call.duration_seconds = i;
    cr_assert(call_insert(work, &call), "%s", work->error.message);
    return call.id;
}

static void setup(void)
{
    world_begin(&world, NULL, false);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(call_logs, .init = setup, .fini = end);

static struct call_log_filter nothing(void)
{
    struct call_log_filter filter;

    row_clear(&call_log_filter_entity, &filter);
    return filter;
}

static struct rows list(const struct call_log_filter *filter, size_t size, const char *cursor,
                        char **next)
{
    struct page page = {.size = size, .before_time = NO_INSTANT};
    struct rows logs;

    cr_assert(call_logs_list(work, filter, &page, cursor, &logs, next), "%s", work->error.message);
    return logs;
}

static size_t count(struct call_log_filter filter)
{
    char *next;

    return list(&filter, 2 * CALLS, NULL, &next).count;
}

/* All calls but for one thing. */
static struct call_log_filter narrowed;
#define WITH(member, value) (narrowed = nothing(), narrowed.member = (value), narrowed)

Test(call_logs, pages_hold_every_call_once_also_while_calls_come_in)
{
    struct call_log_filter all = nothing();
    char *cursor = NULL;
    size_t seen = 0;
    uid last = NO_UID;
    instant at = {INT64_MAX};

    for (int i = 0; i < CALLS; i++)
        put_call(i);
    do {
        struct rows page = list(&all, PAGE, cursor, &cursor);
        const struct call_log *logs = page.at;

        for (size_t i = 0; i < page.count; i++, seen++) {
            cr_expect(logs[i].started_at.ms < at.ms ||
                      (logs[i].started_at.ms == at.ms && uid_compare(logs[i].id, last) < 0));
            at = logs[i].started_at;
            last = logs[i].id;
        }
        put_call(2 * CALLS);
    } while (cursor);
    cr_expect_eq(seen, CALLS);
}

Test(call_logs, are_narrowed_by_what_is_known_of_a_call)
{
    for (int i = 0; i < CALLS; i++)
        put_call(i);
    cr_expect_eq(count(nothing()), 120);
    cr_expect_eq(count(WITH(status, "completed")), 18);
    cr_expect_eq(count(WITH(status, "escalated")), 6, "completed ones alone");
    cr_expect_eq(count(WITH(status, "in_progress")), 24);
    cr_expect_eq(count(WITH(status, "busy")), 24);
    cr_expect_eq(count(WITH(status, "canceled")), 0);
    cr_expect_eq(count(WITH(outcome, "answered")), 24);
    cr_expect_eq(count(WITH(outcome, "voicemail")), 0);
    cr_expect_eq(count(WITH(direction, "inbound")), 40);
    cr_expect_eq(count(WITH(escalated, "true")), 30);
    cr_expect_eq(count(WITH(escalated, "false")), 90);
    cr_expect_eq(count(WITH(from_number, "+13125550101")), 60);
    cr_expect_eq(count(WITH(from_number, " 1 (312) 555-0101")), 60, "in any spelling");
    cr_expect_eq(count(WITH(to_number, "+13125550109")), 0);
    cr_expect_eq(count(WITH(from_date, instant_after(START, 59000))), 2, "that time included");
    cr_expect_eq(count(WITH(to_date, instant_after(START, 1000))), 2, "that time excluded");
    cr_expect_eq(count(WITH(min_duration, 118)), 2);
    cr_expect_eq(count(WITH(max_duration, 0)), 1);
}

Test(call_logs, narrowed_twice_fit_both)
{
    struct call_log_filter filter = nothing();

    for (int i = 0; i < CALLS; i++)
        put_call(i);
    filter.status = "completed";
    filter.from_number = "+13125550101";
    filter.direction = "inbound";
    cr_expect_eq(count(filter), 4);
}

Test(call_logs, are_found_by_any_name_of_their_call)
{
    struct incoming in = call_in(&world);
    struct call_log_filter filter = nothing();
    const char *stream = claim_stream(&world, &in);
    char *next;

    put_call(1);
    filter.call_sid = in.call.call_sid;
    struct rows logs = list(&filter, PAGE, NULL, &next);
    cr_assert_eq(logs.count, 1);
    cr_expect_str_eq(((const struct call_log *)logs.at)->stream_sid, stream);
    filter.call_sid = "CA00000000000000000000000000000000";
    cr_expect_eq(count(filter), 0);
}

Test(call_logs, of_others_are_not_there)
{
    struct call_log log;
    uid id = put_call(0);

    work->tenant += ELSEWHERE;
    cr_expect_eq(count(nothing()), 0);
    cr_expect_not(call_log_get(work, id, &log));
    cr_expect_eq(work->error.what, NOT_FOUND);
    work->tenant -= ELSEWHERE;
    cr_expect(call_log_get(work, id, &log));
}

/* A finished call in which this was said. */
static void said(const char *text)
{
    struct incoming in = call_in(&world);
    bool done;

    claim_stream(&world, &in);
    say_turn(&world, &in.session, 1, "assistant", "Good morning.");
    say_turn(&world, &in.session, 2, "user", text);
    cr_assert(session_end(
        work, in.session.id,
        &(struct session_end){
            .result = "completed", .at = clock_now(), .duration_ms = 1000, .model_segments = 1},
        NULL));
    end_by_carrier(&world, in.call.id, 5);
    cr_assert(call_finalise(work, in.call.id, &done), "%s", work->error.message);
}

Test(call_logs, are_found_by_what_was_said)
{
    said("My refrigerator doesn't cool, and it's 100% broken.");
    said("I want a Refrigerator like the neighbours' one, to go.");
    cr_expect_eq(count(WITH(transcript_search, "refrigerator")), 2);
    cr_expect_eq(count(WITH(transcript_search, "REFRIGERATOR like")), 1);
    cr_expect_eq(count(WITH(transcript_search, "refri")), 2, "the beginning of a word");
    cr_expect_eq(count(WITH(transcript_search, "refrigerator cool")), 0, "not as a phrase");
    cr_expect_eq(count(WITH(transcript_search, "doesn't cool")), 1);
    cr_expect_eq(count(WITH(transcript_search, "like the neigh")), 1, "common words are skipped");
    cr_expect_eq(count(WITH(transcript_search, "to go")), 1, "short words too");
    cr_expect_eq(count(WITH(transcript_search, "100%")), 1);
    cr_expect_eq(count(WITH(transcript_search, "refrigerator%like")), 0, "no pattern");
    cr_expect_eq(count(WITH(transcript_search, "+cool -broken \"")), 0, "no operators");
    cr_expect_eq(count(WITH(transcript_search, "good morning")), 2);
    work->tenant += ELSEWHERE;
    cr_expect_eq(count(WITH(transcript_search, "refrigerator")), 0);
    cr_expect_eq(count(WITH(transcript_search, "to go")), 0);
    work->tenant -= ELSEWHERE;
}

Test(call_logs, take_only_cursors_that_a_list_of_the_tenant_gave)
{
    struct call_log_filter all = nothing();
    struct page page = {.size = PAGE, .before_time = NO_INSTANT};
    struct rows logs;
    char *next, *other;

    for (int i = 0; i < 2 * PAGE; i++)
        put_call(i);
    list(&all, PAGE, NULL, &next);
    const char *const wrong[] = {"", "x", "AAAA", arena_format(&work->arena, "%sA", next),
                                 arena_format(&work->arena, "B%s", next + 1)};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        cr_expect_not(call_logs_list(work, &all, &page, wrong[i], &logs, &other), "%s", wrong[i]);
        cr_expect_eq(work->error.what, INVALID);
    }
    work->tenant += ELSEWHERE;
    cr_expect_not(call_logs_list(work, &all, &page, next, &logs, &other));
    work->tenant -= ELSEWHERE;
    page.skip = 5;
    cr_assert(call_logs_list(work, &all, &page, next, &logs, &other));
    cr_expect_eq(logs.count, PAGE, "a cursor beats an offset");
}

static void put_session(int i)
{
    struct voice_session session;

    session_begin(&session);
    session.state = i % 3 ? "ended" : "active";
    session.result = i % 3 == 1 ? "completed" : i % 3 == 2 ? "failed" : NULL;
    session.agent_id = world.agent.id;
    session.started_at = instant_after(START, (int64_t)i * 1000);
    cr_assert(session_insert(work, &session), "%s", work->error.message);
}

Test(call_logs, and_sessions_are_found_by_index)
{
    const struct {
        const char *status, *agent_key, *sort;
        instant after;
    } filters[] = {
        {NULL, NULL, NULL, NO_INSTANT},
        {NULL, NULL, "asc", NO_INSTANT},
        {"active", NULL, NULL, NO_INSTANT},
        {"failed", NULL, "asc", NO_INSTANT},
        {NULL, world.agent.agent_key, NULL, NO_INSTANT},
        {NULL, NULL, NULL, START},
    };

    for (int i = 0; i < CALLS; i++)
        put_session(i);
    for (size_t i = 0; i < COUNT(filters); i++) {
        struct session_log_filter filter;
        struct page page = {.size = PAGE, .before_time = NO_INSTANT};
        int64_t sorts = rows_sorted(&world), total;
        struct rows logs;

        row_clear(&session_log_filter_entity, &filter);
        filter.status = filters[i].status;
        filter.agent_key = filters[i].agent_key;
        filter.sort = filters[i].sort;
        filter.started_after = filters[i].after;
        cr_assert(session_logs_list(work, &filter, &page, &logs, &total), "%s",
                  work->error.message);
        cr_expect_eq(logs.count, PAGE);
        cr_expect_eq(total, filters[i].status                   ? CALLS / 3
                            : instant_is_none(filters[i].after) ? CALLS
                                                                : CALLS - 1);
        cr_expect_eq(rows_sorted(&world) - sorts, 0, "filter %zu", i);
    }
}

/* A client pages on while there is more than it has seen. */
Test(call_logs, and_sessions_never_end_before_the_last_page)
{
    static const char sql[] =
        "INSERT INTO voice_sessions (tenant_id, id, transport, state, state_rank, result,"
        " started_at) SELECT ?, UNHEX(MD5(CONCAT(?, '-', seq))), 'media_stream', 'ended', 90,"
        " 'completed', '2026-11-01' FROM seq_1_to_10300";
    const struct param params[] = {PARAM(work->tenant), PARAM(work->tenant)};
    const int64_t skips[] = {0, 10000, 10200, 10300}, totals[] = {10000, 10101, 10300, 10300};
    struct session_log_filter filter;
    struct page page = {.size = 100, .before_time = NO_INSTANT};
    struct rows logs;
    int64_t total;

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
    row_clear(&session_log_filter_entity, &filter);
    for (size_t i = 0; i < COUNT(skips); i++) {
        page.skip = (size_t)skips[i];
        cr_assert(session_logs_list(work, &filter, &page, &logs, &total), "%s",
                  work->error.message);
        cr_expect_eq(total, totals[i], "%lld from %lld", (long long)total, (long long)skips[i]);
        cr_expect_eq(logs.count, skips[i] < 10300 ? 100 : 0);
    }
}

Test(call_logs, cost_no_more_rows_than_a_page_and_one)
{
    struct call_log_filter filters[] = {
        nothing(),
        WITH(status, "completed"),
        WITH(status, "escalated"),
        WITH(status, "in_progress"),
        WITH(outcome, "answered"),
        WITH(direction, "inbound"),
        WITH(escalated, "true"),
        WITH(from_number, "+13125550101"),
        WITH(to_number, "+13125550101"),
        WITH(from_date, START),
        WITH(to_date, instant_after(START, 3600000)),
    };

    for (int i = 0; i < CALLS; i++)
        put_call(i);
    for (size_t i = 0; i < COUNT(filters); i++) {
        char *cursor = NULL;
        int64_t reads, sorts;

        list(&filters[i], PAGE / 2, NULL, &cursor);
        reads = rows_read(&world);
        sorts = rows_sorted(&world);
        list(&filters[i], PAGE, cursor, &cursor);
        sorts = rows_sorted(&world) - sorts;
        reads = rows_read(&world) - reads;
        /* Two calls began in the same millisecond as the last of the page before. */
        cr_expect_leq(reads, PAGE + 1 + 2, "filter %zu read %lld", i, (long long)reads);
        cr_expect_eq(sorts, 0, "filter %zu sorted %lld", i, (long long)sorts);
    }
}

Test(call_logs, of_very_many_calls_a_part_tells_how_fast_they_were_answered)
{
    static const char sql[] =
        "INSERT INTO call_latency (tenant_id, call_id, started_at, turn_count, llm_avg, llm_p50,"
        " llm_p95, llm_p99, llm_max, e2e_avg, e2e_p50, e2e_p95, e2e_p99, e2e_max)"
        " SELECT ?, UNHEX(MD5(seq)), ?, 2, 5, 5, 5, 5, 5, 9, MOD(seq, 1000), 9, 9, 9"
        " FROM seq_1_to_60000";
    instant now = clock_now();
    const struct param params[] = {PARAM(work->tenant), PARAM(now)};
    const struct call_speed_point *point;
    struct call_speed speed;

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
    cr_assert(call_speed_get(work, NULL, 1, &speed), "%s", work->error.message);
    cr_expect_eq(speed.call_sample_count, 60000);
    cr_expect_eq(speed.turn_sample_count, 120000);
    cr_expect_float_eq(speed.p50_e2e_first_audio_ms, 500, 15);
    cr_expect_float_eq(speed.p95_llm_first_token_ms, 5, 0.001);
    cr_assert_eq(speed.points.count, 1);
    point = speed.points.at;
    cr_expect_eq(point->call_count % 2, 0);
    cr_expect(point->call_count > 57000 && point->call_count < 63000, "%lld",
              (long long)point->call_count);
}
