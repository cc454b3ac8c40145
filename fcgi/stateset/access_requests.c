/*
 * Strangers who ask for an account, and the operator's list of them.
 */
#include "domain/access_requests.h"

#include <string.h>

#include "fcgi/list_answer.h"
#include "fcgi/rates.h"
#include "fcgi/stateset/operator.h"
#include "fcgi/stateset/stateset.h"

enum { AN_HOUR = 5, HOUR = 3600 };

/* ---- asking ---- */

struct order {
    struct access_request request;
    const char *company_website_confirm;
};

static const struct column order_columns[] = {
    COLUMN(order, request.company_name, NOT_NULL, .max = 190),
    COLUMN(order, request.contact_name, NOT_NULL, .max = 190),
    COLUMN(order, request.work_email, NOT_NULL, .max = 254),
    COLUMN(order, request.use_case, NOT_NULL, .max = 8000),
    COLUMN(order, request.role, NULLABLE, .max = 120),
    COLUMN(order, request.phone, NULLABLE, .max = 40),
    COLUMN(order, request.website, NULLABLE, .max = 300),
    COLUMN(order, request.expected_monthly_minutes, NULLABLE, .max = 60),
    COLUMN(order, request.timeline, NULLABLE, .max = 60),
    COLUMN(order, company_website_confirm, NULLABLE, .max = 1000),
};

static const struct entity order_entity = ENTITY(order, "access request", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(order, request.company_name,             "company_name",             CREATE | REQUIRED),
    FIELD(order, request.contact_name,             "contact_name",             CREATE | REQUIRED),
    FIELD(order, request.work_email,               "work_email",               CREATE | REQUIRED),
    FIELD(order, request.use_case,                 "use_case",                 CREATE | REQUIRED),
    FIELD(order, request.role,                     "role",                     CREATE),
    FIELD(order, request.phone,                    "phone",                    CREATE),
    FIELD(order, request.website,                  "website",                  CREATE),
    FIELD(order, request.expected_monthly_minutes, "expected_monthly_minutes", CREATE),
    FIELD(order, request.timeline,                 "timeline",                 CREATE),
    FIELD(order, company_website_confirm,          "company_website_confirm",  CREATE, .about = "Forms hide this field from people."),
    /* clang-format on */
};

const struct view access_order_view = VIEW("ApiAccessRequestInput", order_entity, order_fields);

struct receipt {
    bool ok;
    uid request_id;
    const char *message;
};

static const struct column receipt_columns[] = {
    COLUMN(receipt, ok, NOT_NULL),
    COLUMN(receipt, request_id, NOT_NULL),
    COLUMN(receipt, message, NOT_NULL),
};

static const struct entity receipt_entity = ENTITY(receipt, "receipt", NULL, receipt_columns);

static const struct field receipt_fields[] = {
    FIELD(receipt, ok, "ok", READ),
    FIELD(receipt, request_id, "request_id", READ, .wire = &wire_uuid),
    FIELD(receipt, message, "message", READ),
};

const struct view access_receipt_view =
    VIEW("ApiAccessRequestSubmitResponse", receipt_entity, receipt_fields);

/* Robots are answered like people. */
bool access_request_submit(struct request *req)
{
    struct order order;
    struct rate rate;
    columns given;

    row_clear(&order_entity, &order);
    if (!read_body(req, &access_order_view, CREATE, &order, &given) ||
        !rate_take(req, "stateset.access", req->client_ip ? req->client_ip : "", AN_HOUR, HOUR,
                   &rate))
        return false;
    order.request.remote_addr = req->client_ip;
    order.request.user_agent = request_header(req, "User-Agent");
    if (!access_request_put(&req->work, &order.request,
                            order.company_website_confirm && *order.company_website_confirm))
        return false;
    return reply_row(req, 202, &access_receipt_view,
                     &(struct receipt){true, order.request.id,
                                       "Thank you. We look at every request and will write."});
}

/* ---- the list ---- */

static const struct field request_fields[] = {
    /* clang-format off */
    FIELD(access_request, id,                       "id",                       READ, .wire = &wire_uuid),
    FIELD(access_request, company_name,             "company_name",             READ),
    FIELD(access_request, contact_name,             "contact_name",             READ),
    FIELD(access_request, work_email,               "work_email",               READ),
    FIELD(access_request, use_case,                 "use_case",                 READ),
    FIELD(access_request, role,                     "role",                     READ),
    FIELD(access_request, phone,                    "phone",                    READ),
    FIELD(access_request, website,                  "website",                  READ),
    FIELD(access_request, expected_monthly_minutes, "expected_monthly_minutes", READ),
    FIELD(access_request, timeline,                 "timeline",                 READ),
    FIELD(access_request, status,                   "status",                   READ),
    FIELD(access_request, source,                   "source",                   READ),
    FIELD(access_request, remote_addr,              "remote_addr",              READ),
    FIELD(access_request, user_agent,               "user_agent",               READ),
    FIELD(access_request, metadata,                 "metadata",                 READ, .wire = &wire_document),
    FIELD(access_request, reviewed_at,              "reviewed_at",              READ, .wire = &wire_iso_shortest),
    FIELD(access_request, created_at,               "created_at",               READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view request_view =
    VIEW("ApiAccessRequest", access_request_entity, request_fields);

static const struct field answer_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, count, "count", READ, .about = "Rows in this answer."),
    ROWS(list_answer, rows, "requests", request_view, READ),
};

const struct view access_requests_view =
    VIEW("AdminApiAccessRequestsResponse", list_answer_entity, answer_fields);

/* No request is in a state that there is not. */
static bool is_state(const char *status)
{
    for (size_t i = 0; access_states[i]; i++)
        if (strcmp(access_states[i], status) == 0)
            return true;
    return false;
}

bool admin_list_access_requests(struct request *req)
{
    const char *status = request_query(req, "status");
    const struct page page = stateset_page_without_refusal(req);
    struct list_answer answer = {.total = 0};

    return ((status && !is_state(status)) ||
            access_requests_list(&req->work, status, &page, &answer.rows)) &&
           reply_list(req, &access_requests_view, &answer);
}
