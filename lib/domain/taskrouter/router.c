#include "domain/taskrouter/router.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/call_names.h"

size_t channel_index(const char *channel)
{
    size_t index = 0;

    while (tr_channels[index] && strcmp(tr_channels[index], channel) != 0)
        index++;
    return index % CHANNELS;
}

void router_begin(struct router *router, struct work *work, const struct tr_workspace *workspace)
{
    *router = (struct router){.work = work, .workspace = workspace, .now = clock_now()};
}

void router_end(struct router *router)
{
    for (size_t i = 0; i < router->nmembers; i++)
        json_object_put(router->members[i].scope);
}

/* ---- workers ---- */

json_object *member_scope(struct member *member)
{
    if (!member->scope)
        member->scope = tr_worker_scope(&member->worker);
    return member->scope;
}

static bool select_workers(struct router *router, const char *condition, struct rows *workers)
{
    struct work *work = router->work;
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s, a.friendly_name AS activity_name, a.available FROM tr_workers AS w"
        " JOIN tr_activities AS a ON a.tenant_id = w.tenant_id AND a.id = w.activity_id"
        " WHERE w.tenant_id = ? AND w.workspace_id = ? AND w.deleted_at IS NULL%s ORDER BY w.id",
        store_names(work, &tr_worker_entity, "w"), condition);
    const struct param params[] = {PARAM(work->tenant), PARAM(router->workspace->id)};

    return db_select(work, sql, params, COUNT(params), &tr_worker_entity, workers);
}

static const struct column columns_of_taken[] = {
    COLUMN(taken, worker_id, NOT_NULL),
    COLUMN(taken, channel, NOT_NULL),
    COLUMN(taken, status, NOT_NULL),
    COLUMN(taken, slot, NULLABLE),
};

static const struct entity taken_entity = ENTITY(taken, "open reservation", NULL, columns_of_taken);

static bool select_taken(struct router *router, struct rows *taken)
{
    static const char sql[] = "SELECT worker_id, channel, status, slot FROM tr_reservations"
                              " WHERE tenant_id = ? AND workspace_id = ?"
                              " AND open_worker IS NOT NULL";
    struct work *work = router->work;
    const struct param params[] = {PARAM(work->tenant), PARAM(router->workspace->id)};

    return db_select(work, sql, params, COUNT(params), &taken_entity, taken);
}

static int compare_to_member(const void *key, const void *at)
{
    return uid_compare(*(const uid *)key, ((const struct member *)at)->worker.id);
}

bool router_member(const struct router *router, uid worker, size_t *index)
{
    const struct member *member =
        router->nmembers
            ? bsearch(&worker, router->members, router->nmembers, sizeof *member, compare_to_member)
            : NULL;

    *index = member ? (size_t)(member - router->members) : 0;
    return member != NULL;
}

static void give(struct router *router, const struct rows *taken)
{
    for (size_t i = 0; i < taken->count; i++) {
        struct taken *one = (struct taken *)taken->at + i;
        size_t index;

        if (!router_member(router, one->worker_id, &index))
            continue;
        one->next = router->members[index].taken;
        router->members[index].taken = one;
    }
}

/* Without multitasking one task of whatever kind is all a worker has. */
static bool is_free(struct router *router, struct member *member, const char *channel)
{
    int64_t open = 0;

    if (!router->workspace->multi_task && member->taken)
        return false;
    for (const struct taken *one = member->taken; one; one = one->next)
        if (strcmp(one->channel, channel) == 0) {
            if (strcmp(one->status, "pending") == 0)
                return false;
            open++;
        }
    return open < tr_worker_capacity(&member->worker, member_scope(member), channel);
}

static void find_free(struct router *router)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        router->free[i] = arena_new(&router->work->arena, size_t, router->nmembers + 1);
        for (size_t j = 0; j < router->nmembers; j++)
            if (is_free(router, &router->members[j], tr_channels[i]))
                router->free[i][router->nfree[i]++] = j;
    }
}

bool router_load(struct router *router)
{
    struct rows workers, taken;

    if (router->is_loaded)
        return true;
    if (!select_workers(router, " AND a.available = 1", &workers) ||
        (workers.count && !select_taken(router, &taken)))
        return false;
    router->members = arena_new(&router->work->arena, struct member, workers.count + 1);
    router->nmembers = workers.count;
    for (size_t i = 0; i < workers.count; i++)
        router->members[i].worker = ((const struct tr_worker *)workers.at)[i];
    if (workers.count)
        give(router, &taken);
    find_free(router);
    router->is_loaded = true;
    return true;
}

static void remove_free(struct router *router, size_t channel, size_t member)
{
    size_t *list = router->free[channel], count = router->nfree[channel], at = 0;

    while (at < count && list[at] != member)
        at++;
    if (at == count)
        return;
    memmove(list + at, list + at + 1, (count - at - 1) * sizeof *list);
    router->nfree[channel]--;
}

void router_forget(struct router *router, size_t member)
{
    for (size_t i = 0; i < CHANNELS; i++)
        remove_free(router, i, member);
}

void router_take(struct router *router, size_t member, const char *channel, int64_t slot)
{
    struct taken *one = arena_new(&router->work->arena, struct taken, 1);

    *one = (struct taken){.worker_id = router->members[member].worker.id,
                          .channel = channel,
                          .status = "pending",
                          .slot = slot,
                          .next = router->members[member].taken};
    router->members[member].taken = one;
    if (router->workspace->multi_task)
        remove_free(router, channel_index(channel), member);
    else
        router_forget(router, member);
}

/* ---- queues ---- */

bool router_line(struct router *router, uid queue, struct line **line)
{
    struct work *work = router->work;
    struct line *made;

    for (*line = router->lines; *line; *line = (*line)->next)
        if (uid_equal((*line)->queue.id, queue))
            return true;
    made = arena_new(&work->arena, struct line, 1);
    if (!tr_queue_get(work, router->workspace->id, queue, &made->queue))
        return work->error.what == NOT_FOUND;
    if (!expression_read(work, "target_workers", made->queue.target_workers, &made->expression))
        return false;
    made->next = router->lines;
    *line = router->lines = made;
    return true;
}

bool line_matches(struct router *router, struct line *line, size_t member)
{
    struct expression_scope scope = {NULL, NULL};

    if (!line->match)
        line->match = arena_new(&router->work->arena, unsigned char, router->nmembers + 1);
    if (line->match[member] == UNKNOWN) {
        scope.object = member_scope(&router->members[member]);
        line->match[member] =
            expression_is_true(line->expression, &scope, 1, router->now) ? MATCHES : DIFFERS;
    }
    return line->match[member] == MATCHES;
}

static void count_one(json_object *counts, const char *name, int64_t more)
{
    json_object_object_add(counts, name,
                           json_object_new_int64(json_integer(counts, name, 0) + more));
}

bool line_counts(struct router *router, const struct line *line, json_object **counts)
{
    struct expression_scope scope = {NULL, NULL};
    char sid[SID_SIZE];
    struct rows workers;

    *counts = NULL;
    if (!select_workers(router, "", &workers))
        return false;
    *counts = json_object_new_object();
    count_one(*counts, "available", 0);
    count_one(*counts, "unavailable", 0);
    for (size_t i = 0; i < workers.count; i++) {
        const struct tr_worker *worker = (const struct tr_worker *)workers.at + i;

        scope.object = tr_worker_scope(worker);
        if (expression_is_true(line->expression, &scope, 1, router->now)) {
            sid_write("WA", worker->activity_id, sid);
            count_one(*counts, worker->available ? "available" : "unavailable", 1);
            count_one(*counts, sid, 1);
        }
        json_object_put(scope.object);
    }
    return true;
}

/* ---- workflows ---- */

bool router_rules(struct router *router, uid workflow, struct rules **rules)
{
    struct work *work = router->work;
    struct rules *made;

    for (*rules = router->rules; *rules; *rules = (*rules)->next)
        if (uid_equal((*rules)->workflow.id, workflow))
            return true;
    made = arena_new(&work->arena, struct rules, 1);
    if (!tr_workflow_get(work, router->workspace->id, workflow, &made->workflow))
        return work->error.what == NOT_FOUND;
    if (!routing_read(work, made->workflow.configuration.json, &made->routing)) {
        log_error(work, "taskrouter.rules", "text=\"%s\"", work->error.message);
        return true;
    }
    made->next = router->rules;
    *rules = router->rules = made;
    return true;
}

/* ---- journeys ---- */

bool journey_begin(struct journey *journey, struct router *router, struct tr_task *task)
{
    *journey = (struct journey){.router = router, .task = task};
    journey->attributes = json_parse(task->attributes.json);
    return router_rules(router, task->workflow_id, &journey->rules);
}

void journey_end(struct journey *journey)
{
    json_object_put(journey->attributes);
    journey->attributes = NULL;
}
