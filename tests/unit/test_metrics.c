/* What a node counts, as its operator reads it. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "domain/node_metrics.h"
#include "outlets.h"
#include "stream/metrics.h"
#include "world.h"

static struct arena arena;

static const char *exposed(void)
{
    static const struct config config = {.node_name = "north"};
    struct text text = {.arena = &arena};

    metrics_expose(&config, &text);
    return text.at;
}

static struct slot answered(int64_t seq, int64_t token_ms, int64_t audio_ms)
{
    return (struct slot){.seq = seq,
                         .speaker = SPEAKER_ASSISTANT,
                         .start_ms = 0,
                         .end_ms = 1,
                         .heard_ms = NO_INTEGER,
                         .first_token_ms = token_ms,
                         .first_audio_ms = audio_ms};
}

Test(metrics, count_calls_by_what_they_leave_behind)
{
    const struct subject subject = {.tenant = 7};
    const char *text;

    fact_active(&subject);
    fact_active(&subject);
    fact_event(&subject, "turn.interrupted", "info", "media", NULL);
    fact_end(&subject, "completed", "caller_hangup", 1000, 1);
    fact_end(&subject, "failed", "model_error", 1000, 1);
    fact_lost(&subject);
    metrics_note_turn(100);
    metrics_note_turn(5001);
    text = exposed();
    cr_expect_not_null(strstr(text, "\ntrunkline_stream_calls_started_total{node=\"north\"} 2\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_calls_completed_total{node=\"north\"} 1\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_calls_failed_total{node=\"north\"} 1\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_calls_lost_total{node=\"north\"} 1\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_barge_ins_total{node=\"north\"} 1\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_loop_turns_total{node=\"north\"} 2\n"));
    cr_expect_not_null(strstr(text, "trunkline_stream_loop_late_turns_total{node=\"north\"} 1\n"));
}

Test(metrics, hold_each_answers_latency_once_by_node_and_by_tenant)
{
    const struct subject one = {.tenant = 7}, other = {.tenant = 9};
    struct slot first = answered(1, 250, 450), second = answered(2, NO_INTEGER, 20000);
    const char *text;

    fact_turn(&one, &first);
    first.is_told = true;
    fact_turn(&one, &first); /* written again, because its text was cut */
    fact_turn(&other, &second);
    text = exposed();
    cr_expect_not_null(strstr(text, "# TYPE trunkline_turn_first_audio_seconds histogram\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_turn_first_audio_seconds_bucket{node=\"north\",le=\"0.400\"} 0\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_turn_first_audio_seconds_bucket{node=\"north\",le=\"0.500\"} 1\n"));
    cr_expect_not_null(strstr(
        text, "trunkline_turn_first_audio_seconds_bucket{node=\"north\",le=\"10.000\"} 1\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_turn_first_audio_seconds_bucket{node=\"north\",le=\"+Inf\"} 2\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_turn_first_audio_seconds_sum{node=\"north\"} 20.450\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_turn_first_token_seconds_count{node=\"north\"} 1\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_tenant_turn_first_audio_seconds_count{tenant=\"7\"} 1\n"));
    cr_expect_not_null(
        strstr(text, "trunkline_tenant_turn_first_audio_seconds_count{tenant=\"9\"} 1\n"));
}

/* Every line is a comment or "name{labels} number"; every metric has HELP and TYPE before it. */
Test(metrics, are_text_that_prometheus_reads)
{
    char *text = arena_text(&arena, exposed()), *line = strtok(text, "\n");
    char type[100] = "", name[100], rest[40];

    for (; line; line = strtok(NULL, "\n")) {
        double value;

        if (sscanf(line, "# TYPE %99s %39s", type, rest) == 2 || strncmp(line, "# HELP ", 7) == 0)
            continue;
        cr_assert_eq(sscanf(line, "%99[a-z_]{%*[^}]} %lf", name, &value), 2, "%s", line);
        cr_expect_eq(strncmp(name, type, strlen(type)), 0, "%s stands under %s", name, type);
    }
}

Test(metrics, of_every_node_are_shown_by_any_host_and_outlive_the_process)
{
    static const char total[] = "SELECT COALESCE(SUM(folded), 0) FROM stat_totals WHERE name = ?";
    const char *name = "trunkline_stream_calls_lost_total";
    const struct param params[] = {PARAM(name)};
    struct node_figures figures = {0};
    const struct named_figures *node;
    struct world world;
    struct rows rows;
    uint64_t folded;
    int64_t sum;

    world_begin(&world, NULL, true);
    clock_set(clock_now());
    figures.values[METRIC_CALLS_LOST] = 3;
    figures.values[METRIC_SESSIONS] = 5;
    latency_figures_add(&figures.stages[STAGE_FIRST_AUDIO], 450);
    for (int i = 0; i < 2; i++)
        cr_assert(node_figures_put(&world.work, world.node.id, 42, world.node.started_at, &figures),
                  "%s", world.work.error.message);
    cr_assert(node_figures_alive(&world.work, &rows));
    cr_assert_eq(rows.count, 1);
    node = rows.at;
    cr_expect_str_eq(node->name, world.node.name);
    cr_expect_eq(node->figures.values[METRIC_SESSIONS], 5);
    cr_expect_eq(node->figures.stages[STAGE_FIRST_AUDIO].count, 1);
    clock_advance_ms(6 * 60 * 1000);
    for (uint64_t expected = 1;; expected = 0) {
        cr_assert(node_figures_fold(&world.work, &folded), "%s", world.work.error.message);
        cr_expect_eq(folded, expected, "a process is folded once");
        if (!expected)
            break;
    }
    cr_assert(db_number(&world.work, total, params, COUNT(params), 0, &sum));
    cr_expect_eq(sum, 3);
    world_end(&world);
}
