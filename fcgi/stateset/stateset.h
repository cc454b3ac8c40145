/*
 * fcgi/stateset/stateset.h - the StateSet dialect, in two parts that share a document: what tenants
 * ask with their bearer keys, and what the operator asks with x-admin-key.
 */
#ifndef FCGI_STATESET_STATESET_H
#define FCGI_STATESET_STATESET_H

#include "fcgi/dialect.h"

/* What the parts of the dialect have in common that tenants ask by their keys. */
#define STATESET_FOR_TENANTS                                                                       \
    .name = "stateset", .title = "StateSet Voice API", .version = "1.0.0",                         \
    .authenticate = stateset_authenticate, .limit_rate = stateset_limit_rate,                      \
    .security = stateset_security

/* The same of the parts that the operator asks by his key, or signed in. */
#define STATESET_FOR_OPERATOR                                                                      \
    .name = "stateset", .title = "StateSet Voice API", .version = "1.0.0",                         \
    .authenticate = admin_authenticate, .limit_rate = admin_limit_rate, .refuse = admin_refuse,    \
    .security = admin_security, .error_schema = admin_error_schema

/* Lists of fifty unless asked for more, "most" at most. */
#define STATESET_PAGES(most)                                                                       \
    .limit = "limit", .skip = "offset", .page_size = 50, .page_most = (most)

/* Tenants: errors {"success": false, "error", "code", "details", "request_id"}. */
extern const struct dialect stateset;

/* The operator: errors {"ok": false, "error"}. */
extern const struct dialect stateset_admin;

/* "tenant_id" in answers: the operator's own name of the tenant that the path names. */
extern const struct wire stateset_tenant_key;

/* What its parts with paths of their own share. */
bool stateset_authenticate(struct request *req);
bool stateset_limit_rate(struct request *req);
void stateset_item(struct request *req, const struct view *view, const void *row);
void stateset_list(struct request *req, const struct view *view, const struct page *page,
                   const struct rows *rows);
void stateset_refuse(struct request *req);
extern const char stateset_error_schema[], stateset_security[];

/* The same for the operator's parts (admin.c). */
bool admin_authenticate(struct request *req);
bool admin_limit_rate(struct request *req);
void admin_refuse(struct request *req);
extern const char admin_security[], admin_error_schema[];

/* Whether a tenant's own part of the service is well (tenant_health.c). */
extern const struct dialect stateset_health;

/* What the operator asks beside tenants' own things (operator.c). */
extern const struct dialect stateset_operator;

/* The key that a path value spells as a UUID; NOT_FOUND when it does not. */
bool stateset_path_id(struct request *req, const char *name, uid *id);

/* Tenants and balances (admin_tenants.c). */
extern const struct view admin_document_view, admin_tenant_view, admin_mutation_view;
extern const struct view admin_amount_view, admin_balance_view;
bool admin_get_tenant(struct request *req);
bool admin_put_tenant(struct request *req);
bool admin_add_balance(struct request *req);
/* Answer with a tenant, its revision, and these settings or none. */
bool admin_reply_tenant(struct request *req, const struct tenant *tenant, document config);
bool admin_reply_mutation(struct request *req, const struct tenant *tenant);
/* The same after a change, with the secret that was made in it, or NULL. */
extern const struct view admin_changed_view;
bool admin_reply_changed(struct request *req, const struct tenant *tenant,
                         const char *webhook_secret);
/* Reads the body as a tenant's document; *tenant_key is the one it names, or NULL. */
bool admin_check_document(struct request *req, const char **tenant_key);

/* Tenants as they are run (admin_runtime.c). */
extern const struct view admin_tenants_view, admin_patch_view;
bool admin_list_tenants(struct request *req);
bool admin_get_runtime(struct request *req);
bool admin_reload_tenant(struct request *req);
bool admin_patch_runtime(struct request *req);
bool admin_delete_tenant(struct request *req);

/* API keys (admin_keys.c). */
extern const struct view admin_key_order_view, admin_key_view, admin_created_key_view;
bool admin_list_keys(struct request *req);
bool admin_create_key(struct request *req);
bool admin_revoke_key(struct request *req);

/* Agents and their versions (admin_agents.c). */
extern const struct view admin_new_agent_view, admin_agent_view;
extern const struct view admin_new_version_view, admin_version_view;
bool admin_list_agents(struct request *req);
bool admin_create_agent(struct request *req);
bool admin_list_versions(struct request *req);
bool admin_create_version(struct request *req);
bool admin_publish_version(struct request *req);

/* Phone number routes (admin_routes.c). */
extern const struct view admin_route_order_view, admin_route_view, admin_route_check_view;
bool admin_list_routes(struct request *req);
bool admin_put_route(struct request *req);
bool admin_remove_route(struct request *req);
bool admin_check_route(struct request *req);

/* Translation calls, whose answers all have one shape (translation.c). */
extern const struct dialect stateset_translation;

/* Sessions under way and what supervisors do to them (sessions.c, supervisors.c). */
extern const struct dialect stateset_sessions, stateset_supervisors, stateset_escalations;
extern const struct view admin_session_view, admin_action_view;
#define SUPERVISOR_ACTION_SCHEMA                                                                   \
    "\"type\":\"string\",\"enum\":[\"monitor\",\"whisper\",\"barge\",\"escalate\",\"end\"]"
bool admin_list_sessions(struct request *req);
bool admin_list_actions(struct request *req);

/* Calls and sessions that were, and figures over them (call_logs.c, voice_sessions.c). */
extern const struct dialect stateset_call_logs, stateset_voice_sessions;

/* Automations: what all of them take, and how all of them answer (escalations.c). */
struct automation_answer {
    bool ok;
    const char *error;
    document result;
};

extern const struct view stateset_automation_view, stateset_automation_answer_view;
extern const char stateset_automation_error[];
void stateset_automation_refuse(struct request *req);

/* Those that run a function by its name, and functions themselves (automations.c, functions.c). */
extern const struct dialect stateset_automations, stateset_tools, stateset_test_function;

/* As any operation refuses, and "ok": false for those who look at that alone. */
void stateset_refuse_with_ok(struct request *req);

/* Calls that are ordered (make_call.c). */
extern const struct dialect stateset_make_call;
extern const struct view stateset_entry_view, stateset_function_view;

/*
 * Whether the tenant has a carrier; BUSY when not: without one there is nothing to try, which is
 * said apart from an order that failed.
 */
bool stateset_has_carrier(struct request *req);

/* A telephone number; other forms than E.164 are read as numbers of the tenant's country. */
extern const struct wire stateset_phone;

/* "ok" of an answer that is a success by being given. */
extern const struct wire stateset_ok;

/* Reads the view's filters from the query; parameters without a value narrow nothing. */
bool stateset_filters(struct request *req, const struct view *view, void *filter);

/* What came of calls, and how good they were (results.c). */
extern const struct dialect stateset_results;
extern const struct view stateset_eval_view;

/* What was posted to tenants' receivers (admin_deliveries.c). */
extern const struct view admin_delivery_view;
bool admin_list_deliveries(struct request *req);
bool admin_replay_delivery(struct request *req);

/* How calls are shared between versions, and their policy (admin_rollouts.c). */
extern const struct view admin_rollout_view, admin_rollouts_order_view;
extern const struct view admin_policy_view, admin_policy_order_view;
extern const struct view admin_evaluate_view, admin_evaluation_view;
extern const struct view admin_sweep_order_view, admin_sweep_view;
bool admin_list_rollouts(struct request *req);
bool admin_put_rollouts(struct request *req);
bool admin_get_policy(struct request *req);
bool admin_put_policy(struct request *req);
bool admin_evaluate_rollouts(struct request *req);
bool admin_sweep_rollouts(struct request *req);

/* What is owed to the outside (admin_outboxes.c). */
extern const struct view admin_depth_view, admin_billing_sweep_view;
bool admin_list_depths(struct request *req);
bool admin_sweep_billing(struct request *req);

/* Whose voice calls are spoken with (admin_voices.c). */
extern const struct view admin_voices_view;
bool admin_list_voices(struct request *req);

/* Callback tasks and operator queues (callback_tasks.c, operator_queues.c). */
extern const struct dialect stateset_tasks, stateset_queues, stateset_sweeps;
extern const struct view admin_task_view;
extern const struct wire stateset_task_status;
#define TASK_STATUS_SCHEMA                                                                         \
    "\"type\":\"string\",\"enum\":[\"open\",\"in_progress\",\"completed\",\"canceled\"]"
#define TASK_DISPOSITION_SCHEMA                                                                    \
    "\"type\":\"string\",\"enum\":[\"human_follow_up_required\",\"callback_requested\","           \
    "\"callback_scheduled\",\"transferred\",\"resolved\",\"voicemail_follow_up\","                 \
    "\"customer_abandoned\"]"
bool admin_list_tasks(struct request *req);

/*
 * A number of the query, at most "most", and a page of a list, fifty rows unless asked for more,
 * two hundred at most.  What cannot be read is not there: where these are used the contract knows
 * no refusal of it.
 */
size_t stateset_number_in(const struct request *req, const char *name, size_t usual, size_t most);
struct page stateset_page_without_refusal(const struct request *req);

/*
 * The tenant that "tenant_id" of the query narrows a list of all tenants to; 0: none is named.
 * *known is false when there is no such tenant, so that the list is empty.
 */
bool stateset_narrow_to_tenant(struct request *req, int64_t *tenant, bool *known);

#endif
