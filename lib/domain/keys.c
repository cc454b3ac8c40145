#include "domain/keys.h"

#include <string.h>

#include "core/address.h"
#include "core/config.h"
#include "core/json.h"
#include "core/log.h"
#include "core/rand.h"
#include "domain/epoch.h"
#include "domain/secrets.h"

enum { MOST_KWICKPHONE_KEYS = 5, MOST_TWILIO_TOKENS = 2, MAX_ALLOWED = 100, TOUCH_MS = 60000 };

const char *const key_kinds[] = {"twilio", "kwickphone", "thruai", "stateset", "phony", NULL};

static const struct column columns_of_key[] = {
    COLUMN(api_key, tenant_id, NOT_NULL),
    COLUMN(api_key, id, NOT_NULL),
    COLUMN(api_key, kind, NOT_NULL, .one_of = key_kinds),
    COLUMN(api_key, label, NULLABLE, .max = 120),
    COLUMN(api_key, key_prefix, NOT_NULL, .max = 20),
    COLUMN(api_key, key_hash, NOT_NULL, .secret = true),
    COLUMN(api_key, sealed, NULLABLE, .secret = true),
    COLUMN(api_key, permissions, NOT_NULL),
    COLUMN(api_key, ip_allowlist, NULLABLE),
    COLUMN(api_key, created_by, NULLABLE, .max = 120),
    COLUMN(api_key, expires_at, NULLABLE),
    COLUMN(api_key, revoked_at, NULLABLE),
    COLUMN(api_key, last_used_at, NULLABLE),
    COLUMN(api_key, created_at, NOT_NULL),
};

const struct entity api_key_entity = ENTITY(api_key, "API key", "api_keys", columns_of_key);

#define KEY_COLUMNS                                                                                \
    "tenant_id, id, kind, label, key_prefix, key_hash, sealed, permissions, ip_allowlist, "        \
    "created_by, expires_at, revoked_at, last_used_at, created_at"

/* How keys of a kind begin; a legacy bearer of StateSet begins as it likes. */
static const struct {
    const char *kind, *prefix, *test_prefix;
} shapes[] = {
    {"kwickphone", "kp_live_", NULL},
    {"thruai", "sk_live_", "sk_test_"},
    {"stateset", "ssk_", NULL},
    {"phony", "pk_", NULL},
};

static bool begins(const char *text, const char *prefix)
{
    return prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *prefix_of(const char *kind, bool test)
{
    for (size_t i = 0; i < COUNT(shapes); i++)
        if (strcmp(shapes[i].kind, kind) == 0)
            return test && shapes[i].test_prefix ? shapes[i].test_prefix : shapes[i].prefix;
    return "";
}

bool key_looks_like(const char *kind, const char *secret)
{
    for (size_t i = 0; i < COUNT(shapes); i++)
        if (strcmp(shapes[i].kind, kind) == 0)
            return begins(secret, shapes[i].prefix) || begins(secret, shapes[i].test_prefix);
    return strlen(secret) == 32;
}

hash256 key_hash(const struct work *work, const char *secret)
{
    const char *pepper = work->config->key_pepper;

    return hmac_sha256(pepper, strlen(pepper), secret, strlen(secret));
}

static bool list_has(json_object *list, const char *address)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *range = json_object_get_string(json_object_array_get_idx(list, i));

        if (range && address_in_range(address, range))
            return true;
    }
    return false;
}

bool key_allows_address(document ip_allowlist, const char *client_ip)
{
    json_object *list = json_parse(ip_allowlist.json);
    bool open, allowed;

    open = !list || json_object_is_type(list, json_type_null) ||
           (json_object_is_type(list, json_type_array) && json_object_array_length(list) == 0);
    allowed = open || (client_ip && list_has(list, client_ip));
    json_object_put(list);
    return allowed && (!ip_allowlist.json || list);
}

/* What a role stands for: each has what the next lesser one has. */
static bool role_grants(const char *role, const char *permission)
{
    const char *colon = strchr(permission, ':');
    bool reads = colon && strcmp(colon, ":read") == 0;

    if (strcmp(role, "admin") == 0)
        return true;
    if (strcmp(role, "supervisor") == 0)
        return reads || begins(permission, "supervisor:") || strcmp(permission, "calls:write") == 0;
    return strcmp(role, "viewer") == 0 && reads;
}

/* "calls:*" grants "calls:read"; what is the platform's is granted by its own name alone. */
static bool grants(const char *granted, const char *permission)
{
    size_t length = strlen(granted);

    if (strcmp(granted, permission) == 0)
        return true;
    if (begins(permission, "platform:") || !length)
        return false;
    if (role_grants(granted, permission))
        return true;
    if (granted[length - 1] != '*')
        return false;
    return length == 1 ||
           (granted[length - 2] == ':' && strncmp(granted, permission, length - 1) == 0);
}

bool key_permits(const char *permissions, const char *permission)
{
    json_object *list = json_parse(permissions);
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    bool granted = false;

    for (size_t i = 0; i < count && !granted; i++) {
        json_object *entry = json_object_array_get_idx(list, i);

        granted = json_object_is_type(entry, json_type_string) &&
                  grants(json_object_get_string(entry), permission);
    }
    json_object_put(list);
    return granted;
}

static bool key_by_hash(struct work *work, const char *secret, struct api_key *key)
{
    static const char sql[] = "SELECT " KEY_COLUMNS " FROM api_keys WHERE key_hash = ?";
    hash256 hash = key_hash(work, secret);
    bytes wanted = {hash.bytes, sizeof hash.bytes};
    const struct param params[] = {PARAM(wanted)};

    return db_find(work, sql, params, COUNT(params), &api_key_entity, key) &&
           (secret_equal(key->key_hash.at, key->key_hash.length, hash.bytes, sizeof hash.bytes) ||
            fail(work, NOT_FOUND, "No such key"));
}

/* A bearer without the prefix of its kind is one of old, which the operator may have closed. */
static bool is_closed_legacy(struct work *work, const char *kind, const char *secret)
{
    return strcmp(kind, "stateset") == 0 && !key_looks_like(kind, secret) &&
           !work->config->legacy_tenant_bearer_auth_enabled;
}

static enum key_verdict judge(struct work *work, const struct api_key *key, struct tenant *tenant)
{
    if (!instant_is_none(key->revoked_at))
        return KEY_REVOKED;
    if (!instant_is_none(key->expires_at) && key->expires_at.ms <= clock_now().ms)
        return KEY_EXPIRED;
    row_clear(&tenant_entity, tenant);
    tenant->id = key->tenant_id;
    if (key->tenant_id == 0)
        return KEY_GOOD;
    if (!tenant_by_id(work, key->tenant_id, tenant))
        return work->error.what == NOT_FOUND ? KEY_BAD : KEY_UNPROVEN;
    return tenant_is_served(tenant) ? KEY_GOOD : KEY_SUSPENDED;
}

enum key_verdict key_authenticate(struct work *work, const char *kind, const char *secret,
                                  const char *client_ip, struct api_key *key, struct tenant *tenant)
{
    if (!*secret || strlen(secret) > 500 || is_closed_legacy(work, kind, secret))
        return KEY_BAD;
    if (!key_by_hash(work, secret, key))
        return work->error.what == NOT_FOUND ? KEY_BAD : KEY_UNPROVEN;
    if (strcmp(key->kind, kind) != 0 || !key_allows_address(key->ip_allowlist, client_ip))
        return KEY_BAD;
    return judge(work, key, tenant);
}

static bool is_kind(const char *kind)
{
    for (size_t i = 0; key_kinds[i]; i++)
        if (strcmp(key_kinds[i], kind) == 0)
            return true;
    return false;
}

/* A list of texts; of addresses where "ranges" says so. */
static bool is_list(const char *json, bool ranges)
{
    json_object *list = json_parse(json);
    bool ok =
        json_object_is_type(list, json_type_array) && json_object_array_length(list) <= MAX_ALLOWED;
    size_t count = ok ? json_object_array_length(list) : 0;

    for (size_t i = 0; ok && i < count; i++) {
        json_object *entry = json_object_array_get_idx(list, i);

        ok = json_object_is_type(entry, json_type_string) &&
             (!ranges || address_range_is_valid(json_object_get_string(entry)));
    }
    json_object_put(list);
    return ok;
}

static bool has_end(const struct key_order *order)
{
    return !instant_is_none(order->expires_at) && order->expires_at.ms != 0;
}

static bool check_order(struct work *work, const struct key_order *order, const char *kind)
{
    if (!is_kind(kind))
        return fail_field(work, "kind", "kind must be one of the documented values");
    if (order->permissions && !is_list(order->permissions, false))
        return fail_field(work, "permissions", "permissions must be a list of names");
    if (order->ip_allowlist && !is_list(order->ip_allowlist, true))
        return fail_field(work, "ip_allowlist",
                          "ip_allowlist must be a list of addresses and CIDR ranges");
    if (order->secret && (strlen(order->secret) < 16 || strlen(order->secret) > 500))
        return fail_field(work, "token", "token must have 16 to 500 bytes");
    if (has_end(order) && order->expires_at.ms <= clock_now().ms)
        return fail_field(work, "expires_at", "expires_at must lie in the future");
    return true;
}

static char *new_secret(struct work *work, const struct key_order *order, const char *kind)
{
    unsigned char token[16];
    char hex[33];

    if (order->secret)
        return arena_text(&work->arena, order->secret);
    if (strcmp(kind, "twilio") != 0)
        return arena_format(&work->arena, "%s%s", prefix_of(kind, order->test),
                            random_word(&work->arena, 40));
    rand_bytes(token, sizeof token);
    hex_write(token, sizeof token, hex);
    return arena_text(&work->arena, hex);
}

/* A prefix tells keys apart and is far from the whole. */
static char *shown_prefix(struct work *work, const char *kind, const char *secret)
{
    size_t length = strlen(prefix_of(kind, false)) + 4, whole = strlen(secret);
    char *prefix = arena_copy(&work->arena, secret, length < whole / 2 ? length : whole / 4);

    for (char *c = prefix; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '?';
    return prefix;
}

static bool count_live(struct work *work, const char *kind, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM api_keys WHERE tenant_id = ? AND kind = ?"
                              " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)";
    instant now = clock_now();
    const struct param params[] = {PARAM(work->tenant), PARAM(kind), PARAM(now)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

/* The tenant's counter is asked for its lock: of two that are made at once one waits and counts. */
static bool create_step(struct work *work, void *with)
{
    struct api_key *key = with;
    int64_t count, ignored, most = 0;

    if (strcmp(key->kind, "kwickphone") == 0)
        most = MOST_KWICKPHONE_KEYS;
    if (strcmp(key->kind, "twilio") == 0)
        most = MOST_TWILIO_TOKENS;
    if (most) {
        if (!tenant_next(work, "key", &ignored) || !count_live(work, key->kind, &count))
            return false;
        if (count >= most)
            return fail(work, LIMIT_REACHED, "The tenant has %lld live keys of this kind already",
                        (long long)count);
    }
    return store_insert(work, &api_key_entity, key, columns_all(&api_key_entity));
}

static const char *default_permissions(const char *kind)
{
    return strcmp(kind, "thruai") == 0 || strcmp(kind, "phony") == 0 ? "[\"*\"]" : "[]";
}

bool key_create(struct work *work, const struct key_order *order, struct api_key *key,
                const char **secret)
{
    const char *kind = order->kind ? order->kind : "stateset";
    hash256 *hash = arena_new(&work->arena, hash256, 1);
    char id[37];

    if (!check_order(work, order, kind))
        return false;
    *secret = new_secret(work, order, kind);
    *hash = key_hash(work, *secret);
    row_clear(&api_key_entity, key);
    key->tenant_id = work->tenant;
    key->id = uid_new();
    key->kind = kind;
    key->label = order->label;
    key->key_prefix = shown_prefix(work, kind, *secret);
    key->key_hash = (bytes){hash->bytes, sizeof hash->bytes};
    key->permissions.json = order->permissions ? order->permissions : default_permissions(kind);
    key->ip_allowlist.json = order->ip_allowlist;
    key->created_by = order->created_by;
    key->expires_at = has_end(order) ? order->expires_at : NO_INSTANT;
    key->created_at = clock_now();
    uid_write_uuid(key->id, id);
    if (strcmp(kind, "twilio") == 0)
        key->sealed = secret_seal(work, arena_format(&work->arena, "api_keys %s", id), *secret);
    if (!db_transaction(work, create_step, key))
        return false;
    log_info(work, "key.created", "key=%s kind=%s", id, kind);
    return true;
}

bool keys_list(struct work *work, const char *kind, struct rows *keys)
{
    static const char sql[] = "SELECT " KEY_COLUMNS " FROM api_keys"
                              " WHERE tenant_id = ? AND (? IS NULL OR kind = ?) ORDER BY id DESC";
    const struct param params[] = {PARAM(work->tenant), PARAM(kind), PARAM(kind)};

    return db_select(work, sql, params, COUNT(params), &api_key_entity, keys);
}

static bool revoke_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE api_keys SET revoked_at = ?"
                              " WHERE tenant_id = ? AND id = ? AND revoked_at IS NULL";
    const struct api_key *key = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(key->id)};

    return db_execute(work, sql, params, COUNT(params), NULL) && epoch_advance(work);
}

bool key_revoke(struct work *work, uid id, struct api_key *key)
{
    return store_get(work, &api_key_entity, id, key) &&
           (!instant_is_none(key->revoked_at) || db_transaction(work, revoke_step, key)) &&
           store_get(work, &api_key_entity, id, key);
}

bool key_twilio_token(struct work *work, const char **token)
{
    static const char sql[] =
        "SELECT " KEY_COLUMNS " FROM api_keys WHERE tenant_id = ? AND kind = 'twilio'"
        " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT 1";
    instant now = clock_now();
    const struct param params[] = {PARAM(work->tenant), PARAM(now)};
    struct api_key key;
    char id[37];

    if (!db_find(work, sql, params, COUNT(params), &api_key_entity, &key))
        return false;
    uid_write_uuid(key.id, id);
    return secret_open(work, arena_format(&work->arena, "api_keys %s", id), key.sealed, token);
}

bool key_touch(struct work *work, const struct api_key *key)
{
    static const char sql[] = "UPDATE api_keys SET last_used_at = ? WHERE tenant_id = ? AND id = ?"
                              " AND (last_used_at IS NULL OR last_used_at < ?)";
    instant now = clock_now(), before = instant_after(now, -TOUCH_MS);
    const struct param params[] = {PARAM(now), PARAM(key->tenant_id), PARAM(key->id),
                                   PARAM(before)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
