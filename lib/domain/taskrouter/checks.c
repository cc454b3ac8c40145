#include "domain/taskrouter/checks.h"

#include <string.h>

#include "core/json.h"
#include "domain/taskrouter/activities.h"
#include "domain/taskrouter/workers.h"
#include "remote/guard.h"

enum { URL_LONGEST = 500 };

bool tr_check_rev(struct work *work, int64_t rev, int64_t if_rev)
{
    return if_rev == NO_INTEGER || rev == if_rev ||
           fail(work, PRECONDITION, "The resource has changed since it was read");
}

/* How it wants to be asked stands behind the URL and is not sent. */
bool tr_check_url(struct work *work, const char *field, const char *url)
{
    if (!url || !*url)
        return true;
    if (strlen(url) > URL_LONGEST)
        return fail_field(work, field, "%s is longer than %d bytes", field, URL_LONGEST);
    return guard_check_url(work, field, arena_copy(&work->arena, url, strcspn(url, "#")),
                           URL_LONGEST);
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

bool tr_check_name(struct work *work, const char *name, int most)
{
    if (!name || !*name)
        return fail_field(work, "friendly_name", "friendly_name is required");
    return characters(name) <= (size_t)most ||
           fail_field(work, "friendly_name", "friendly_name is longer than %d characters", most);
}

bool tr_check_fifo(struct work *work, const char *field, const char *order)
{
    return (order && (strcmp(order, "FIFO") == 0 || strcmp(order, "LIFO") == 0)) ||
           fail_field(work, field, "%s must be FIFO or LIFO", field);
}

bool tr_check_number(struct work *work, const char *field, int64_t number, int64_t least,
                     int64_t most)
{
    return (number >= least && number <= most) ||
           fail_field(work, field, "%s must be from %lld to %lld", field, (long long)least,
                      (long long)most);
}

bool tr_check_attributes(struct work *work, const char *attributes)
{
    json_object *tree;
    bool is_object;

    if (!attributes || characters(attributes) > TR_ATTRIBUTES_LONGEST)
        return fail_field(work, "attributes", "attributes must have at most %d characters",
                          TR_ATTRIBUTES_LONGEST);
    if (!json_read(work, attributes, strlen(attributes), NULL, &tree))
        return fail_field(work, "attributes", "attributes must be JSON: %s",
                          arena_text(&work->arena, work->error.message));
    is_object = json_object_is_type(tree, json_type_object);
    json_object_put(tree);
    return is_object || fail_field(work, "attributes", "attributes must be a JSON object");
}

bool tr_check_activity(struct work *work, uid workspace, const char *field, uid activity)
{
    struct tr_activity row;

    return uid_is_none(activity) || tr_activity_get(work, workspace, activity, &row) ||
           (work->error.what == NOT_FOUND &&
            fail_field(work, field, "There is no such activity in the workspace"));
}

bool tr_check_room(struct work *work, const struct entity *entity, uid workspace, int64_t most)
{
    static const char deleted[] = "deleted_at";
    const char *sql = arena_format(
        &work->arena, "SELECT COUNT(*) FROM %s WHERE tenant_id = ? AND workspace_id = ?%s",
        entity->table,
        column_named(entity, deleted, strlen(deleted)) ? " AND deleted_at IS NULL" : "");
    const struct param params[] = {PARAM(work->tenant), PARAM(workspace)};
    int64_t count;

    return db_number(work, sql, params, COUNT(params), 0, &count) &&
           (count < most ||
            fail(work, LIMIT_REACHED, "The workspace has %lld of them already", (long long)most));
}

static size_t size_of(enum type type)
{
    static const size_t sizes[] = {
        [TEXT] = sizeof(const char *), [INTEGER] = sizeof(int64_t), [REAL] = sizeof(double),
        [BOOLEAN] = sizeof(bool),      [INSTANT] = sizeof(instant), [UID] = sizeof(uid),
        [DOCUMENT] = sizeof(document), [BYTES] = sizeof(bytes)};

    return sizes[type];
}

void tr_row_merge(const struct entity *entity, void *row, const void *wanted, columns given)
{
    for (size_t i = 0; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];

        if (columns_has(given, i))
            memcpy(cell_of(column, row), cell_of(column, wanted), size_of(column->type));
    }
}

bool tr_any(struct work *work, const char *sql, uid workspace, uid id, bool *any)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(workspace), PARAM(id)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *any = count > 0;
    return true;
}
