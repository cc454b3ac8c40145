/*
 * The operator's part: tenants, their keys, agents, routes and balances.
 */
#include <string.h>

#include "core/config.h"
#include "domain/tenants.h"
#include "fcgi/auth.h"
#include "fcgi/rates.h"
#include "fcgi/stateset/operator.h"
#include "fcgi/stateset/stateset.h"

enum { BODY_LIMIT = 1 << 20, MINUTE = 60 };

/* A route with this scope is about a tenant that is there; work and request then know it. */
#define OF_TENANT "admin tenant"

static bool name_tenant(struct request *req)
{
    struct tenant *tenant = arena_new(&req->work.arena, struct tenant, 1);

    if (!tenant_by_key(&req->work, request_path(req, "tenant_id"), tenant))
        return false;
    req->tenant = tenant;
    req->work.tenant = tenant->id;
    return true;
}

bool admin_authenticate(struct request *req)
{
    return auth_admin(req) && (strcmp(req->route->scope, OF_TENANT) != 0 || name_tenant(req));
}

/* The operator is not counted; who guesses at his key is. */
bool admin_limit_rate(struct request *req)
{
    struct rate rate;
    bool ok;

    if (req->caller.kind)
        return true;
    ok = rate_take(req, "stateset.ip", req->client_ip ? req->client_ip : "",
                   req->work.config->rate_limit_ip_per_minute, MINUTE, &rate);
    rate_headers(req, "X-RateLimit", &rate);
    return ok;
}

/* What an answer calls the things in it; a view that is not here is an answer of its own. */
static const struct {
    const struct view *view;
    const char *one, *many;
} names[] = {
    {&admin_key_view, "api_key", "api_keys"},
    {&admin_agent_view, "agent", "agents"},
    {&admin_version_view, "version", "versions"},
    {&admin_route_view, "route", "routes"},
    {&admin_route_check_view, "check", "checks"},
    {&admin_delivery_view, "delivery", "deliveries"},
    {&admin_session_view, "session", "sessions"},
    {&admin_action_view, "action", "actions"},
    {&admin_task_view, "task", "tasks"},
    {&admin_rollout_view, "rollout", "rollouts"},
    {&admin_evaluation_view, "evaluation", "evaluations"},
    {&admin_sweep_view, "result", "results"},
    {&admin_depth_view, "depth", "depths"},
};

static size_t name_of(const struct view *view)
{
    size_t i = 0;

    while (i < COUNT(names) && names[i].view != view)
        i++;
    return i;
}

static void item(struct request *req, const struct view *view, const void *row)
{
    size_t i = name_of(view);

    if (i < COUNT(names))
        text_add(&req->reply, "{\"ok\":true,\"%s\":", names[i].one);
    view_render(req, &req->reply, view, row);
    if (i < COUNT(names))
        text_char(&req->reply, '}');
}

static void list(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows)
{
    (void)page;
    text_add(&req->reply, "{\"ok\":true,\"count\":%zu,\"%s\":", rows->count,
             names[name_of(view)].many);
    view_render_rows(req, &req->reply, view, rows);
    text_char(&req->reply, '}');
}

/* "#/components/schemas/Agent" names a view by its end. */
static size_t name_of_reference(const char *reference)
{
    size_t i = 0;

    for (; i < COUNT(names); i++) {
        const char *name = names[i].view->name, *end = strstr(reference, "/schemas/");

        if (end && strncmp(end + 9, name, strlen(name)) == 0 && end[9 + strlen(name)] == '"')
            break;
    }
    return i;
}

static void item_schema(struct text *out, const char *reference)
{
    size_t i = name_of_reference(reference);

    if (i == COUNT(names))
        text_put(out, reference);
    else
        text_add(out,
                 "{\"type\":\"object\",\"required\":[\"ok\",\"%s\"],\"properties\":{"
                 "\"ok\":{\"type\":\"boolean\"},\"%s\":%s}}",
                 names[i].one, names[i].one, reference);
}

static void list_schema(struct text *out, const struct route *route, const char *reference)
{
    size_t i = name_of_reference(reference);

    (void)route;
    text_add(out,
             "{\"type\":\"object\",\"required\":[\"ok\",\"count\",\"%s\"],\"properties\":{"
             "\"ok\":{\"type\":\"boolean\"},\"count\":{\"type\":\"integer\",\"minimum\":0},"
             "\"%s\":{\"type\":\"array\",\"items\":%s}}}",
             names[i].many, names[i].many, reference);
}

void admin_refuse(struct request *req)
{
    static const int statuses[FAILURES] = {
        /* clang-format off */
        [INVALID] = 400, [UNAUTHENTICATED] = 401, [UNPAID] = 402, [FORBIDDEN] = 403,
        [NOT_FOUND] = 404, [NOT_ALLOWED] = 405, [CONFLICT] = 409, [LIMIT_REACHED] = 409,
        [WRONG_STATE] = 400, [PRECONDITION] = 412, [TOO_LARGE] = 413, [RATE_LIMITED] = 429,
        [INTERNAL] = 500, [UPSTREAM] = 502, [BUSY] = 503,
        /* clang-format on */
    };
    const struct error *error = &req->work.error;

    req->status = statuses[error->what];
    text_put(&req->reply, "{\"ok\":false,\"error\":");
    text_json(&req->reply, error->message);
    text_char(&req->reply, '}');
}

const char admin_security[] =
    "{\"admin_key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-admin-key\","
    "\"description\":\"The operator's key, ADMIN_API_KEY.\"},"
    "\"admin_session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"" ADMIN_COOKIE "\","
    "\"description\":\"A browser's session; writes must come from our own pages.\"}}";

const char admin_error_schema[] =
    "{\"type\":\"object\",\"required\":[\"ok\",\"error\"],\"properties\":{"
    "\"ok\":{\"type\":\"boolean\"},\"error\":{\"type\":\"string\"}}}";

static const struct query_parameter if_match[] = {
    {"if-match", "\"type\":\"string\"", "The revision that is to be replaced; any other is a 412.",
     "header"},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter if_none_match[] = {
    {"if-none-match", "\"type\":\"string\"", "A revision that is known already; answered 304.",
     "header"},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter of_agent[] = {
    {"agent_id", "\"type\":\"string\",\"format\":\"uuid\"", "Only versions of this agent."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_kind[] = {
    {"kind", "\"type\":\"string\"", "Only keys of this kind."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_billing[] = {
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"",
     "The most outcomes to tell of; 100 when it is not given, 1000 at most."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_voices[] = {
    {"limit", "\"type\":\"integer\",\"minimum\":0", "The most rows; 100 when it is not given."},
    {"include_uncached", "\"type\":\"boolean\"",
     "Tenants that no process holds and that have no recent sessions as well."},
    {NULL, NULL, NULL},
};

static const struct query_parameter admin_task_query[] = {
    {"tenant_id", "\"type\":\"string\"", "Only of this tenant."},
    {"status", TASK_STATUS_SCHEMA, "Only in this state."},
    {"disposition", TASK_DISPOSITION_SCHEMA, "Only with this one."},
    {"stream_sid", "\"type\":\"string\"", "Only of this stream."},
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"", "The most rows; 50 when not given."},
    {"offset", "\"type\":\"integer\",\"format\":\"int64\"", "How many rows are passed over."},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter of_tenants[] = {
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"", "The most rows; 50 when not given."},
    {"offset", "\"type\":\"integer\",\"format\":\"int64\"", "How many rows are passed over."},
    {NULL, NULL, NULL},
};

static const struct query_parameter admin_action_query[] = {
    {"tenant_id", "\"type\":\"string\"", "Only of this tenant."},
    {"stream_sid", "\"type\":\"string\"", "Only of this stream."},
    {"action", SUPERVISOR_ACTION_SCHEMA, "Only these."},
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"", "The most rows; 50 when not given."},
    {"offset", "\"type\":\"integer\",\"format\":\"int64\"", "How many rows are passed over."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_deliveries[] = {
    {"state", "\"type\":\"string\",\"enum\":[\"pending\",\"sent\",\"retrying\",\"failed\"]",
     "Only these."},
    {"limit", "\"type\":\"integer\",\"format\":\"int64\"", "The most rows; 50 when not given."},
    {"offset", "\"type\":\"integer\",\"format\":\"int64\"", "How many rows are passed over."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_keys[] = {
    {"limit", "\"type\":\"integer\",\"minimum\":0", "The most rows; 100 when not given."},
    {NULL, NULL, NULL},
};

static const struct query_parameter of_eviction[] = {
    {"max_idle_secs", "\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0",
     "Tenants that were asked for later stay; 900 when not given."},
    {NULL, NULL, NULL},
};

#define TENANTS "/api/v1/admin/tenants"
#define TENANT TENANTS "/{tenant_id}"
#define AGENT TENANT "/agents/{agent_id}"

static const struct route routes[] = {
    /* clang-format off */
    {"GET " TENANT,                         OF_TENANT, admin_get_tenant, NULL, &admin_tenant_view,
     "Get Tenant", .answers = "401 404 500", .also = "304", .query = if_none_match, .operation = "get_tenant"},
    {"PUT " TENANT,                         "admin",   admin_put_tenant, &admin_document_view, &admin_mutation_view,
     "Upsert Tenant", .answers = "400 401 404 412 500", .query = if_match, .operation = "upsert_tenant",
     .about = "Keys that are not documented are kept. Secrets are stored apart and read back as [redacted], which means unchanged."},

    {"GET /api/v1/admin/tenants",           "admin",   admin_list_tenants, NULL, &admin_tenants_view, "List Tenants", .answers = "401 404 500", .query = of_tenants, .operation = "list_tenants"},
    {"DELETE " TENANT,                      OF_TENANT, admin_delete_tenant, NULL, &admin_mutation_view, "Delete Tenant", .answers = "401 404 500", .operation = "delete_tenant"},
    {"GET " TENANT "/runtime",              OF_TENANT, admin_get_runtime, NULL, &admin_tenant_view, "Get Tenant Runtime", .answers = "401 404 500", .operation = "get_tenant_runtime"},
    {"PUT " TENANT "/runtime-config",       OF_TENANT, admin_patch_runtime, &admin_patch_view, &admin_changed_view, "Update Tenant Runtime Config", .answers = "400 401 404 412 500", .query = if_match, .operation = "update_tenant_runtime_config"},
    {"POST " TENANT "/reload",              OF_TENANT, admin_reload_tenant, NULL, &admin_tenant_view, "Reload Tenant", .answers = "401 404 500", .operation = "reload_tenant"},

    {"POST " TENANTS "/validate",           "admin", admin_validate_tenant, &admin_document_view, &admin_verdict_view, "Validate Tenant",
     .answers = "400 401 404", .operation = "validate_tenant"},
    {"GET " TENANTS "/cached",              "admin", admin_list_cached_tenants, NULL, &admin_cached_tenants_view, "List Cached Tenants",
     .answers = "401 404", .operation = "list_cached_tenants"},
    {"GET " TENANTS "/cache-metrics",       "admin", admin_show_cache_metrics, NULL, &admin_cache_metrics_view, "Get Cache Metrics",
     .answers = "401 404", .operation = "get_cache_metrics", .about = "Processes tell of themselves at most ten seconds late."},
    {"GET " TENANTS "/cache-metrics/by-token", "admin", admin_list_cached_keys, NULL, &admin_cached_keys_view, "Get Cache Metrics By Token",
     .answers = "401 404", .query = of_keys, .operation = "get_cache_metrics_by_token"},
    {"POST " TENANTS "/reload-cached",      "admin", admin_reload_cached, NULL, &admin_reloads_view, "Reload Cached Tenants",
     .answers = "401 404", .operation = "reload_cached_tenants"},
    {"POST " TENANTS "/evict-idle",         "admin", admin_evict_idle, NULL, &admin_eviction_view, "Evict Idle Tenants",
     .answers = "401 404", .query = of_eviction, .operation = "evict_idle_tenants"},

    {"GET " TENANT "/api-keys",             OF_TENANT, admin_list_keys, NULL, &admin_key_view,
     "List Tenant API Keys", .flags = LIST, .answers = "400 401 404 500", .query = of_kind, .operation = "list_tenant_api_keys"},
    {"POST " TENANT "/api-keys",            OF_TENANT, admin_create_key, &admin_key_order_view, &admin_created_key_view,
     "Create Tenant API Key", .flags = IDEMPOTENT, .answers = "400 401 404 409 500", .operation = "create_tenant_api_key",
     .about = "The token is shown once. A key of kind twilio is the password to the account_sid beside it."},
    {"DELETE " TENANT "/api-keys/{key_id}", OF_TENANT, admin_revoke_key, NULL, &admin_key_view,
     "Revoke Tenant API Key", .answers = "401 404 500", .operation = "revoke_tenant_api_key"},

    {"GET " TENANT "/agents",               OF_TENANT, admin_list_agents, NULL, &admin_agent_view,
     "List Agents", .flags = LIST, .answers = "401 404", .operation = "list_agents"},
    {"POST " TENANT "/agents",              OF_TENANT, admin_create_agent, &admin_new_agent_view, &admin_agent_view,
     "Create Agent", .flags = IDEMPOTENT, .answers = "400 401 404 409", .operation = "create_agent"},

    {"GET " TENANT "/agent-versions",       OF_TENANT, admin_list_versions, NULL, &admin_version_view,
     "List Agent Versions", .flags = LIST, .answers = "400 401 404", .query = of_agent, .operation = "list_agent_versions"},
    {"POST " TENANT "/agent-versions",      OF_TENANT, admin_create_version, &admin_new_version_view, &admin_version_view,
     "Create Agent Version", .flags = IDEMPOTENT, .answers = "400 401 404 409", .operation = "create_agent_version",
     .about = "A draft; without config it begins as the published version's."},
    {"POST " TENANT "/agent-versions/{version_id}/publish", OF_TENANT, admin_publish_version, NULL, &admin_version_view,
     "Publish Agent Version", .answers = "401 404", .operation = "publish_agent_version"},

    {"GET " TENANT "/phone-number-routes",  OF_TENANT, admin_list_routes, NULL, &admin_route_view,
     "List Phone Number Routes", .flags = LIST, .answers = "401 404", .operation = "list_phone_number_routes"},
    {"PUT " TENANT "/phone-number-routes",  OF_TENANT, admin_put_route, &admin_route_order_view, &admin_route_view,
     "Upsert Phone Number Route", .answers = "400 401 404 409", .operation = "upsert_phone_number_route"},
    {"DELETE " TENANT "/phone-number-routes/{route_id}", OF_TENANT, admin_remove_route, NULL, &admin_route_view,
     "Delete Phone Number Route", .answers = "401 404", .operation = "delete_phone_number_route"},
    {"POST " TENANT "/phone-number-routes/{route_id}/check", OF_TENANT, admin_check_route, NULL, &admin_route_check_view,
     "Check Phone Number Route", .flags = LONG, .answers = "401 404 502", .operation = "check_phone_number_route",
     .about = "Asks the tenant's carrier account what the number calls, and ourselves through our public address."},

    {"GET " TENANT "/webhook-deliveries",   OF_TENANT, admin_list_deliveries, NULL, &admin_delivery_view,
     "List Webhook Deliveries", .flags = LIST, .answers = "400 401 404", .query = of_deliveries, .operation = "list_webhook_deliveries",
     .about = "What was posted to the tenant's receivers, newest first, for 30 days."},
    {"POST " TENANT "/webhook-deliveries/{delivery_id}/replay", OF_TENANT, admin_replay_delivery, NULL, &admin_delivery_view,
     "Replay Webhook Delivery", .answers = "400 401 404", .operation = "replay_webhook_delivery",
     .about = "Posts the same body under the same X-Idempotency-Key once more."},

    {"GET " AGENT "/rollouts",              OF_TENANT, admin_list_rollouts, NULL, &admin_rollout_view,
     "List Agent Version Rollouts", .flags = LIST, .answers = "401 404", .operation = "list_agent_version_rollouts"},
    {"PUT " AGENT "/rollouts",              OF_TENANT, admin_put_rollouts, &admin_rollouts_order_view, &admin_rollout_view,
     "Replace Agent Version Rollouts", .flags = LIST, .answers = "400 401 404", .operation = "replace_agent_version_rollouts",
     .about = "What the shares leave below 100 goes to the published version; an empty list gives it all."},
    {"GET " AGENT "/rollout-policy",        OF_TENANT, admin_get_policy, NULL, &admin_policy_view,
     "Get Rollout Governance Policy", .answers = "401 404", .operation = "get_rollout_governance_policy"},
    {"PUT " AGENT "/rollout-policy",        OF_TENANT, admin_put_policy, &admin_policy_order_view, &admin_policy_view,
     "Upsert Rollout Governance Policy", .answers = "400 401 404", .operation = "upsert_rollout_governance_policy"},
    {"POST " AGENT "/rollout-governance/evaluate", OF_TENANT, admin_evaluate_rollouts, &admin_evaluate_view, &admin_evaluation_view,
     "Evaluate Rollout Governance", .answers = "400 401 404 503", .operation = "evaluate_rollout_governance"},
    {"POST /api/v1/admin/rollout-governance/sweep", "admin", admin_sweep_rollouts, &admin_sweep_order_view, &admin_sweep_view,
     "Sweep Rollout Governance Admin", .answers = "400 401 503", .operation = "sweep_rollout_governance_admin"},

    {"GET /api/v1/admin/outboxes/depth",     "admin",   admin_list_depths, NULL, &admin_depth_view,
     "Get Outbox Depth Diagnostics", .flags = LIST, .answers = "401 503", .operation = "get_outbox_depth_diagnostics"},
    {"POST /api/v1/admin/outboxes/billing-outcomes/sweep", "admin", admin_sweep_billing, NULL, &admin_billing_sweep_view,
     "Sweep Billing Outcome Outbox Admin", .answers = "401 503", .query = of_billing, .operation = "sweep_billing_outcome_outbox_admin",
     .about = "Outcomes that were given up are tried again as well."},

    {"GET /api/v1/admin/tenants/audio-providers", "admin", admin_list_voices, NULL, &admin_voices_view,
     "Get Audio Provider Diagnostics", .answers = "401 404", .query = of_voices, .operation = "get_audio_provider_diagnostics"},

    {"GET /api/v1/admin/sessions",           "admin",   admin_list_sessions, NULL, &admin_session_view,
     "List Active Sessions", .flags = LIST, .answers = "401 404", .operation = "list_active_sessions"},
    {"GET /api/v1/admin/supervisor-actions", "admin",   admin_list_actions, NULL, &admin_action_view,
     "List Supervisor Actions Admin", .flags = LIST, .answers = "400 401 404 503", .query = admin_action_query,
     .operation = "list_supervisor_actions_admin"},

    {"GET /api/v1/admin/callback-tasks",     "admin",   admin_list_tasks, NULL, &admin_task_view,
     "List Callback Tasks Admin", .flags = LIST, .answers = "401 404 503", .query = admin_task_query,
     .operation = "list_callback_tasks_admin"},

    {"POST " TENANT "/balance",             OF_TENANT, admin_add_balance, &admin_amount_view, &admin_balance_view,
     "Add to Balance", .flags = IDEMPOTENT, .answers = "400 401 404 409", .operation = "add_tenant_balance",
     .about = "Adds to the prepaid balance, or takes from it when negative. An Idempotency-Key makes repeating safe."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/v1/admin", NULL};

const struct dialect stateset_admin = {
    STATESET_FOR_OPERATOR,
    .prefixes = prefixes,
    .body_limit = BODY_LIMIT,
    .item = item,
    .list = list,
    .item_schema = item_schema,
    .list_schema = list_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};

static void render_tenant_key(struct request *req, struct text *out, const struct field *field,
                              const void *cell, const void *row)
{
    (void)field, (void)cell, (void)row;
    text_json(out, req->tenant->tenant_key);
}

const struct wire stateset_tenant_key = {
    .render = render_tenant_key,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

bool stateset_path_id(struct request *req, const char *name, uid *id)
{
    return uid_read_uuid(request_path(req, name), id) ||
           fail(&req->work, NOT_FOUND, "There is nothing of this id");
}
