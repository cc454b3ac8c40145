/*
 * Tenants as documents, and their prepaid balances.
 */
#include <string.h>

#include "core/json.h"
#include "domain/ledger.h"
#include "domain/tenants.h"
#include "domain/webhook_settings.h"
#include "fcgi/stateset/stateset.h"

/* The document's known members; whatever else it holds is kept as it is. */
struct settings {
    const char *tenant_id, *model, *org_id, *system_prompt_key, *voice;
    const char *webhook_url, *webhook_event_prefix, *webhook_secret;
    document twilio, webhook_events;
};

static const struct column settings_columns[] = {
    COLUMN(settings, tenant_id, NOT_NULL, .max = 64),
    COLUMN(settings, model, NULLABLE, .max = 80),
    COLUMN(settings, org_id, NULLABLE, .max = 64),
    COLUMN(settings, system_prompt_key, NULLABLE, .max = 120),
    COLUMN(settings, voice, NULLABLE, .max = 80),
    COLUMN(settings, twilio, NULLABLE),
    COLUMN(settings, webhook_url, NULLABLE, .max = 500),
    COLUMN(settings, webhook_events, NULLABLE),
    COLUMN(settings, webhook_event_prefix, NULLABLE, .max = 16),
    COLUMN(settings, webhook_secret, NULLABLE, .max = 1900),
};

static const struct entity settings_entity = ENTITY(settings, "tenant", NULL, settings_columns);

static const struct field settings_fields[] = {
    /* clang-format off */
    FIELD(settings, tenant_id,         "tenant_id",         CREATE, .about = "Must be the one in the path, if it is given."),
    FIELD(settings, model,             "model",             CREATE, .about = "Realtime model of the tenant's calls."),
    FIELD(settings, org_id,            "org_id",            CREATE, .about = "Label below the tenant that new rows get."),
    FIELD(settings, system_prompt_key, "system_prompt_key", CREATE),
    FIELD(settings, voice,             "voice",             CREATE, .about = "Voice of generated speech."),
    FIELD(settings, twilio,            "twilio",            CREATE, .wire = &wire_document, .about = "The tenant's own carrier account: account_sid, auth_token, from_number."),
    FIELD(settings, webhook_url,       "webhook_url",       CREATE, .about = "Where the tenant's events are posted to."),
    FIELD(settings, webhook_events,    "webhook_events",    CREATE, .wire = &wire_array, .about = "Names of the events that are wanted; without it, or with none, all of them."),
    FIELD(settings, webhook_event_prefix, "webhook_event_prefix", CREATE, .about = "Stands before the names of events: \"voice.\" for voice.call.completed."),
    FIELD(settings, webhook_secret,    "webhook_secret",    CREATE, .about = "Signs what is posted: X-StateSet-Signature: t=<seconds>,v1=<hex HMAC-SHA-256 of t.body>. Where a receiver is named and none is given, one is made and answered once; a null makes a new one."),
    /* clang-format on */
};

const struct view admin_document_view =
    VIEW("TenantConfigDocument", settings_entity, settings_fields);

/* A tenant as it is read. */
struct tenant_answer {
    bool ok;
    const char *tenant_id, *etag, *webhook_secret;
    document config;
};

static const struct column answer_columns[] = {
    COLUMN(tenant_answer, ok, NOT_NULL),
    COLUMN(tenant_answer, tenant_id, NOT_NULL),
    COLUMN(tenant_answer, etag, NOT_NULL),
    COLUMN(tenant_answer, config, NOT_NULL),
    COLUMN(tenant_answer, webhook_secret, NULLABLE),
};

static const struct entity answer_entity = ENTITY(tenant_answer, "tenant", NULL, answer_columns);

static const struct field tenant_fields[] = {
    /* clang-format off */
    FIELD(tenant_answer, ok,        "ok",        READ),
    FIELD(tenant_answer, tenant_id, "tenant_id", READ),
    FIELD(tenant_answer, etag,      "etag",      READ),
    FIELD(tenant_answer, config,    "config",    READ, .wire = &wire_document),
    /* clang-format on */
};

const struct view admin_tenant_view = VIEW("TenantResponse", answer_entity, tenant_fields);

/* What signs the tenant's events, where the settings name a receiver and brought no secret. */
#define NEW_SECRET                                                                                 \
    FIELD(tenant_answer, webhook_secret, "webhook_secret", READ | OPTIONAL,                        \
          .about = "The secret that was made to sign the tenant's events; it is shown once.")

static const struct field changed_fields[] = {
    /* clang-format off */
    FIELD(tenant_answer, ok,        "ok",        READ),
    FIELD(tenant_answer, tenant_id, "tenant_id", READ),
    FIELD(tenant_answer, etag,      "etag",      READ),
    FIELD(tenant_answer, config,    "config",    READ, .wire = &wire_document),
    NEW_SECRET,
    /* clang-format on */
};

const struct view admin_changed_view = VIEW("ChangedTenantResponse", answer_entity, changed_fields);

static const struct field mutation_fields[] = {
    /* clang-format off */
    FIELD(tenant_answer, ok,        "ok",        READ),
    FIELD(tenant_answer, tenant_id, "tenant_id", READ),
    FIELD(tenant_answer, etag,      "etag",      READ, .about = "The new revision, for If-Match."),
    NEW_SECRET,
    /* clang-format on */
};

const struct view admin_mutation_view =
    VIEW("TenantMutationResponse", answer_entity, mutation_fields);

static bool reply_with(struct request *req, const struct view *view, const struct tenant *tenant,
                       document config, const char *webhook_secret)
{
    const char *etag = tenant_etag(&req->work.arena, tenant);

    reply_header(req, "ETag", arena_format(&req->work.arena, "\"%s\"", etag));
    return reply_row(
        req, 200, view,
        &(struct tenant_answer){true, tenant->tenant_key, etag, webhook_secret, config});
}

bool admin_reply_tenant(struct request *req, const struct tenant *tenant, document config)
{
    return reply_with(req, &admin_tenant_view, tenant, config, NULL);
}

bool admin_reply_changed(struct request *req, const struct tenant *tenant,
                         const char *webhook_secret)
{
    return reply_with(req, &admin_changed_view, tenant, tenant_shown(&req->work, tenant),
                      webhook_secret);
}

bool admin_reply_mutation(struct request *req, const struct tenant *tenant)
{
    return reply_with(req, &admin_mutation_view, tenant, tenant->config, NULL);
}

bool admin_get_tenant(struct request *req)
{
    const char *known = request_header(req, "If-None-Match");
    const char *etag = tenant_etag(&req->work.arena, req->tenant);

    if (!known || !tenant_etag_listed(known, etag))
        return admin_reply_tenant(req, req->tenant, tenant_shown(&req->work, req->tenant));
    reply_header(req, "ETag", arena_format(&req->work.arena, "\"%s\"", etag));
    return reply_empty(req, 304);
}

static bool make_secret(struct request *req, const char *tenant_key, json_object *config,
                        const char **shown_once)
{
    struct tenant before;
    bool is_new = !tenant_by_key(&req->work, tenant_key, &before);

    return (!is_new || req->work.error.what == NOT_FOUND) &&
           webhook_settings_secret(&req->work, is_new ? NULL : &before, config, false, shown_once);
}

/* The tree is the request's, so the domain gets one of its own to take the secrets out of. */
static bool put_document(struct request *req, const char *tenant_key, struct tenant *tenant,
                         const char **webhook_secret)
{
    json_object *config = NULL;
    bool created, ok;

    if (json_object_deep_copy(req->json, &config, NULL) != 0)
        return fail(&req->work, INTERNAL, "The document could not be read");
    ok = make_secret(req, tenant_key, config, webhook_secret) &&
         tenant_put(&req->work, tenant_key, config, request_header(req, "If-Match"), tenant,
                    &created);
    json_object_put(config);
    if (!ok && req->work.error.what == CONFLICT)
        return fail_field(&req->work, "slug", "slug is taken");
    return ok;
}

bool admin_check_document(struct request *req, const char **tenant_key)
{
    struct settings settings;
    columns given;

    row_clear(&settings_entity, &settings);
    if (!req->json)
        return fail(&req->work, INVALID, "The body must be a JSON object");
    if (!read_body(req, &admin_document_view, CREATE, &settings, &given))
        return false;
    *tenant_key = settings.tenant_id;
    return true;
}

bool admin_put_tenant(struct request *req)
{
    const char *tenant_key = request_path(req, "tenant_id"), *given = NULL, *webhook_secret = NULL;
    struct tenant tenant;

    if (!admin_check_document(req, &given))
        return false;
    if (given && strcmp(given, tenant_key) != 0)
        return fail_field(&req->work, "tenant_id", "tenant_id differs from the one in the path");
    return put_document(req, tenant_key, &tenant, &webhook_secret) &&
           reply_with(req, &admin_mutation_view, &tenant, tenant.config, webhook_secret);
}

struct amount {
    int64_t amount_micros;
    const char *note;
};

static const struct column amount_columns[] = {
    COLUMN(amount, amount_micros, NOT_NULL, .least = -1000000000000, .most = 1000000000000),
    COLUMN(amount, note, NULLABLE, .max = 200),
};

static const struct entity amount_entity = ENTITY(amount, "amount", NULL, amount_columns);

static const struct field amount_fields[] = {
    /* clang-format off */
    FIELD(amount, amount_micros, "amount_micros", CREATE | REQUIRED, .about = "Millionths of the currency unit."),
    FIELD(amount, note,          "note",          CREATE),
    /* clang-format on */
};

const struct view admin_amount_view = VIEW("AddBalance", amount_entity, amount_fields);

struct balance {
    bool ok;
    int64_t balance_micros;
    const char *currency;
};

static const struct column balance_columns[] = {
    COLUMN(balance, ok, NOT_NULL),
    COLUMN(balance, balance_micros, NOT_NULL),
    COLUMN(balance, currency, NOT_NULL),
};

static const struct entity balance_entity = ENTITY(balance, "balance", NULL, balance_columns);

static const struct field balance_fields[] = {
    FIELD(balance, ok, "ok", READ),
    FIELD(balance, balance_micros, "balance_micros", READ),
    FIELD(balance, currency, "currency", READ),
};

const struct view admin_balance_view = VIEW("BalanceResponse", balance_entity, balance_fields);

bool admin_add_balance(struct request *req)
{
    struct balance balance = {.ok = true, .currency = LEDGER_CURRENCY};
    struct ledger_row row = {.id = uid_new()};
    struct amount amount = {0};
    columns given;
    char id[37];

    if (!read_body(req, &admin_amount_view, CREATE, &amount, &given))
        return false;
    if (amount.amount_micros == 0)
        return fail_field(&req->work, "amount_micros", "amount_micros must not be 0");
    uid_write_uuid(row.id, id);
    row.kind = amount.amount_micros > 0 ? "topup" : "adjustment";
    row.amount_micros = amount.amount_micros;
    row.note = amount.note;
    row.dedupe = arena_format(&req->work.arena, "%s:%s", row.kind, id);
    return ledger_put(&req->work, &row, NULL) &&
           ledger_balance(&req->work, LEDGER_CURRENCY, &balance.balance_micros) &&
           reply_row(req, 200, &admin_balance_view, &balance);
}
