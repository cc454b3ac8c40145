/*
 * fcgi/phony/phony.h - the Phony dialect: agents, tenants, numbers, calls, overrides, figures.
 *
 * Keys pk_… as a bearer or in X-API-Key, JSON, bare answers, bare arrays, unknown fields passed
 * over, dates in whole seconds, absent values null; errors {"error", "message", "status",
 * "request_id"}.  A key may ask 1000 times an hour and 50 times a minute.
 *
 * The dialect has parts that share a document and all that PHONY_PART says: agents, numbers and
 * tenants (phony.c has their rows), and what concerns calls; its /healthz stands in fcgi/site.  A
 * part with paths of its own is a struct dialect of its own file:
 *
 *     const struct dialect phony_calls = {
 *         PHONY_PART, PHONY_PAGES(100, 1000), .prefixes = prefixes, .routes = routes, …
 *     };
 *
 * What lies below the path of another part ("POST /api/agents/{agent_id}/call") is a row of that
 * part's table.
 */
#ifndef FCGI_PHONY_PHONY_H
#define FCGI_PHONY_PHONY_H

#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/tenants.h"
#include "fcgi/dialect.h"

/* What all parts have in common. */
#define PHONY_PART                                                                                 \
    .name = "phony", .title = phony_title, .version = "1.0.0", .about = phony_about,               \
    .body_limit = PHONY_BODY_LIMIT, .authenticate = phony_authenticate,                            \
    .limit_rate = phony_limit_rate, .item = phony_item, .list = phony_list,                        \
    .refuse = phony_refuse, .finish = phony_finish, .security = phony_security,                    \
    .error_schema = phony_error_schema

/* How many rows a list has when nobody says, and at most. */
#define PHONY_PAGES(usual, most)                                                                   \
    .limit = "limit", .skip = "offset", .page_size = (usual), .page_most = (most)

enum { PHONY_BODY_LIMIT = 256 * 1024, PHONY_CONTEXT_LIMIT = 32 * 1024 };

/* Agents, numbers and tenants. */
extern const struct dialect phony;

extern const char phony_title[], phony_about[], phony_security[], phony_error_schema[];

/*
 * Proves a pk_ key and that its permissions hold the route's scope, "calls:read".  The scope "key"
 * is any key's, "platform:admin" has to be named.  Roles stand for several scopes (domain/keys.h).
 * A key that belongs to no tenant asks only where tenants are managed or ?tenant_id= names one.
 */
bool phony_authenticate(struct request *req);
bool phony_limit_rate(struct request *req);
void phony_item(struct request *req, const struct view *view, const void *row);
void phony_list(struct request *req, const struct view *view, const struct page *page,
                const struct rows *rows);

/* LIMIT_REACHED is 429 (calls at once, a day's cap): what is 403 says FORBIDDEN. */
void phony_refuse(struct request *req);
void phony_finish(struct request *req);

/* Whether the key may act for other tenants than its own. */
bool phony_is_platform(const struct request *req);

/*
 * For routes with the parameter ?tenant_id=: from here on the request is about that tenant.  Other
 * tenants than one's own are FORBIDDEN without platform:admin; INVALID when there is none of that
 * name.  Without the parameter nothing changes.
 */
bool phony_choose_tenant(struct request *req);
extern const struct query_parameter phony_tenant_parameter[]; /* of such routes, for the document */

/* Ids: "agent_…", "tenant_…", "session_…". */
#define PHONY_AGENT_ID .wire = &phony_id, .prefix = "agent_"
#define PHONY_TENANT_ID .wire = &phony_id, .prefix = "tenant_"
#define PHONY_SESSION_ID .wire = &phony_id, .prefix = "session_"
extern const struct wire phony_id;

/* "2024-01-01T00:00:00Z" */
#define PHONY_TIME .wire = &wire_iso_seconds

/* A free object of at most PHONY_CONTEXT_LIMIT bytes, for DOCUMENT members. */
extern const struct wire phony_context;

/* A name of 1 to 120 characters; texts of at most 2000 and 60,000. */
extern const struct wire phony_name, phony_words, phony_prompt;

/* A number exactly in E.164 form: "+14155550123". */
extern const struct wire phony_number;

/* The agent that a text names: "agent_…", any other spelling of its key, its agent_key; NOT_FOUND.
 */
bool phony_agent(struct request *req, const char *text, struct agent *agent);

/* The call that a text names: a SID, any other name of a call, or of one of its sessions. */
bool phony_call(struct request *req, const char *text, struct call *call);

/* {"message": "…"} */
extern const struct view phony_message_view;
bool phony_message(struct request *req, const char *message);

/*
 * Reads what a view filters by from the query (its fields with FILTER); parameters that are not
 * given leave their members at nothing.
 */
bool phony_filters(struct request *req, const struct view *view, void *filter);

/* Agents (agents.c). */
extern const struct view phony_agent_view, phony_new_agent_view, phony_agent_change_view;
extern const struct query_parameter phony_agent_parameters[];
bool phony_list_agents(struct request *req);
bool phony_create_agent(struct request *req);
bool phony_update_agent(struct request *req);
bool phony_delete_agent(struct request *req);

/* Numbers (numbers.c). */
extern const struct view phony_number_view, phony_assign_view, phony_assigned_view;
bool phony_list_available(struct request *req);
bool phony_assign_number(struct request *req);
bool phony_release_number(struct request *req);

/* Tenants (tenants.c). */
extern const struct view phony_tenant_view, phony_new_tenant_view, phony_tenant_change_view;
extern const struct query_parameter phony_tenant_parameters[];
bool phony_list_tenants(struct request *req);
bool phony_create_tenant(struct request *req);
bool phony_get_tenant(struct request *req);
bool phony_update_tenant(struct request *req);

#endif
