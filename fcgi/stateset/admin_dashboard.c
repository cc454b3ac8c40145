/*
 * What the operator's dashboard begins with: the tenants, and a bearer for each.
 */
#include "domain/dashboard_tickets.h"
#include "fcgi/stateset/operator.h"

enum { MOST_TENANTS = 500 };

struct shown {
    const char *auth_token, *display_name, *org_id, *tenant_id;
};

static const struct column shown_columns[] = {
    COLUMN(shown, auth_token, NOT_NULL, .secret = true),
    COLUMN(shown, display_name, NULLABLE),
    COLUMN(shown, org_id, NULLABLE),
    COLUMN(shown, tenant_id, NOT_NULL),
};

static const struct entity shown_entity = ENTITY(shown, "tenant", NULL, shown_columns);

static const struct field shown_fields[] = {
    FIELD(shown, auth_token, "auth_token", READ, .about = "A ticket, good for 15 minutes."),
    FIELD(shown, display_name, "display_name", READ),
    FIELD(shown, org_id, "org_id", READ),
    FIELD(shown, tenant_id, "tenant_id", READ),
};

static const struct view shown_view = VIEW("AdminVoiceDashboardTenant", shown_entity, shown_fields);

struct dashboard {
    bool ok;
    const char *actor;
    int64_t count;
    struct rows tenants;
};

static const struct column dashboard_columns[] = {
    COLUMN(dashboard, ok, NOT_NULL),
    COLUMN(dashboard, actor, NOT_NULL),
    COLUMN(dashboard, count, NOT_NULL),
};

static const struct entity dashboard_entity =
    ENTITY(dashboard, "dashboard", NULL, dashboard_columns);

static const struct field dashboard_fields[] = {
    FIELD(dashboard, ok, "ok", READ),
    FIELD(dashboard, actor, "actor", READ, .about = "Who is signed in."),
    FIELD(dashboard, count, "count", READ),
    ROWS(dashboard, tenants, "tenants", shown_view, READ),
};

const struct view admin_dashboard_view =
    VIEW("AdminVoiceDashboardBootstrapResponse", dashboard_entity, dashboard_fields);

bool admin_start_dashboard(struct request *req)
{
    const struct page page = {.size = MOST_TENANTS};
    struct dashboard answer = {.ok = true, .actor = req->caller.label};
    const struct tenant *tenant;
    const char **tickets;
    struct shown *shown;
    struct rows rows;

    if (!tenants_list(&req->work, &page, &rows))
        return false;
    tickets = arena_new(&req->work.arena, const char *, rows.count + 1);
    shown = arena_new(&req->work.arena, struct shown, rows.count + 1);
    if (!dashboard_tickets_issue(&req->work, rows.at, rows.count, req->caller.label, tickets))
        return false;
    tenant = rows.at;
    for (size_t i = 0; i < rows.count; i++)
        shown[i] = (struct shown){tickets[i], tenant[i].name, tenant[i].default_org_ref,
                                  tenant[i].tenant_key};
    answer.count = (int64_t)rows.count;
    answer.tenants = (struct rows){shown, rows.count};
    reply_header(req, "Cache-Control", "no-store");
    req->reply_is_secret = true;
    return reply_row(req, 200, &admin_dashboard_view, &answer);
}
