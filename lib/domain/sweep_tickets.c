/* What became of the tickets that callback tasks are linked with, in other people's systems. */
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/callback_state.h"
#include "domain/secrets.h"
#include "domain/sweep_frame.h"
#include "remote/http.h"

/*
 * A ticket system, and where the tenant's settings say how to reach it:
 * integrations.<source>.base_url, .username and .api_key.
 */
static const struct ticket_system {
    const char *source;
    const char *path;     /* of a ticket, behind the base URL */
    const char *envelope; /* the member that the ticket is in; NULL: the answer itself */
    const char *assignee; /* a member with the assignee, an object with an email; NULL: none */
    const char *user_suffix;
    const char *ended[3]; /* states in which nobody owes anything any more */
} systems[] = {
    {"gorgias", "/api/tickets/", NULL, "assignee_user", "", {"closed"}},
    {"zendesk", "/api/v2/tickets/", "ticket", NULL, "/token", {"solved", "closed"}},
};

struct ticket {
    const char *status, *assignee;
    bool ended;
};

static const struct ticket_system *system_of(const char *source)
{
    for (size_t i = 0; i < COUNT(systems); i++)
        if (strcmp(systems[i].source, source) == 0)
            return &systems[i];
    return NULL;
}

static const char *setting(struct work *work, const struct sweep *sweep,
                           const struct ticket_system *system, const char *name)
{
    return tenant_setting(work, sweep->tenant,
                          arena_format(&work->arena, "integrations.%s.%s", system->source, name));
}

static bool ask(struct work *work, const struct sweep *sweep, const struct ticket_system *system,
                const char *reference, struct http_answer *answer)
{
    const char *base = setting(work, sweep, system, "base_url");
    const char *user = setting(work, sweep, system, "username"), *key;
    struct http_request request = {.guarded = true};
    struct text url = {.arena = &work->arena};

    if (!base || !user ||
        !secret_get(work, arena_format(&work->arena, "integrations.%s.api_key", system->source),
                    &key))
        return fail(work, INVALID, "The tenant has no access to %s: integrations.%s",
                    system->source, system->source);
    text_add(&url, "%s%s", base, system->path);
    text_url(&url, reference);
    request.url = url.at;
    request.user = arena_format(&work->arena, "%s%s", user, system->user_suffix);
    request.password = key;
    if (!http_send(work, &request, answer))
        return false;
    return answer->status == 200 ||
           fail(work, UPSTREAM, "%s API error %d", system->source, answer->status);
}

static bool read_ticket(struct work *work, const struct ticket_system *system,
                        const struct http_answer *answer, struct ticket *ticket)
{
    json_object *tree = NULL, *inner;
    struct error before = work->error;

    if (!json_read(work, answer->body.at, answer->body.length, NULL, &tree))
        return fail(work, UPSTREAM, "%s answered no JSON", system->source);
    work->error = before;
    inner = system->envelope ? json_member(tree, system->envelope) : tree;
    ticket->status = json_text(inner, "status");
    if (ticket->status)
        ticket->status = arena_text(&work->arena, ticket->status);
    if (system->assignee)
        ticket->assignee = json_text(json_member(inner, system->assignee), "email");
    if (ticket->assignee)
        ticket->assignee = arena_text(&work->arena, ticket->assignee);
    json_object_put(tree);
    for (size_t i = 0; ticket->status && i < COUNT(system->ended) && system->ended[i]; i++)
        ticket->ended |= strcmp(ticket->status, system->ended[i]) == 0;
    return ticket->status || fail(work, UPSTREAM, "%s told no status", system->source);
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* The task follows the ticket. */
static bool follow(struct work *work, const struct sweep *sweep, struct callback_task *task,
                   const struct ticket *ticket, bool *changed)
{
    struct task_order order = {
        .move = TASK_CHANGE, .task = task->id, .silent = sweep->order->silent};

    if (ticket->assignee && !same(ticket->assignee, task->assigned_to)) {
        order.wanted.assigned_to = ticket->assignee;
        order.given = columns_add(order.given, &callback_task_entity,
                                  offsetof(struct callback_task, assigned_to));
    }
    if (ticket->ended) {
        order.wanted.status = "completed";
        order.given =
            columns_add(order.given, &callback_task_entity, offsetof(struct callback_task, status));
    }
    *changed = !columns_empty(order.given);
    return !*changed || callback_task_move(work, &order, task);
}

static bool reconcile(struct work *work, const struct sweep *sweep, struct callback_task *task,
                      struct swept_task *item, enum settled *settled)
{
    const struct ticket_system *system = system_of(task->external_source);
    struct http_answer answer = {.status = 0};
    struct ticket ticket = {0};
    bool changed;

    if (!system)
        return fail(work, INVALID, "There is no adapter for %s", task->external_source);
    item->source = task->external_source;
    item->external_reference_id = task->external_reference_id;
    item->previous_status = task->status;
    item->previous_assigned_to = task->assigned_to;
    if (!ask(work, sweep, system, task->external_reference_id, &answer) ||
        !read_ticket(work, system, &answer, &ticket) ||
        !follow(work, sweep, task, &ticket, &changed))
        return false;
    item->external_status = ticket.status;
    item->external_assignee = ticket.assignee;
    item->status = task->status;
    item->assigned_to = task->assigned_to;
    item->webhook_enqueued = changed && !sweep->order->silent;
    *settled = changed ? SETTLED : UNCHANGED;
    return true;
}

static bool reconcile_leased(struct work *work, const struct sweep *sweep,
                             struct callback_task *task, struct swept_task *item,
                             enum settled *settled)
{
    struct error error;
    uid id = task->id;
    bool taken, ok;

    if (!sweep_lease(work, sweep, task, &taken))
        return false;
    if (!taken)
        return true;
    ok = reconcile(work, sweep, task, item, settled);
    error = work->error;
    if (sweep_give_back(work, sweep, id) && !ok)
        work->error = error;
    return ok;
}

/* Who was asked about least recently comes first. */
bool sweep_tickets(struct work *work, const struct sweep_order *order, struct sweep_result *result)
{
    instant now = clock_now();
    const struct param params[] = {PARAM(now)};
    struct rows tasks;

    *result = (struct sweep_result){0};
    if (!sweep_find(work, order,
                    "t.external_source IS NOT NULL AND t.external_reference_id IS NOT NULL"
                    " AND (t.lease_until IS NULL OR t.lease_until <= ?)",
                    params, COUNT(params), "lease_until", &tasks))
        return false;
    result->candidate_tasks = (int64_t)tasks.count;
    return sweep_each(work, order, &tasks, reconcile_leased, result);
}
