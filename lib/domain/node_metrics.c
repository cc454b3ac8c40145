#include "domain/node_metrics.h"

#include <string.h>

#include "core/json.h"

static const struct {
    const char *name, *type, *help;
} metrics[NODE_METRICS] = {
    /* clang-format off */
    [METRIC_SESSIONS] = {"trunkline_stream_sessions", "gauge", "Sessions that this node holds."},
    [METRIC_BACKLOG] = {"trunkline_stream_backlog_facts", "gauge", "Facts in the spool that the database does not have yet."},
    [METRIC_SPOOL_HEALTHY] = {"trunkline_stream_spool_healthy", "gauge", "Whether the disk takes what the node writes."},
    [METRIC_CALLS_STARTED] = {"trunkline_stream_calls_started_total", "counter", "Calls whose agent began to talk."},
    [METRIC_CALLS_COMPLETED] = {"trunkline_stream_calls_completed_total", "counter", "Calls that ended as they should."},
    [METRIC_CALLS_TRANSFERRED] = {"trunkline_stream_calls_transferred_total", "counter", "Calls that were passed on."},
    [METRIC_CALLS_FAILED] = {"trunkline_stream_calls_failed_total", "counter", "Calls that ended by a failure."},
    [METRIC_CALLS_LOST] = {"trunkline_stream_calls_lost_total", "counter", "Calls whose carrier's socket broke; they may have come back."},
    [METRIC_BARGE_INS] = {"trunkline_stream_barge_ins_total", "counter", "Answers that were cut short."},
    [METRIC_CLEARS] = {"trunkline_stream_clears_total", "counter", "Times that the carrier was told to forget queued audio."},
    [METRIC_DROPPED] = {"trunkline_stream_dropped_messages_total", "counter", "Messages that found no room in a connection's queue."},
    [METRIC_MODEL_CONNECTIONS] = {"trunkline_stream_model_connections_total", "counter", "Sessions of the model that were configured."},
    [METRIC_MODEL_ERRORS] = {"trunkline_stream_model_errors_total", "counter", "Times that the model was lost."},
    [METRIC_TOOL_CALLS] = {"trunkline_stream_tool_calls_total", "counter", "Tools that were called and answered."},
    [METRIC_TOOL_FAILURES] = {"trunkline_stream_tool_failures_total", "counter", "Tools that answered with a failure, or not in time."},
    [METRIC_TURNS] = {"trunkline_stream_loop_turns_total", "counter", "Turns of the event loop."},
    [METRIC_LATE_TURNS] = {"trunkline_stream_loop_late_turns_total", "counter", "Turns of the event loop that took over 5 ms."},
    /* clang-format on */
};

static const struct {
    const char *name, *help;
} stages[LATENCY_STAGES] = {
    [STAGE_FIRST_TOKEN] = {"trunkline_turn_first_token_seconds",
                           "From the caller's last word to the model's first one."},
    [STAGE_FIRST_AUDIO] = {"trunkline_turn_first_audio_seconds",
                           "From the caller's last word to the first sound sent to the carrier."},
};

static const int64_t bounds_ms[LATENCY_BUCKETS] = {100,  200,  300,  400,  500,  650,  800,
                                                   1000, 1300, 1600, 2000, 3000, 5000, 10000};

void latency_figures_add(struct latency_figures *figures, int64_t ms)
{
    size_t bucket = 0;

    while (bucket < LATENCY_BUCKETS && ms > bounds_ms[bucket])
        bucket++;
    figures->buckets[bucket]++;
    figures->count++;
    figures->sum_ms += ms;
}

/* ---- as JSON ---- */

static void write_stage(const struct latency_figures *figures, struct text *json)
{
    text_add(json, "[%lld,%lld", (long long)figures->count, (long long)figures->sum_ms);
    for (size_t i = 0; i <= LATENCY_BUCKETS; i++)
        text_add(json, ",%lld", (long long)figures->buckets[i]);
    text_put(json, "]");
}

void node_figures_write(const struct node_figures *figures, struct text *json)
{
    for (size_t i = 0; i < NODE_METRICS; i++)
        text_add(json, "%s\"%s\":%lld", i ? "," : "{", metrics[i].name,
                 (long long)figures->values[i]);
    for (size_t i = 0; i < LATENCY_STAGES; i++) {
        text_add(json, ",\"%s\":", stages[i].name);
        write_stage(&figures->stages[i], json);
    }
    text_put(json, "}");
}

static int64_t number_at(json_object *list, size_t index)
{
    return json_object_get_int64(json_object_array_get_idx(list, index));
}

static void read_stage(json_object *list, struct latency_figures *figures)
{
    if (!json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) != LATENCY_BUCKETS + 3)
        return;
    figures->count = number_at(list, 0);
    figures->sum_ms = number_at(list, 1);
    for (size_t i = 0; i <= LATENCY_BUCKETS; i++)
        figures->buckets[i] = number_at(list, i + 2);
}

bool node_figures_read(const char *json, struct node_figures *figures)
{
    json_object *tree = json_parse(json);

    memset(figures, 0, sizeof *figures);
    for (size_t i = 0; i < NODE_METRICS; i++)
        figures->values[i] = json_integer(tree, metrics[i].name, 0);
    for (size_t i = 0; i < LATENCY_STAGES; i++)
        read_stage(json_member(tree, stages[i].name), &figures->stages[i]);
    json_object_put(tree);
    return tree != NULL;
}

/* ---- as Prometheus reads it ---- */

static void add_help(struct text *text, const char *name, const char *type, const char *help)
{
    text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void latency_help(const char *name, const char *help, struct text *text)
{
    add_help(text, name, "histogram", help);
}

const char *latency_stage_name(enum latency_stage stage)
{
    return stages[stage].name;
}

void latency_figures_expose(const char *name, const char *label,
                            const struct latency_figures *figures, struct text *text)
{
    int64_t below = 0;

    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        below += figures->buckets[i];
        text_add(text, "%s_bucket{%s,le=\"%lld.%03lld\"} %lld\n", name, label,
                 (long long)bounds_ms[i] / 1000, (long long)bounds_ms[i] % 1000, (long long)below);
    }
    text_add(text, "%s_bucket{%s,le=\"+Inf\"} %lld\n", name, label, (long long)figures->count);
    text_add(text, "%s_sum{%s} %lld.%03lld\n", name, label, (long long)figures->sum_ms / 1000,
             (long long)figures->sum_ms % 1000);
    text_add(text, "%s_count{%s} %lld\n", name, label, (long long)figures->count);
}

/* Names of nodes are the operator's words; in a label some characters need a backslash. */
static const char *label_of(struct arena *arena, const char *node)
{
    struct text label = {.arena = arena};

    text_put(&label, "node=\"");
    for (; *node; node++) {
        if (*node == '"' || *node == '\\')
            text_char(&label, '\\');
        text_char(&label, *node == '\n' ? ' ' : *node);
    }
    text_put(&label, "\"");
    return label.at;
}

void node_figures_expose(const struct named_figures *nodes, size_t count, struct text *text)
{
    for (size_t i = 0; i < NODE_METRICS; i++) {
        add_help(text, metrics[i].name, metrics[i].type, metrics[i].help);
        for (size_t n = 0; n < count; n++)
            text_add(text, "%s{%s} %lld\n", metrics[i].name, label_of(text->arena, nodes[n].name),
                     (long long)nodes[n].figures.values[i]);
    }
    for (size_t i = 0; i < LATENCY_STAGES; i++) {
        latency_help(stages[i].name, stages[i].help, text);
        for (size_t n = 0; n < count; n++)
            latency_figures_expose(stages[i].name, label_of(text->arena, nodes[n].name),
                                   &nodes[n].figures.stages[i], text);
    }
}

/* ---- in the store ---- */

enum { ALIVE_MS = 60 * 1000, SILENT_MS = 5 * 60 * 1000, FOLD_AT_ONCE = 100 };

bool node_figures_put(struct work *work, int64_t node, int64_t pid, instant started_at,
                      const struct node_figures *figures)
{
    static const char sql[] =
        "INSERT INTO process_stats (node_id, pid, started_at, counters, flushed_at)"
        " VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE counters = VALUES(counters),"
        " flushed_at = VALUES(flushed_at)";
    struct text json = {.arena = &work->arena};
    instant now = clock_now();
    const char *counters;

    node_figures_write(figures, &json);
    counters = json.at;
    return db_execute(work, sql,
                      (const struct param[]){PARAM(node), PARAM(pid), PARAM(started_at),
                                             PARAM(counters), PARAM(now)},
                      5, NULL);
}

struct stats_row {
    const char *name;
    int64_t node_id, pid;
    instant started_at;
    document counters;
};

static const struct column columns_of_stats[] = {
    COLUMN(stats_row, name, NULLABLE),     COLUMN(stats_row, node_id, NOT_NULL),
    COLUMN(stats_row, pid, NOT_NULL),      COLUMN(stats_row, started_at, NOT_NULL),
    COLUMN(stats_row, counters, NOT_NULL),
};

static const struct entity stats_entity = ENTITY(stats_row, "figures", NULL, columns_of_stats);

#define STATS                                                                                      \
    "SELECT n.name, p.node_id, p.pid, p.started_at, p.counters FROM process_stats AS p"            \
    " LEFT JOIN media_nodes AS n ON n.id = p.node_id WHERE "

bool node_figures_alive(struct work *work, struct rows *nodes)
{
    static const char sql[] = STATS "p.flushed_at > ? AND n.role = 'daemon'"
                                    " ORDER BY p.node_id, p.pid";
    instant fresh = instant_after(clock_now(), -ALIVE_MS);
    const struct param params[] = {PARAM(fresh)};
    const struct stats_row *row;
    struct named_figures *found;
    struct rows rows;

    if (!db_select(work, sql, params, COUNT(params), &stats_entity, &rows))
        return false;
    found = arena_new(&work->arena, struct named_figures, rows.count);
    row = rows.at;
    *nodes = (struct rows){found, 0};
    for (size_t i = 0; i < rows.count; i++)
        if (row[i].name && node_figures_read(row[i].counters.json, &found[nodes->count].figures))
            found[nodes->count++].name = row[i].name;
    return true;
}

/* Whoever removes the row adds what stood in it. */
static bool fold_step(struct work *work, void *with)
{
    static const char take[] =
        "DELETE FROM process_stats WHERE node_id = ? AND pid = ? AND started_at = ?";
    static const char add[] = "INSERT INTO stat_totals (name, folded) VALUES (?, ?)"
                              " ON DUPLICATE KEY UPDATE folded = folded + VALUES(folded)";
    const struct stats_row *row = with;
    const struct param key[] = {PARAM(row->node_id), PARAM(row->pid), PARAM(row->started_at)};
    struct node_figures figures;
    uint64_t changed;

    if (!db_execute(work, take, key, COUNT(key), &changed))
        return false;
    if (changed != 1 || !node_figures_read(row->counters.json, &figures))
        return true;
    for (size_t i = 0; i < NODE_METRICS; i++) {
        const struct param sum[] = {PARAM(metrics[i].name), PARAM(figures.values[i])};

        if (strcmp(metrics[i].type, "counter") == 0 && figures.values[i] &&
            !db_execute(work, add, sum, COUNT(sum), NULL))
            return false;
    }
    return true;
}

bool node_figures_fold(struct work *work, uint64_t *folded)
{
    static const char sql[] = STATS "p.flushed_at < ? ORDER BY p.flushed_at LIMIT ?";
    instant silent = instant_after(clock_now(), -SILENT_MS);
    int64_t limit = FOLD_AT_ONCE;
    const struct param params[] = {PARAM(silent), PARAM(limit)};
    struct rows rows;

    *folded = 0;
    if (!db_select(work, sql, params, COUNT(params), &stats_entity, &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++, ++*folded)
        if (!db_transaction(work, fold_step, (struct stats_row *)rows.at + i))
            return false;
    return true;
}
