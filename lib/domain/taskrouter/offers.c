/* Who is asked whether they take a task. */
#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/outbox.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/moves.h"
#include "domain/taskrouter/router.h"

enum { USUAL_TIMEOUT_SECONDS = 120 };

/* An offer in the making. */
struct offer {
    struct journey *journey;
    const struct routing_target *target; /* NULL: the queue alone decides */
    struct line *line;                   /* NULL: straight to a worker */
    size_t *candidates;
    size_t ncandidates;
    struct rows refused; /* workers who did not want the task, or did not answer */
};

static bool equals_text(json_object *value, const char *text)
{
    return json_object_is_type(value, json_type_string) &&
           strcmp(json_object_get_string(value), text) == 0;
}

/* A task may ask for one worker, by key or by name, that its attributes tell. */
static bool is_known(const struct offer *offer, const struct member *member)
{
    const struct expression_scope scopes[] = {{"task", offer->journey->attributes}};
    json_object *value;
    char sid[SID_SIZE];

    if (!offer->target || !offer->target->known_worker)
        return true;
    value = expression_value(offer->target->known_worker, scopes, COUNT(scopes));
    if (offer->target->known_by_name)
        return equals_text(value, member->worker.friendly_name);
    sid_write("WK", member->worker.id, sid);
    return equals_text(value, sid);
}

static bool is_wanted(const struct offer *offer, size_t index)
{
    struct router *router = offer->journey->router;
    struct member *member = &router->members[index];
    const struct tr_task *task = offer->journey->task;

    if (!uid_is_none(task->target_worker_id) &&
        !uid_equal(task->target_worker_id, member->worker.id))
        return false;
    if (offer->line && !line_matches(router, offer->line, index))
        return false;
    if (!is_known(offer, member))
        return false;
    if (!offer->target || !offer->target->expression)
        return true;
    const struct expression_scope scopes[] = {{"task", offer->journey->attributes},
                                              {"worker", member_scope(member)}};
    return expression_is_true(offer->target->expression, scopes, COUNT(scopes), router->now);
}

/* With its capacity ignored a worker need only be there, and not be thinking about another. */
static bool has_pending(const struct member *member, const char *channel)
{
    for (const struct taken *one = member->taken; one; one = one->next)
        if (strcmp(one->channel, channel) == 0 && strcmp(one->status, "pending") == 0)
            return true;
    return false;
}

/* Where a worker has one task at a time, all channels are one lane. */
static const char *lane_of(const struct offer *offer)
{
    return offer->journey->router->workspace->multi_task ? offer->journey->task->channel
                                                         : tr_channels[0];
}

static void gather(struct offer *offer)
{
    struct router *router = offer->journey->router;
    const struct tr_task *task = offer->journey->task;
    bool any = task->ignore_capacity && !uid_is_none(task->target_worker_id);
    size_t channel = channel_index(task->channel);
    size_t count = any ? router->nmembers : router->nfree[channel];

    offer->candidates = arena_new(&router->work->arena, size_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t index = any ? i : router->free[channel][i];

        if (any && has_pending(&router->members[index], lane_of(offer)))
            continue;
        if (is_wanted(offer, index))
            offer->candidates[offer->ncandidates++] = index;
    }
}

/* ---- who has refused ---- */

static const struct column columns_of_refused[] = {COLUMN(taken, worker_id, NOT_NULL)};
static const struct entity refused_entity = ENTITY(taken, "refusal", NULL, columns_of_refused);

static bool find_refused(struct offer *offer)
{
    static const char sql[] = "SELECT DISTINCT worker_id FROM tr_reservations WHERE tenant_id = ?"
                              " AND task_id = ? AND status IN ('rejected', 'timeout', 'canceled')";
    struct work *work = offer->journey->router->work;
    const struct tr_task *task = offer->journey->task;
    const struct param params[] = {PARAM(work->tenant), PARAM(task->id)};

    offer->refused = (struct rows){0};
    return task->offers == 0 ||
           db_select(work, sql, params, COUNT(params), &refused_entity, &offer->refused);
}

static bool has_refused(const struct offer *offer, size_t index)
{
    uid worker = offer->journey->router->members[index].worker.id;

    for (size_t i = 0; i < offer->refused.count; i++)
        if (uid_equal(((const struct taken *)offer->refused.at)[i].worker_id, worker))
            return true;
    return false;
}

/* They are asked again only when there is nobody else. */
static void drop_refused(struct offer *offer)
{
    size_t kept = 0;

    for (size_t i = 0; i < offer->ncandidates; i++)
        if (!has_refused(offer, offer->candidates[i])) {
            size_t index = offer->candidates[i];

            offer->candidates[i] = offer->candidates[kept];
            offer->candidates[kept++] = index;
        }
    if (kept)
        offer->ncandidates = kept;
}

/* ---- in which order ---- */

static instant idle_since(const struct tr_worker *worker)
{
    return instant_is_none(worker->idle_since) ? worker->status_changed_at : worker->idle_since;
}

static int compare_keys(const struct offer *offer, struct member *a, struct member *b)
{
    const struct expression_scope of_a[] = {{"worker", member_scope(a)}};
    const struct expression_scope of_b[] = {{"worker", member_scope(b)}};

    for (size_t i = 0; offer->target && i < offer->target->norder; i++) {
        const struct expression_key *key = &offer->target->order[i];
        json_object *left = expression_value(key->path, of_a, 1);
        json_object *right = expression_value(key->path, of_b, 1);
        int order = expression_compare(left, right);

        if (order)
            return key->descending && left && right ? -order : order;
    }
    return 0;
}

/* Whether a goes before b: by the step's order, else who is idle longer. */
static bool goes_first(const struct offer *offer, size_t a, size_t b)
{
    struct member *left = &offer->journey->router->members[a];
    struct member *right = &offer->journey->router->members[b];
    int order = compare_keys(offer, left, right);
    instant since_left = idle_since(&left->worker), since_right = idle_since(&right->worker);

    if (order)
        return order < 0;
    if (since_left.ms != since_right.ms)
        return since_left.ms < since_right.ms;
    return uid_compare(left->worker.id, right->worker.id) < 0;
}

/* The first of those that are left, taken out. */
static size_t take_first(struct offer *offer)
{
    size_t best = 0, index;

    for (size_t i = 1; i < offer->ncandidates; i++)
        if (goes_first(offer, offer->candidates[i], offer->candidates[best]))
            best = i;
    index = offer->candidates[best];
    offer->candidates[best] = offer->candidates[--offer->ncandidates];
    return index;
}

/* ---- reserving ---- */

static int64_t free_slot(const struct member *member, const char *channel)
{
    int64_t slot = 0;
    bool is_taken;

    do {
        is_taken = false;
        for (const struct taken *one = member->taken; one && !is_taken; one = one->next)
            is_taken = one->slot == slot && strcmp(one->channel, channel) == 0;
        slot += is_taken;
    } while (is_taken);
    return slot;
}

static void describe(const struct offer *offer, const struct member *member,
                     struct tr_reservation *row)
{
    const struct journey *journey = offer->journey;
    int64_t seconds =
        journey->rules ? journey->rules->workflow.task_reservation_timeout : USUAL_TIMEOUT_SECONDS;

    row_clear(&tr_reservation_entity, row);
    row->id = uid_new();
    row->workspace_id = journey->task->workspace_id;
    row->task_id = journey->task->id;
    row->worker_id = member->worker.id;
    row->worker_name = member->worker.friendly_name;
    row->channel = lane_of(offer);
    row->slot = free_slot(member, row->channel);
    row->status = "pending";
    row->created_at = row->updated_at = journey->router->now;
    row->expires_at = instant_after(journey->router->now, seconds * 1000);
    row->rev = 1;
}

/* Another node may have been faster, as only a unique key tells: then the worker is not free. */
static bool reserve(struct offer *offer, size_t index, struct tr_reservation *row, bool *made)
{
    struct router *router = offer->journey->router;
    struct work *work = router->work;

    describe(offer, &router->members[index], row);
    *made = store_insert(work, &tr_reservation_entity, row, columns_all(&tr_reservation_entity));
    if (!*made) {
        router_forget(router, index);
        return work->error.what == CONFLICT;
    }
    router_take(router, index, row->channel, row->slot);
    return true;
}

/* The customer's program is asked what to do, if there is one to ask. */
static bool owe_question(const struct offer *offer, const struct tr_reservation *row)
{
    const struct rules *rules = offer->journey->rules;
    const char *url = rules ? rules->workflow.assignment_callback_url : NULL;
    const char *fallback = rules ? rules->workflow.fallback_assignment_callback_url : NULL;
    struct work *work = offer->journey->router->work;
    char id[33], workspace[33];

    if (!(url && *url) && !(fallback && *fallback))
        return true;
    uid_write_hex(row->id, id);
    uid_write_hex(row->workspace_id, workspace);
    return outbox_put(work, "assignment", row->id, "reservation.created",
                      arena_format(&work->arena, "{\"workspace\":\"%s\"}", workspace), id);
}

static bool change_activity(const struct offer *offer, size_t index)
{
    struct router *router = offer->journey->router;
    uid activity = offer->line ? offer->line->queue.reservation_activity_id : NO_UID;
    uid worker = router->members[index].worker.id;
    struct tr_worker row;

    if (uid_is_none(activity))
        return true;
    if (!tr_worker_put_into(router->work, router->workspace, worker, activity) ||
        !tr_worker_get(router->work, router->workspace->id, worker, &row))
        return false;
    if (!row.available)
        router_forget(router, index);
    return true;
}

static bool announce(const struct offer *offer, const struct tr_reservation *row, size_t index)
{
    struct router *router = offer->journey->router;
    const struct tr_event event = {.type = "reservation.created",
                                   .workspace = router->workspace,
                                   .worker = &router->members[index].worker,
                                   .queue = offer->line ? &offer->line->queue : NULL,
                                   .task = offer->journey->task,
                                   .reservation = row};

    return tr_tell(router->work, &event) && owe_question(offer, row) &&
           change_activity(offer, index);
}

static bool reserve_some(struct offer *offer, bool *offered)
{
    enum { MOST = TR_RESERVED_MOST };
    struct router *router = offer->journey->router;
    size_t wanted = offer->line ? (size_t)offer->line->queue.max_reserved_workers : 1, count = 0;
    struct tr_reservation rows[MOST];
    size_t members[MOST];
    bool made;

    while (count < wanted && count < MOST && offer->ncandidates) {
        members[count] = take_first(offer);
        if (!reserve(offer, members[count], &rows[count], &made))
            return false;
        count += made;
    }
    *offered = count > 0;
    if (count &&
        !tr_task_move(router->work, router->workspace, offer->journey->task, "reserved", NULL))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!announce(offer, &rows[i], members[i]))
            return false;
    return true;
}

bool journey_offer(struct journey *journey, const struct routing_target *target, bool *offered)
{
    struct offer offer = {.journey = journey, .target = target};
    struct router *router = journey->router;
    bool to_worker = !uid_is_none(journey->task->target_worker_id);

    *offered = false;
    if (!router_load(router))
        return false;
    if (!uid_is_none(journey->task->queue_id) &&
        !router_line(router, journey->task->queue_id, &offer.line))
        return false;
    if (!router->nmembers || (!offer.line && !to_worker))
        return true;
    gather(&offer);
    if (!offer.ncandidates)
        return true;
    if (!find_refused(&offer))
        return false;
    drop_refused(&offer);
    return reserve_some(&offer, offered);
}
