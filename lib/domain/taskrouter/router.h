/*
 * domain/taskrouter/router.h - what one run of the router knows of its workspace.
 *
 * Private to the folder.  Everything is read under the lock of the workspace and only when it is
 * asked for; it lives in the work's arena until router_end().
 */
#ifndef DOMAIN_TASKROUTER_ROUTER_H
#define DOMAIN_TASKROUTER_ROUTER_H

#include "domain/taskrouter/expression.h"
#include "domain/taskrouter/queues.h"
#include "domain/taskrouter/reservations.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workers.h"
#include "domain/taskrouter/workflow.h"
#include "domain/taskrouter/workflows.h"
#include "domain/taskrouter/workspaces.h"

enum { CHANNELS = 6 };

/* An open reservation of a worker. */
struct taken {
    uid worker_id;
    const char *channel, *status;
    int64_t slot;
    struct taken *next;
};

/* A worker whose activity is available. */
struct member {
    struct tr_worker worker;
    json_object *scope; /* what expressions see; NULL until it is asked for */
    struct taken *taken;
};

/* Whether a member matches a queue, as far as it is known. */
enum match { UNKNOWN, MATCHES, DIFFERS };

/* A queue that somebody waits in. */
struct line {
    struct tr_queue queue;
    const struct expression *expression;
    unsigned char *match; /* of each member */
    size_t turned;        /* behind which of the waiting its order was seen to last */
    struct line *next;
};

/* A workflow that somebody follows. */
struct rules {
    struct tr_workflow workflow;
    struct routing routing;
    struct rules *next;
};

struct router {
    struct work *work;
    const struct tr_workspace *workspace;
    instant now;
    bool is_loaded;
    struct member *members; /* in the order of their keys */
    size_t nmembers;
    size_t *free[CHANNELS]; /* members with room on a channel and nothing pending there */
    size_t nfree[CHANNELS];
    struct line *lines;
    struct rules *rules;
};

/* A task on its way. */
struct journey {
    struct router *router;
    struct tr_task *task;
    json_object *attributes;
    struct rules *rules;
    bool defers; /* steps are entered only: who is asked is decided among all that wait */
};

/* router.c */

void router_begin(struct router *router, struct work *work, const struct tr_workspace *workspace);
void router_end(struct router *router);

/* Reads the members and what they have. */
bool router_load(struct router *router);

/* Which member a worker is, once they are read; false: none. */
bool router_member(const struct router *router, uid worker, size_t *index);

/* The queue, NULL when there is none (any more). */
bool router_line(struct router *router, uid queue, struct line **line);

/* The workflow; NULL when there is none (any more), or when its document cannot be read. */
bool router_rules(struct router *router, uid workflow, struct rules **rules);

json_object *member_scope(struct member *member);

/* Whether the queue's expression matches the member. */
bool line_matches(struct router *router, struct line *line, size_t member);

/* How many of a queue's workers do what: {"available", "unavailable", "WA…"}; the caller puts it.
 */
bool line_counts(struct router *router, const struct line *line, json_object **counts);

/* A member has something more on a channel. */
void router_take(struct router *router, size_t member, const char *channel, int64_t slot);

/* A member is no longer there. */
void router_forget(struct router *router, size_t member);

size_t channel_index(const char *channel);

bool journey_begin(struct journey *journey, struct router *router, struct tr_task *task);
void journey_end(struct journey *journey);

/* offers.c: offers the task to whom "target" allows (NULL: anybody of its queue). */
bool journey_offer(struct journey *journey, const struct routing_target *target, bool *offered);

/* The target of the step the task is in; NULL when it follows no rules, or they have changed. */
const struct routing_target *journey_target(const struct journey *journey);

/*
 * steps.c: the first step of a task, and whoever is there is asked; the same without asking; the
 * step after one whose time is over, without asking; and what is left to decide in a step that was
 * entered so, when all that wait had their turn.
 */
bool journey_start(struct journey *journey);
bool journey_start_later(struct journey *journey);
bool journey_go_on(struct journey *journey);
bool journey_settle(struct journey *journey);

#endif
