#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "core/rand.h"
#include "domain/epoch.h"
#include "domain/tenant_secrets.h"
#include "domain/tenants.h"
#include "domain/webhook_settings.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Settings that have a column of their own. */
static const struct {
    const char *path;
    size_t offset;
    const char *allowed; /* the only characters of a text, NULL for any */
} known[] = {
    /* clang-format off */
    {"display_name",                offsetof(struct tenant, name),                 NULL},
    {"slug",                        offsetof(struct tenant, slug),                 LOWER DIGITS "-"},
    {"status",                      offsetof(struct tenant, status),               NULL},
    {"owner_email",                 offsetof(struct tenant, owner_email),          NULL},
    {"billing_email",               offsetof(struct tenant, billing_email),        NULL},
    {"timezone",                    offsetof(struct tenant, timezone),             LOWER UPPER DIGITS "_+-/"},
    {"org_id",                      offsetof(struct tenant, default_org_ref),      NULL},
    {"carrier_mode",                offsetof(struct tenant, carrier_mode),         NULL},
    {"twilio.account_sid",          offsetof(struct tenant, carrier_account_sid),  LOWER UPPER DIGITS},
    {"limits.max_agents",           offsetof(struct tenant, max_agents),           NULL},
    {"limits.max_concurrent_calls", offsetof(struct tenant, max_concurrent_calls), NULL},
    {"limits.max_numbers",          offsetof(struct tenant, max_numbers),          NULL},
    {"retention",                   offsetof(struct tenant, retention),            NULL},
    {"redaction",                   offsetof(struct tenant, redaction),            NULL},
    /* clang-format on */
};

/* Words that would be taken for another resource in a path. */
static const char *const reserved[] = {"audio-providers", "cache-metrics", "cached",
                                       "evict-idle",      "reload-cached", "validate"};

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words;
}

static bool take_text(struct work *work, const char *path, const struct column *column,
                      const char *allowed, json_object *value, void *cell)
{
    const char *text = json_object_get_string(value);

    if (!json_object_is_type(value, json_type_string))
        return fail_field(work, path, "%s must be a string", path);
    if (!*text || (column->max && strlen(text) > column->max))
        return fail_field(work, path, "%s must have 1 to %zu bytes", path, column->max);
    if (column->one_of && !is_one_of(text, column->one_of))
        return fail_field(work, path, "%s must be one of the documented values", path);
    if (allowed && text[strspn(text, allowed)])
        return fail_field(work, path, "%s has characters it cannot have", path);
    *(const char **)cell = arena_text(&work->arena, text);
    return true;
}

static bool take_integer(struct work *work, const char *path, json_object *value, void *cell)
{
    int64_t number = json_object_get_int64(value);

    if (!json_object_is_type(value, json_type_int) || number < 0 || number > 1000000)
        return fail_field(work, path, "%s must be an integer from 0 to 1000000", path);
    *(int64_t *)cell = number;
    return true;
}

static bool take_value(struct work *work, size_t i, const struct column *column, json_object *value,
                       void *cell)
{
    switch (column->type) {
    case TEXT:
        return take_text(work, known[i].path, column, known[i].allowed, value, cell);
    case INTEGER:
        return take_integer(work, known[i].path, value, cell);
    default:
        if (!json_object_is_type(value, json_type_object))
            return fail_field(work, known[i].path, "%s must be an object", known[i].path);
        ((document *)cell)->json = json_write(&work->arena, value);
        return true;
    }
}

/* Everything one change of a tenant needs. */
struct change {
    const char *tenant_key, *if_match;
    json_object *config;
    json_object *patch; /* what was merged into it; NULL: nothing was */
    struct found_secrets *secrets;
    struct tenant *tenant;
    bool created;
};

/* What a tenant begins as. */
static void begin_tenant(struct work *work, const char *tenant_key, struct tenant *tenant)
{
    unsigned char account[16];
    char hex[33];

    rand_bytes(account, sizeof account);
    hex_write(account, sizeof account, hex);
    row_clear(&tenant_entity, tenant);
    tenant->public_id = uid_new();
    tenant->tenant_key = tenant->name = arena_text(&work->arena, tenant_key);
    tenant->status = "active";
    tenant->timezone = "UTC";
    tenant->account_sid = arena_format(&work->arena, "AC%s", hex);
    tenant->max_agents = 50;
    tenant->max_concurrent_calls = 20;
    tenant->max_numbers = 20;
    tenant->markup_bp = 0;
    tenant->carrier_mode = "simulated";
    tenant->config.json = tenant->retention.json = tenant->redaction.json = "{}";
    tenant->cache_epoch = tenant->rev = 1;
    tenant->created_at = tenant->updated_at = clock_now();
}

/*
 * Whose carrier the tenant uses, unless the document says: its own when it gave an account and a
 * token, else the server's, else the rehearsal's.
 */
static bool choose_carrier(struct work *work, const struct change *change)
{
    const char *server = work->config ? work->config->twilio_account_sid : NULL;
    bool own = change->tenant->carrier_account_sid &&
               document_member(change->config, "twilio.auth_token") != NULL;

    if (document_member(change->config, "carrier_mode"))
        return true;
    change->tenant->carrier_mode = own ? "byoc" : server && *server ? "platform" : "simulated";
    return true;
}

static void hash_config(struct work *work, struct tenant *tenant, json_object *config)
{
    hash256 hash;
    unsigned char *kept = arena_take(&work->arena, 1, sizeof hash.bytes);

    tenant->config.json = json_write(&work->arena, config);
    hash = sha256(tenant->config.json, strlen(tenant->config.json));
    memcpy(kept, hash.bytes, sizeof hash.bytes);
    tenant->config_hash = (bytes){kept, sizeof hash.bytes};
}

static bool insert_tenant(struct work *work, const struct tenant *t)
{
    static const char sql[] =
        "INSERT INTO tenants (public_id, tenant_key, name, slug, status, owner_email,"
        " billing_email, timezone, account_sid, default_org_ref, max_agents, max_concurrent_calls,"
        " max_numbers, markup_bp, carrier_mode, carrier_account_sid, config, config_hash,"
        " cache_epoch, retention, redaction, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const struct param params[] = {
        PARAM(t->public_id),     PARAM(t->tenant_key),
        PARAM(t->name),          PARAM(t->slug),
        PARAM(t->status),        PARAM(t->owner_email),
        PARAM(t->billing_email), PARAM(t->timezone),
        PARAM(t->account_sid),   PARAM(t->default_org_ref),
        PARAM(t->max_agents),    PARAM(t->max_concurrent_calls),
        PARAM(t->max_numbers),   PARAM(t->markup_bp),
        PARAM(t->carrier_mode),  PARAM(t->carrier_account_sid),
        PARAM(t->config),        PARAM(t->config_hash),
        PARAM(t->cache_epoch),   PARAM(t->retention),
        PARAM(t->redaction),     PARAM(t->created_at),
        PARAM(t->updated_at),    PARAM(t->rev),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* The revision is part of the condition, so that of two writers one is told. */
static bool update_tenant(struct work *work, const struct tenant *t)
{
    static const char sql[] =
        "UPDATE tenants SET name = ?, slug = ?, status = ?, owner_email = ?, billing_email = ?,"
        " timezone = ?, default_org_ref = ?, max_agents = ?, max_concurrent_calls = ?,"
        " max_numbers = ?, carrier_mode = ?, carrier_account_sid = ?, config = ?, config_hash = ?,"
        " cache_epoch = cache_epoch + 1, retention = ?, redaction = ?, updated_at = ?,"
        " rev = rev + 1 WHERE id = ? AND rev = ?";
    instant now = clock_now();
    uint64_t changed;
    const struct param params[] = {
        PARAM(t->name),
        PARAM(t->slug),
        PARAM(t->status),
        PARAM(t->owner_email),
        PARAM(t->billing_email),
        PARAM(t->timezone),
        PARAM(t->default_org_ref),
        PARAM(t->max_agents),
        PARAM(t->max_concurrent_calls),
        PARAM(t->max_numbers),
        PARAM(t->carrier_mode),
        PARAM(t->carrier_account_sid),
        PARAM(t->config),
        PARAM(t->config_hash),
        PARAM(t->retention),
        PARAM(t->redaction),
        PARAM(now),
        PARAM(t->id),
        PARAM(t->rev),
    };

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed == 1 || fail(work, PRECONDITION, "The tenant was changed in the meantime");
}

/* Whether a setting is to be again what a tenant begins with. */
static bool is_taken_back(const struct change *change, const char *path)
{
    return document_nulls(change->config, path) ||
           (change->patch && document_nulls(change->patch, path));
}

static void copy_cell(enum type type, const void *from, void *to)
{
    if (type == TEXT)
        *(const char **)to = *(const char *const *)from;
    else if (type == INTEGER)
        *(int64_t *)to = *(const int64_t *)from;
    else
        *(document *)to = *(const document *)from;
}

/* What is not mentioned stays as it is; what is said to be null is as in a new tenant. */
static bool take_all_known(struct work *work, const struct change *change)
{
    struct tenant begun;

    begin_tenant(work, change->tenant_key, &begun);
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct column *column = column_at(&tenant_entity, known[i].offset);
        json_object *value = document_member(change->config, known[i].path);
        void *cell = cell_of(column, change->tenant);

        if (value && !take_value(work, i, column, value, cell))
            return false;
        if (!value && is_taken_back(change, known[i].path))
            copy_cell(column->type, cell_of(column, &begun), cell);
    }
    return true;
}

static bool create(struct work *work, struct change *change)
{
    struct tenant *tenant = change->tenant;

    if (change->if_match)
        return fail(work, PRECONDITION, "There is no such tenant yet");
    begin_tenant(work, change->tenant_key, tenant);
    if (!take_all_known(work, change) || !choose_carrier(work, change))
        return false;
    hash_config(work, tenant, change->config);
    if (!insert_tenant(work, tenant) || !tenant_by_key(work, change->tenant_key, tenant))
        return false;
    work->tenant = tenant->id;
    return tenant_secrets_put(work, change->secrets) && webhook_settings_apply(work, tenant);
}

static bool replace(struct work *work, struct change *change)
{
    struct tenant *tenant = change->tenant;

    if (change->if_match &&
        !tenant_etag_listed(change->if_match, tenant_etag(&work->arena, tenant)))
        return fail(work, PRECONDITION, "If-Match names another revision");
    work->tenant = tenant->id;
    if (!take_all_known(work, change) || !tenant_secrets_keep(work, change->config) ||
        !tenant_secrets_put(work, change->secrets) || !choose_carrier(work, change))
        return false;
    hash_config(work, tenant, change->config);
    return update_tenant(work, tenant) && epoch_advance(work) &&
           tenant_by_id(work, tenant->id, tenant) && webhook_settings_apply(work, tenant);
}

static bool put_step(struct work *work, void *with)
{
    struct change *change = with;

    change->created = !tenant_by_key(work, change->tenant_key, change->tenant);
    if (change->created && work->error.what != NOT_FOUND)
        return false;
    return change->created ? create(work, change) : replace(work, change);
}

static bool check_key(struct work *work, const char *tenant_key)
{
    size_t length = strlen(tenant_key);

    if (!length || length > 64 || strspn(tenant_key, LOWER UPPER DIGITS "_.-") != length ||
        strchr("_.-", *tenant_key))
        return fail_field(work, "tenant_id",
                          "tenant_id must have 1 to 64 letters, digits, dots, dashes and"
                          " underscores and begin with a letter or digit");
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (strcmp(tenant_key, reserved[i]) == 0)
            return fail_field(work, "tenant_id", "tenant_id %s is reserved", tenant_key);
    return true;
}

/* "*" is any revision, so that whoever was faster is no hindrance. */
static bool names_revision(const char *if_match)
{
    return if_match && strcmp(if_match, "*") != 0;
}

static bool read_document(struct work *work, const char *tenant_key, json_object *config,
                          struct found_secrets *secrets)
{
    return check_key(work, tenant_key) && webhook_settings_check(work, config) &&
           tenant_secrets_take(work, tenant_key, config, secrets) &&
           tenant_secrets_check(work, tenant_key, secrets);
}

bool tenant_put_patched(struct work *work, const char *tenant_key, json_object *config,
                        json_object *patch, const char *if_match, struct tenant *tenant,
                        bool *created)
{
    struct found_secrets secrets = {0};
    struct change change = {tenant_key, if_match, config, patch, &secrets, tenant, false};

    if (!read_document(work, tenant_key, config, &secrets))
        return false;
    for (int attempt = 0; attempt < 3; attempt++) {
        if (db_transaction(work, put_step, &change)) {
            *created = change.created;
            log_info(work, "tenant.put", "tenant=%s created=%d", tenant_key, change.created);
            return true;
        }
        /* Somebody else was faster: what he wrote is now what this change is applied to. */
        if (names_revision(if_match) ||
            (work->error.what != CONFLICT && work->error.what != PRECONDITION))
            return false;
    }
    return false;
}

bool tenant_put(struct work *work, const char *tenant_key, json_object *config,
                const char *if_match, struct tenant *tenant, bool *created)
{
    return tenant_put_patched(work, tenant_key, config, NULL, if_match, tenant, created);
}

bool tenant_check(struct work *work, const char *tenant_key, json_object *config,
                  struct tenant *tenant)
{
    struct found_secrets secrets = {0};
    const struct change change = {tenant_key, NULL, config, NULL, &secrets, tenant, false};

    if (!read_document(work, tenant_key, config, &secrets))
        return false;
    begin_tenant(work, tenant_key, tenant);
    if (!take_all_known(work, &change) || !choose_carrier(work, &change))
        return false;
    hash_config(work, tenant, config);
    return true;
}

const char *tenant_setting(struct work *work, const struct tenant *tenant, const char *path)
{
    json_object *config = json_parse(tenant->config.json), *value = document_member(config, path);
    const char *text = json_object_is_type(value, json_type_string)
                           ? arena_text(&work->arena, json_object_get_string(value))
                           : NULL;

    json_object_put(config);
    return text;
}

bool tenant_setting_is_on(struct work *work, const struct tenant *tenant, const char *path,
                          bool fallback)
{
    json_object *config = json_parse(tenant->config.json), *value = document_member(config, path);
    bool on =
        json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value) : fallback;

    (void)work;
    json_object_put(config);
    return on;
}

const char *tenant_country(struct work *work, const struct tenant *tenant)
{
    const char *country = tenant_setting(work, tenant, "country");

    return country && *country ? country : "US";
}
