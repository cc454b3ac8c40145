#include "stream/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "stream/live.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/writer.h"

enum {
    FLUSH_US = 10 * 1000000,
    LATE_US = 5000,
    TENANTS = 32, /* that have a histogram of their own; the others share one */
};

static struct {
    struct node_figures figures;
    struct {
        int64_t tenant; /* 0: of all that found no place */
        struct latency_figures first_audio;
    } tenants[TENANTS + 1];
    struct helper *helper;
    bool is_flushing;
    int64_t flush_us;
    instant started_at;
} metrics;

/* ---- counting ---- */

void metrics_count(enum node_metric metric, int64_t more)
{
    metrics.figures.values[metric] += more;
}

void metrics_note_turn(int64_t turn_us)
{
    metrics_count(METRIC_TURNS, 1);
    if (turn_us > LATE_US)
        metrics_count(METRIC_LATE_TURNS, 1);
}

void metrics_event(const char *type)
{
    static const struct {
        const char *type;
        enum node_metric metric;
    } counted[] = {
        {"turn.interrupted", METRIC_BARGE_INS},
        {"model.connected", METRIC_MODEL_CONNECTIONS},
        {"model.rolled", METRIC_MODEL_CONNECTIONS},
        {"model.error", METRIC_MODEL_ERRORS},
    };

    for (size_t i = 0; i < COUNT(counted); i++)
        if (strcmp(counted[i].type, type) == 0)
            metrics_count(counted[i].metric, 1);
}

static struct latency_figures *of_tenant(int64_t tenant)
{
    size_t i = 0;

    while (i < TENANTS && metrics.tenants[i].tenant && metrics.tenants[i].tenant != tenant)
        i++;
    if (i < TENANTS)
        metrics.tenants[i].tenant = tenant;
    return &metrics.tenants[i].first_audio;
}

void metrics_turn(int64_t tenant, const struct slot *slot)
{
    if (slot->is_told)
        return;
    if (slot->first_token_ms != NO_INTEGER)
        latency_figures_add(&metrics.figures.stages[STAGE_FIRST_TOKEN], slot->first_token_ms);
    if (slot->first_audio_ms == NO_INTEGER)
        return;
    latency_figures_add(&metrics.figures.stages[STAGE_FIRST_AUDIO], slot->first_audio_ms);
    latency_figures_add(of_tenant(tenant), slot->first_audio_ms);
}

void metrics_tool(const char *status)
{
    if (!status || strcmp(status, "running") == 0)
        return;
    metrics_count(METRIC_TOOL_CALLS, 1);
    if (strcmp(status, "ok") != 0)
        metrics_count(METRIC_TOOL_FAILURES, 1);
}

void metrics_end(const char *result)
{
    metrics_count(strcmp(result, "completed") == 0     ? METRIC_CALLS_COMPLETED
                  : strcmp(result, "transferred") == 0 ? METRIC_CALLS_TRANSFERRED
                                                       : METRIC_CALLS_FAILED,
                  1);
}

static void look(void)
{
    metrics.figures.values[METRIC_SESSIONS] = (int64_t)live_count();
    metrics.figures.values[METRIC_BACKLOG] = (int64_t)writer_backlog();
    metrics.figures.values[METRIC_SPOOL_HEALTHY] = writer_is_healthy();
}

/* ---- showing ---- */

static void expose_tenants(struct text *text)
{
    static const char name[] = "trunkline_tenant_turn_first_audio_seconds";

    latency_help(
        name, "The same by tenant; tenant 0 are those that have no histogram of their own.", text);
    for (size_t i = 0; i <= TENANTS; i++) {
        const struct latency_figures *figures = &metrics.tenants[i].first_audio;

        if (figures->count)
            latency_figures_expose(
                name,
                arena_format(text->arena, "tenant=\"%lld\"", (long long)metrics.tenants[i].tenant),
                figures, text);
    }
}

void metrics_expose(const struct config *config, struct text *text)
{
    struct named_figures node = {.name = node_name(config)};

    look();
    node.figures = metrics.figures;
    node_figures_expose(&node, 1, text);
    expose_tenants(text);
}

/* ---- writing down ---- */

struct flush {
    struct task task;
    int64_t node;
    instant started_at;
    struct node_figures figures;
};

static void flush(struct work *work, struct task *task)
{
    const struct flush *flush = (const struct flush *)task;

    if (!node_figures_put(work, flush->node, getpid(), flush->started_at, &flush->figures) &&
        work->error.what != BUSY)
        log_warning(work, "metrics.not_written", "code=%s", failure_code(work->error.what));
}

static void flushed(struct task *task)
{
    metrics.is_flushing = false;
    free(task);
}

void metrics_tick(void)
{
    struct flush *one;

    if (!metrics.helper || metrics.is_flushing || !node_id() ||
        clock_monotonic_us() < metrics.flush_us)
        return;
    metrics.flush_us = clock_monotonic_us() + FLUSH_US;
    look();
    one = calloc(1, sizeof *one);
    if (!one)
        abort();
    *one = (struct flush){.task = {.run = flush, .done = flushed},
                          .node = node_id(),
                          .started_at = metrics.started_at,
                          .figures = metrics.figures};
    metrics.is_flushing = helper_give(metrics.helper, &one->task);
    if (!metrics.is_flushing)
        free(one);
}

bool metrics_start(const struct config *config)
{
    metrics.started_at = clock_now();
    metrics.helper = helper_start("metrics", config, true, 2);
    return metrics.helper != NULL;
}

void metrics_stop(void)
{
    if (metrics.helper)
        helper_stop(metrics.helper);
    metrics.helper = NULL;
}
