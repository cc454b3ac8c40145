#include "domain/tenants.h"

#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/log.h"
#include "domain/secrets.h"

const char *const tenant_states[] = {"trial", "active", "suspended", "cancelled", NULL};
static const char *const carrier_modes[] = {"platform", "byoc", "simulated", NULL};

static const struct column columns_of_tenant[] = {
    COLUMN(tenant, id, NOT_NULL),
    COLUMN(tenant, public_id, NOT_NULL),
    COLUMN(tenant, tenant_key, NOT_NULL, .max = 64),
    COLUMN(tenant, parent_tenant_id, NULLABLE),
    COLUMN(tenant, name, NOT_NULL, .max = 190),
    COLUMN(tenant, slug, NULLABLE, .max = 63),
    COLUMN(tenant, status, NOT_NULL, .one_of = tenant_states),
    COLUMN(tenant, owner_email, NULLABLE, .max = 254),
    COLUMN(tenant, billing_email, NULLABLE, .max = 254),
    COLUMN(tenant, timezone, NOT_NULL, .max = 64),
    COLUMN(tenant, account_sid, NOT_NULL, .max = 34),
    COLUMN(tenant, default_org_ref, NULLABLE, .max = 64),
    COLUMN(tenant, max_agents, NOT_NULL),
    COLUMN(tenant, max_concurrent_calls, NOT_NULL),
    COLUMN(tenant, max_numbers, NOT_NULL),
    COLUMN(tenant, markup_bp, NOT_NULL),
    COLUMN(tenant, carrier_mode, NOT_NULL, .one_of = carrier_modes),
    COLUMN(tenant, carrier_account_sid, NULLABLE, .max = 34),
    COLUMN(tenant, config, NOT_NULL),
    COLUMN(tenant, config_hash, NOT_NULL),
    COLUMN(tenant, cache_epoch, NOT_NULL),
    COLUMN(tenant, retention, NOT_NULL),
    COLUMN(tenant, redaction, NOT_NULL),
    COLUMN(tenant, deleted_at, NULLABLE),
    COLUMN(tenant, created_at, NOT_NULL),
    COLUMN(tenant, updated_at, NOT_NULL),
    COLUMN(tenant, rev, NOT_NULL),
};

/* No table is named: the generic statements are about what a tenant has, not about tenants. */
const struct entity tenant_entity = ENTITY(tenant, "tenant", NULL, columns_of_tenant);

#define TENANT_COLUMNS                                                                             \
    "id, public_id, tenant_key, parent_tenant_id, name, slug, status, owner_email, "               \
    "billing_email, timezone, account_sid, default_org_ref, max_agents, max_concurrent_calls, "    \
    "max_numbers, markup_bp, carrier_mode, carrier_account_sid, config, config_hash, "             \
    "cache_epoch, retention, redaction, deleted_at, created_at, updated_at, rev"

bool tenant_by_id(struct work *work, int64_t id, struct tenant *tenant)
{
    static const char sql[] = "SELECT " TENANT_COLUMNS " FROM tenants WHERE id = ?";
    const struct param params[] = {PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &tenant_entity, tenant);
}

/* Names are plain ASCII; any other text names nothing, and would not compare with the column. */
static bool is_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "_.-~:@+");

    return length && !text[length] && length <= 80;
}

bool tenant_by_key(struct work *work, const char *tenant_key, struct tenant *tenant)
{
    static const char sql[] =
        "SELECT " TENANT_COLUMNS " FROM tenants WHERE tenant_key = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(tenant_key)};

    if (!is_name(tenant_key))
        return fail(work, NOT_FOUND, "No such tenant");
    return db_find(work, sql, params, COUNT(params), &tenant_entity, tenant);
}

bool tenant_by_account_sid(struct work *work, const char *account_sid, struct tenant *tenant)
{
    static const char sql[] =
        "SELECT " TENANT_COLUMNS " FROM tenants WHERE account_sid = ? AND deleted_at IS NULL";
    const struct param params[] = {PARAM(account_sid)};

    if (!is_name(account_sid))
        return fail(work, NOT_FOUND, "No such tenant");
    return db_find(work, sql, params, COUNT(params), &tenant_entity, tenant);
}

bool tenants_by_carrier_account(struct work *work, const char *account_sid, struct rows *tenants)
{
    static const char sql[] = "SELECT " TENANT_COLUMNS " FROM tenants"
                              " WHERE carrier_account_sid = ? AND deleted_at IS NULL ORDER BY id";
    const struct param params[] = {PARAM(account_sid)};

    *tenants = (struct rows){0};
    if (!is_name(account_sid))
        return true;
    return db_select(work, sql, params, COUNT(params), &tenant_entity, tenants);
}

bool tenant_is_served(const struct tenant *tenant)
{
    return instant_is_none(tenant->deleted_at) &&
           (strcmp(tenant->status, "trial") == 0 || strcmp(tenant->status, "active") == 0);
}

char *tenant_etag(struct arena *arena, const struct tenant *tenant)
{
    char hex[13] = "000000000000";

    if (tenant->config_hash.length >= 6)
        hex_write(tenant->config_hash.at, 6, hex);
    return arena_format(arena, "%lld-%s", (long long)tenant->rev, hex);
}

/* One tag of a list: quoted or not, weak or not. */
static bool is_tag(const char *at, size_t length, const char *etag)
{
    if (length > 2 && at[0] == 'W' && at[1] == '/') {
        at += 2;
        length -= 2;
    }
    if (length > 1 && at[0] == '"' && at[length - 1] == '"') {
        at++;
        length -= 2;
    }
    return (length == 1 && *at == '*') || (length == strlen(etag) && memcmp(at, etag, length) == 0);
}

bool tenant_etag_listed(const char *header, const char *etag)
{
    for (size_t length; *header; header += length + strspn(header + length, ", \t")) {
        length = strcspn(header, ", \t");
        if (length && is_tag(header, length, etag))
            return true;
    }
    return false;
}

static bool is_set(const char *setting)
{
    return setting && *setting;
}

/* The account our server has with the carrier. */
static bool platform_carrier(struct work *work, struct carrier *carrier)
{
    const struct config *config = work->config;

    if (!is_set(config->twilio_account_sid) || !is_set(config->twilio_auth_token))
        return fail(work, UPSTREAM, "No carrier is configured");
    *carrier = (struct carrier){config->twilio_api_base_url, config->twilio_account_sid,
                                config->twilio_auth_token, CARRIER_PLATFORM};
    return true;
}

static bool rehearsal_carrier(struct work *work, struct carrier *carrier)
{
    const struct config *config = work->config;

    if (!is_set(config->rehearsal_api_base_url) || !is_set(config->rehearsal_account_sid) ||
        !is_set(config->rehearsal_auth_token))
        return fail(work, UPSTREAM, "No carrier is configured");
    *carrier = (struct carrier){config->rehearsal_api_base_url, config->rehearsal_account_sid,
                                config->rehearsal_auth_token, CARRIER_SIMULATED};
    return true;
}

static bool own_carrier(struct work *work, const struct tenant *tenant, struct carrier *carrier)
{
    int64_t before = work->tenant;
    const char *token;
    bool ok;

    work->tenant = tenant->id;
    ok = tenant->carrier_account_sid && secret_get(work, SECRET_CARRIER_TOKEN, &token);
    work->tenant = before;
    if (!ok && tenant->carrier_account_sid && work->error.what == BUSY)
        return false;
    if (!ok)
        return fail(work, UPSTREAM, "The tenant's carrier account is not complete");
    *carrier = (struct carrier){work->config->twilio_api_base_url, tenant->carrier_account_sid,
                                token, CARRIER_OWN};
    return true;
}

static const char *without_slash(struct arena *arena, const char *url)
{
    size_t length = strlen(url);

    return length && url[length - 1] == '/' ? arena_copy(arena, url, length - 1) : url;
}

bool carrier_of_source(struct work *work, const struct tenant *tenant, const char *source,
                       struct carrier *carrier)
{
    bool ok;

    if (strcmp(source, "byoc") == 0 || strcmp(source, "imported") == 0)
        ok = own_carrier(work, tenant, carrier);
    else if (strcmp(source, "platform") == 0)
        ok = platform_carrier(work, carrier);
    else
        ok = rehearsal_carrier(work, carrier);
    if (!ok)
        return false;
    carrier->base_url = without_slash(&work->arena, carrier->base_url);
    return true;
}

bool carrier_of_tenant(struct work *work, const struct tenant *tenant, struct carrier *carrier)
{
    return carrier_of_source(work, tenant, tenant->carrier_mode, carrier);
}

const char *carrier_source(const struct carrier *carrier)
{
    static const char *const sources[] = {
        [CARRIER_PLATFORM] = "platform", [CARRIER_OWN] = "byoc", [CARRIER_SIMULATED] = "simulated"};

    return sources[carrier->kind];
}

const char *carrier_name(const struct carrier *carrier)
{
    return carrier->kind == CARRIER_SIMULATED ? "sim" : "twilio";
}

struct count {
    const char *counter;
    int64_t value;
};

static bool next_step(struct work *work, void *with)
{
    static const char add[] =
        "INSERT INTO tenant_counters (tenant_id, name, next_value)"
        " VALUES (?, ?, 2) ON DUPLICATE KEY UPDATE next_value = next_value + 1";
    static const char read[] =
        "SELECT next_value - 1 FROM tenant_counters WHERE tenant_id = ? AND name = ?";
    struct count *count = with;
    const struct param params[] = {PARAM(work->tenant), PARAM(count->counter)};

    return db_execute(work, add, params, COUNT(params), NULL) &&
           db_number(work, read, params, COUNT(params), 0, &count->value);
}

bool tenant_next(struct work *work, const char *counter, int64_t *value)
{
    struct count count = {.counter = counter};

    if (!db_transaction(work, next_step, &count))
        return false;
    *value = count.value;
    return true;
}

bool tenant_touch(struct work *work, int64_t id)
{
    static const char sql[] = "UPDATE tenants SET cache_epoch = cache_epoch + 1 WHERE id = ?";
    const struct param params[] = {PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool tenants_of_status(struct work *work, const char *status, const struct page *page,
                       struct rows *tenants)
{
    static const char sql[] = "SELECT " TENANT_COLUMNS " FROM tenants WHERE deleted_at IS NULL"
                              " AND (? IS NULL OR status = ?) ORDER BY id DESC LIMIT ? OFFSET ?";
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;
    const struct param params[] = {PARAM(status), PARAM(status), PARAM(size), PARAM(skip)};

    return db_select(work, sql, params, COUNT(params), &tenant_entity, tenants);
}

bool tenants_list(struct work *work, const struct page *page, struct rows *tenants)
{
    return tenants_of_status(work, NULL, page, tenants);
}
