/*
 * Which agent answers on a number, for the operator.
 */
#include "domain/number_webhooks.h"
#include "domain/phone_routes.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(phone_route, id,               "id",               CREATE, .wire = &wire_uuid, .about = "Of the route to change; without it the one of number and direction."),
    FIELD(phone_route, e164,             "phone_number",     CREATE | REQUIRED, .wire = &stateset_phone),
    FIELD(phone_route, direction,        "direction",        CREATE | REQUIRED),
    FIELD(phone_route, agent_id,         "agent_id",         CREATE | REQUIRED, .wire = &wire_uuid),
    FIELD(phone_route, agent_version_id, "agent_version_id", CREATE, .wire = &wire_uuid, .about = "Pins a version against publishing and rollouts."),
    FIELD(phone_route, greeting,         "greeting",         CREATE),
    /* clang-format on */
};

const struct view admin_route_order_view =
    VIEW("UpsertPhoneNumberRoute", phone_route_entity, order_fields);

static const struct field route_fields[] = {
    /* clang-format off */
    FIELD(phone_route, id,                        "id",                        READ, .wire = &wire_uuid),
    FIELD(phone_route, tenant_id,                 "tenant_id",                 READ, .wire = &stateset_tenant_key),
    FIELD(phone_route, e164,                      "phone_number",              READ),
    FIELD(phone_route, direction,                 "direction",                 READ),
    FIELD(phone_route, agent_id,                  "agent_id",                  READ, .wire = &wire_uuid),
    FIELD(phone_route, agent_key,                 "agent_key",                 READ),
    FIELD(phone_route, agent_name,                "agent_name",                READ),
    FIELD(phone_route, agent_version_id,          "agent_version_id",          READ, .wire = &wire_uuid),
    FIELD(phone_route, greeting,                  "greeting",                  READ),
    FIELD(phone_route, resolved_agent_version_id, "resolved_agent_version_id", READ, .wire = &wire_uuid),
    FIELD(phone_route, resolved_version_number,   "resolved_version_number",   READ),
    FIELD(phone_route, created_at,                "created_at",                READ, .wire = &wire_iso_shortest),
    FIELD(phone_route, updated_at,                "updated_at",                READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_route_view = VIEW("PhoneNumberRoute", phone_route_entity, route_fields);

bool admin_list_routes(struct request *req)
{
    struct rows routes;

    return phone_routes_list(&req->work, &routes) &&
           reply_rows(req, &admin_route_view, NULL, &routes);
}

bool admin_put_route(struct request *req)
{
    struct phone_route route;
    columns given;

    row_clear(&phone_route_entity, &route);
    return read_body(req, &admin_route_order_view, CREATE, &route, &given) &&
           phone_route_put(&req->work, &route) && reply_row(req, 200, &admin_route_view, &route);
}

bool admin_remove_route(struct request *req)
{
    struct phone_route route;
    uid id;

    return stateset_path_id(req, "route_id", &id) && phone_route_remove(&req->work, id, &route) &&
           reply_row(req, 200, &admin_route_view, &route);
}

/* ---- whether the carrier asks us ---- */

static const struct column check_columns[] = {
    COLUMN(number_check, phone_number, NOT_NULL),
    COLUMN(number_check, carrier_account_sid, NOT_NULL),
    COLUMN(number_check, held, NOT_NULL),
    COLUMN(number_check, voice_url, NULLABLE),
    COLUMN(number_check, status_url, NULLABLE),
    COLUMN(number_check, sms_url, NULLABLE),
    COLUMN(number_check, expected_voice_url, NOT_NULL),
    COLUMN(number_check, expected_status_url, NOT_NULL),
    COLUMN(number_check, points_here, NOT_NULL),
    COLUMN(number_check, signature_verified, NOT_NULL),
    COLUMN(number_check, problem, NULLABLE),
};

static const struct entity check_entity = ENTITY(number_check, "check", NULL, check_columns);

static const struct field check_fields[] = {
    /* clang-format off */
    FIELD(number_check, phone_number,        "phone_number",        READ),
    FIELD(number_check, carrier_account_sid, "carrier_account_sid", READ),
    FIELD(number_check, held,                "held",                READ, .about = "Whether that account holds the number."),
    FIELD(number_check, voice_url,           "voice_url",           READ),
    FIELD(number_check, status_url,          "status_callback",     READ),
    FIELD(number_check, sms_url,             "sms_url",             READ),
    FIELD(number_check, expected_voice_url,  "expected_voice_url",  READ),
    FIELD(number_check, expected_status_url, "expected_status_callback", READ),
    FIELD(number_check, points_here,         "points_here",         READ, .about = "Whether voice_url and status_callback are as expected."),
    FIELD(number_check, signature_verified,  "signature_verified",  READ, .about = "Whether a request signed with the account's token came through our public address and was proved."),
    FIELD(number_check, problem,             "problem",             READ, .about = "null: none."),
    /* clang-format on */
};

const struct view admin_route_check_view = VIEW("PhoneNumberCheck", check_entity, check_fields);

bool admin_check_route(struct request *req)
{
    struct number_check check;
    struct phone_route route;
    uid id;

    return stateset_path_id(req, "route_id", &id) && phone_route_find(&req->work, id, &route) &&
           number_webhooks_check(&req->work, req->tenant, route.e164, &check) &&
           reply_row(req, 200, &admin_route_check_view, &check);
}
