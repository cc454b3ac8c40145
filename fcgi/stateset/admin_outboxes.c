/*
 * What is owed to the outside, for the operator.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/billing_outcomes.h"
#include "domain/outbox_depth.h"
#include "fcgi/stateset/stateset.h"

enum { SWEEP_USUAL = 100, SWEEP_MOST = 1000 };

static const struct field depth_fields[] = {
    FIELD(outbox_depth, name, "table", READ),
    FIELD(outbox_depth, pending, "pending", READ),
    FIELD(outbox_depth, delivered, "delivered", READ),
    FIELD(outbox_depth, failed, "failed", READ),
};

const struct view admin_depth_view = VIEW("OutboxDepthSnapshot", outbox_depth_entity, depth_fields);

bool admin_list_depths(struct request *req)
{
    struct rows depths;

    return outbox_depths(&req->work, &depths) && reply_rows(req, &admin_depth_view, NULL, &depths);
}

static const struct field sweep_fields[] = {
    /* clang-format off */
    FIELD(billing_sweep, attempted,   "ok",          READ, .wire = &stateset_ok),
    FIELD(billing_sweep, attempted,   "attempted",   READ),
    FIELD(billing_sweep, delivered,   "delivered",   READ),
    FIELD(billing_sweep, rescheduled, "rescheduled", READ),
    FIELD(billing_sweep, failed,      "failed",      READ),
    /* clang-format on */
};

const struct view admin_billing_sweep_view =
    VIEW("AdminBillingOutcomeOutboxSweepResponse", billing_sweep_entity, sweep_fields);

bool admin_sweep_billing(struct request *req)
{
    int64_t limit = (int64_t)stateset_number_in(req, "limit", SWEEP_USUAL, SWEEP_MOST);
    struct billing_sweep sweep;
    char owner[27];

    uid_write_base32(uid_new(), owner);
    if (!billing_is_configured(&req->work))
        return fail(&req->work, BUSY, "No billing system is configured");
    return billing_revive(&req->work, limit) && billing_deliver(&req->work, owner, limit, &sweep) &&
           reply_row(req, 200, &admin_billing_sweep_view, &sweep);
}
