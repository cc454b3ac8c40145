#include "domain/agent_edits.h"

#include "core/json.h"
#include "core/log.h"
#include "domain/tenants.h"

struct editing {
    uid id;
    const struct agent_edit *edit;
    instant now;
};

/* First of all, because it makes others who edit the agent wait. */
static bool change_row(struct work *work, const struct editing *editing)
{
    static const char sql[] =
        "UPDATE agents SET name = COALESCE(?, name), direction = COALESCE(?, direction),"
        " status = COALESCE(?, status), updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL";
    const struct agent_edit *edit = editing->edit;
    const struct param params[] = {PARAM(edit->name),   PARAM(edit->direction), PARAM(edit->status),
                                   PARAM(editing->now), PARAM(work->tenant),    PARAM(editing->id)};
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed || fail(work, NOT_FOUND, "No such agent"));
}

static void merge(json_object *into, json_object *changes)
{
    json_object_object_foreach(changes, name, value)
    {
        if (value)
            json_object_object_add(into, name, json_object_get(value));
        else
            json_object_object_del(into, name);
    }
}

/* The published document with the changes in it. */
static bool merged(struct work *work, uid id, const char *changes, const char **config)
{
    json_object *into, *given = json_parse(changes ? changes : "{}");
    struct agent_version published;
    struct agent agent;
    bool ok = agent_find(work, id, &agent);

    row_clear(&agent_version_entity, &published);
    if (ok && !uid_is_none(agent.published_version_id))
        ok = agent_version_find(work, agent.published_version_id, &published);
    into = ok ? json_parse(published.config.json ? published.config.json : "{}") : NULL;
    if (into && given) {
        merge(into, given);
        *config = json_write(&work->arena, into);
    } else if (ok) {
        ok = fail(work, INTERNAL, "An agent's document cannot be read");
    }
    json_object_put(into);
    json_object_put(given);
    return ok;
}

static bool edit_step(struct work *work, void *with)
{
    const struct editing *editing = with;
    struct agent_version version;
    const char *config = NULL;

    return change_row(work, editing) && merged(work, editing->id, editing->edit->config, &config) &&
           agent_version_replace(work, editing->id, config, editing->edit->by, &version);
}

bool agent_edit(struct work *work, uid id, const struct agent_edit *edit)
{
    struct editing editing = {id, edit, clock_now()};

    return db_transaction(work, edit_step, &editing);
}

struct removal {
    uid id;
    instant now;
};

static bool mark_deleted(struct work *work, const struct removal *removal)
{
    static const char sql[] =
        "UPDATE agents SET deleted_at = ?, agent_key = CONCAT(LEFT(agent_key, 53), '~', ?),"
        " updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL";
    char digits[27];
    const char *suffix = digits;
    const struct param params[] = {PARAM(removal->now), PARAM(suffix), PARAM(removal->now),
                                   PARAM(work->tenant), PARAM(removal->id)};
    uint64_t changed;

    uid_write_base32(removal->id, digits);
    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed || fail(work, NOT_FOUND, "No such agent"));
}

static bool delete_step(struct work *work, void *with)
{
    static const char routes[] = "DELETE FROM phone_routes WHERE tenant_id = ? AND agent_id = ?";
    static const char rollouts[] =
        "DELETE FROM agent_rollouts WHERE tenant_id = ? AND agent_id = ?";
    static const char policy[] =
        "DELETE FROM rollout_policies WHERE tenant_id = ? AND agent_id = ?";
    const struct removal *removal = with;
    const struct param params[] = {PARAM(work->tenant), PARAM(removal->id)};

    return mark_deleted(work, removal) && db_execute(work, routes, params, COUNT(params), NULL) &&
           db_execute(work, rollouts, params, COUNT(params), NULL) &&
           db_execute(work, policy, params, COUNT(params), NULL) &&
           tenant_touch(work, work->tenant);
}

bool agent_delete(struct work *work, uid id)
{
    struct removal removal = {id, clock_now()};
    char text[37];

    if (!db_transaction(work, delete_step, &removal))
        return false;
    uid_write_uuid(id, text);
    log_info(work, "agent.deleted", "agent=%s", text);
    return true;
}
