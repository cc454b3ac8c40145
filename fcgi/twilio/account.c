#include <string.h>

#include "domain/tenant_runtime.h"
#include "domain/tenants.h"
#include "fcgi/auth.h"
#include "fcgi/twilio/twilio.h"

/* A tenant as the dialect knows it. */
struct account {
    const char *sid, *owner_sid, *auth_token, *name, *status, *type;
    instant created_at, updated_at;
};

static const char *const states[] = {"active", "suspended", "closed", NULL};
static const char *const types[] = {"Trial", "Full", NULL};

static const struct column columns_of_account[] = {
    COLUMN(account, sid, NOT_NULL),
    COLUMN(account, owner_sid, NOT_NULL),
    COLUMN(account, auth_token, NOT_NULL, .secret = true),
    COLUMN(account, name, NOT_NULL, .max = 190),
    COLUMN(account, status, NOT_NULL, .one_of = states),
    COLUMN(account, type, NOT_NULL, .one_of = types),
    COLUMN(account, created_at, NOT_NULL),
    COLUMN(account, updated_at, NOT_NULL),
};

static const struct entity account_entity = ENTITY(account, "account", NULL, columns_of_account);

static const struct field account_fields[] = {
    /* clang-format off */
    FIELD(account, sid,        "sid",               READ),
    FIELD(account, auth_token, "auth_token",        READ, .about = "The token that the request was made with."),
    FIELD(account, created_at, "date_created",      READ, .wire = &wire_rfc2822),
    FIELD(account, updated_at, "date_updated",      READ, .wire = &wire_rfc2822),
    FIELD(account, name,       "friendly_name",     READ),
    FIELD(account, owner_sid,  "owner_account_sid", READ, .about = "The account that this one is a subaccount of, or itself."),
    FIELD(account, status,     "status",            READ),
    FIELD(account, type,       "type",              READ),
    FIELD(account, sid,        "uri",               READ, .wire = &twilio_uri, .prefix = "/2010-04-01/Accounts/*.json"),
    FIELD(account, sid,        "subresource_uris",  READ, .wire = &twilio_uris, .prefix = "calls=/2010-04-01/Accounts/*/Calls.json"),
    /* clang-format on */
};

const struct view twilio_account_view = VIEW("Account", account_entity, account_fields);

static const char *status_of(const struct tenant *tenant)
{
    if (tenant_is_served(tenant))
        return "active";
    return strcmp(tenant->status, "suspended") == 0 ? "suspended" : "closed";
}

static bool owner_of(struct request *req, const char **sid)
{
    const struct tenant *tenant = req->tenant;
    struct tenant parent;

    *sid = tenant->account_sid;
    if (tenant->parent_tenant_id == NO_INTEGER || tenant->parent_tenant_id == 0)
        return true;
    if (!tenant_by_id(&req->work, tenant->parent_tenant_id, &parent))
        return req->work.error.what == NOT_FOUND;
    *sid = parent.account_sid;
    return true;
}

static bool reply_account(struct request *req, const struct tenant *tenant)
{
    struct account account = {
        .sid = tenant->account_sid,
        .name = tenant->name,
        .status = status_of(tenant),
        .type = strcmp(tenant->status, "trial") == 0 ? "Trial" : "Full",
        .created_at = tenant->created_at,
        .updated_at = tenant->updated_at,
    };
    const char *user;

    reply_header(req, "Cache-Control", "no-store");
    return credential_basic(req, &user, &account.auth_token) && owner_of(req, &account.owner_sid) &&
           reply_row(req, 200, &twilio_account_view, &account);
}

/* What is remembered of a proved key's tenant may be some seconds old. */
bool twilio_get_account(struct request *req)
{
    struct tenant tenant;

    return tenant_by_id(&req->work, req->work.tenant, &tenant) && reply_account(req, &tenant);
}

/* ---- changing it ---- */

static const struct field change_fields[] = {
    FIELD(account, name, "friendly_name", CREATE),
    FIELD(account, status, "status", CREATE),
};

const struct view twilio_account_update_view = VIEW("AccountUpdate", account_entity, change_fields);

static bool rename_tenant(struct request *req, const char *name, struct tenant *tenant)
{
    json_object *patch = json_object_new_object();
    bool ok;

    json_object_object_add(patch, "display_name", json_object_new_string(name));
    ok = tenant_patch(&req->work, req->tenant->tenant_key, patch, NULL, tenant);
    json_object_put(patch);
    return ok;
}

bool twilio_update_account(struct request *req)
{
    struct tenant tenant = *req->tenant;
    struct account change;
    columns given;

    row_clear(&account_entity, &change);
    if (!read_body(req, &twilio_account_update_view, CREATE, &change, &given))
        return false;
    if (change.status && strcmp(change.status, status_of(&tenant)) != 0)
        return fail(&req->work, FORBIDDEN, "Only the operator suspends and closes accounts");
    return (!change.name || rename_tenant(req, change.name, &tenant)) &&
           reply_account(req, &tenant);
}
