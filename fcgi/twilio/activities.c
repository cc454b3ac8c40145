/*
 * Activities: what workers can be doing.
 */
#include "domain/taskrouter/activities.h"
#include "fcgi/twilio/taskrouter.h"

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_activity, id,            "sid",           READ, .wire = &twilio_sid, .prefix = "WA"),
    FIELD(tr_activity, tenant_id,     "account_sid",   READ, .wire = &twilio_account_sid),
    FIELD(tr_activity, workspace_id,  "workspace_sid", READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_activity, friendly_name, "friendly_name", READ),
    FIELD(tr_activity, available,     "available",     READ, .about = "Whether work reaches who is doing this."),
    FIELD(tr_activity, created_at,    "date_created",  READ, .wire = &wire_iso_seconds),
    FIELD(tr_activity, updated_at,    "date_updated",  READ, .wire = &wire_iso_seconds),
    FIELD(tr_activity, id,            "url",           READ, .wire = &twilio_url, .prefix = "/v1/Workspaces/{WorkspaceSid}/Activities/WA*"),
    FIELD(tr_activity, workspace_id,  "links",         READ, .wire = &twilio_links, .prefix = "workspace=/v1/Workspaces/WS*"),
    /* clang-format on */
};

const struct view taskrouter_activity_view = VIEW("Activity", tr_activity_entity, fields);

static const struct field order_fields[] = {
    FIELD(tr_activity, friendly_name, "friendly_name", CREATE | REQUIRED),
    FIELD(tr_activity, available, "available", CREATE, .wire = &taskrouter_yes,
          .about = "True for true, 1 and yes; for good."),
};

const struct view taskrouter_activity_order_view =
    VIEW("ActivityCreate", tr_activity_entity, order_fields);

static const struct field change_fields[] = {
    FIELD(tr_activity, friendly_name, "friendly_name", CREATE),
};

const struct view taskrouter_activity_change_view =
    VIEW("ActivityUpdate", tr_activity_entity, change_fields);

const struct query_parameter taskrouter_activity_filters[] = {
    {"FriendlyName", "\"type\":\"string\"", NULL, NULL},
    {"Available", "\"type\":\"string\"", "true, 1 or yes; any other word means not.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

bool taskrouter_list_activities(struct request *req)
{
    struct tr_activity_filter filter = {
        .friendly_name = request_query(req, "FriendlyName"),
        .available = request_query(req, "Available"),
    };
    struct rows activities;
    struct page page;

    return twilio_read_page(req, &page) && taskrouter_here(req, &filter.workspace) &&
           tr_activities_list(&req->work, &filter, &page, &activities) &&
           reply_rows(req, &taskrouter_activity_view, &page, &activities);
}

static bool reply_activity(struct request *req, int status, const struct tr_activity *activity)
{
    return taskrouter_reply(req, status, &taskrouter_activity_view, activity, activity->rev);
}

bool taskrouter_create_activity(struct request *req)
{
    struct tr_activity activity;
    columns given;

    row_clear(&tr_activity_entity, &activity);
    return taskrouter_here(req, &activity.workspace_id) &&
           read_body(req, &taskrouter_activity_order_view, CREATE, &activity, &given) &&
           tr_activity_create(&req->work, &activity) && reply_activity(req, 201, &activity);
}

static bool find(struct request *req, struct tr_activity *activity)
{
    uid workspace, id;

    return taskrouter_path_id(req, "WorkspaceSid", "WS", &workspace) &&
           taskrouter_path_id(req, "Sid", "WA", &id) &&
           tr_activity_get(&req->work, workspace, id, activity);
}

bool taskrouter_get_activity(struct request *req)
{
    struct tr_activity activity;

    return find(req, &activity) && reply_activity(req, 200, &activity);
}

bool taskrouter_update_activity(struct request *req)
{
    struct tr_activity wanted, activity;
    int64_t if_rev;
    columns given;

    return find(req, &wanted) && taskrouter_if_rev(req, wanted.rev, &if_rev) &&
           read_body(req, &taskrouter_activity_change_view, CREATE, &wanted, &given) &&
           tr_activity_update(&req->work, &wanted, given, if_rev, &activity) &&
           reply_activity(req, 200, &activity);
}

bool taskrouter_delete_activity(struct request *req)
{
    struct tr_activity activity;
    int64_t if_rev;

    return find(req, &activity) && taskrouter_if_rev(req, activity.rev, &if_rev) &&
           tr_activity_delete(&req->work, activity.workspace_id, activity.id, if_rev) &&
           reply_empty(req, 204);
}
