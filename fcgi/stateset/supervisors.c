/*
 * What supervisors did to sessions.
 */
#include <string.h>

#include "domain/supervision.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

/* The operator sees rows of all tenants; a tenant only its own. */
static void render_tenant(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    const struct supervisor_action *action = row;
    struct tenant tenant;

    (void)field, (void)cell;
    if (req->tenant && req->tenant->id == action->tenant_id)
        text_json(out, req->tenant->tenant_key);
    else
        text_json(out,
                  tenant_by_id(&req->work, action->tenant_id, &tenant) ? tenant.tenant_key : "");
}

static const struct wire tenant_of_row = {
    .render = render_tenant,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

static const struct field action_fields[] = {
    /* clang-format off */
    FIELD(supervisor_action, id,         "id",         READ, .wire = &wire_uuid),
    FIELD(supervisor_action, tenant_id,  "tenant_id",  READ, .wire = &tenant_of_row),
    FIELD(supervisor_action, stream_sid, "stream_sid", READ),
    FIELD(supervisor_action, call_sid,   "call_sid",   READ),
    FIELD(supervisor_action, action,     "action",     READ),
    FIELD(supervisor_action, supervisor, "supervisor", READ),
    FIELD(supervisor_action, target,     "target",     READ),
    FIELD(supervisor_action, note,       "note",       READ),
    FIELD(supervisor_action, reason,     "reason",     READ),
    FIELD(supervisor_action, metadata,   "metadata",   READ, .wire = &wire_document),
    FIELD(supervisor_action, created_at, "created_at", READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_action_view =
    VIEW("SupervisorActionLog", supervisor_action_entity, action_fields);

/* A word that is none of the five names no action. */
static bool read_filter(struct request *req, struct action_filter *filter)
{
    static const char *const words[] = {"monitor", "whisper", "barge", "escalate", "end"};

    filter->stream_sid = request_query(req, "stream_sid");
    filter->action = request_query(req, "action");
    for (size_t i = 0; filter->action && i < COUNT(words); i++)
        if (strcmp(filter->action, words[i]) == 0)
            return true;
    return !filter->action || fail_field(&req->work, "action",
                                         "action must be monitor, whisper, barge, escalate or end");
}

static bool list_actions(struct request *req)
{
    struct action_filter filter = {.everybody = false};
    struct rows actions;
    struct page page;

    return read_page(req, &page) && read_filter(req, &filter) &&
           supervisor_actions_list(&req->work, &filter, &page, &actions) &&
           reply_rows(req, &admin_action_view, &page, &actions);
}

bool admin_list_actions(struct request *req)
{
    const struct page page = stateset_page_without_refusal(req);
    struct action_filter filter = {.everybody = true};
    struct rows actions = {NULL, 0};
    bool known;

    return read_filter(req, &filter) && stateset_narrow_to_tenant(req, &filter.tenant, &known) &&
           (!known || supervisor_actions_list(&req->work, &filter, &page, &actions)) &&
           reply_rows(req, &admin_action_view, &page, &actions);
}

/* ---- the dialect's part ---- */

static const struct query_parameter filters[] = {
    {"stream_sid", "\"type\":\"string\"", "Only of this stream."},
    {"action", SUPERVISOR_ACTION_SCHEMA, "Only these."},
    {NULL, NULL, NULL},
};

static const struct route routes[] = {
    {"GET /api/v1/supervisor-actions", "key", list_actions, NULL, &admin_action_view,
     "List Supervisor Actions", .flags = LIST | PAGED, .answers = "400 401 500 503",
     .query = filters, .operation = "list_supervisor_actions"},
};

static const char *const prefixes[] = {"/api/v1/supervisor-actions", NULL};

const struct dialect stateset_supervisors = {
    STATESET_FOR_TENANTS,      .prefixes = prefixes,  .body_limit = 64 * 1024,
    STATESET_PAGES(200),       .item = stateset_item, .list = stateset_list,
    .refuse = stateset_refuse, .routes = routes,      .nroutes = COUNT(routes),
};
