#include "domain/call_context.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/agents.h"
#include "domain/call_state.h"
#include "domain/events.h"
#include "domain/redaction.h"
#include "domain/sessions.h"
#include "domain/supervision.h"

struct change {
    const struct call *call;
    document changes, context;
    struct voice_session session; /* state NULL: the call has none */
    unsigned redacts;
};

/* What is read of the row that is locked. */
struct locked {
    document context;
    const char *state;
};

static const struct column columns_of_locked[] = {
    COLUMN(locked, context, NOT_NULL),
    COLUMN(locked, state, NOT_NULL),
};

static const struct entity locked_entity = ENTITY(locked, "call", NULL, columns_of_locked);

/*
 * A node that claims the session waits for us, or we for it: either it reads what we write, or we
 * see that it has to be told.
 */
static bool lock_session(struct work *work, struct change *change)
{
    static const char sql[] = "SELECT id FROM voice_sessions WHERE tenant_id = ? AND call_id = ?"
                              " AND state <> 'expired' FOR UPDATE";
    const struct param params[] = {PARAM(work->tenant), PARAM(change->call->id)};
    struct rows rows;

    return db_select(work, sql, params, COUNT(params), &voice_session_entity, &rows);
}

static bool lock_call(struct work *work, const struct change *change, struct locked *locked)
{
    static const char sql[] = "SELECT context, state FROM calls WHERE tenant_id = ? AND id = ?"
                              " FOR UPDATE";
    const struct param params[] = {PARAM(work->tenant), PARAM(change->call->id)};

    return db_find(work, sql, params, COUNT(params), &locked_entity, locked);
}

static bool merge(struct work *work, struct change *change, const struct locked *locked)
{
    json_object *all = json_parse(locked->context.json ? locked->context.json : "{}");
    json_object *changes = json_parse(change->changes.json);

    json_object_object_foreach(changes, name, value)
    {
        if (value)
            json_object_object_add(all, name, json_object_get(value));
        else
            json_object_object_del(all, name);
    }
    change->context.json = json_write(&work->arena, all);
    json_object_put(changes);
    json_object_put(all);
    return strlen(change->context.json) <= CALL_CONTEXT_MOST ||
           fail_field(work, "context", "The context of the call would be longer than 32 KiB");
}

static bool write(struct work *work, const struct change *change)
{
    static const char sql[] = "UPDATE calls SET context = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(change->context), PARAM(now), PARAM(work->tenant),
                                   PARAM(change->call->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool tell(struct work *work, const struct change *change)
{
    const char *payload = arena_format(&work->arena, "{\"context\":%s,\"updates\":%s}",
                                       change->context.json, change->changes.json);
    uid session = change->session.state ? change->session.id : NO_UID;

    return event_put(work, change->call->id, session, "context.updated", "platform",
                     redact_json(&work->arena, payload, change->redacts, NULL));
}

static bool find_session(struct work *work, struct change *change)
{
    if (session_of_call(work, change->call->id, &change->session))
        return true;
    change->session.state = NULL;
    return work->error.what == NOT_FOUND;
}

static bool change_step(struct work *work, void *with)
{
    struct change *change = with;
    struct locked locked;

    return lock_session(work, change) && lock_call(work, change, &locked) &&
           (!call_state_is_terminal(locked.state) ||
            fail(work, WRONG_STATE, "The call has ended")) &&
           find_session(work, change) && merge(work, change, &locked) && write(work, change) &&
           tell(work, change);
}

/* What the tenant does not keep, and what the agent's version asks for besides. */
static bool read_redaction(struct work *work, struct change *change)
{
    struct agent_version version;
    struct tenant tenant;
    bool has_version = !uid_is_none(change->call->agent_version_id) &&
                       agent_version_find(work, change->call->agent_version_id, &version);

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    change->redacts = redaction_of(&tenant, has_version ? &version : NULL);
    return true;
}

static void tell_node(struct work *work, const struct change *change, const char *origin,
                      const char *by)
{
    const struct supervision wanted = {
        .action = "context", .origin = origin, .supervisor = by, .note = change->changes.json};
    struct supervised done;

    if (change->session.state && session_is_live(&change->session) &&
        !supervision_order(work, &change->session, &wanted, &done))
        log_warning(work, "context.not_told", "call=%s code=%s", change->call->call_sid,
                    failure_code(work->error.what));
}

bool call_context_change(struct work *work, const struct call *call, document changes,
                         const char *origin, const char *by, document *context)
{
    struct change change = {.call = call, .changes = changes};

    if (!read_redaction(work, &change) || !db_transaction(work, change_step, &change))
        return false;
    tell_node(work, &change, origin, by);
    *context = change.context;
    return true;
}
