#include "domain/taskrouter/activities.h"

#include <strings.h>

#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/events.h"
#include "domain/taskrouter/lists.h"

enum { NAME_LONGEST = 64 };

static const struct column columns_of_activity[] = {
    COLUMN(tr_activity, tenant_id, NOT_NULL),
    COLUMN(tr_activity, id, NOT_NULL),
    COLUMN(tr_activity, workspace_id, NOT_NULL),
    COLUMN(tr_activity, friendly_name, NOT_NULL, .max = 4 * NAME_LONGEST),
    COLUMN(tr_activity, available, NOT_NULL),
    COLUMN(tr_activity, created_at, NOT_NULL),
    COLUMN(tr_activity, updated_at, NOT_NULL),
    COLUMN(tr_activity, rev, NOT_NULL),
};

const struct entity tr_activity_entity =
    ENTITY(tr_activity, "activity", "tr_activities", columns_of_activity);

bool tr_word_is_yes(const char *word)
{
    return strcasecmp(word, "true") == 0 || strcasecmp(word, "yes") == 0 ||
           strcasecmp(word, "1") == 0;
}

/* ---- reading ---- */

bool tr_activity_get(struct work *work, uid workspace, uid id, struct tr_activity *activity)
{
    struct tr_list list;

    tr_list_begin(work, &list, &tr_activity_entity, NULL, 0);
    tr_list_where(&list, "t.workspace_id = ?", (struct param)PARAM(workspace));
    return tr_list_get(work, &list, id, activity);
}

bool tr_activities_list(struct work *work, const struct tr_activity_filter *filter,
                        struct page *page, struct rows *activities)
{
    bool available = filter->available && tr_word_is_yes(filter->available);
    struct tr_list list;

    tr_list_begin(work, &list, &tr_activity_entity, NULL, 0);
    tr_list_where(&list, "t.workspace_id = ?", (struct param)PARAM(filter->workspace));
    if (filter->friendly_name)
        tr_list_where(&list, "t.friendly_name = ?", (struct param)PARAM(filter->friendly_name));
    if (filter->available)
        tr_list_where(&list, "t.available = ?", (struct param)PARAM(available));
    return tr_list_read(work, &list, page, activities);
}

/* ---- writing ---- */

static bool tell(struct work *work, const struct tr_workspace *workspace, const char *type,
                 const struct tr_activity *activity)
{
    return tr_tell(work,
                   &(struct tr_event){.type = type, .workspace = workspace, .activity = activity});
}

static bool create_step(struct work *work, void *with)
{
    struct tr_activity *activity = with;
    struct tr_workspace workspace;

    return tr_workspace_hold(work, activity->workspace_id, &workspace) &&
           tr_check_room(work, &tr_activity_entity, workspace.id, TR_ACTIVITIES_MOST) &&
           store_insert(work, &tr_activity_entity, activity, columns_all(&tr_activity_entity)) &&
           tr_activity_get(work, workspace.id, activity->id, activity) &&
           tell(work, &workspace, "activity.created", activity);
}

bool tr_activity_create(struct work *work, struct tr_activity *activity)
{
    if (uid_is_none(activity->id))
        activity->id = uid_new();
    activity->created_at = activity->updated_at = clock_now();
    return tr_check_name(work, activity->friendly_name, NAME_LONGEST) &&
           db_transaction(work, create_step, activity);
}

struct changing {
    const struct tr_activity *wanted;
    columns given;
    int64_t if_rev;
    struct tr_activity *activity;
};

static bool update_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_activity *row = c->activity;
    columns name = TR_WITH(NO_COLUMNS, tr_activity, friendly_name);
    struct tr_workspace workspace;

    if (!tr_workspace_hold(work, c->wanted->workspace_id, &workspace) ||
        !tr_activity_get(work, workspace.id, c->wanted->id, row) ||
        !tr_check_rev(work, row->rev, c->if_rev))
        return false;
    if (!TR_GIVEN(c->given, tr_activity, friendly_name))
        return true;
    tr_row_merge(&tr_activity_entity, row, c->wanted, name);
    return tr_check_name(work, row->friendly_name, NAME_LONGEST) &&
           store_update(work, &tr_activity_entity, row, name) &&
           tr_activity_get(work, workspace.id, row->id, row) &&
           tell(work, &workspace, "activity.updated", row);
}

bool tr_activity_update(struct work *work, const struct tr_activity *wanted, columns given,
                        int64_t if_rev, struct tr_activity *activity)
{
    struct changing changing = {wanted, given, if_rev, activity};

    return db_transaction(work, update_step, &changing);
}

/* Who would be left nowhere. */
static bool check_unused(struct work *work, const struct tr_workspace *workspace, uid id)
{
    static const char workers[] =
        "SELECT COUNT(*) FROM tr_workers WHERE tenant_id = ? AND workspace_id = ?"
        " AND activity_id = ? AND deleted_at IS NULL";
    static const char queues[] =
        "SELECT COUNT(*) FROM tr_task_queues WHERE tenant_id = ? AND workspace_id = ?"
        " AND ? IN (assignment_activity_id, reservation_activity_id)";
    bool of_workers, of_queues;

    if (uid_equal(workspace->default_activity_id, id) ||
        uid_equal(workspace->timeout_activity_id, id))
        return fail(work, WRONG_STATE,
                    "The activity is the workspace's default or timeout activity");
    if (!tr_any(work, workers, workspace->id, id, &of_workers) ||
        !tr_any(work, queues, workspace->id, id, &of_queues))
        return false;
    if (of_workers)
        return fail(work, WRONG_STATE, "There are workers in the activity");
    return !of_queues || fail(work, WRONG_STATE, "A task queue uses the activity");
}

static bool delete_step(struct work *work, void *with)
{
    const struct changing *c = with;
    struct tr_workspace workspace;
    struct tr_activity row;

    return tr_workspace_hold(work, c->wanted->workspace_id, &workspace) &&
           tr_activity_get(work, workspace.id, c->wanted->id, &row) &&
           tr_check_rev(work, row.rev, c->if_rev) && check_unused(work, &workspace, row.id) &&
           tell(work, &workspace, "activity.deleted", &row) &&
           store_delete(work, &tr_activity_entity, row.id);
}

bool tr_activity_delete(struct work *work, uid workspace, uid id, int64_t if_rev)
{
    struct tr_activity wanted = {.id = id, .workspace_id = workspace};
    struct changing changing = {.wanted = &wanted, .if_rev = if_rev};

    return db_transaction(work, delete_step, &changing);
}
