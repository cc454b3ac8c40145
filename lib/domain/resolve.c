#include "domain/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "core/e164.h"
#include "db/db.h"
#include "domain/calls.h"
#include "domain/sessions.h"
#include "domain/tenants.h"

struct found {
    uid id;
};

static const struct column columns_of_found[] = {COLUMN(found, id, NOT_NULL)};

static const struct entity found_entity = ENTITY(found, "row", NULL, columns_of_found);

static const char *const agent_prefixes[] = {"AGT-", "agent_", "AP", NULL};
static const char *const number_prefixes[] = {"TEL-", "PN", NULL};
static const char *const key_prefixes[] = {"KEY-", NULL};

/* How rows of a kind are found: by their key, by a name of their own, by an imported one. */
static const struct kind {
    const char *const *prefixes;
    const char *by_id;   /* parameters: tenant, key */
    const char *by_name; /* parameters: tenant, text; NULL: they have none */
    const char *alias;   /* what id_aliases calls them; NULL: nothing */
} kinds[] = {
    /* clang-format off */
    [AN_AGENT] = {
        agent_prefixes,
        "SELECT id FROM agents WHERE tenant_id = ? AND id = ? AND deleted_at IS NULL",
        "SELECT id FROM agents WHERE tenant_id = ? AND agent_key = ? AND deleted_at IS NULL",
        "agent"},
    [AN_AGENT_VERSION] = {
        NULL, "SELECT id FROM agent_versions WHERE tenant_id = ? AND id = ?", NULL, NULL},
    [A_NUMBER] = {
        number_prefixes,
        "SELECT id FROM phone_numbers WHERE tenant_id = ? AND id = ?",
        "SELECT id FROM phone_numbers WHERE tenant_id = ? AND carrier_sid = ?",
        "number"},
    [A_ROUTE] = {
        NULL, "SELECT id FROM phone_routes WHERE tenant_id = ? AND id = ?", NULL, NULL},
    [A_KEY] = {
        key_prefixes, "SELECT id FROM api_keys WHERE tenant_id = ? AND id = ?", NULL, NULL},
    /* clang-format on */
};

/* One row's key; *found says whether there is one, the result whether the store answered. */
static bool look(struct work *work, const char *sql, const struct param *params, size_t nparams,
                 uid *id, bool *found)
{
    struct found row;

    *found = db_find(work, sql, params, nparams, &found_entity, &row);
    if (*found)
        *id = row.id;
    return *found || work->error.what == NOT_FOUND;
}

static bool look_by_text(struct work *work, const char *sql, const char *text, uid *id, bool *found)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(text)};

    return look(work, sql, params, COUNT(params), id, found);
}

static bool look_by_id(struct work *work, const struct kind *kind, const char *text, uid *id,
                       bool *found)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(*id)};

    *found = false;
    if (!uid_read(text, kind->prefixes, id))
        return true;
    return look(work, kind->by_id, params, COUNT(params), id, found);
}

static bool look_by_alias(struct work *work, const struct kind *kind, const char *text, uid *id,
                          bool *found)
{
    static const char sql[] =
        "SELECT id FROM id_aliases WHERE tenant_id = ? AND entity = ? AND alias = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(kind->alias), PARAM(text)};

    return look(work, sql, params, COUNT(params), id, found);
}

/* "num_42" is a count of the tenant's, "+1312…" the live number itself. */
static bool look_by_number(struct work *work, const char *text, uid *id, bool *found)
{
    static const char by_seq[] = "SELECT id FROM phone_numbers WHERE tenant_id = ? AND seq = ?";
    static const char by_e164[] = "SELECT id FROM phone_numbers WHERE tenant_id = ?"
                                  " AND live_e164 = ?";
    int64_t seq;

    *found = false;
    if (e164_is_valid(text))
        return look_by_text(work, by_e164, text, id, found);
    if (strncmp(text, "num_", 4) != 0 || !text[4] || strlen(text) > 13 ||
        text[4 + strspn(text + 4, "0123456789")])
        return true;
    seq = strtol(text + 4, NULL, 10);
    return look(work, by_seq, (struct param[]){PARAM(work->tenant), PARAM(seq)}, 2, id, found);
}

/* Names in these columns are ASCII; another text is none, and would not compare. */
static bool is_ascii(const char *text)
{
    size_t length = 0;

    for (; *text; text++, length++)
        if (*text <= ' ' || *text > '~')
            return false;
    return length > 0 && length <= 80;
}

static bool resolve_call(struct work *work, const char *text, uid *id)
{
    struct call call;

    if (!call_resolve(work, text, &call))
        return false;
    *id = call.id;
    return true;
}

static bool resolve_session(struct work *work, const char *text, uid *id)
{
    struct voice_session session;

    if (!session_resolve(work, text, &session))
        return false;
    *id = session.id;
    return true;
}

bool resolve(struct work *work, enum resolved what, const char *text, uid *id)
{
    const struct kind *kind = &kinds[what];
    bool found = false;

    if (!is_ascii(text))
        return fail(work, NOT_FOUND, "There is no such id");
    if (what == A_CALL)
        return resolve_call(work, text, id);
    if (what == A_SESSION)
        return resolve_session(work, text, id);
    if (!look_by_id(work, kind, text, id, &found) ||
        (!found && what == A_NUMBER && !look_by_number(work, text, id, &found)) ||
        (!found && kind->by_name && !look_by_text(work, kind->by_name, text, id, &found)) ||
        (!found && kind->alias && !look_by_alias(work, kind, text, id, &found)))
        return false;
    return found || fail(work, NOT_FOUND, "There is no such id");
}

static bool tenant_of(struct work *work, const char *sql, const struct param *param,
                      int64_t *tenant_id)
{
    return db_number(work, sql, param, 1, 0, tenant_id);
}

bool resolve_tenant(struct work *work, const char *text, int64_t *tenant_id)
{
    static const char *const prefixes[] = {"ORG-", "tenant_", NULL};
    static const char *const by_text[] = {
        "SELECT id FROM tenants WHERE tenant_key = ? AND deleted_at IS NULL",
        "SELECT id FROM tenants WHERE account_sid = ? AND deleted_at IS NULL",
        "SELECT id FROM tenants WHERE slug = ? AND deleted_at IS NULL",
    };
    static const char by_id[] = "SELECT id FROM tenants WHERE public_id = ? AND deleted_at IS NULL";
    uid public_id;

    *tenant_id = 0;
    if (!is_ascii(text))
        return fail(work, NOT_FOUND, "No such tenant");
    for (size_t i = 0; i < COUNT(by_text) && !*tenant_id; i++)
        if (!tenant_of(work, by_text[i], &(struct param)PARAM(text), tenant_id))
            return false;
    if (!*tenant_id && uid_read(text, prefixes, &public_id) &&
        !tenant_of(work, by_id, &(struct param)PARAM(public_id), tenant_id))
        return false;
    return *tenant_id || fail(work, NOT_FOUND, "No such tenant");
}
