#include "domain/call_names.h"

#include <string.h>

#include "domain/calls.h"
#include "domain/words.h"

void sid_write(const char letters[2], uid id, char sid[SID_SIZE])
{
    sid[0] = letters[0];
    sid[1] = letters[1];
    uid_write_hex(id, sid + 2);
}

/* A row of call_aliases. */
struct alias {
    int64_t tenant_id;
    uid call_id;
};

static const struct column columns_of_alias[] = {
    COLUMN(alias, tenant_id, NOT_NULL),
    COLUMN(alias, call_id, NULLABLE),
};

static const struct entity alias_entity = ENTITY(alias, "call", NULL, columns_of_alias);

/* Aliases are unique over all tenants; whose the call is, is asked when it is read. */
static bool find_alias(struct work *work, const char *text, struct alias *alias)
{
    static const char sql[] =
        "SELECT tenant_id, call_id FROM call_aliases WHERE alias = ? AND call_id IS NOT NULL";
    const struct param params[] = {PARAM(text)};

    return db_find(work, sql, params, COUNT(params), &alias_entity, alias);
}

bool call_by_current_sid(struct work *work, const char *sid, struct call *call)
{
    const char *sql =
        arena_format(&work->arena, "SELECT %s FROM calls WHERE tenant_id = ? AND call_sid = ?",
                     store_names(work, &call_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(sid)};

    return db_find(work, sql, params, COUNT(params), &call_entity, call);
}

static bool no_such_call(struct work *work)
{
    return fail(work, NOT_FOUND, "The call does not exist");
}

bool call_by_sid(struct work *work, const char *sid, struct call *call)
{
    struct alias alias;
    uid id;

    if (!word_sid(sid))
        return no_such_call(work);
    if (call_by_current_sid(work, sid, call))
        return true;
    if (work->error.what != NOT_FOUND)
        return false;
    if (find_alias(work, sid, &alias))
        return call_get(work, alias.call_id, call); /* which finds the tenant's own alone */
    if (work->error.what != NOT_FOUND)
        return false;
    return uid_read_hex(sid + 2, &id) ? call_get(work, id, call) : no_such_call(work);
}

bool call_by_sid_anywhere(struct work *work, const char *sid, struct call *call)
{
    static const char sql[] = "SELECT tenant_id, id AS call_id FROM calls WHERE call_sid = ?";
    const struct param params[] = {PARAM(sid)};
    struct alias found;

    if (!word_sid(sid))
        return no_such_call(work);
    if (!db_find(work, sql, params, COUNT(params), &alias_entity, &found) &&
        (work->error.what != NOT_FOUND || !find_alias(work, sid, &found)))
        return false;
    work->tenant = found.tenant_id;
    return call_get(work, found.call_id, call);
}

/*
 * No index leads from a key alone to its row, and none is needed: the row was written with its
 * provisional SID, which is the key, and that is looked for as a SID and as an alias.
 */
bool call_by_key_anywhere(struct work *work, uid id, struct call *call)
{
    char sid[SID_SIZE];

    sid_write("CA", id, sid);
    return call_by_sid_anywhere(work, sid, call);
}

bool call_resolve(struct work *work, const char *text, struct call *call)
{
    static const char *const prefixes[] = {"CALL-", NULL};
    uid id;

    if (word_sid(text))
        return call_by_sid(work, text, call);
    return uid_read(text, prefixes, &id) ? call_get(work, id, call) : no_such_call(work);
}

bool call_alias_put(struct work *work, const char *alias, const char *kind, uid call, uid session)
{
    static const char sql[] =
        "INSERT INTO call_aliases (alias, kind, tenant_id, call_id, session_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
        " call_id = IF(tenant_id = VALUES(tenant_id), COALESCE(call_id, VALUES(call_id)), call_id),"
        " session_id = IF(tenant_id = VALUES(tenant_id),"
        " COALESCE(session_id, VALUES(session_id)), session_id)";
    instant now = clock_now();
    const struct param params[] = {PARAM(alias), PARAM(kind),    PARAM(work->tenant),
                                   PARAM(call),  PARAM(session), PARAM(now)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

struct lesson {
    uid id;
    const char *sid;
};

static bool learn(struct work *work, void *with)
{
    static const char sql[] = "UPDATE calls SET call_sid = ?,"
                              " error_code = NULLIF(error_code, 'order_unknown'),"
                              " updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND call_sid = ?";
    const struct lesson *lesson = with;
    instant now = clock_now();
    char text[SID_SIZE], *provisional = text;
    const struct param params[] = {PARAM(lesson->sid), PARAM(now), PARAM(work->tenant),
                                   PARAM(lesson->id), PARAM(provisional)};
    uint64_t changed;

    sid_write("CA", lesson->id, text);
    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed == 0 || call_alias_put(work, provisional, "provisional", lesson->id, NO_UID));
}

bool call_learn_sid(struct work *work, uid id, const char *sid)
{
    struct lesson lesson = {id, sid};

    if (!word_sid(sid))
        return fail(work, INVALID, "That is no SID of a call");
    return db_transaction(work, learn, &lesson);
}
