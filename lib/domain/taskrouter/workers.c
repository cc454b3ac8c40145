#include "domain/taskrouter/workers.h"

#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/expression.h"
#include "domain/taskrouter/lists.h"
#include "domain/taskrouter/moves.h"

enum { NAME_LONGEST = 64 };

static const struct column columns_of_worker[] = {
    COLUMN(tr_worker, tenant_id, NOT_NULL),
    COLUMN(tr_worker, id, NOT_NULL),
    COLUMN(tr_worker, workspace_id, NOT_NULL),
    COLUMN(tr_worker, friendly_name, NOT_NULL, .max = 4 * NAME_LONGEST),
    COLUMN(tr_worker, attributes, NOT_NULL, .max = 4 * TR_ATTRIBUTES_LONGEST),
    COLUMN(tr_worker, activity_id, NOT_NULL),
    COLUMN(tr_worker, capacity, NOT_NULL),
    COLUMN(tr_worker, status_changed_at, NOT_NULL),
    COLUMN(tr_worker, idle_since, NULLABLE),
    COLUMN(tr_worker, deleted_at, NULLABLE),
    COLUMN(tr_worker, created_at, NOT_NULL),
    COLUMN(tr_worker, updated_at, NOT_NULL),
    COLUMN(tr_worker, rev, NOT_NULL),
    COLUMN(tr_worker, activity_name, NULLABLE, .computed = true),
    COLUMN(tr_worker, available, NOT_NULL, .computed = true),
};

const struct entity tr_worker_entity = ENTITY(tr_worker, "worker", "tr_workers", columns_of_worker);

static const struct tr_lookup lookups[] = {
    {"activity_name", "SELECT a.friendly_name FROM tr_activities AS a"
                      " WHERE a.tenant_id = t.tenant_id AND a.id = t.activity_id"},
    {"available", "SELECT COALESCE(MAX(a.available), 0) FROM tr_activities AS a"
                  " WHERE a.tenant_id = t.tenant_id AND a.id = t.activity_id"},
};

/* ---- what expressions see ---- */

static void set_text(json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

json_object *tr_worker_scope(const struct tr_worker *worker)
{
    json_object *scope = json_parse(worker->attributes.json);
    char sid[SID_SIZE];

    if (!json_object_is_type(scope, json_type_object)) {
        json_object_put(scope);
        scope = json_object_new_object();
    }
    sid_write("WK", worker->id, sid);
    set_text(scope, "sid", sid);
    set_text(scope, "friendly_name", worker->friendly_name);
    sid_write("WA", worker->activity_id, sid);
    set_text(scope, "activity_sid", sid);
    set_text(scope, "activity_name", worker->activity_name);
    return scope;
}

int64_t tr_worker_capacity(const struct tr_worker *worker, json_object *scope, const char *channel)
{
    json_object *own = json_member(json_member(scope, "channels"), channel);
    int64_t capacity = json_integer(own, "capacity", worker->capacity);

    return capacity < 0 ? 0 : capacity > TR_CAPACITY_MOST ? TR_CAPACITY_MOST : capacity;
}

/* ---- reading ---- */

static void begin(struct work *work, struct tr_list *list, const uid *workspace)
{
    tr_list_begin(work, list, &tr_worker_entity, lookups, COUNT(lookups));
    tr_list_where(list, "t.workspace_id = ?", (struct param)PARAM(*workspace));
    tr_list_only(list, "t.deleted_at IS NULL");
}

bool tr_worker_get(struct work *work, uid workspace, uid id, struct tr_worker *worker)
{
    struct tr_list list;

    begin(work, &list, &workspace);
    return tr_list_get(work, &list, id, worker);
}

/* What a worker must match: a queue's expression, a client's. */
enum { MATCHES = 3 };

struct wanted {
    const struct expression *all[MATCHES];
    size_t count;
};

static bool matches(struct work *work, const void *row, void *with)
{
    const struct wanted *wanted = with;
    json_object *object = tr_worker_scope(row);
    const struct expression_scope scope = {NULL, object};
    bool ok = true;

    (void)work;
    for (size_t i = 0; i < wanted->count && ok; i++)
        ok = expression_is_true(wanted->all[i], &scope, 1, clock_now());
    json_object_put(object);
    return ok;
}

/* The expression of the queue with that key or that name; nobody's when there is none. */
static bool add_queue(struct work *work, uid workspace, uid id, const char *name,
                      struct wanted *wanted)
{
    struct tr_queue_filter filter = {.workspace = workspace, .friendly_name = name};
    struct page page = {.size = 1, .oldest_first = true};
    struct tr_queue queue = {.target_workers = ""};
    struct rows queues;

    if (name) {
        if (!tr_queues_list(work, &filter, &page, &queues))
            return false;
        if (queues.count)
            queue = *(const struct tr_queue *)queues.at;
    } else if (!tr_queue_get(work, workspace, id, &queue)) {
        if (work->error.what != NOT_FOUND)
            return false;
        queue.target_workers = "";
    }
    return expression_read(work, "target_workers", queue.target_workers,
                           &wanted->all[wanted->count++]);
}

static bool read_wanted(struct work *work, const struct tr_worker_filter *filter,
                        struct wanted *wanted)
{
    if (!uid_is_none(filter->queue_id) &&
        !add_queue(work, filter->workspace, filter->queue_id, NULL, wanted))
        return false;
    if (filter->queue_name &&
        !add_queue(work, filter->workspace, NO_UID, filter->queue_name, wanted))
        return false;
    return !filter->expression ||
           expression_read(work, "target_workers_expression", filter->expression,
                           &wanted->all[wanted->count++]);
}

static void narrow(struct tr_list *list, const struct tr_worker_filter *filter,
                   const bool *available)
{
    if (!uid_is_none(filter->activity_id))
        tr_list_where(list, "t.activity_id = ?", (struct param)PARAM(filter->activity_id));
    if (filter->friendly_name)
        tr_list_where(list, "t.friendly_name = ?", (struct param)PARAM(filter->friendly_name));
    if (filter->activity_name)
        tr_list_where(list,
                      "EXISTS (SELECT 1 FROM tr_activities AS a WHERE a.tenant_id = t.tenant_id"
                      " AND a.id = t.activity_id AND a.friendly_name = ?)",
                      (struct param)PARAM(filter->activity_name));
    if (filter->available)
        tr_list_where(list,
                      "EXISTS (SELECT 1 FROM tr_activities AS a WHERE a.tenant_id = t.tenant_id"
                      " AND a.id = t.activity_id AND a.available = ?)",
                      (struct param)PARAM(*available));
}

bool tr_workers_list(struct work *work, const struct tr_worker_filter *filter, struct page *page,
                     struct rows *workers)
{
    static const struct tr_ordering names[] = {{"DateStatusChanged", "status_changed_at"},
                                               {"DateCreated", "created_at"},
                                               {"FriendlyName", "friendly_name"}};
    bool available = filter->available && tr_word_is_yes(filter->available);
    struct wanted wanted = {.count = 0};
    struct tr_list list;

    begin(work, &list, &filter->workspace);
    if (!tr_ordering_read(work, filter->ordering, names, COUNT(names), &list.order) ||
        !read_wanted(work, filter, &wanted))
        return false;
    narrow(&list, filter, &available);
    list.matches = wanted.count ? matches : NULL;
    list.with = &wanted;
    return tr_list_read(work, &list, page, workers);
}

/* ---- writing ---- */

static bool tell(struct work *work, const struct tr_workspace *workspace, const char *type,
                 const struct tr_worker *worker, const struct tr_worker *before)
{
    return tr_tell(
        work, &(struct tr_event){
                  .type = type, .workspace = workspace, .worker = worker, .worker_before = before});
}

static bool check(struct work *work, const struct tr_worker *worker)
{
    return tr_check_name(work, worker->friendly_name, NAME_LONGEST) &&
           tr_check_attributes(work, worker->attributes.json) &&
           tr_check_activity(work, worker->workspace_id, "activity_id", worker->activity_id);
}

static bool create_step(struct work *work, void *with)
{
    struct tr_worker *worker = with;
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, worker->workspace_id, &workspace))
        return false;
    if (uid_is_none(worker->activity_id))
        worker->activity_id = workspace.default_activity_id;
    return check(work, worker) &&
           tr_check_room(work, &tr_worker_entity, workspace.id, TR_WORKERS_MOST) &&
           store_insert(work, &tr_worker_entity, worker, columns_all(&tr_worker_entity)) &&
           tr_worker_get(work, workspace.id, worker->id, worker) &&
           tell(work, &workspace, "worker.created", worker, NULL) && tr_assign(work, &workspace);
}

bool tr_worker_create(struct work *work, struct tr_worker *worker)
{
    instant now = clock_now();

    if (uid_is_none(worker->id))
        worker->id = uid_new();
    if (!worker->attributes.json || !*worker->attributes.json)
        worker->attributes.json = "{}";
    worker->capacity = 1;
    worker->status_changed_at = worker->idle_since = worker->created_at = worker->updated_at = now;
    worker->deleted_at = NO_INSTANT;
    return db_transaction(work, create_step, worker);
}

bool tr_worker_put_into(struct work *work, const struct tr_workspace *workspace, uid id,
                        uid activity)
{
    columns given =
        TR_WITH(TR_WITH(TR_WITH(NO_COLUMNS, tr_worker, activity_id), tr_worker, status_changed_at),
                tr_worker, idle_since);
    struct tr_worker worker, before;
    struct tr_activity there;

    if (uid_is_none(activity))
        return true;
    if (!tr_worker_get(work, workspace->id, id, &worker) ||
        !tr_activity_get(work, workspace->id, activity, &there))
        return work->error.what == NOT_FOUND;
    if (uid_equal(worker.activity_id, activity))
        return true;
    before = worker;
    worker.activity_id = activity;
    worker.status_changed_at = worker.idle_since = clock_now();
    return store_update(work, &tr_worker_entity, &worker, given) &&
           tr_worker_get(work, workspace->id, id, &worker) &&
           tell(work, workspace, "worker.activity.update", &worker, &before);
}

bool tr_worker_idle(struct work *work, uid id)
{
    static const char sql[] = "UPDATE tr_workers SET idle_since = ? WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

struct changing {
    const struct tr_worker_change *change;
    struct tr_worker *worker;
};

/* Of a worker, those in the given states: an array of struct tr_reservation. */
static bool of_worker(struct work *work, uid worker, const char *states, struct rows *rows)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_reservations WHERE tenant_id = ?"
                                   " AND open_worker = ? AND status IN (%s) ORDER BY id",
                                   store_names(work, &tr_reservation_entity, NULL), states);
    const struct param params[] = {PARAM(work->tenant), PARAM(worker)};

    return db_select(work, sql, params, COUNT(params), &tr_reservation_entity, rows);
}

static bool give_back(struct work *work, const struct tr_workspace *workspace, uid worker,
                      const char *status)
{
    struct rows rows;

    if (!of_worker(work, worker, "'pending'", &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!tr_reservation_give_back(work, workspace, (struct tr_reservation *)rows.at + i,
                                      status))
            return false;
    return true;
}

static bool tell_changes(struct work *work, const struct tr_workspace *workspace,
                         const struct tr_worker *before, const struct tr_worker *after)
{
    return (strcmp(before->attributes.json, after->attributes.json) == 0 ||
            tell(work, workspace, "worker.attributes.update", after, NULL)) &&
           (uid_equal(before->activity_id, after->activity_id) ||
            tell(work, workspace, "worker.activity.update", after, before));
}

static bool change_row(struct work *work, const struct tr_workspace *workspace,
                       const struct tr_worker_change *change, struct tr_worker *row)
{
    struct tr_worker before = *row;
    columns given = change->given;

    tr_row_merge(&tr_worker_entity, row, &change->wanted, given);
    if (!check(work, row))
        return false;
    if (!uid_equal(before.activity_id, row->activity_id)) {
        row->status_changed_at = row->idle_since = clock_now();
        given = TR_WITH(TR_WITH(given, tr_worker, status_changed_at), tr_worker, idle_since);
    }
    return store_update(work, &tr_worker_entity, row, given) &&
           tr_worker_get(work, workspace->id, row->id, row) &&
           tell_changes(work, workspace, &before, row);
}

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    const struct tr_worker_change *change = c->change;
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, change->wanted.workspace_id, &workspace) ||
        !tr_worker_get(work, workspace.id, change->wanted.id, c->worker) ||
        !tr_check_rev(work, c->worker->rev, change->if_rev) ||
        !change_row(work, &workspace, change, c->worker))
        return false;
    if (change->reject_pending &&
        (!TR_GIVEN(change->given, tr_worker, activity_id) || c->worker->available))
        return fail_field(work, "reject_pending_reservations",
                          "Pending reservations are rejected only by a worker who moves to an"
                          " activity that is not available");
    return (!change->reject_pending || give_back(work, &workspace, c->worker->id, "rejected")) &&
           tr_assign(work, &workspace) &&
           tr_worker_get(work, workspace.id, c->worker->id, c->worker);
}

bool tr_worker_update(struct work *work, const struct tr_worker_change *change,
                      struct tr_worker *worker)
{
    struct changing changing = {change, worker};

    return db_transaction(work, update_step, &changing);
}

/* ---- the end ---- */

struct leaving {
    uid workspace, id;
    int64_t if_rev;
};

/* The name is free for somebody else from now on; reservations keep it. */
static bool hide(struct work *work, uid id)
{
    static const char sql[] =
        "UPDATE tr_workers SET deleted_at = ?, updated_at = ?, rev = rev + 1,"
        " friendly_name = CONCAT(LEFT(friendly_name, 31), '~', LOWER(HEX(id)))"
        " WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool delete_step(struct work *work, void *with)
{
    const struct leaving *leaving = with;
    struct tr_workspace workspace;
    struct tr_worker row;
    struct rows busy;

    if (!tr_workspace_hold(work, leaving->workspace, &workspace) ||
        !tr_worker_get(work, workspace.id, leaving->id, &row) ||
        !tr_check_rev(work, row.rev, leaving->if_rev) ||
        !of_worker(work, row.id, "'accepted', 'wrapping'", &busy))
        return false;
    if (busy.count)
        return fail(work, WRONG_STATE, "The worker has tasks that are not completed");
    return give_back(work, &workspace, row.id, "canceled") && hide(work, row.id) &&
           tell(work, &workspace, "worker.deleted", &row, NULL) && tr_assign(work, &workspace);
}

bool tr_worker_delete(struct work *work, uid workspace, uid id, int64_t if_rev)
{
    struct leaving leaving = {workspace, id, if_rev};

    return db_transaction(work, delete_step, &leaving);
}
