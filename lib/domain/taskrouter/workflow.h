/*
 * domain/taskrouter/workflow.h - the configuration document of a workflow (reference, twilio 8.4).
 *
 *   {"task_routing": {"filters": [{"filter_friendly_name", "expression", "targets": [{"queue",
 *     "expression", "priority", "timeout", "skip_if", "order_by", "known_worker_sid" or
 *     "known_worker_friendly_name"}]}], "default_filter": {"queue"}}}
 *
 * A document is read once into steps, in the order in which a task may take them.
 */
#ifndef DOMAIN_TASKROUTER_WORKFLOW_H
#define DOMAIN_TASKROUTER_WORKFLOW_H

#include "core/column.h"
#include "domain/taskrouter/expression.h"

enum {
    ROUTING_LONGEST = 65536, /* bytes of the document */
    ROUTING_FILTERS = 500,
    ROUTING_TARGETS = 50 /* of one filter */
};

struct routing_target {
    uid queue;
    int64_t priority;                      /* NO_INTEGER: the task keeps its own */
    int64_t timeout_seconds;               /* NO_INTEGER: until the task's own time is over */
    const struct expression *expression;   /* over task. and worker.; NULL: any worker */
    const struct expression *skip_if;      /* over task. and workers.; NULL: never */
    const struct expression *known_worker; /* a path to a WK… SID or a friendly name; NULL: none */
    bool known_by_name;
    struct expression_key order[EXPRESSION_KEYS];
    size_t norder; /* 0: who is idle longest */
};

struct routing_filter {
    const char *name; /* NULL: it has none */
    const struct expression *expression;
    struct routing_target *targets; /* at least one */
    size_t ntargets;
};

struct routing {
    struct routing_filter *filters;
    size_t nfilters;
    struct routing_target otherwise; /* the default filter's only target; no queue: there is none */
};

/*
 * Reads a document into the work's arena.  INVALID blaming "configuration": no JSON, a member that
 * is not what it should be (the message names it: "task_routing.filters[0].targets[1].timeout"), or
 * an expression that cannot be read, with its position.  Whether the queues exist is not asked.
 */
bool routing_read(struct work *work, const char *configuration, struct routing *routing);

/* Calls "visit" with every queue the document names, until one answers false. */
bool routing_queues(struct work *work, const struct routing *routing,
                    bool (*visit)(struct work *work, uid queue, void *with), void *with);

/* "WQ…" and 32 hex digits, and likewise for other letters; false for anything else. */
bool tr_sid_read(const char *text, const char letters[2], uid *id);

#endif
