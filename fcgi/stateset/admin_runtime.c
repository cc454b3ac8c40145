/*
 * Tenants as the operator runs them: the list, settings in force, trying settings out, the end.
 */
#include <string.h>

#include "core/json.h"
#include "domain/tenant_runtime.h"
#include "domain/webhook_settings.h"
#include "fcgi/list_answer.h"
#include "fcgi/stateset/operator.h"
#include "fcgi/stateset/stateset.h"

/* ---- the list ---- */

static void render_etag(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    (void)field, (void)cell;
    text_json(out, tenant_etag(&req->work.arena, row));
}

static const struct wire etag = {
    .render = render_etag,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

static const struct field item_fields[] = {
    FIELD(tenant, tenant_key, "tenant_id", READ),
    FIELD(tenant, rev, "etag", READ, .wire = &etag),
    FIELD(tenant, config, "config", READ, .wire = &wire_document),
};

static const struct view item_view = VIEW("AdminTenantItem", tenant_entity, item_fields);

static const struct field tenants_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, count, "count", READ, .about = "Rows in this answer."),
    ROWS(list_answer, rows, "tenants", item_view, READ),
};

const struct view admin_tenants_view =
    VIEW("ListTenantsResponse", list_answer_entity, tenants_fields);

bool admin_list_tenants(struct request *req)
{
    const struct page page = stateset_page_without_refusal(req);
    struct list_answer answer = {.total = 0};

    return tenants_list(&req->work, &page, &answer.rows) &&
           reply_list(req, &admin_tenants_view, &answer);
}

/* ---- in force ---- */

bool admin_get_runtime(struct request *req)
{
    return admin_reply_tenant(req, req->tenant, tenant_runtime(&req->work, req->tenant));
}

bool admin_reload_tenant(struct request *req)
{
    struct tenant tenant = *req->tenant;

    return tenant_reload(&req->work, &tenant) &&
           admin_reply_tenant(req, &tenant, tenant_runtime(&req->work, &tenant));
}

/* ---- patching ---- */

struct patch {
    const char *model, *system_prompt_key, *voice;
    const char *webhook_url, *webhook_event_prefix, *webhook_secret;
    document twilio, webhook_events;
};

static const struct column patch_columns[] = {
    COLUMN(patch, model, NULLABLE, .max = 80),
    COLUMN(patch, system_prompt_key, NULLABLE, .max = 120),
    COLUMN(patch, voice, NULLABLE, .max = 80),
    COLUMN(patch, webhook_url, NULLABLE, .max = 500),
    COLUMN(patch, webhook_events, NULLABLE),
    COLUMN(patch, webhook_event_prefix, NULLABLE, .max = 16),
    COLUMN(patch, webhook_secret, NULLABLE, .max = 1900),
    COLUMN(patch, twilio, NULLABLE),
};

static const struct entity patch_entity = ENTITY(patch, "patch", NULL, patch_columns);

static const struct field patch_fields[] = {
    FIELD(patch, model, "model", CREATE),
    FIELD(patch, system_prompt_key, "system_prompt_key", CREATE),
    FIELD(patch, voice, "voice", CREATE),
    FIELD(patch, webhook_url, "webhook_url", CREATE, .wire = &wire_url),
    FIELD(patch, webhook_events, "webhook_events", CREATE, .wire = &wire_array),
    FIELD(patch, webhook_event_prefix, "webhook_event_prefix", CREATE),
    FIELD(patch, webhook_secret, "webhook_secret", CREATE),
    FIELD(patch, twilio, "twilio", CREATE, .wire = &wire_document),
};

const struct view admin_patch_view = VIEW("TenantRuntimeConfigPatch", patch_entity, patch_fields);

bool admin_patch_runtime(struct request *req)
{
    struct patch patch;
    struct tenant tenant;
    const char *webhook_secret = NULL;
    columns given;

    row_clear(&patch_entity, &patch);
    if (!json_object_is_type(req->json, json_type_object))
        return fail(&req->work, INVALID, "The body must be a JSON object");
    return read_body(req, &admin_patch_view, CREATE, &patch, &given) &&
           webhook_settings_secret(&req->work, req->tenant, req->json, true, &webhook_secret) &&
           tenant_patch(&req->work, req->tenant->tenant_key, req->json,
                        request_header(req, "If-Match"), &tenant) &&
           admin_reply_changed(req, &tenant, webhook_secret);
}

/* ---- trying out ---- */

struct verdict {
    bool ok;
    const char *error;
    document runtime;
};

static const struct column verdict_columns[] = {
    COLUMN(verdict, ok, NOT_NULL),
    COLUMN(verdict, error, NULLABLE),
    COLUMN(verdict, runtime, NULLABLE),
};

static const struct entity verdict_entity = ENTITY(verdict, "verdict", NULL, verdict_columns);

static const struct field verdict_fields[] = {
    FIELD(verdict, ok, "ok", READ),
    FIELD(verdict, error, "error", READ | PRESENT),
    FIELD(verdict, runtime, "runtime", READ, .wire = &wire_document,
          .about = "The settings as they would be in force."),
};

const struct view admin_verdict_view =
    VIEW("ValidateTenantResponse", verdict_entity, verdict_fields);

bool admin_validate_tenant(struct request *req)
{
    const char *tenant_key;
    json_object *config = NULL;
    struct verdict verdict = {.ok = true};
    struct tenant tenant;
    bool ok;

    if (!admin_check_document(req, &tenant_key))
        return false;
    if (!tenant_key)
        return fail_field(&req->work, "tenant_id", "tenant_id is missing");
    if (json_object_deep_copy(req->json, &config, NULL) != 0)
        return fail(&req->work, INTERNAL, "The document could not be read");
    ok = tenant_check(&req->work, tenant_key, config, &tenant);
    json_object_put(config);
    if (!ok)
        return false;
    verdict.runtime = tenant_runtime(&req->work, &tenant);
    return reply_row(req, 200, &admin_verdict_view, &verdict);
}

/* ---- the end ---- */

bool admin_delete_tenant(struct request *req)
{
    struct tenant tenant = *req->tenant;

    return tenant_delete(&req->work, &tenant, req->caller.label) &&
           admin_reply_mutation(req, &tenant);
}
