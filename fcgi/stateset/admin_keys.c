/*
 * Keys of all kinds, for the operator.
 */
#include <string.h>

#include "core/json.h"
#include "domain/keys.h"
#include "fcgi/stateset/stateset.h"

struct order {
    const char *label, *kind, *token;
    document permissions, ip_allowlist;
    instant expires_at;
};

static const struct column order_columns[] = {
    COLUMN(order, label, NULLABLE, .max = 120),
    COLUMN(order, kind, NULLABLE, .one_of = key_kinds),
    COLUMN(order, token, NULLABLE, .max = 500),
    COLUMN(order, permissions, NULLABLE, .max = 8000),
    COLUMN(order, ip_allowlist, NULLABLE, .max = 8000),
    COLUMN(order, expires_at, NULLABLE),
};

static const struct entity order_entity = ENTITY(order, "API key order", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(order, label,        "label",        CREATE),
    FIELD(order, kind,         "kind",         CREATE, .about = "The dialect that the key is for: twilio, kwickphone, thruai, stateset (the default), phony."),
    FIELD(order, permissions,  "permissions",  CREATE, .wire = &wire_array, .about = "Names of what the key allows, where its dialect has such names; \"*\" allows all."),
    FIELD(order, ip_allowlist, "ip_allowlist", CREATE, .wire = &wire_array, .about = "Addresses and CIDR ranges that the key may be used from."),
    FIELD(order, expires_at,   "expires_at",   CREATE, .wire = &wire_iso_shortest),
    FIELD(order, token,        "token",        CREATE, .about = "A bearer from before, which is stored as a legacy key instead of a new one."),
    /* clang-format on */
};

const struct view admin_key_order_view = VIEW("CreateTenantApiKey", order_entity, order_fields);

static const struct field key_fields[] = {
    /* clang-format off */
    FIELD(api_key, id,           "id",           READ, .wire = &wire_uuid),
    FIELD(api_key, kind,         "kind",         READ),
    FIELD(api_key, key_prefix,   "key_prefix",   READ),
    FIELD(api_key, label,        "label",        READ),
    FIELD(api_key, permissions,  "permissions",  READ, .wire = &wire_array),
    FIELD(api_key, ip_allowlist, "ip_allowlist", READ, .wire = &wire_array),
    FIELD(api_key, created_at,   "created_at",   READ, .wire = &wire_iso_shortest),
    FIELD(api_key, expires_at,   "expires_at",   READ, .wire = &wire_iso_shortest),
    FIELD(api_key, last_used_at, "last_used_at", READ, .wire = &wire_iso_shortest),
    FIELD(api_key, revoked_at,   "revoked_at",   READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_key_view = VIEW("TenantApiKeyMetadata", api_key_entity, key_fields);

/* A new key and its token, which are seen together once. */
struct created {
    bool ok;
    struct api_key key;
    const char *token, *account_sid;
};

static const struct column created_columns[] = {
    COLUMN(created, ok, NOT_NULL),
    COLUMN(created, key.id, NOT_NULL),
    COLUMN(created, key.kind, NOT_NULL, .one_of = key_kinds),
    COLUMN(created, key.key_prefix, NOT_NULL),
    COLUMN(created, key.label, NULLABLE),
    COLUMN(created, key.permissions, NOT_NULL),
    COLUMN(created, key.ip_allowlist, NULLABLE),
    COLUMN(created, key.created_at, NOT_NULL),
    COLUMN(created, key.expires_at, NULLABLE),
    COLUMN(created, key.last_used_at, NULLABLE),
    COLUMN(created, key.revoked_at, NULLABLE),
    COLUMN(created, token, NOT_NULL),
    COLUMN(created, account_sid, NULLABLE),
};

static const struct entity created_entity = ENTITY(created, "API key", NULL, created_columns);

static const struct field created_key_fields[] = {
    /* clang-format off */
    FIELD(created, key.id,           "id",           READ, .wire = &wire_uuid),
    FIELD(created, key.kind,         "kind",         READ),
    FIELD(created, key.key_prefix,   "key_prefix",   READ),
    FIELD(created, key.label,        "label",        READ),
    FIELD(created, key.permissions,  "permissions",  READ, .wire = &wire_array),
    FIELD(created, key.ip_allowlist, "ip_allowlist", READ, .wire = &wire_array),
    FIELD(created, key.created_at,   "created_at",   READ, .wire = &wire_iso_shortest),
    FIELD(created, key.expires_at,   "expires_at",   READ, .wire = &wire_iso_shortest),
    FIELD(created, key.last_used_at, "last_used_at", READ, .wire = &wire_iso_shortest),
    FIELD(created, key.revoked_at,   "revoked_at",   READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view created_key_view =
    VIEW("CreatedTenantApiKeyMetadata", created_entity, created_key_fields);

static const struct field created_fields[] = {
    /* clang-format off */
    NESTED("api_key", created_key_view, READ),
    FIELD(created, token,       "token",       READ, .about = "Shown once."),
    FIELD(created, account_sid, "account_sid", READ | OPTIONAL, .about = "User name to the token, of kind twilio."),
    /* clang-format on */
};

static const struct view created_view = VIEW("CreatedTenantApiKey", created_entity, created_fields);

static const struct field created_answer_fields[] = {
    FIELD(created, ok, "ok", READ),
    NESTED("created", created_view, READ),
};

const struct view admin_created_key_view =
    VIEW("AdminCreatedTenantApiKeyResponse", created_entity, created_answer_fields);

bool admin_list_keys(struct request *req)
{
    const char *kind = request_query(req, "kind");
    struct rows keys;

    for (size_t i = 0; kind && strcmp(key_kinds[i], kind) != 0; i++)
        if (!key_kinds[i + 1])
            return fail_field(&req->work, "kind", "kind must be one of the documented values");
    return keys_list(&req->work, kind, &keys) && reply_rows(req, &admin_key_view, NULL, &keys);
}

bool admin_create_key(struct request *req)
{
    struct created created = {.ok = true};
    struct order order;
    columns given;

    row_clear(&order_entity, &order);
    if (!read_body(req, &admin_key_order_view, CREATE, &order, &given))
        return false;
    if (order.token && order.kind && strcmp(order.kind, "stateset") != 0)
        return fail_field(&req->work, "token", "token can only be given for kind stateset");
    if (!key_create(&req->work,
                    &(struct key_order){
                        .kind = order.kind,
                        .label = order.token && !order.label ? "legacy" : order.label,
                        .permissions = order.permissions.json,
                        .ip_allowlist = order.ip_allowlist.json,
                        .expires_at = order.expires_at,
                        .created_by = "admin",
                        .secret = order.token,
                    },
                    &created.key, &created.token))
        return false;
    if (strcmp(created.key.kind, "twilio") == 0)
        created.account_sid = req->tenant->account_sid;
    req->reply_is_secret = true;
    return reply_row(req, 200, &admin_created_key_view, &created);
}

bool admin_revoke_key(struct request *req)
{
    struct api_key key;
    uid id;

    return stateset_path_id(req, "key_id", &id) && key_revoke(&req->work, id, &key) &&
           reply_row(req, 200, &admin_key_view, &key);
}
