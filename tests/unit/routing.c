#include "routing.h"

#include <string.h>

#include <criterion/criterion.h>

#include "core/text.h"
#include "domain/call_names.h"
#include "domain/outbox.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/links.h"

uid activity_named(struct routing_world *r, const char *name)
{
    struct tr_activity_filter filter = {.workspace = r->workspace.id, .friendly_name = name};
    struct page page = {.size = 1};
    struct rows rows;

    cr_assert(tr_activities_list(r->work, &filter, &page, &rows) && rows.count == 1, "%s", name);
    return ((struct tr_activity *)rows.at)->id;
}

struct tr_queue queue_of(struct routing_world *r, const char *name, const char *target)
{
    struct tr_queue queue;

    tr_queue_begin(&queue);
    queue.workspace_id = r->workspace.id;
    queue.friendly_name = name;
    if (target)
        queue.target_workers = target;
    cr_assert(tr_queue_create(r->work, &queue), "%s", r->work->error.message);
    return queue;
}

static const char *with_sids(struct routing_world *r, const char *rules,
                             const struct tr_queue *queues)
{
    struct text text = {.arena = &r->work->arena};
    char sid[SID_SIZE];

    for (; *rules; rules++) {
        if (*rules != '%') {
            text_char(&text, *rules);
            continue;
        }
        sid_write("WQ", queues[*++rules - '1'].id, sid);
        text_put(&text, sid);
    }
    return text.at;
}

struct tr_workflow workflow_of(struct routing_world *r, const char *rules,
                               const struct tr_queue *queues, size_t nqueues)
{
    struct tr_workflow workflow;
    char name[48];

    (void)nqueues;
    tr_workflow_begin(&workflow);
    uid_write_hex(workflow.id, name);
    workflow.workspace_id = r->workspace.id;
    workflow.friendly_name = arena_text(&r->work->arena, name);
    workflow.configuration.json = with_sids(r, rules, queues);
    cr_assert(tr_workflow_create(r->work, &workflow), "%s", r->work->error.message);
    return workflow;
}

void routing_begin(struct routing_world *r, bool alone)
{
    world_begin(&r->world, NULL, alone);
    clock_set(clock_now());
    r->work = &r->world.work;
    tr_workspace_begin(&r->workspace);
    r->workspace.friendly_name = "Help desk";
    cr_assert(tr_workspace_create(r->work, &r->workspace, NULL), "%s", r->work->error.message);
    r->offline = activity_named(r, "Offline");
    r->available = activity_named(r, "Available");
    r->unavailable = activity_named(r, "Unavailable");
    r->everyone = queue_of(r, "Everyone", NULL);
    r->workflow = workflow_of(r, "{\"task_routing\":{\"default_filter\":{\"queue\":\"%1\"}}}",
                              &r->everyone, 1);
}

void routing_end(struct routing_world *r)
{
    clock_release();
    world_end(&r->world);
}

uid worker_in(struct routing_world *r, uid activity, const char *name, const char *attributes)
{
    struct tr_worker worker;

    row_clear(&tr_worker_entity, &worker);
    worker.workspace_id = r->workspace.id;
    worker.friendly_name = name;
    worker.activity_id = activity;
    worker.attributes.json = attributes;
    cr_assert(tr_worker_create(r->work, &worker), "%s", r->work->error.message);
    clock_advance_ms(1000);
    return worker.id;
}

struct tr_worker worker_now(struct routing_world *r, uid worker)
{
    struct tr_worker row;

    cr_assert(tr_worker_get(r->work, r->workspace.id, worker, &row), "%s", r->work->error.message);
    return row;
}

void put_worker(struct routing_world *r, uid worker, uid activity)
{
    struct tr_worker_change change = {.given = TR_WITH(NO_COLUMNS, tr_worker, activity_id),
                                      .if_rev = NO_INTEGER};
    struct tr_worker row;

    change.wanted.id = worker;
    change.wanted.workspace_id = r->workspace.id;
    change.wanted.activity_id = activity;
    cr_assert(tr_worker_update(r->work, &change, &row), "%s", r->work->error.message);
}

struct tr_task task_of(struct routing_world *r, uid workflow, const char *attributes)
{
    struct tr_task task;

    tr_task_begin(&task);
    task.workspace_id = r->workspace.id;
    task.workflow_id = uid_is_none(workflow) ? r->workflow.id : workflow;
    if (attributes)
        task.attributes.json = attributes;
    cr_assert(tr_task_create(r->work, &task, NULL), "%s", r->work->error.message);
    clock_advance_ms(1);
    return task;
}

struct tr_task task_now(struct routing_world *r, uid task)
{
    struct tr_task row;

    cr_assert(tr_task_get(r->work, r->workspace.id, task, &row), "%s", r->work->error.message);
    return row;
}

struct rows reservations_of(struct routing_world *r, uid task)
{
    struct tr_reservation_filter filter = {.place = {.workspace = r->workspace.id, .task = task}};
    struct page page = {.size = 100, .oldest_first = true};
    struct rows rows;

    cr_assert(tr_reservations_list(r->work, &filter, &page, &rows), "%s", r->work->error.message);
    return rows;
}

struct tr_reservation pending_of(struct routing_world *r, uid task)
{
    struct rows rows = reservations_of(r, task);
    const struct tr_reservation *all = rows.at, *found = NULL;

    for (size_t i = 0; i < rows.count; i++)
        if (strcmp(all[i].status, "pending") == 0) {
            cr_assert_null(found, "there is more than one");
            found = &all[i];
        }
    cr_assert_not_null(found, "nobody is asked");
    return *found;
}

bool offered_to(struct routing_world *r, uid task, uid worker)
{
    struct rows rows = reservations_of(r, task);
    const struct tr_reservation *all = rows.at;

    for (size_t i = 0; i < rows.count; i++)
        if (strcmp(all[i].status, "pending") == 0 && uid_equal(all[i].worker_id, worker))
            return true;
    return false;
}

bool decide(struct routing_world *r, uid reservation, const char *status)
{
    const struct tr_reservation_order order = {
        .place = {.workspace = r->workspace.id},
        .id = reservation,
        .status = status,
        .if_rev = NO_INTEGER,
    };
    struct tr_reservation after;

    return tr_reservation_update(r->work, &order, &after);
}

bool end_task_as(struct routing_world *r, uid task, const char *status, const char *reason)
{
    struct tr_task_change change = {.given = TR_WITH(NO_COLUMNS, tr_task, assignment_status),
                                    .if_rev = NO_INTEGER};
    struct tr_task after;

    change.wanted.id = task;
    change.wanted.workspace_id = r->workspace.id;
    change.wanted.assignment_status = status;
    if (reason) {
        change.wanted.reason = reason;
        change.given = TR_WITH(change.given, tr_task, reason);
    }
    return tr_task_update(r->work, &change, &after);
}

void pass_seconds(struct routing_world *r, int64_t seconds)
{
    int64_t tenant = r->work->tenant;
    struct rows due;

    clock_advance_ms(seconds * 1000);
    cr_assert(tr_find_due(r->work, 1000, &due), "%s", r->work->error.message);
    for (size_t i = 0; i < due.count; i++) {
        const struct tr_due *one = (const struct tr_due *)due.at + i;

        if (one->tenant_id == tenant)
            cr_assert(tr_assign_now(r->work, one->workspace_id), "%s", r->work->error.message);
    }
}

const char *sid_of(struct routing_world *r, const char *letters, uid id)
{
    char *sid = arena_take(&r->work->arena, SID_SIZE, 1);

    sid_write(letters, id, sid);
    return sid;
}

static void carry_out(struct routing_world *r, const struct outbox_row *row)
{
    static const char done[] =
        "UPDATE outbox SET state = 'delivered' WHERE tenant_id = ? AND id = ?";
    struct work *work = r->work;
    const struct param key[] = {PARAM(work->tenant), PARAM(row->id)};

    for (int times = 1; times <= 2; times++)
        cr_assert(tr_link_carry_out(work, row), "%s, %d: %s", row->event_type, times,
                  work->error.message);
    cr_assert(db_execute(work, done, key, COUNT(key), NULL));
}

void carry_out_owed(struct routing_world *r, const char *put_off)
{
    struct work *work = r->work;
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM outbox WHERE tenant_id = ? AND state = 'pending'"
                                   " AND topic = 'taskrouter' ORDER BY id",
                                   store_names(work, &outbox_row_entity, NULL));
    const struct param params[] = {PARAM(work->tenant)};
    struct rows rows;
    size_t carried_out;

    do {
        carried_out = 0;
        cr_assert(db_select(work, sql, params, COUNT(params), &outbox_row_entity, &rows));
        for (size_t i = 0; i < rows.count; i++) {
            const struct outbox_row *row = (const struct outbox_row *)rows.at + i;

            if (put_off && strcmp(row->event_type, put_off) == 0)
                continue;
            carry_out(r, row);
            carried_out++;
        }
    } while (carried_out);
}
