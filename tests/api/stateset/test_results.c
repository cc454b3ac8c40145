/*
 * What came of a tenant's calls, and how good they were, through StateSet's operations.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "api/stateset/evaluated.h"

TestSuite(results, .timeout = 90);

#define OUTCOMES "/api/v1/voice-outcomes"
#define EVALS "/api/v1/voice-session-evals"
#define NOBODY "00000000-0000-4000-8000-000000000000"

static struct reply get(const struct evaluated *of, const char *path)
{
    return ask("GET", path, of->customer.stateset, NULL, NULL);
}

/* An outcome of so many hours ago; the rest may be changed before it is written. */
static struct voice_outcome outcome(const char *resolution, int hours_ago)
{
    struct voice_outcome row = outcome_of_a_call(resolution);

    row.occurred_at = instant_after(clock_now(), -(int64_t)hours_ago * 3600 * 1000);
    return row;
}

static void add(struct evaluated *of, const struct voice_outcome *row)
{
    cr_assert(
        store_insert(&of->work, &voice_outcome_entity, row, columns_all(&voice_outcome_entity)),
        "%s", of->work.error.message);
}

/* Three outcomes: resolved and billed an hour ago, escalated two days ago, busy sixty days ago. */
static struct evaluated with_outcomes(struct voice_outcome rows[3])
{
    struct evaluated of = evaluated_new();

    rows[0] = outcome("resolved", 1);
    rows[0].billing_status = "emitted";
    rows[0].billable_sku = "voice.call.resolved";
    rows[0].risk_level = "low";
    rows[1] = outcome("escalated", 49);
    rows[1].escalated = true;
    rows[1].duration_seconds = 120;
    rows[1].billing_status = "failed";
    rows[1].billable_sku = "voice.call.escalated";
    rows[2] = outcome("busy", 60 * 24);
    rows[2].call_type = "outbound";
    rows[2].duration_seconds = NO_INTEGER;
    for (size_t i = 0; i < 3; i++)
        add(&of, &rows[i]);
    return of;
}

Test(results, list_outcomes_latest_first)
{
    struct voice_outcome rows[3];
    struct evaluated of = with_outcomes(rows);
    struct reply reply = get(&of, OUTCOMES);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant"), of.customer.tenant);
    cr_expect_str_eq(at(reply.json, "count"), "3");
    cr_expect_str_eq(at(reply.json, "outcomes.0.id"), uuid_of(rows[0].id));
    cr_expect_str_eq(at(reply.json, "outcomes.0.tenant_id"), of.customer.tenant);
    cr_expect_str_eq(at(reply.json, "outcomes.0.risk_level"), "low");
    cr_expect_str_eq(at(reply.json, "outcomes.2.resolution"), "busy");
    reply = get(&of, OUTCOMES "?limit=1&offset=1");
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "outcomes.0.resolution"), "escalated");
}

Test(results, narrow_outcomes_by_what_they_are)
{
    struct voice_outcome rows[3];
    struct evaluated of = with_outcomes(rows);
    static const char *const queries[][2] = {
        {"resolution=resolved", "resolved"},
        {"billing_status=failed", "escalated"},
        {"billable_sku=voice.call.escalated", "escalated"},
        {"call_type=outbound", "busy"},
        {"call_type=inbound&resolution=escalated", "escalated"},
    };

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct reply reply = get(&of, say(OUTCOMES "?%s", queries[i][0]));

        cr_expect_str_eq(at(reply.json, "count"), "1", "%s: %s", queries[i][0], reply.body);
        cr_expect_str_eq(at(reply.json, "outcomes.0.resolution"), queries[i][1]);
    }
    cr_expect_str_eq(at(get(&of, OUTCOMES "?resolution=nonsense").json, "count"), "0");
}

Test(results, refuse_queries_that_mean_nothing)
{
    struct evaluated of = evaluated_new();
    static const char *const queries[] = {"limit=0",       "limit=201",           "limit=x",
                                          "offset=-1",     "billing_status=paid", "resolution=",
                                          "call_type=%20", "billable_sku=%C3%BC"};

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct reply reply = get(&of, say(OUTCOMES "?%s", queries[i]));

        cr_expect_eq(reply.status, 400, "%s: %ld", queries[i], reply.status);
        cr_expect_str_eq(at(reply.json, "code"), "VALIDATION_ERROR");
    }
}

Test(results, show_one_outcome_by_id_and_by_stream)
{
    struct voice_outcome rows[3];
    struct evaluated of = with_outcomes(rows), other = evaluated_new();
    const char *by_id = say(OUTCOMES "/%s", uuid_of(rows[1].id));
    const char *by_stream = say(OUTCOMES "/by-stream/%s", rows[1].stream_sid);
    struct reply reply = get(&of, by_id);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "outcome.resolution"), "escalated");
    cr_expect_str_eq(at(reply.json, "outcome.duration_seconds"), "120");
    cr_expect_str_eq(at(get(&of, by_stream).json, "outcome.id"), uuid_of(rows[1].id));
    cr_expect_eq(get(&other, by_id).status, 404);
    cr_expect_eq(get(&other, by_stream).status, 404);
    cr_expect_eq(get(&of, OUTCOMES "/" NOBODY).status, 404);
    cr_expect_eq(get(&of, OUTCOMES "/by-stream/MZ1").status, 404);
    cr_expect_eq(get(&of, OUTCOMES "/by-stream/%C3%BC").status, 404);
    cr_expect_eq(get(&of, OUTCOMES "/nonsense").status, 400);
}

Test(results, add_up_outcomes_of_a_window)
{
    struct voice_outcome rows[3];
    struct evaluated of = with_outcomes(rows);
    struct reply reply = get(&of, OUTCOMES "/stats");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "stats.total"), "2", "thirty days by default");
    cr_expect_str_eq(at(reply.json, "stats.billable"), "2");
    cr_expect_str_eq(at(reply.json, "stats.emitted"), "1");
    cr_expect_str_eq(at(reply.json, "stats.failed_billing"), "1");
    cr_expect_str_eq(at(reply.json, "stats.escalated"), "1");
    cr_expect_float_eq(atof(at(reply.json, "stats.avg_duration_seconds")), 90.0, 0.001);
    reply = get(&of, OUTCOMES "/stats?window=all");
    cr_expect_str_eq(at(reply.json, "stats.total"), "3");
    cr_expect_str_eq(at(reply.json, "stats.not_billable"), "1");
    cr_expect_str_eq(at(reply.json, "stats.escalated"), "1");
    cr_expect_str_eq(at(reply.json, "stats.resolution_mix.0.name"), "busy");
    cr_expect_str_eq(at(reply.json, "stats.resolution_mix.0.count"), "1");
    cr_expect_str_eq(at(reply.json, "stats.risk_mix.0.name"), "unknown");
    cr_expect_str_eq(at(reply.json, "stats.risk_mix.0.count"), "2");
    reply = get(&of, OUTCOMES "/stats?window=24h");
    cr_expect_str_eq(at(reply.json, "stats.total"), "1");
}

Test(results, of_nobody_add_up_to_nothing)
{
    struct evaluated of = evaluated_new();
    struct reply reply = get(&of, OUTCOMES "/stats?window=all");

    cr_expect_str_eq(at(reply.json, "stats.total"), "0");
    cr_expect(has(reply.json, "stats.avg_duration_seconds"));
    cr_expect_str_eq(at(reply.json, "stats.avg_duration_seconds"), "");
    cr_expect_not(has(reply.json, "stats.sku_mix.0"));
    cr_expect_eq(get(&of, OUTCOMES "/timeseries?window=all").status, 200);
}

/* The sum of one member over all points. */
static long sum(const struct reply *reply, const char *member, size_t *points)
{
    long total = 0;

    for (*points = 0; has(reply->json, say("timeseries.points.%zu", *points)); (*points)++)
        total += atol(at(reply->json, say("timeseries.points.%zu.%s", *points, member)));
    return total;
}

Test(results, show_outcomes_over_time_without_gaps)
{
    struct voice_outcome rows[3];
    struct evaluated of = with_outcomes(rows);
    struct reply reply = get(&of, OUTCOMES "/timeseries");
    size_t points;

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "timeseries.window"), "30d");
    cr_expect_str_eq(at(reply.json, "timeseries.bucket"), "day");
    cr_expect_eq(sum(&reply, "total", &points), 2);
    cr_expect_eq(points, 31, "days that begin in the window, and the one it begins in");
    cr_expect_eq(sum(&reply, "escalated", &points), 1);
    reply = get(&of, OUTCOMES "/timeseries?window=24h");
    cr_expect_str_eq(at(reply.json, "timeseries.bucket"), "hour");
    cr_expect_eq(sum(&reply, "billable", &points), 1);
    cr_expect_eq(points, 25);
    reply = get(&of, OUTCOMES "/timeseries?window=all&bucket=day");
    cr_expect_eq(sum(&reply, "total", &points), 3);
    cr_expect_eq(sum(&reply, "escalated", &points), 1);
    cr_expect_eq(points, 61, "from the first outcome on");
}

Test(results, show_the_evaluation_of_a_session_by_all_its_names)
{
    struct evaluated of = evaluated_new(), other = evaluated_new();
    struct session_eval eval = evaluated_score(&of, of.customer.agent_version_id, 0.9);
    const char *names[] = {eval.stream_sid, uuid_of(eval.session_id)};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *path = say(EVALS "/by-session/%s", names[i]);
        struct reply reply = get(&of, path);

        cr_assert_eq(reply.status, 200, "%s", reply.body);
        cr_expect_str_eq(at(reply.json, "voice_session_id"), uuid_of(eval.session_id));
        cr_expect_str_eq(at(reply.json, "session_id"), eval.stream_sid);
        cr_expect_str_eq(at(reply.json, "agent_version_id"), of.customer.agent_version_id);
        cr_expect_str_eq(at(reply.json, "source"), "auto");
        cr_expect_str_eq(at(reply.json, "score"), "0.9");
        cr_expect_eq(get(&other, path).status, 404);
    }
    cr_expect_eq(get(&of, EVALS "/by-session/nonsense").status, 404);
    cr_expect_eq(
        get(&of, say(EVALS "/by-session/%s", evaluated_session(&of, NULL).stream_sid)).status, 404,
        "it was not evaluated");
}

Test(results, keep_one_evaluation_for_each_source)
{
    struct evaluated of = evaluated_new();
    struct session_eval eval = evaluated_score(&of, NULL, 0.9), again;

    row_clear(&session_eval_entity, &again);
    again.score = 0.2;
    again.notes = "Heard it again";
    again.tags = (document){"[\"angry\"]"};
    cr_assert(session_eval_put(&of.work, uuid_of(eval.session_id), &again));
    cr_expect(uid_equal(again.id, eval.id), "the other spelling names the same session");
    again.source = "human";
    cr_assert(session_eval_put(&of.work, eval.stream_sid, &again));
    cr_expect_eq(rows_of(&of.customer, "session_evals"), 2);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM outbox WHERE tenant_id = %lld"
                               " AND event_type = 'session.evaluated'",
                               (long long)of.work.tenant)),
                 3, "each time is an event");
}

Test(results, list_evaluations_by_score_and_tag)
{
    struct evaluated of = evaluated_new(), other = evaluated_new();
    struct session_eval eval = evaluated_score(&of, NULL, 0.3);
    struct reply reply;

    eval.tags = (document){"[\"billing\",\"angry\"]"};
    cr_assert(session_eval_put(&of.work, eval.stream_sid, &eval));
    evaluated_score(&of, NULL, 0.5);
    evaluated_score(&of, NULL, 0.95);
    reply = get(&of, EVALS);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "tenant"), of.customer.tenant);
    cr_expect_str_eq(at(reply.json, "count"), "3");
    cr_expect_str_eq(at(reply.json, "evals.0.score"), "0.95");
    reply = get(&of, EVALS "?min_score=0.4&max_score=0.6");
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "evals.0.score"), "0.5");
    reply = get(&of, EVALS "?tag=angry");
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "evals.0.tags.1"), "angry");
    cr_expect_str_eq(at(get(&of, EVALS "?tag=ang").json, "count"), "0");
    reply = get(&of, EVALS "?limit=1&offset=1");
    cr_expect_str_eq(at(reply.json, "evals.0.score"), "0.5");
    cr_expect_str_eq(at(get(&of, EVALS "?min_score=x&limit=-1").json, "count"), "3");
    cr_expect_str_eq(at(get(&other, EVALS).json, "count"), "0");
}

Test(results, add_up_evaluations)
{
    struct evaluated of = evaluated_new();
    struct reply reply = get(&of, EVALS "/stats");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "total_evals"), "0");
    cr_expect_str_eq(at(reply.json, "avg_score"), "");
    evaluated_score(&of, NULL, 0.8);
    struct session_eval old = evaluated_score(&of, NULL, 0.2);
    evaluated_age(&of, &old, 25);
    reply = get(&of, EVALS "/stats");
    cr_expect_str_eq(at(reply.json, "total_evals"), "2");
    cr_expect_str_eq(at(reply.json, "evals_last_24h"), "1");
    cr_expect_float_eq(atof(at(reply.json, "avg_score")), 0.5, 1e-9);
    cr_expect_float_eq(atof(at(reply.json, "high_quality_rate")), 0.5, 1e-9);
}

Test(results, need_a_key)
{
    static const char *const paths[] = {OUTCOMES,
                                        OUTCOMES "/" NOBODY,
                                        OUTCOMES "/by-stream/MZ1",
                                        OUTCOMES "/stats",
                                        OUTCOMES "/timeseries",
                                        EVALS,
                                        EVALS "/by-session/MZ1",
                                        EVALS "/stats"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        cr_expect_eq(ask("GET", paths[i], NULL, NULL, NULL).status, 401, "%s", paths[i]);
        cr_expect_eq(ask("GET", paths[i], "ssk_nobody", NULL, NULL).status, 401, "%s", paths[i]);
    }
}
