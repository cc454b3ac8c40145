/*
 * Tenants: made, listed and limited by the platform, looked at and named by themselves.
 */
#include <string.h>

#include "core/json.h"
#include "domain/resolve.h"
#include "domain/tenant_usage.h"
#include "fcgi/auth.h"
#include "fcgi/phony/phony.h"

/* ---- what is shown ---- */

struct shown {
    uid id;
    const char *name, *subdomain, *status, *billing_email;
    int64_t max_agents, max_concurrent_calls;
    struct tenant_usage usage; /* NO_INTEGER: not asked for */
    instant created_at, updated_at;
};

static const struct column shown_columns[] = {
    COLUMN(shown, id, NOT_NULL),
    COLUMN(shown, name, NOT_NULL),
    COLUMN(shown, subdomain, NOT_NULL),
    COLUMN(shown, status, NOT_NULL, .one_of = tenant_states),
    COLUMN(shown, billing_email, NULLABLE),
    COLUMN(shown, max_agents, NOT_NULL),
    COLUMN(shown, max_concurrent_calls, NOT_NULL),
    COLUMN(shown, usage.agents, NULLABLE),
    COLUMN(shown, usage.active_calls, NULLABLE),
    COLUMN(shown, usage.minutes_this_month, NULLABLE),
    COLUMN(shown, created_at, NOT_NULL),
    COLUMN(shown, updated_at, NOT_NULL),
};

static const struct entity shown_entity = ENTITY(shown, "tenant", NULL, shown_columns);

static const struct field limit_fields[] = {
    FIELD(shown, max_agents, "max_agents", READ),
    FIELD(shown, max_concurrent_calls, "max_concurrent_calls", READ),
};

static const struct view limits_view = VIEW("TenantLimits", shown_entity, limit_fields);

static const struct field usage_fields[] = {
    FIELD(shown, usage.agents, "agents", READ | OPTIONAL),
    FIELD(shown, usage.active_calls, "active_calls", READ | OPTIONAL),
    FIELD(shown, usage.minutes_this_month, "minutes_this_month", READ | OPTIONAL),
};

static const struct view usage_view = VIEW("TenantUsage", shown_entity, usage_fields);

static const struct field shown_fields[] = {
    /* clang-format off */
    FIELD(shown, id,            "id",            READ, PHONY_TENANT_ID),
    FIELD(shown, name,          "name",          READ),
    FIELD(shown, subdomain,     "subdomain",     READ, .about = "Of a tenant without one: what else it is called."),
    FIELD(shown, status,        "status",        READ),
    FIELD(shown, billing_email, "billing_email", READ),
    NESTED("limits", limits_view, READ),
    NESTED("usage", usage_view, READ | OPTIONAL),
    FIELD(shown, created_at,    "created_at",    READ, PHONY_TIME),
    FIELD(shown, updated_at,    "updated_at",    READ, PHONY_TIME),
    /* clang-format on */
};

const struct view phony_tenant_view = VIEW("Tenant", shown_entity, shown_fields);

static void show(const struct tenant *tenant, struct shown *shown)
{
    row_clear(&shown_entity, shown);
    shown->id = tenant->public_id;
    shown->name = tenant->name;
    shown->subdomain = tenant->slug ? tenant->slug : tenant->tenant_key;
    shown->status = tenant->status;
    shown->billing_email = tenant->billing_email;
    shown->max_agents = tenant->max_agents;
    shown->max_concurrent_calls = tenant->max_concurrent_calls;
    shown->created_at = tenant->created_at;
    shown->updated_at = tenant->updated_at;
}

static bool reply_tenant(struct request *req, int status, const struct tenant *tenant)
{
    struct shown shown;

    show(tenant, &shown);
    return tenant_usage(&req->work, tenant, &shown.usage) &&
           reply_row(req, status, &phony_tenant_view, &shown);
}

/* ---- the list ---- */

const struct query_parameter phony_tenant_parameters[] = {
    {"status", "\"type\":\"string\",\"enum\":[\"trial\",\"active\",\"suspended\",\"cancelled\"]",
     NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

struct filter {
    const char *status;
};

static const struct column filter_columns[] = {
    COLUMN(filter, status, NULLABLE, .one_of = tenant_states),
};

static const struct entity filter_entity = ENTITY(filter, "tenant filter", NULL, filter_columns);
static const struct field filter_fields[] = {FIELD(filter, status, "status", FILTER)};
static const struct view filter_view = VIEW("TenantFilter", filter_entity, filter_fields);

bool phony_list_tenants(struct request *req)
{
    const struct tenant *tenants;
    struct filter filter;
    struct shown *shown;
    struct page page;
    struct rows rows;

    if (!read_page(req, &page) || !phony_filters(req, &filter_view, &filter) ||
        !tenants_of_status(&req->work, filter.status, &page, &rows))
        return false;
    tenants = rows.at;
    shown = arena_new(&req->work.arena, struct shown, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        show(&tenants[i], &shown[i]);
    return reply_rows(req, &phony_tenant_view, &page, &(struct rows){shown, rows.count});
}

/* ---- what is asked for ---- */

/* Enough to tell a slip from an address; whether mail arrives shows when it is sent. */
static const char *parse_email(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    const char *email = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    const char *host = strchr(email, '@');

    (void)req, (void)field;
    if (strlen(email) != (size_t)json_object_get_string_len(in) || strlen(email) > 254 || !host ||
        host == email || !host[1] || strchr(host + 1, '@') || email[strcspn(email, " \t\r\n<>,;")])
        return "an e-mail address";
    *(const char **)cell = email;
    return NULL;
}

static const struct wire email = {
    .parse = parse_email,
    .schema = "\"type\":\"string\",\"format\":\"email\",\"maxLength\":254",
};

/* A name in the DNS: small letters and digits, dashes within. */
static const char *parse_subdomain(struct request *req, const struct field *field, json_object *in,
                                   void *cell)
{
    static const char ends[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *name = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    size_t length = strlen(name);

    (void)req, (void)field;
    if (length < 3 || length > 63 || strspn(name, letters) != length || !strchr(ends, *name) ||
        !strchr(ends, name[length - 1]))
        return "a subdomain: 3 to 63 small letters, digits and dashes";
    *(const char **)cell = name;
    return NULL;
}

static const struct wire subdomain = {
    .parse = parse_subdomain,
    .schema = "\"type\":\"string\",\"pattern\":\"^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$\"",
};

struct wish {
    const char *name, *subdomain, *billing_email, *status;
    int64_t max_agents, max_concurrent_calls;
};

enum { MOST = 100000 };

static const struct column new_columns[] = {
    COLUMN(wish, name, NOT_NULL),
    COLUMN(wish, subdomain, NOT_NULL),
    COLUMN(wish, billing_email, NOT_NULL),
    COLUMN(wish, max_agents, NOT_NULL, .least = 1, .most = MOST),
    COLUMN(wish, max_concurrent_calls, NOT_NULL, .least = 1, .most = MOST),
};

static const struct column change_columns[] = {
    COLUMN(wish, name, NOT_NULL),
    COLUMN(wish, subdomain, NOT_NULL),
    COLUMN(wish, billing_email, NULLABLE),
    COLUMN(wish, max_agents, NOT_NULL, .least = 0, .most = MOST),
    COLUMN(wish, max_concurrent_calls, NOT_NULL, .least = 0, .most = MOST),
    COLUMN(wish, status, NOT_NULL, .one_of = tenant_states),
};

static const struct entity new_entity = ENTITY(wish, "tenant", NULL, new_columns);
static const struct entity change_entity = ENTITY(wish, "tenant", NULL, change_columns);

static const struct field new_fields[] = {
    /* clang-format off */
    FIELD(wish, name,                 "name",                 CREATE | REQUIRED, .wire = &phony_name),
    FIELD(wish, subdomain,            "subdomain",            CREATE | REQUIRED, .wire = &subdomain),
    FIELD(wish, max_agents,           "max_agents",           CREATE, .about = "50 unless given."),
    FIELD(wish, max_concurrent_calls, "max_concurrent_calls", CREATE, .about = "20 unless given."),
    FIELD(wish, billing_email,        "billing_email",        CREATE, .wire = &email),
    /* clang-format on */
};

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(wish, name,                 "name",                 UPDATE, .wire = &phony_name),
    FIELD(wish, subdomain,            "subdomain",            UPDATE, .wire = &subdomain),
    FIELD(wish, max_agents,           "max_agents",           UPDATE),
    FIELD(wish, max_concurrent_calls, "max_concurrent_calls", UPDATE),
    FIELD(wish, billing_email,        "billing_email",        UPDATE, .wire = &email),
    FIELD(wish, status,               "status",               UPDATE),
    /* clang-format on */
};

const struct view phony_new_tenant_view = VIEW("TenantCreate", new_entity, new_fields);
const struct view phony_tenant_change_view = VIEW("TenantUpdate", change_entity, change_fields);

/* Where the settings document keeps what a tenant is given, and who may change it. */
static const struct {
    const char *group, *name;
    size_t offset;
    bool is_platforms;
} settings[] = {
    {NULL, "display_name", offsetof(struct wish, name), false},
    {NULL, "slug", offsetof(struct wish, subdomain), true},
    {NULL, "billing_email", offsetof(struct wish, billing_email), false},
    {NULL, "status", offsetof(struct wish, status), true},
    {"limits", "max_agents", offsetof(struct wish, max_agents), true},
    {"limits", "max_concurrent_calls", offsetof(struct wish, max_concurrent_calls), true},
};

static json_object *value_of(const struct column *column, const void *cell)
{
    if (cell_is_none(column->type, cell))
        return NULL;
    if (column->type == INTEGER)
        return json_object_new_int64(*(const int64_t *)cell);
    return json_object_new_string(*(const char *const *)cell);
}

/* Puts what was given into a settings document; what is null is taken back. */
static void put_settings(json_object *whole, const struct entity *entity, const struct wish *wish,
                         columns given)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct column *column = column_at(entity, settings[i].offset);
        json_object *into = whole;

        if (!column || !columns_have(given, entity, settings[i].offset))
            continue;
        if (settings[i].group) {
            into = json_member(whole, settings[i].group);
            if (!json_object_is_type(into, json_type_object)) {
                into = json_object_new_object();
                json_object_object_add(whole, settings[i].group, into);
            }
        }
        json_object_object_add(into, settings[i].name, value_of(column, cell_of(column, wish)));
    }
}

/* ---- creating ---- */

struct creation {
    const char *subdomain;
    json_object *document;
    struct tenant tenant;
};

/* A name that another tenant has is not taken over: what was written then is taken back. */
static bool create_step(struct work *work, void *with)
{
    struct creation *creation = with;
    bool created;

    return tenant_put(work, creation->subdomain, creation->document, NULL, &creation->tenant,
                      &created) &&
           (created || fail(work, CONFLICT, "The subdomain is taken"));
}

bool phony_create_tenant(struct request *req)
{
    struct creation creation = {0};
    int64_t before = req->work.tenant;
    struct wish wish = {0};
    columns given;
    bool ok;

    if (!read_body(req, &phony_new_tenant_view, CREATE, &wish, &given))
        return false;
    creation.subdomain = wish.subdomain;
    creation.document = json_object_new_object();
    put_settings(creation.document, &new_entity, &wish, given);
    json_object_object_add(creation.document, "status", json_object_new_string("trial"));
    ok = db_transaction(&req->work, create_step, &creation);
    req->work.tenant = before;
    json_object_put(creation.document);
    if (!ok && req->work.error.what == CONFLICT)
        return fail(&req->work, CONFLICT, "The subdomain is taken");
    return ok && reply_tenant(req, 201, &creation.tenant);
}

/* ---- one tenant ---- */

/* The one that the path names; to others than the platform only their own is there. */
static bool find_tenant(struct request *req, struct tenant *tenant)
{
    const char *name = request_path(req, "tenant_id");
    int64_t id = 0;

    if (!resolve_tenant(&req->work, name, &id) && req->work.error.what != NOT_FOUND)
        return false;
    if (!phony_is_platform(req) && (!id || id != req->work.tenant)) {
        fail(&req->work, FORBIDDEN, "The API key is for its own tenant only");
        return false;
    }
    if (id)
        return tenant_by_id(&req->work, id, tenant);
    fail(&req->work, NOT_FOUND, "No such tenant");
    return false;
}

bool phony_get_tenant(struct request *req)
{
    struct tenant tenant;

    return find_tenant(req, &tenant) && reply_tenant(req, 200, &tenant);
}

/* A tenant names itself; what it may and whether it is served is the platform's. */
static bool may_change(struct request *req, columns given)
{
    if (phony_is_platform(req))
        return true;
    for (size_t i = 0; i < COUNT(settings); i++)
        if (settings[i].is_platforms && columns_have(given, &change_entity, settings[i].offset))
            return fail(&req->work, FORBIDDEN, "That is changed with platform:admin only");
    return auth_permits(req, "tenant:write");
}

/* trial -> active <-> suspended -> cancelled, where it ends; no tenant is on trial twice. */
static bool check_status(struct request *req, const struct tenant *tenant, const char *status)
{
    bool is_same = !status || strcmp(status, tenant->status) == 0;

    if (!is_same && (strcmp(tenant->status, "cancelled") == 0 || strcmp(status, "trial") == 0))
        return fail(&req->work, WRONG_STATE, "A tenant that is %s does not become %s",
                    tenant->status, status);
    return true;
}

static bool change_once(struct request *req, const struct wish *wish, columns given,
                        struct tenant *tenant)
{
    const char *etag = tenant_etag(&req->work.arena, tenant);
    json_object *settled = json_parse(tenant->config.json);
    bool created, ok;

    if (!json_object_is_type(settled, json_type_object)) {
        json_object_put(settled);
        return fail(&req->work, INTERNAL, "The settings could not be read");
    }
    put_settings(settled, &change_entity, wish, given);
    ok = tenant_put(&req->work, tenant->tenant_key, settled, etag, tenant, &created);
    json_object_put(settled);
    return ok;
}

/* Who is overtaken by another change puts his own into what is there then, if it still may be. */
static bool change(struct request *req, const struct wish *wish, columns given,
                   struct tenant *tenant)
{
    int64_t before = req->work.tenant, id = tenant->id;
    bool ok = false;

    for (int attempt = 0; attempt < 5 && !ok; attempt++) {
        ok = tenant_by_id(&req->work, id, tenant) && check_status(req, tenant, wish->status) &&
             change_once(req, wish, given, tenant);
        if (!ok && req->work.error.what != PRECONDITION)
            break;
    }
    req->work.tenant = before;
    if (!ok && req->work.error.what == CONFLICT)
        return fail(&req->work, CONFLICT, "The subdomain is taken");
    return ok;
}

bool phony_update_tenant(struct request *req)
{
    struct tenant tenant;
    struct wish wish = {0};
    columns given;

    if (!find_tenant(req, &tenant) ||
        !read_body(req, &phony_tenant_change_view, UPDATE, &wish, &given) ||
        !may_change(req, given))
        return false;
    if (columns_empty(given))
        return fail(&req->work, INVALID, "The body says nothing that could be changed");
    return change(req, &wish, given, &tenant) && reply_tenant(req, 200, &tenant);
}
