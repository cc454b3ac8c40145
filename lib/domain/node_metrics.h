/*
 * domain/node_metrics.h - what a stream node counts, as it stands in process_stats and in the text
 * form of Prometheus (reference 1.27).
 *
 * A node writes its figures every ten seconds, so that any web host can show all nodes.  Figures of
 * a process that is gone are added to stat_totals.
 */
#ifndef DOMAIN_NODE_METRICS_H
#define DOMAIN_NODE_METRICS_H

#include "core/text.h"
#include "db/store.h"

enum node_metric {
    METRIC_SESSIONS,
    METRIC_BACKLOG,
    METRIC_SPOOL_HEALTHY,
    METRIC_CALLS_STARTED,
    METRIC_CALLS_COMPLETED,
    METRIC_CALLS_TRANSFERRED,
    METRIC_CALLS_FAILED,
    METRIC_CALLS_LOST,
    METRIC_BARGE_INS,
    METRIC_CLEARS,
    METRIC_DROPPED,
    METRIC_MODEL_CONNECTIONS,
    METRIC_MODEL_ERRORS,
    METRIC_TOOL_CALLS,
    METRIC_TOOL_FAILURES,
    METRIC_TURNS,
    METRIC_LATE_TURNS,
    NODE_METRICS,
};

/* Stages of an answer, from when the caller stopped speaking. */
enum latency_stage { STAGE_FIRST_TOKEN, STAGE_FIRST_AUDIO, LATENCY_STAGES };

/* Times that fell into buckets; the last holds what is beyond every bound. */
enum { LATENCY_BUCKETS = 14 };
struct latency_figures {
    int64_t buckets[LATENCY_BUCKETS + 1], count, sum_ms;
};

struct node_figures {
    int64_t values[NODE_METRICS];
    struct latency_figures stages[LATENCY_STAGES];
};

/* Counts one duration in the buckets of a stage. */
void latency_figures_add(struct latency_figures *figures, int64_t ms);

/* As process_stats keeps them: counters and gauges by name, histograms as arrays. */
void node_figures_write(const struct node_figures *figures, struct text *json);
bool node_figures_read(const char *json, struct node_figures *figures);

/* What a figure belongs to. */
struct named_figures {
    const char *name; /* of the node */
    struct node_figures figures;
};

/* Adds every metric of the nodes, with HELP and TYPE, each with the label node. */
void node_figures_expose(const struct named_figures *nodes, size_t count, struct text *text);

/* Adds one histogram's lines: "label" is what stands in the braces, such as tenant="7". */
void latency_figures_expose(const char *name, const char *label,
                            const struct latency_figures *figures, struct text *text);
void latency_help(const char *name, const char *help, struct text *text);
const char *latency_stage_name(enum latency_stage stage);

/* Writes this process's figures; the same row each time. */
bool node_figures_put(struct work *work, int64_t node, int64_t pid, instant started_at,
                      const struct node_figures *figures);

/* Figures of every process that wrote them within a minute: an array of struct named_figures. */
bool node_figures_alive(struct work *work, struct rows *nodes);

/* Adds the counters of processes that are silent for five minutes to stat_totals, once each. */
bool node_figures_fold(struct work *work, uint64_t *folded);

#endif
